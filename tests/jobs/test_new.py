"""`retention new`: from its files to a green suite, with no other file touched by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from pipelines.core.errors import UsageError
from pipelines.core.paths import ROOT
from pipelines.jobs.new_files import write_new

PARTS = (
    "pipelines",
    "console",
    "models",
    "twin",
    "sql",
    "expectations",
    "locales",
    "tests",
    "docs",
    "dags",
    "deploy",
)
LEFT = shutil.ignore_patterns("__pycache__", "*.pyc")
NEW = {
    "kpi": "silent_share",
    "list": "silent_customers",
    "feature": "silence",
    "check": "bill.no_odd_ids",
}
WRITTEN = {
    "kpi": {
        "sql/kpi/silent_share.sql",
        "tests/cases/kpi/silent_share.yml",
        "sql/kpi/definitions.yml",
    },
    "list": {
        *(
            "sql/dispatch/silent_customers.sql",
            "tests/cases/dispatch/silent_customers.yml",
        ),
        *("locales/zh.yml", "locales/en.yml"),
    },
    "feature": {
        "sql/features/silence.sql",
        "tests/cases/features/silence.yml",
        "pipelines/catalogue/tables/features.yml",
    },
    "check": {"expectations/bill.yml", "tests/checks/bill.no_odd_ids.yml"},
}
# What holds SQL files, rules, texts and their cases to the rules of the house.
SUITE = (
    "catalogue/test_specs.py",
    "catalogue/test_sql.py",
    "catalogue/test_checks.py",
    "catalogue/test_spec.py",
    "catalogue/test_expectations.py",
    "text/test_texts.py",
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, to be written into."""
    folder = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        if (ROOT / part).exists():
            shutil.copytree(ROOT / part, folder / part, ignore=LEFT)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def run_in(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(checkout),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, *words],
        cwd=checkout,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


def hashes(checkout: Path) -> dict[str, str]:
    files = [
        path
        for path in checkout.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    return {
        str(path.relative_to(checkout)): sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.mark.slow
def test_from_new_to_a_green_suite(checkout: Path) -> None:
    for kind, name in NEW.items():
        before = hashes(checkout)
        made = run_in(checkout, "-m", "pipelines", "new", kind, name, "--lang", "en")
        assert made.returncode == 0, made.stderr
        after = hashes(checkout)
        assert {path for path in after if after[path] != before.get(path)} == WRITTEN[
            kind
        ]
        again = run_in(checkout, "-m", "pipelines", "new", kind, name, "--lang", "en")
        assert again.returncode == 2 and "there already" in again.stderr
    tests = [f"tests/{name}" for name in SUITE]
    suite = run_in(checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert suite.returncode == 0, suite.stdout[-3000:]
    stems = [name for kind, name in NEW.items() if kind != "check"]
    cases = run_in(
        checkout,
        "-m",
        "pytest",
        "-v",
        "-p",
        "no:cacheprovider",
        "tests/cases/test_cases.py",
        "-k",
        f"({' or '.join(stems)}) and not spark",
    )
    assert cases.returncode == 0 and all(name in cases.stdout for name in stems), (
        cases.stdout[-3000:]
    )
    effect = run_in(
        checkout,
        "-c",
        "from pipelines.catalogue.outputs import load_kpis; print([k.variants for k in load_kpis()])",
    )
    assert "'silent_customers'" in effect.stdout


@pytest.mark.parametrize(
    ("kind", "name", "key"),
    [
        ("kpi", "arpu", "new.exists"),
        ("list", "renewal", "new.exists"),
        ("feature", "usage", "new.exists"),
        ("check", "bill.unit_jump", "new.exists"),
        ("kpi", "select", "new.reserved"),
        ("kpi", "monthly", "new.reserved"),
        ("list", "order", "new.reserved"),
        ("list", "overall", "new.reserved"),
        ("kpi", "../arpu", "new.bad_name"),
        ("kpi", "Arpu", "new.bad_name"),
        ("kpi", "", "new.bad_name"),
        ("feature", "用量", "new.bad_name"),
        ("check", "bill", "new.check_name"),
        ("check", "nothing.rule", "new.check_name"),
        ("check", "bill.a b", "new.bad_name"),
        ("report", "mine", "new.unknown_kind"),
    ],
)
def test_a_name_that_cannot_be_taken_is_refused_and_writes_nothing(
    kind: str, name: str, key: str
) -> None:
    places = [
        ROOT / part
        for part in ("sql", "expectations", "locales", "tests/cases", "tests/checks")
    ]
    before = [
        sorted(
            (p, p.stat().st_mtime_ns) for p in place.rglob("*.*") if p.suffix != ".pyc"
        )
        for place in places
    ]
    with pytest.raises(UsageError) as caught:
        write_new(kind, name)
    assert caught.value.key == key and caught.value.exit_code == 2
    after = [
        sorted(
            (p, p.stat().st_mtime_ns) for p in place.rglob("*.*") if p.suffix != ".pyc"
        )
        for place in places
    ]
    assert after == before

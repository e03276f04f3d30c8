"""The doctor on a sound installation and on ones that are really broken: what it finds, and that it says what to do."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.cli.screens.installation import explain_check
from pipelines.core.errors import ModelError, SpecError, StorageError
from pipelines.core.paths import ROOT
from pipelines.documents.reports import fonts
from pipelines.jobs.run import release_month
from pipelines.operations.doctor import Check, examine, machine, raise_worst
from pipelines.text.texts import LANGUAGES, load_labels
from tests.support.small import MONTH, Town, job, run_town

TODAY = datetime(2026, 6, 15, tzinfo=UTC)
SECRET = "a secret of this installation, forty letters"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a released month and an office."""
    folder = tmp_path_factory.mktemp("sound")
    run_town(folder / "home", Town().person("ann", manager=None), folder / "source")
    release_month(job(folder / "home", None))
    (folder / "home").chmod(0o700)  # as the command makes it
    return folder / "home"


@pytest.fixture
def home(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to be broken, looked at from an empty folder with a key of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETENTION_SECRET_KEY", SECRET)
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    return shutil.copytree(sound, tmp_path / "home")


def broken(home: Path, today: datetime = TODAY) -> dict[str, str]:
    """What is not well, by name."""
    return {
        check.name: check.state for check in examine(home, today) if check.state != "ok"
    }


def test_a_sound_installation_is_well(home: Path) -> None:
    before = sorted(p.relative_to(home) for p in home.rglob("*"))
    assert broken(home) == {}
    assert (
        sorted(p.relative_to(home) for p in home.rglob("*")) == before
    )  # it only looks
    raise_worst(examine(home, TODAY))


def garble_current(home: Path) -> None:
    (home / "months" / str(MONTH) / "CURRENT").write_text("v0007\n")


def change_the_sealed(home: Path) -> None:
    manifest = home / "months" / str(MONTH) / "v0001" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"rows"', '"ROWS"', 1))


def leave_a_draft(home: Path) -> None:
    draft = home / "months" / "2026-09" / "v0001.partial"
    draft.mkdir(parents=True)
    os.utime(draft, (0, 0))


def leave_a_days_draft(home: Path) -> None:
    draft = home / "days" / "2026-09-05" / "v0001.partial"
    draft.mkdir(parents=True)
    os.utime(draft, (0, 0))


def take_a_migration_away(home: Path) -> None:
    with sqlite3.connect(home / "office.sqlite3") as office:
        office.execute(
            "DELETE FROM django_migrations WHERE app = 'console' AND name LIKE '0002%'"
        )


def come_from_the_future(home: Path) -> None:
    with sqlite3.connect(home / "office.sqlite3") as office:
        office.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('console', '0999_later', '2030-01-01')"
        )


def lose_the_office(home: Path) -> None:
    (home / "office.sqlite3").write_bytes(
        b"no database at all, but of some length" * 40
    )


def promote_what_is_gone(home: Path) -> None:
    (home / "models").mkdir()
    said = '{"version": "2026-06-0123456789ab", "trained_through": "2026-06", "by": "li", "why": "-", "at": "2026-07-01"}'
    (home / "models" / "promotions.jsonl").write_text(said + "\n")


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (garble_current, {"months": "fail"}),
        (change_the_sealed, {"months": "fail"}),
        (leave_a_draft, {"drafts": "warn"}),
        (leave_a_days_draft, {"drafts": "warn"}),
        (take_a_migration_away, {"office": "warn"}),
        (come_from_the_future, {"office": "fail"}),
        (lose_the_office, {"office": "fail"}),
        (promote_what_is_gone, {"model": "fail"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_broken_home(
    home: Path, damage: Callable[[Path], None], found: dict[str, str]
) -> None:
    damage(home)
    assert broken(home) == found


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("RETENTION_SECRET_KEY", "retention-office-development-key", {"key": "warn"}),
        ("RETENTION_SECRET_KEY", "only twenty letters.", {"key": "warn"}),
        ("RETENTION_HOLDOUT_SHARE", "a tenth", {"settings": "fail"}),
        ("RETENTION_GATE_FILE", "gate.yml", {"gate": "fail"}),
        ("RETENTION_CALENDAR_FILE", "days.yml", {"calendar": "fail"}),
        ("RETENTION_SCORECARD_FILE", "weights.yml", {"scorecard": "fail"}),
        ("RETENTION_DELIVERY_FILE", "away.yml", {"delivery": "fail"}),
        ("RETENTION_DELIVERY_FILE", "wrong.yml", {"delivery": "fail"}),
        ("RETENTION_DELIVERY_FILE", "unmounted.yml", {"delivery": "warn"}),
        ("RETENTION_DELIVERY_FILE", "right.yml", {}),
        (
            "RETENTION_OFFICE_URL",
            "postgresql+psycopg://nobody:hush@127.0.0.1:1/office",
            {"office": "fail"},
        ),
        (
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
            "postgresql+psycopg://nobody:hush@127.0.0.1:1/a",
            {"airflow": "fail"},
        ),
        (
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
            "sqlite:///empty.db",
            {"airflow": "fail"},
        ),
    ],
)
def test_broken_settings(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    found: dict[str, str],
) -> None:
    Path("gate.yml").write_text("bill.no_such_rule: {severity: info}")
    Path("weights.yml").write_text("cap: many")
    Path("days.yml").write_text("holidays: [yesterday]")
    Path("wrong.yml").write_text(
        "since: 2026-10\nchannels: {robot: {kind: robot, url: https://hush.example}}"
    )
    for folder in ("unmounted", "right"):
        channel = f"kind: folder, path: {'.' if folder == 'right' else folder}, what: [company]"
        Path(f"{folder}.yml").write_text(
            f"since: 2026-10\nchannels: {{share: {{{channel}}}}}"
        )
    monkeypatch.setenv(name, value)
    assert broken(home) == found
    assert not [check for check in examine(home, TODAY) if "hush" in str(check)]


def test_holidays_of_next_year_are_wanted_in_time(home: Path) -> None:
    assert broken(home, datetime(2098, 5, 1, tzinfo=UTC))["calendar"] == "warn"


def test_a_home_nobody_may_write(home: Path) -> None:
    (home / "file").write_text("")
    assert broken(home / "file")["home"] == "fail"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_disk_that_is_nearly_full(small_disk: Path) -> None:
    assert broken(small_disk / "home")["disk"] == "fail"


def test_another_version_of_a_package(tmp_path: Path) -> None:
    """A real installation beside ours that comes first: what Python would import is not what was tested."""
    record = tmp_path / "duckdb-0.9.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: duckdb\nVersion: 0.9.0\n"
    )
    look = (
        "from pipelines.operations.doctor.machine import check_packages\n"
        "found = check_packages()\n"
        "print(found.state, found.facts['wrong'])"
    )
    said = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert said.stdout.startswith("fail duckdb 0.9.0 (==")


def test_a_tree_that_was_never_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PACKAGE", "retention-office-nowhere")
    found = machine.check_packages()
    assert (found.state, found.facts["wrong"]) == ("fail", "retention-office-nowhere -")


def test_another_encoding() -> None:
    look = (
        "from pipelines.operations.doctor.machine import check_encoding\n"
        "print(check_encoding().state)"
    )
    command = [sys.executable, "-X", "utf8=0", "-c", look]
    bare = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    said = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT, env=bare
    )
    assert said.stdout.strip() == "warn"


def test_the_fonts_come_along_and_are_missed_when_they_are_gone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = next(check for check in examine(home, TODAY) if check.name == "font")
    assert (sound.state, sound.facts["font"]) == ("ok", "Noto Serif SC, Noto Sans SC")
    monkeypatch.setattr(fonts, "PACKAGE", "no_such_fonts")
    assert (
        next(check.state for check in examine(home, TODAY) if check.name == "font")
        == "warn"
    )


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        (("ok", "warn"), None),
        (("fail", 10), SpecError),
        (("fail", 14), ModelError),
        (("fail", 17), StorageError),
    ],
)
def test_the_worst_decides_how_it_ends(
    codes: tuple[str, int], error: type[Exception] | None
) -> None:
    state, code = codes if error else ("warn", 17)
    checks = [Check("one", "ok", "python"), Check("two", state, "python", {}, code)]
    if error is None:
        raise_worst(checks)
    else:
        with pytest.raises(error, match="doctor.failed"):
            raise_worst(checks)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_words(
    home: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for damage in (
        garble_current,
        leave_a_draft,
        come_from_the_future,
        promote_what_is_gone,
    ):
        damage(home)
    monkeypatch.setenv("RETENTION_SECRET_KEY", "retention-office-development-key")
    monkeypatch.setenv("RETENTION_DELIVERY_FILE", "away.yml")
    for check in examine(home, TODAY):
        words = explain_check(check, language)
        assert words and "{" not in words and not words.startswith("doctor."), check


LINES = re.findall(
    r"^\| `([a-z_.]+)` \|(?: .+? \|)? `([✓!✗]) (.+?)` \|(?: (\d+) \|)?",
    (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_the_runbook_has_every_finding_and_no_other() -> None:
    known = {
        key
        for key in load_labels("en")
        if key.startswith("doctor.") and not key.startswith("doctor.name.")
    }
    assert sorted(f"doctor.{finding}" for finding, *_ in LINES) == sorted(known)


@pytest.mark.parametrize(
    ("finding", "mark", "line", "code"), LINES, ids=[finding for finding, *_ in LINES]
)
def test_the_runbook_says_what_the_doctor_says(
    finding: str, mark: str, line: str, code: str
) -> None:
    words = load_labels("en")
    name, _, said = line.partition(": ")
    assert name in {
        text for key, text in words.items() if key.startswith("doctor.name.")
    }
    assert re.fullmatch(
        re.sub(r"\\{\w+\\}", ".+", re.escape(words[f"doctor.{finding}"])), said
    )
    assert (mark == "✓") == (not finding.endswith(".mend")) == (code == "")
    assert (mark == "✗") == (code not in ("", "0"))

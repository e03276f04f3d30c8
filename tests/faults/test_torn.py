"""Torn homes: every command that reads ends with a documented code and names the file; none dies, none leaves the home."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipelines.core import errors
from pipelines.core.errors import RetentionError
from tests.faults.damages import DAMAGES, damage
from tests.faults.forge import Forge
from tests.faults.home import MONTH

CODES = {0} | {
    e.exit_code
    for e in vars(errors).values()
    if isinstance(e, type) and issubclass(e, RetentionError)
} - {1}
Words = list[str | Path]


def commands(home: Path, source: Path, place: Path) -> dict[str, Words]:
    """Every command that reads a home, by name; what it writes goes to a place of its own."""
    month = str(MONTH)
    return {
        "status": ["status"],
        "status MONTH": ["status", month],
        "show": ["show", "kpi_monthly", month],
        "show --out": ["show", "dispatch_order", month, "--out", place / "orders.csv"],
        "kpi": ["kpi", month],
        "lists": ["lists", month],
        "why": ["why", "c03", month],
        "figure": ["figure", "arpu", month],
        "due": ["due"],
        "models": ["models"],
        "doctor": ["doctor"],
        "metrics": ["metrics"],
        "lineage": ["lineage", month, "--out", place / "events.ndjson"],
        "backup": ["backup", "--to", place / "archives"],
        "outcomes": ["outcomes", place / "back.csv"],
        "deliver": ["deliver", month, "--dry-run"],
        "waive": ["waive"],
        "tidy": ["tidy", "--dry-run"],
        "verify": ["verify", month],
        "run": ["run", month, "--source", source],
        "release": ["run", month, "--release"],
        "restate": ["restate", month, "--source", source],
        "export": ["export", month, "--out", place / "out"],
    }


SLOW = ("verify", "run", "release", "restate", "export")
QUICK = [name for name in commands(Path(), Path(), Path()) if name not in SLOW]


def run_all(
    forge: Forge, name: str, home: Path, source: Path, place: Path, names: list[str]
) -> list[str]:
    """Run commands over a torn home, those that change it over a copy each; return what is wrong with how they ended."""
    place.mkdir()
    (place / "back.csv").write_text("order_id,outcome\n202608-x,paid\n")
    shutil.copy(
        home / "months" / str(MONTH) / "v0001" / "kpi_monthly.parquet",
        place / "secret.parquet",
    )
    wrong = []
    torn = damage(name, home, place / "home")
    for command in names:
        code, said = forge.run(
            *commands(torn, source, place)[command], "--home", torn, "--lang", "en"
        )
        if fault := fault_of(command, code, said, DAMAGES[name].named):
            wrong.append(f"{command}: {fault}: {said[-300:]}")
        if command in SLOW:
            shutil.rmtree(torn)
            damage(name, home, torn)
    return wrong


def fault_of(command: str, code: int, said: str, named: str) -> str | None:
    """What is wrong with an end: an unknown code, a traceback, or a failure of the store that names no file."""
    if code not in CODES or "Traceback" in said:
        return f"ended with {code}"
    if (
        code == 17
        and named not in said
        and "office" not in said
        and command != "doctor"
    ):  # which says it beside the check
        return f"17 without {named}"
    return "a key without words" if re.search(r"error\.\w+\.\w+", said) else None


@pytest.mark.parametrize("name", DAMAGES)
def test_who_reads_a_torn_home_says_which_file_it_is(
    name: str,
    forge: Forge,
    source: Path,
    undisturbed: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    assert run_all(forge, name, undisturbed[0], source, tmp_path / "place", QUICK) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=() if i % 6 == 0 else pytest.mark.long)
        for i, n in enumerate(DAMAGES)
    ],
)
def test_who_works_with_a_torn_home_says_which_file_it_is(
    name: str,
    forge: Forge,
    source: Path,
    undisturbed: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    assert (
        run_all(forge, name, undisturbed[0], source, tmp_path / "place", list(SLOW))
        == []
    )

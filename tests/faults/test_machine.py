"""A full disk, a read-only one, two runs at once, files and months that change while a run reads them, other clocks."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pipelines import ROOMS
from pipelines.core.paths import ROOT
from tests.faults.forge import Forge
from tests.faults.home import BEFORE, MONTH, assert_same, contents, readable, run_args

Undisturbed = tuple[Path, Path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk],
        capture_output=True,
        text=True,
    )
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is left."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 4096)
    return ballast


@pytest.mark.slow
@pytest.mark.parametrize(
    "room",
    [
        pytest.param(r, marks=() if r in ROOMS[1::3] else pytest.mark.long)
        for r in ROOMS
    ],
)
def test_a_full_disk_ends_with_17_and_the_month_goes_on_when_there_is_room(
    room: str,
    forge: Forge,
    source: Path,
    before: dict[str, Path],
    undisturbed: Undisturbed,
    small_disk: Path,
) -> None:
    home = shutil.copytree(before[room], small_disk / "home")
    ballast = fill(small_disk)
    held = contents(home)
    code, said = forge.run(*run_args(source, home), "--lang", "en")
    assert code == 17, (code, said)
    assert "No space left" in said or "Nothing half-written" in said, said
    assert readable(home) is None
    assert {
        name: bytes_ for name, bytes_ in contents(home).items() if name in held
    } == held
    ballast.unlink()
    assert forge.run(*run_args(source, home))[0] in (0, 12)
    assert_same(home, undisturbed[0], room)


def test_a_read_only_home_ends_with_17(
    forge: Forge, source: Path, begun: Path, small_disk: Path
) -> None:
    home = shutil.copytree(begun, small_disk / "home")
    held = contents(home)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    code, said = forge.run(*run_args(source, home), "--lang", "en")
    assert code == 17 and "Read-only" in said, (code, said)
    assert contents(home) == held


def test_what_has_no_room_to_be_written_ends_with_17_and_leaves_nothing(
    forge: Forge, undisturbed: Undisturbed, small_disk: Path, tmp_path: Path
) -> None:
    home, month = shutil.copytree(undisturbed[0], tmp_path / "home"), str(MONTH)
    (tmp_path / "back.csv").write_text(
        "order_id,outcome\n202608-x,paid\n", encoding="utf-8"
    )
    fill(small_disk)
    commands: list[list[str | Path]] = [
        ["show", "dispatch_order", month, "--out", small_disk / "orders.csv"],
        ["show", "dispatch_order", month, "--out", small_disk / "orders.xlsx"],
        ["metrics", "--out", small_disk / "retention.prom"],
        ["lineage", month, "--out", small_disk / "events.ndjson"],
        ["export", month, "--out", small_disk / "books"],
        ["outcomes", tmp_path / "back.csv", "--out", small_disk / "returns"],
        ["backup", "--to", small_disk / "archives"],
    ]
    for words in commands:
        code, said = forge.run(*words, "--home", home, "--lang", "en")
        assert code == 17 and str(small_disk) in said and "No space left" in said, (
            words,
            code,
            said,
        )
        assert not [
            path
            for path in small_disk.rglob("*")
            if path.is_file() and path.name != "ballast"
        ], words


def test_what_may_not_be_written_ends_with_17(
    forge: Forge, undisturbed: Undisturbed, small_disk: Path
) -> None:
    home = shutil.copytree(undisturbed[0], small_disk / "home")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    finding = "account_manager.column_values_to_be_unique:manager_id"
    known = forge.run(
        "waive",
        finding,
        "--why",
        "x",
        "--until",
        "2030-01",
        "--home",
        home,
        "--lang",
        "en",
    )
    assert known[0] == 17 and "Read-only" in known[1] and "waivers" in known[1], known


# -- somebody else at the same time ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def other_forge() -> Iterator[Forge]:
    made = Forge()
    yield made
    made.close()


@contextmanager
def halted(forge: Forge, step: str, args: list[str], pipe: Path) -> Iterator[None]:
    """Run a command, hold it at a step while the block runs, then let it end well."""
    os.mkfifo(pipe)
    forge.start(*args, failpoint=f"{step}=wait:{pipe}")
    with pipe.open("w"):  # opens when the run has come to the step
        yield
    code, said = forge.wait()
    assert code in (0, 12), said


def test_of_two_runs_of_a_month_one_is_told_that_it_is_busy(
    forge: Forge,
    other_forge: Forge,
    source: Path,
    begun: Path,
    undisturbed: Undisturbed,
    tmp_path: Path,
) -> None:
    home = shutil.copytree(begun, tmp_path / "home")
    with halted(
        forge, "room.begun:features", run_args(source, home), tmp_path / "pipe"
    ):
        code, said = other_forge.run(*run_args(source, home), "--lang", "en")
        assert code == 16 and str(MONTH) in said
    assert_same(home, undisturbed[0])


def test_a_file_replaced_while_a_run_reads_is_not_read_twice(
    forge: Forge, source: Path, begun: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    home, own = (
        shutil.copytree(begun, tmp_path / "home"),
        shutil.copytree(source, tmp_path / "source"),
    )
    bills = own / str(MONTH) / "bill.csv"
    with halted(forge, "room.begun:snapshot", run_args(own, home), tmp_path / "pipe"):
        bills.write_text(bills.read_text().replace("60.00", "61.00"))
        (own / str(MONTH) / "usage.csv").unlink()
    assert_same(home, undisturbed[0])
    assert forge.run(*run_args(own, home))[0] == 15, (
        "sealed, and the source says something else now"
    )


def test_a_month_that_runs_while_the_one_before_is_redone_is_made_of_one_version_of_it(
    forge: Forge,
    other_forge: Forge,
    source: Path,
    begun: Path,
    undisturbed: Undisturbed,
    tmp_path: Path,
) -> None:
    home, own = (
        shutil.copytree(begun, tmp_path / "home"),
        shutil.copytree(source, tmp_path / "source"),
    )
    args = ["run", str(MONTH), "--source", str(source), "--home", str(home)]
    with halted(forge, "room.begun:features", args, tmp_path / "pipe"):
        bills = own / str(BEFORE) / "bill.csv"
        bills.write_text(bills.read_text().replace("60.00", "66.00"))
        again = ["run", str(BEFORE), "--source", str(own), "--home", str(home)]
        assert other_forge.run(*again)[0] in (0, 12)
    made, clean = (h / "months" / str(MONTH) / "v0001" for h in (home, undisturbed[0]))
    assert {p.name: p.read_bytes() for p in made.glob("*.*")} == {
        p.name: p.read_bytes() for p in clean.glob("*.*")
    }
    assert forge.run(*args)[0] in (0, 12)
    earlier = [
        json.loads((made.parent / v / "manifest.json").read_text())["inputs"][
            "earlier"
        ]["m1"]
        for v in ("v0001", "v0002")
    ]
    assert earlier[0] != earlier[1], "the next run takes the month before as it is now"


# -- clocks ------------------------------------------------------------------------------------------------------


def test_the_zone_of_the_machine_changes_nothing(
    forge: Forge, source: Path, begun: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    home = shutil.copytree(begun, tmp_path / "home")
    assert forge.run(*run_args(source, home), TZ="America/Los_Angeles")[0] in (0, 12)
    assert_same(home, undisturbed[0])


def test_no_logic_asks_what_time_it_is() -> None:
    """A clock is read for records and letters, what is old, and to tell a person how things stand today: no month asks."""
    asks = {
        f"{path.relative_to(ROOT)}"
        for path in (ROOT / "pipelines").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "today", "utcnow", "time", "localtime", "gmtime"}
        if isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date", "time"}
    }
    records = {
        f"pipelines/store/{name}.py"
        for name in ("champions", "outbox", "releases", "waivers")
    }
    assert asks == records | {
        "pipelines/operations/deadlines.py",
        "pipelines/operations/doctor/__init__.py",
        "pipelines/operations/persons/erasure.py",
        "pipelines/cli/commands/installation.py",
    }

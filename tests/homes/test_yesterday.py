"""Homes of earlier releases, as they were left: read, verified, continued, restated and answered by today's program."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.forge import Forge
from tests.homes.make import HOLDOUT, MADE, NEXT
from tests.machine.keeping import Kept, check_home
from tests.support.office import fill

KEPT = Path(__file__).with_name("kept")
RELEASES = sorted(path.name.removesuffix(".tar.xz") for path in KEPT.glob("*.tar.xz"))
DONE = (0, 12)


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    opened = Forge(RETENTION_HOLDOUT_SHARE=HOLDOUT)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A kept home and its source, unpacked."""
    with tarfile.open(KEPT / f"{request.param}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    yield tmp_path
    for path in tmp_path.rglob("*"):
        if path.is_dir():
            path.chmod(0o700)


@pytest.mark.slow
@pytest.mark.parametrize("folder", RELEASES, indirect=True)
def test_a_home_of_an_earlier_release_goes_on(folder: Path, forge: Forge) -> None:
    home, source = folder / "home", folder / "source"
    kept = Kept()

    def call(*words: object) -> int:
        line = [*map(str, words), "--home", str(home), "--lang", "en"]
        code, said = forge.run(*line)
        assert code in DONE, (words, code, said)
        check_home(home, kept)
        return code

    check_home(home, kept)
    assert len(kept.sealed) == len(MADE)
    orders = set(kept.rows["console_order"])
    assert orders and kept.rows["console_answer"]

    for month in MADE:
        call("status", month)
        call("kpi", month)
        call("lists", month)
        call("verify", month)
    call("doctor")
    # Continued: an open month, a correction, answers to orders of the earlier release.
    call("run", NEXT, "--source", source, "--release")
    assert orders < kept.rows["console_order"]
    bill = source / str(MADE[0]) / "bill.csv"
    bill.write_text(bill.read_text().replace("60.00", "66.00"))
    call("restate", MADE[0], "--source", source)
    out = folder / "again"
    call("export", MADE[1], "--out", out)
    books = sorted(out.glob("*_M*.xlsx"))
    answers = {"bob": {"outcome": "refused", "contacted_on": "2026-09-08"}}
    call("outcomes", *(fill(book, answers, "en") for book in books), "--by", "li")
    assert {row[2] for row in kept.rows["console_answer"]} >= {"no_answer", "refused"}
    # What was handed in to the earlier release is known to this one.
    before = len(kept.rows["console_answer"])
    old = sorted((folder / "out").glob("*_M*.xlsx"))
    assert old
    call("outcomes", *old, "--by", "li")
    assert len(kept.rows["console_answer"]) == before
    call("backup", "--to", folder / "archive")
    call("tidy")

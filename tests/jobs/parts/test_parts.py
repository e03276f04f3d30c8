"""Months whose tables stand in sixteen parts: the rows, in their order, and the documents of months in files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.catalogue.tables import load_tables
from pipelines.cli import app
from pipelines.core.month import Month
from pipelines.jobs.run import run_month
from pipelines.jobs.verify import verify_month
from pipelines.store.lake import MonthFolder, Version
from tests.support.made_once import make_once
from tests.support.small import MONTH, job, twin_operator, ungated_job

COUNT = 16


def run_in_parts(home: Path, month: Month) -> Version:
    source = twin_operator().source
    return run_month(ungated_job(home, source, month, table_parts=COUNT))


def home_in_parts() -> Path:
    """The months of the synthetic operator, all of them in parts, once a run of tests."""

    def make(folder: Path) -> None:
        for month in twin_operator().months:
            run_in_parts(folder / "home", month)

    return make_once("home_in_parts", make) / "home"


def find_differing(one: Version, other: Version) -> list[str]:
    """The tables whose rows, and the documents whose bytes, two versions do not agree on."""
    differing = [*(one.entries.keys() ^ other.entries.keys())]
    for name, entry in one.entries.items():
        if entry.is_computed != other.is_computed(name) or (
            entry.is_computed
            and not one.read_arrow(name).equals(other.read_arrow(name))
        ):
            differing.append(name)
    pages = {path.relative_to(one.path) for path in one.path.glob("outbox/**/*.*")}
    assert pages
    for page in pages:
        if (one.path / page).read_bytes() != (other.path / page).read_bytes():
            differing.append(str(page))
    return differing


def test_a_key_that_tells_parts_is_text() -> None:
    """An engine's MD5 is that of a text; and every large table of a snapshot or of features has such a key."""
    growing = {
        name: table for name, table in load_tables().items() if table.part_column
    }
    for table in growing.values():
        assert table.types[str(table.part_column)] == "VARCHAR", table.name
    for name in ("snapshot_bill", "features_line", "score_churn", "dispatch_order"):
        assert name in growing
    assert not {"kpi_monthly", "dispatch_list", "report_figure"} & growing.keys()


@pytest.mark.slow
def test_months_in_parts_have_the_rows_of_months_in_files() -> None:
    for month in twin_operator().months:
        whole = MonthFolder(twin_operator().home, month).version()
        cut = MonthFolder(home_in_parts(), month).version()
        assert find_differing(whole, cut) == []
        assert cut.inputs["parts"] == COUNT and "parts" not in whole.inputs
        in_parts = {name for name, entry in cut.entries.items() if entry.parts}
        assert len(in_parts) > 60
        for name in in_parts:
            assert len(list(cut.table(name).iterdir())) == COUNT


@pytest.mark.slow
def test_a_month_in_parts_verifies_and_names_what_was_damaged(tmp_path: Path) -> None:
    home = shutil.copytree(home_in_parts(), tmp_path / "home")
    source = twin_operator().source
    seen = verify_month(ungated_job(home, source, table_parts=COUNT))
    assert (seen.differences, seen.notes) == ([], [])
    place = seen.version.table("snapshot_service")

    first = place / "0.parquet"
    shutil.copy(place / "1.parquet", first)
    (place / "a.parquet").unlink()
    (place / "notes.txt").write_text("mine")
    (seen.version.table("snapshot_customer") / "0.parquet").write_bytes(b"PAR1")
    differing = verify_month(job(home, source)).differences
    assert {(one.kind, one.what) for one in differing} == {
        ("missing", "snapshot_service/a.parquet"),
        ("extra", "snapshot_service/notes.txt"),
        ("changed", "snapshot_customer"),
    }


@pytest.mark.slow
def test_a_home_whose_parts_change_reads_both(tmp_path: Path) -> None:
    """Months before in files, the newest in parts; and once more in files, which is a version of its own."""
    operator = twin_operator()
    home = shutil.copytree(operator.home, tmp_path / "home")
    whole = MonthFolder(home, MONTH).version()
    cut = run_in_parts(home, MONTH)
    assert cut.number == whole.number + 1
    assert find_differing(whole, cut) == []
    assert verify_month(ungated_job(home, operator.source)).differences == []
    again = run_month(ungated_job(home, operator.source))
    assert again.number == cut.number + 1 and find_differing(cut, again) == []


@pytest.mark.slow
def test_who_looks_sees_tables(tmp_path: Path) -> None:
    """The first rows on a screen, a file of them: the same of both homes."""
    said = {}
    for name, home in (("files", twin_operator().home), ("parts", home_in_parts())):
        out = tmp_path / f"{name}.csv"
        shown = _ask("show", "snapshot_service", str(MONTH), "--home", str(home))
        _ask(
            "show", "dispatch_order", str(MONTH), "--home", str(home), "--out", str(out)
        )
        said[name] = (shown, out.read_bytes())
    assert said["files"] == said["parts"]


def _ask(*args: str) -> str:
    done = CliRunner().invoke(app, list(args))
    assert done.exit_code == 0, done.output
    return done.output

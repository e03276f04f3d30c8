"""Tables of a room made two at a time: the same as one at a time, and an error names its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.catalogue.spec import Spec
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.rooms import features, side_by_side
from pipelines.rooms.context import Context
from pipelines.store.lake import Version
from tests.support.small import MONTH, Town, run_town

BOTH = 2


def town(month: Month = MONTH) -> Town:
    return Town(month).person("ann").person("bob").owe("ann", "12.00")


def tell(version: Version) -> list[tuple[str, str, str | None]]:
    """Each table, in the order of the record: what it is, and the hash of its content."""
    return [
        (name, entry.status, entry.sha256) for name, entry in version.entries.items()
    ]


def test_months_of_two_streams_are_those_of_one(tmp_path: Path) -> None:
    told = []
    for threads in (1, BOTH):
        home = tmp_path / str(threads) / "home"
        run_town(home, town(MONTH.plus(-1)), threads=threads)
        told.append(tell(run_town(home, town(), threads=threads)))
    assert told[0] == told[1]


def test_beyond_so_many_lines_one_statement_has_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "_MOST_LINES", 1)
    monkeypatch.delattr(side_by_side, "ThreadPoolExecutor")  # nobody asks for it
    run_town(tmp_path / "home", town(), threads=BOTH)


@pytest.mark.parametrize("threads", [1, BOTH])
def test_an_error_names_the_table_that_it_is_of(
    threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_select = features._write_select

    def write(context: Context, spec: Spec) -> str | None:
        if spec.table == "features_usage":
            return "SELECT error('it broke') AS service_id"
        return write_select(context, spec)

    monkeypatch.setattr(features, "_write_select", write)
    with pytest.raises(SpecError, match="features/usage.sql.*it broke"):
        run_town(tmp_path / "home", town(), threads=threads)

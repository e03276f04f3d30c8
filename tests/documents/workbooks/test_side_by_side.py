"""Many workbooks are written side by side: the same bytes in the same order, and one that fails stops no other."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from benchmarks.workbooks import plan_books
from pipelines.core.errors import StorageError
from pipelines.documents.workbooks import export
from pipelines.documents.workbooks.book_plan import BookPlan
from pipelines.documents.workbooks.export import BooksFailed, write_books

MANY = 120


def write_writer(path: Path) -> None:
    """Write who writes."""
    path.write_text(str(os.getpid()))


def refuse(path: Path) -> None:
    raise ValueError(path.name)


def fill_disk(path: Path) -> None:
    raise StorageError("storage.failed", where=path, why="full")


def end(path: Path) -> None:
    """End a process that was handed the book, as the system does for want of memory."""
    if path.with_suffix(".parent").read_text() != str(os.getpid()):
        os._exit(9)
    write_writer(path)


def plan(out: Path, count: int = MANY) -> list[BookPlan]:
    plans = []
    for number in range(count):
        path = out / f"{number:03d}"
        plans.append(
            BookPlan("manager", f"M{number}", path, partial(write_writer, path))
        )
    return plans


def replace(plans: list[BookPlan], place: int, write: Callable[[Path], None]) -> None:
    path = plans[place].path
    plans[place] = BookPlan("manager", path.name, path, partial(write, path))


def read_writers(out: Path) -> set[str]:
    return {path.read_text() for path in out.iterdir() if not path.suffix}


def test_other_processes_write_in_the_plans_order(tmp_path: Path) -> None:
    plans = plan(tmp_path)
    replace(plans, 3, lambda path: write_writer(path))  # cannot be handed over
    written = write_books(iter(plans))
    assert [book.holder for book in written] == [each.holder for each in plans]
    writers = read_writers(tmp_path)
    assert str(os.getpid()) in writers and len(writers) > 1


def test_few_books_are_written_here(tmp_path: Path) -> None:
    write_books(plan(tmp_path, count=export.FEWEST_SIDE_BY_SIDE - 1))
    assert read_writers(tmp_path) == {str(os.getpid())}


def test_one_that_fails_holds_back_no_other(tmp_path: Path) -> None:
    plans = plan(tmp_path)
    replace(plans, 50, refuse)
    with pytest.raises(BooksFailed) as failed:
        write_books(plans)
    assert "050 (ValueError)" in str(failed.value.facts["which"])
    assert len(failed.value.books) == MANY - 1
    assert len(list(tmp_path.iterdir())) == MANY - 1


def test_a_full_disk_ends_it(tmp_path: Path) -> None:
    plans = plan(tmp_path)
    replace(plans, 20, fill_disk)
    with pytest.raises(StorageError):
        write_books(plans)


def test_a_process_that_is_ended_leaves_its_books_to_this_one(tmp_path: Path) -> None:
    plans = plan(tmp_path)
    replace(plans, 20, end)
    (tmp_path / "020.parent").write_text(str(os.getpid()))
    assert len(write_books(plans)) == MANY
    assert len(list(tmp_path.glob("???"))) == MANY


def test_no_more_books_are_made_than_are_soon_written(tmp_path: Path) -> None:
    made = 0
    most_ahead = 0
    plans = plan(tmp_path, count=400)

    def make() -> object:
        nonlocal made
        for each in plans:
            made += 1
            yield each

    cores = len(os.sched_getaffinity(0))
    for number, _ in enumerate(export._write_ahead(make())):  # type: ignore[arg-type]
        most_ahead = max(most_ahead, made - number)
    at_once = (cores * export.AHEAD + 2) * export.BOOKS_AT_ONCE
    assert most_ahead <= max(at_once, export.FEWEST_SIDE_BY_SIDE)


def test_the_bytes_are_those_of_one_process(tmp_path: Path) -> None:
    side, alone = tmp_path / "side", tmp_path / "alone"
    side.mkdir()
    alone.mkdir()
    write_books(plan_books(side, MANY, rows=2))
    for each in plan_books(alone, MANY, rows=2):
        each.write()
    for path in sorted(alone.iterdir()):
        assert (side / path.name).read_bytes() == path.read_bytes()

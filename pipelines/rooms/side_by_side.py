"""The tables of a room's SQL files, two at a time: while one is written another is answered.

A statement of a small month leaves half of the cores idle, and encoding, hashing and replacing a
file nearly all of them. Whatever ends first, tables are recorded in the order of their SQL files,
and their rows and bytes are those of one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from queue import SimpleQueue

from pipelines.catalogue.spec import Spec
from pipelines.engines.duckdb import Answer
from pipelines.rooms.context import Context
from pipelines.store.manifest import TableEntry

_STREAMS = 2
# Two statements have the engine's memory between them. Beyond so many lines one at a time has it.
_MOST_LINES = 500_000

Begun = dict[str, tuple[Spec, Future[TableEntry]]]  # by table


def compute_each(
    context: Context,
    specs: Sequence[Spec],
    write_select: Callable[[Spec], str | None] = lambda spec: None,
) -> None:
    """Write the table of each SQL file as `Context.compute` does, once those it reads are there.

    `write_select` gives the SQL that a room makes of a file; None for the file's own.
    """
    if not _may_share(context):
        for spec in specs:
            context.compute(spec, write_select(spec))
        return

    begun: Begun = {}
    with _open_streams(context) as begin:
        for spec in specs:
            for read in spec.reads:
                if not read.era:
                    _finish(context, begun, read.name)
            select = context.prepare(spec, write_select(spec))
            if select is not None:
                begun[spec.table] = spec, begin(spec, select)
        for table in list(begun):
            _finish(context, begun, table)

    for spec in specs:
        context.entries[spec.table] = context.entries.pop(spec.table)


def _may_share(context: Context) -> bool:
    """Whether two statements may be at work: both fit into the memory that there is."""
    lines = context.draft.finished.get("snapshot_service")
    is_small = lines is None or (lines.rows or 0) <= _MOST_LINES
    may_use_both = context.settings.threads >= _STREAMS
    return is_small and may_use_both and context.engine.works_side_by_side


@contextmanager
def _open_streams(
    context: Context,
) -> Iterator[Callable[[Spec, Answer], Future[TableEntry]]]:
    """Give what has a table made beside others, each by a connection of its own."""
    idle: SimpleQueue[Context] = SimpleQueue()

    def make(spec: Spec, select: Answer) -> TableEntry:
        stream = idle.get()
        try:
            return stream.make_table(spec, select)
        finally:
            idle.put(stream)

    def begin(spec: Spec, select: Answer) -> Future[TableEntry]:
        return workers.submit(make, spec, select)

    with ExitStack() as opened:
        for _ in range(_STREAMS):
            engine = opened.enter_context(context.engine.open_beside())
            idle.put(replace(context, engine=engine))
        workers = ThreadPoolExecutor(_STREAMS)
        # Where one has failed, or somebody has stopped the run, none begins that has not.
        opened.callback(workers.shutdown, cancel_futures=True)
        yield begin


def _finish(context: Context, begun: Begun, table: str) -> None:
    """Wait for a table that was begun, and record it."""
    if table not in begun:
        return
    spec, made = begun.pop(table)
    # Whatever is said of an error names the table that it is of.
    context.at_work_on = spec
    context.progress(spec.table)
    context.record_entry(table, made.result(), spec)

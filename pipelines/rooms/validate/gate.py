"""The engine counts, Great Expectations judges.

Suites are built at run time. Of each table one statement counts the rows that break its rules, and
Great Expectations judges the table of those counts, a check a rule. A rule that cannot be counted
is run by Great Expectations on the rows themselves.

Great Expectations' own `success` ignores severities, so each expectation's result is read by
itself. One that raises, one whose counts cannot be, or a table that takes too long, counts as
failed and critical: a gate that cannot look is a closed gate.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb

from pipelines.catalogue.expectations import Expectation
from pipelines.catalogue.spec import load_room_specs
from pipelines.core.contract import load_contract
from pipelines.core.errors import SpecError
from pipelines.core.quoting import scan_parquet
from pipelines.core.settings import Settings
from pipelines.rooms.context import Context
from pipelines.rooms.judge.client import JudgeProcess
from pipelines.rooms.judge.questions import describe_error
from pipelines.rooms.validate.checks import (
    CountedRules,
    Delivered,
    count_rules,
    judge_suite,
)
from pipelines.rooms.validate.offending import find_offending
from pipelines.rooms.validate.on_executors import AskCounts, ask_executors
from pipelines.rooms.validate.verdicts import Verdict, close_gate

Suites = Mapping[str, Sequence[Expectation]]  # by table
SAMPLES = 5
_TOO_LATE = "timeout after"
_ENDING_SECONDS = 5  # how long a statement that is stopped may take to end


@contextmanager
def open_judge() -> Iterator[Callable[[Context, Suites], list[Verdict]]]:
    """Have Great Expectations get ready in a process of its own; give what judges by it."""
    with JudgeProcess() as process:
        yield partial(judge_suites, process)


def judge_suites(
    process: JudgeProcess,
    context: Context,
    suites: Suites,
) -> list[Verdict]:
    """Run each table's suite over its delivered rows, quarantined ones included."""
    if not suites:
        return []
    context.draft.scratch.mkdir(parents=True, exist_ok=True)
    # A file of its own each time: DuckDB keeps one that was open in this process as it was opened.
    database = Path(mkdtemp(prefix="gate-", dir=context.draft.scratch)) / "gate.duckdb"
    bind_views(context, database)
    seconds = context.settings.check_timeout_seconds
    judged: list[Future[list[Verdict]]] = []
    # One table is counted while the one before it is judged.
    with (
        open_delivered(context.settings, database) as delivered,
        ThreadPoolExecutor(max_workers=1) as beside,
    ):
        count = partial(count_in_time, seconds, *_choose_counter(context, delivered))
        for table, suite in suites.items():
            context.progress(f"validate_{table}")
            counts = count(table, suite)
            judged.append(
                beside.submit(
                    _judge_table, seconds, process, delivered, table, suite, counts
                )
            )
        verdicts = [verdict for table in judged for verdict in table.result()]
        return [_look_closer(delivered, verdict) for verdict in verdicts]


def _look_closer(delivered: Delivered, verdict: Verdict) -> Verdict:
    """Add to a rule that was broken some of the rows that broke it, and the branches they name."""
    if verdict.success or verdict.is_crash:
        return verdict
    try:
        rows = f"({verdict.expectation.offending()}) AS found"
        samples = _read_samples(delivered, rows)
        branches = _read_branches(delivered, rows) if verdict.is_confined else ()
    except (duckdb.Error, SpecError):
        return verdict
    seen = replace(verdict, samples=samples, branches=branches)
    connection = delivered.connection
    try:
        offending = find_offending(connection, verdict.expectation, verdict.unexpected)
    except duckdb.Error:  # a query of its own that returns none of its columns
        return seen
    return replace(seen, offending=offending)


def _read_samples(delivered: Delivered, rows: str) -> tuple[Mapping[str, object], ...]:
    sql = f"SELECT * FROM {rows} ORDER BY ALL LIMIT {SAMPLES}"
    return tuple(delivered.read_rows(sql))


def _read_branches(delivered: Delivered, rows: str) -> tuple[str, ...]:
    sql = f"SELECT DISTINCT branch_id FROM {rows}"
    return tuple(sorted(str(row["branch_id"]) for row in delivered.read_rows(sql)))


def bind_views(context: Context, database: Path) -> None:
    """Make readable.

    `delivered_<table>` (accepted and quarantined rows), `previous_<table>`, `intake` and the books.
    """
    config = _limit_engine(context.settings, database)
    with duckdb.connect(str(database), config=config) as connection:
        for table in load_contract():
            _bind_table(context, connection, table)
        for spec in load_room_specs("validate"):
            if context.is_computed(spec.table):
                file = scan_parquet(context.path(spec.table))
                connection.execute(f"CREATE VIEW {spec.table} AS SELECT * FROM {file}")
        quarantine = context.path("snapshot_quarantine")
        if quarantine.exists():
            connection.execute(
                f"CREATE VIEW quarantine AS SELECT * FROM {scan_parquet(quarantine)}"
            )
        intake = scan_parquet(context.path("snapshot_intake"))
        connection.execute(f"CREATE VIEW intake AS SELECT * FROM {intake}")


def _bind_table(
    context: Context, connection: duckdb.DuckDBPyConnection, table: str
) -> None:
    """Make one delivered table readable, and last month's.

    Without that an empty one of its columns.
    """
    scans = []
    for part in ("", "_rejected"):
        file = context.path(f"snapshot_{table}{part}")
        if file.exists():
            scans.append(scan_parquet(file))
    if scans:
        body = " UNION ALL BY NAME ".join(f"SELECT * FROM {scan}" for scan in scans)
        columns = "* EXCLUDE (_rule)" if len(scans) > 1 else "*"
        connection.execute(
            f"CREATE VIEW delivered_{table} AS SELECT {columns} FROM ({body})"
        )
    before = _find_previous(context, table)
    if before:
        connection.execute(f"CREATE VIEW previous_{table} AS SELECT * FROM {before}")
    elif scans:
        nothing = f"SELECT * FROM {scans[0]} WHERE FALSE"
        connection.execute(f"CREATE VIEW previous_{table} AS {nothing}")


def _find_previous(context: Context, table: str) -> str | None:
    version = context.earlier.get("m1")
    if version is None:
        return None
    name = f"snapshot_{table}"
    return scan_parquet(version.table(name)) if version.is_computed(name) else None


@contextmanager
def open_delivered(settings: Settings, database: Path) -> Iterator[Delivered]:
    """Open a database with the gate's views, which the judge's process reads as well."""
    limits = _limit_engine(settings, database)
    config = {**limits, "access_mode": "READ_ONLY"}
    with duckdb.connect(str(database), config=config) as connection:
        yield Delivered(database, limits, connection)


def _limit_engine(settings: Settings, database: Path) -> dict[str, Any]:
    """The settings of every connection to the gate's database: one that differs is refused."""
    return {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(database.parent),
    }


def _choose_counter(
    context: Context, delivered: Delivered
) -> tuple[AskCounts, Callable[[], None]]:
    """What counts, and what stops it: executors where there are some, else the gate's views."""
    stop_here = delivered.connection.interrupt
    if not context.engine.has_executors:
        return delivered.read_row, stop_here

    def stop() -> None:
        context.engine.stop_statements()
        stop_here()

    return ask_executors(context, delivered.read_row), stop


def count_in_time(
    seconds: int,
    ask: AskCounts,
    stop: Callable[[], None],
    table: str,
    suite: Sequence[Expectation],
) -> CountedRules | str:
    """Count a table's rules; return why not, where that is not done within so many seconds."""
    found: list[CountedRules] = []

    def work() -> None:
        found.append(count_rules(ask, table, suite))

    why = _run_in_time(seconds, work, stop)
    return why or found[0]


def _judge_table(
    seconds: int,
    process: JudgeProcess,
    delivered: Delivered,
    table: str,
    suite: Sequence[Expectation],
    counts: CountedRules | str,
) -> list[Verdict]:
    """Judge a table by its counts; all its rules are red where they say why there are none."""
    if isinstance(counts, str):
        return [close_gate(rule, counts) for rule in suite]
    # A process that was given up over the table before is begun anew: not in this table's time.
    process.wait_until_ready()
    work = partial(judge_suite, process, delivered, table, suite, counts)
    return judge_in_time(seconds, suite, work, process.give_up)


def judge_in_time(
    seconds: int,
    suite: Sequence[Expectation],
    run_suite: Callable[[], Iterable[Verdict]],
    stop: Callable[[], None],
) -> list[Verdict]:
    """Run a table's suite; what is not back within so many seconds is failed and critical.

    `stop` is called then, to end what is still at work.
    """
    found: list[Verdict] = []
    why = _run_in_time(seconds, lambda: found.extend(run_suite()), stop)
    if why is None:
        return found
    done = [] if why.startswith(_TOO_LATE) else found
    return done + [close_gate(rule, why) for rule in suite[len(done) :]]


def _run_in_time(
    seconds: int, work: Callable[[], None], stop: Callable[[], None]
) -> str | None:
    """Do some work, and stop it after so many seconds; return what kept it from its end."""
    crashes: list[str] = []

    def attempt() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the gate stays closed and says what it was
            crashes.append(describe_error(error))

    worker = threading.Thread(target=attempt, daemon=True)
    worker.start()
    worker.join(seconds)
    if worker.is_alive():
        stop()
        worker.join(_ENDING_SECONDS)  # the next table is counted over what it uses
        return f"{_TOO_LATE} {seconds} s"
    return crashes[0] if crashes else None

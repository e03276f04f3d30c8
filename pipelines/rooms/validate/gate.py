"""Great Expectations on DuckDB.

Suites built at run time, run where the data are, judged by our severities.

Great Expectations' own `success` ignores severities, so each expectation's result is read by
itself. One that raises, or a table that takes too long, counts as failed and critical: a gate that
cannot look is a closed gate.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import duckdb
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from pipelines.catalogue.expectations import Expectation
from pipelines.catalogue.spec import load_room_specs
from pipelines.core.contract import load_contract
from pipelines.core.errors import SpecError
from pipelines.core.quoting import scan_parquet
from pipelines.rooms.context import Context
from pipelines.rooms.validate.gx import load_gx
from pipelines.rooms.validate.offending import Offending, find_offending

if TYPE_CHECKING:
    from great_expectations.datasource.fluent import SQLDatasource

# GX closes the connection before it fetches, and DuckDB drops an open result on rollback: no
# transaction, no reset.
_ENGINE = {
    "isolation_level": "AUTOCOMMIT",
    "skip_autocommit_rollback": True,
    "pool_reset_on_return": None,
}

SAMPLES = 5


@dataclass(frozen=True)
class Verdict:
    """What an expectation saw, and whether that is within its threshold.

    `unexpected` and `elements` count rows, where the check counts any. `samples` are some of the
    rows that break it, `branches` those it is confined to (`meta.scope: branch`). A check that
    crashed saw no rows.
    """

    expectation: Expectation
    success: bool
    observed: str
    threshold: str
    unexpected: int | None = None
    elements: int | None = None
    samples: tuple[Mapping[str, object], ...] = ()
    offending: tuple[Offending, ...] = ()
    branches: tuple[str, ...] = ()
    is_crash: bool = False

    @property
    def is_confined(self) -> bool:
        """Whether the rule concerns the branches its rows name, and nobody else."""
        return self.expectation.meta.get("scope") == "branch"


def judge(
    context: Context, suites: Mapping[str, Sequence[Expectation]]
) -> list[Verdict]:
    """Run each table's suite over its delivered rows, quarantined ones included."""
    if not suites:
        return []
    context.draft.scratch.mkdir(parents=True, exist_ok=True)
    # A file of its own each time: DuckDB keeps one that was open in this process as it was opened.
    database = Path(mkdtemp(prefix="gate-", dir=context.draft.scratch)) / "gate.duckdb"
    _bind_views(context, database)
    datasource = _open_datasource(database)
    verdicts: list[Verdict] = []
    try:
        for table, suite in suites.items():
            context.progress(f"validate_{table}")
            work = partial(_run_suite, datasource, table, suite)
            verdicts += judge_in_time(
                context.settings.check_timeout_seconds, suite, work
            )
        with datasource.get_engine().connect() as connection:
            return [_look_closer(connection, verdict) for verdict in verdicts]
    finally:
        datasource.get_engine().dispose()


def _look_closer(connection: Connection, verdict: Verdict) -> Verdict:
    """Add to a rule that was broken some of the rows that broke it, and the branches they name."""
    if verdict.success or verdict.is_crash:
        return verdict
    try:
        rows = f"({verdict.expectation.offending()}) AS found"
        samples = _read_samples(connection, rows)
        branches = _read_branches(connection, rows) if verdict.is_confined else ()
    except (DBAPIError, SpecError):
        return verdict
    seen = replace(verdict, samples=samples, branches=branches)
    try:
        offending = find_offending(connection, verdict.expectation, verdict.unexpected)
    except DBAPIError:  # a query of its own that returns none of its columns
        return seen
    return replace(seen, offending=offending)


def _read_samples(
    connection: Connection, rows: str
) -> tuple[Mapping[str, object], ...]:
    result = connection.exec_driver_sql(
        f"SELECT * FROM {rows} ORDER BY ALL LIMIT {SAMPLES}"
    )
    return tuple(dict(row) for row in result.mappings())


def _read_branches(connection: Connection, rows: str) -> tuple[str, ...]:
    result = connection.exec_driver_sql(f"SELECT DISTINCT branch_id FROM {rows}")
    return tuple(sorted(str(branch) for (branch,) in result))


def _bind_views(context: Context, database: Path) -> None:
    """Make readable.

    `delivered_<table>` (accepted and quarantined rows), `previous_<table>`, `intake` and the books.
    """
    with duckdb.connect(str(database)) as connection:
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
    path = version.path / f"snapshot_{table}.parquet"
    return scan_parquet(path) if path.exists() else None


def _open_datasource(database: Path) -> SQLDatasource:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the library's own deprecations are not ours to mend
        context = load_gx().get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        url = (
            f"duckdb:///{quote(os.fsencode(database))}"  # a home may be called anything
        )
        return context.data_sources.add_sql(
            "gate", connection_string=url, kwargs=_ENGINE
        )


def judge_in_time(
    seconds: int,
    suite: Sequence[Expectation],
    run_suite: Callable[[], Iterable[Verdict]],
) -> list[Verdict]:
    """Run a table's suite; what is not back within so many seconds is failed and critical."""
    found: list[Verdict] = []
    crashes: list[str] = []

    def work() -> None:
        try:
            found.extend(run_suite())
        except Exception as error:  # noqa: BLE001 - whatever it is, the gate stays closed and says what it was
            crashes.append(_first_line(error))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(seconds)
    if worker.is_alive():
        return [_close_gate(e, f"timeout after {seconds} s") for e in suite]
    return found + [_close_gate(e, *crashes) for e in suite[len(found) :]]


def _run_suite(
    datasource: SQLDatasource, table: str, suite: Sequence[Expectation]
) -> Iterator[Verdict]:
    gx = load_gx()
    asset = datasource.add_table_asset(table, table_name=f"delivered_{table}")
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    for expectation in suite:
        try:
            built = _build_check(gx, expectation)
            result = batch.validate(
                built,
                result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
            )
        except Exception as error:  # noqa: BLE001 - any crash of a check closes the gate
            yield _close_gate(expectation, _first_line(error))
            continue
        yield _read_verdict(expectation, result)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    said = lines[0] if lines else ""
    return f"{type(error).__name__}: {said[:120]}"


def _build_check(gx: Any, expectation: Expectation) -> Any:
    name = "".join(word.capitalize() for word in expectation.type.split("_"))
    return getattr(gx.expectations, name)(
        **expectation.kwargs, severity=expectation.severity
    )


def _read_verdict(expectation: Expectation, result: Any) -> Verdict:
    for record in _list_exceptions(result.exception_info):
        if record.get("raised_exception"):
            message = str(record.get("exception_message") or "check raised")
            return _close_gate(expectation, message.splitlines()[0][:160])
    found = result.result
    return Verdict(
        expectation,
        bool(result.success),
        _describe_observed(found),
        _describe_threshold(expectation),
        _count_unexpected(found),
        found.get("element_count"),
    )


def _list_exceptions(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """GX gives one record, or one a metric."""
    if "raised_exception" in info:
        return [info]
    return [record for record in info.values() if isinstance(record, Mapping)]


def _describe_observed(result: Mapping[str, Any]) -> str:
    if result.get("unexpected_count") is not None:
        return f"{result['unexpected_count']} of {result.get('element_count')} rows"
    return str(result.get("observed_value", ""))


def _count_unexpected(result: Mapping[str, Any]) -> int | None:
    """How many rows broke the rule; a query that found none observed nothing."""
    count = result.get("unexpected_count", result.get("observed_value"))
    is_number = isinstance(count, int | float) or str(count).isdigit()
    return int(count) if is_number else None


def _describe_threshold(expectation: Expectation) -> str:
    limits = []
    for name, value in expectation.kwargs.items():
        if name in ("mostly", "min_value", "max_value"):
            limits.append(f"{name} {value}")
    return ", ".join(limits)


def _close_gate(expectation: Expectation, why: str) -> Verdict:
    return Verdict(
        replace(expectation, severity="critical"),
        False,
        why,
        _describe_threshold(expectation),
        is_crash=True,
    )

"""Great Expectations on DuckDB: suites built at run time, run where the data are, judged by our severities.

Great Expectations' own `success` ignores severities, so each expectation's result is read by itself. One that raises,
or a table that takes too long, counts as failed and critical: a gate that cannot look is a closed gate.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import duckdb
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from pipelines.catalogue.expectations import Expectation
from pipelines.catalogue.spec import room_specs
from pipelines.core.contract import contract
from pipelines.core.errors import SpecError
from pipelines.core.quoting import scan_parquet
from pipelines.rooms.context import Context
from pipelines.rooms.validate.gx import load_gx
from pipelines.rooms.validate.offending import Offending, find_offending

if TYPE_CHECKING:
    from great_expectations.datasource.fluent import SQLDatasource

# GX closes the connection before it fetches, and DuckDB drops an open result on rollback: no transaction, no reset.
_ENGINE = {
    "isolation_level": "AUTOCOMMIT",
    "skip_autocommit_rollback": True,
    "pool_reset_on_return": None,
}

SAMPLES = 5


@dataclass(frozen=True)
class Verdict:
    """What an expectation saw, and whether that is within its threshold.

    `unexpected` and `elements` count rows, where the check counts any. `samples` are some of the rows that break it,
    `branches` those it is confined to (`meta.scope: branch`). A check that crashed saw no rows.
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


def judge(context: Context, suites: Mapping[str, Sequence[Expectation]]) -> list[Verdict]:
    """Run each table's suite over its delivered rows, quarantined ones included."""
    if not suites:
        return []
    context.draft.scratch.mkdir(parents=True, exist_ok=True)
    # A file of its own each time: DuckDB keeps one that was open in this process as it was opened.
    database = Path(mkdtemp(prefix="gate-", dir=context.draft.scratch)) / "gate.duckdb"
    _bind_views(context, database)
    datasource = _datasource(database)
    verdicts: list[Verdict] = []
    try:
        for table, suite in suites.items():
            context.progress(f"validate_{table}")
            verdicts += _within(context.settings.check_timeout_seconds, datasource, table, suite)
        with datasource.get_engine().connect() as connection:
            return [v if v.success or v.is_crash else _look_closer(connection, v) for v in verdicts]
    finally:
        datasource.get_engine().dispose()


def _look_closer(connection: Connection, verdict: Verdict) -> Verdict:
    """Add some of the rows that broke the rule, and the branches they name."""
    try:
        rows = f"({verdict.expectation.offending()}) AS found"
        shown = (
            connection.exec_driver_sql(f"SELECT * FROM {rows} ORDER BY ALL LIMIT {SAMPLES}")
            .mappings()
            .all()
        )
        branches = (
            connection.exec_driver_sql(f"SELECT DISTINCT branch_id FROM {rows}")
            if verdict.is_confined
            else ()
        )
        named = tuple(sorted(str(branch) for (branch,) in branches))
    except (DBAPIError, SpecError):
        return verdict
    seen = replace(verdict, samples=tuple(dict(row) for row in shown), branches=named)
    try:
        offending = find_offending(connection, verdict.expectation, verdict.unexpected)
    except DBAPIError:  # a query of its own that returns none of its columns
        return seen
    return replace(seen, offending=offending)


def _bind_views(context: Context, database: Path) -> None:
    """Make readable: `delivered_<table>` (accepted and quarantined rows), `previous_<table>`, `intake` and the books."""
    with duckdb.connect(str(database)) as connection:
        for table in contract():
            files = [context.path(f"snapshot_{table}{part}") for part in ("", "_rejected")]
            there = [scan_parquet(file) for file in files if file.exists()]
            if there:
                body = " UNION ALL BY NAME ".join(f"SELECT * FROM {file}" for file in there)
                drop = "EXCLUDE (_rule)" if len(there) > 1 else ""
                connection.execute(
                    f"CREATE VIEW delivered_{table} AS SELECT * {drop} FROM ({body})"
                )
            before = _previous(context, table)
            if before or there:
                only = "" if before else "WHERE FALSE"
                connection.execute(
                    f"CREATE VIEW previous_{table} AS SELECT * FROM {before or there[0]} {only}"
                )
        for spec in room_specs("validate"):
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


def _previous(context: Context, table: str) -> str | None:
    version = context.earlier.get("m1")
    path = version.path / f"snapshot_{table}.parquet" if version else None
    return scan_parquet(path) if path and path.exists() else None


def _datasource(database: Path) -> SQLDatasource:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own deprecations are not ours to mend
        context = load_gx().get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        url = f"duckdb:///{quote(os.fsencode(database))}"  # a home may be called anything
        return context.data_sources.add_sql("gate", connection_string=url, kwargs=_ENGINE)


def _within(
    seconds: int, datasource: SQLDatasource, table: str, suite: Sequence[Expectation]
) -> list[Verdict]:
    """Run a table's suite; what does not come back in time is red."""
    found: list[Verdict] = []
    crashes: list[str] = []

    def work() -> None:
        try:
            found.extend(_run_suite(datasource, table, suite))
        except Exception as error:  # noqa: BLE001 - whatever it is, the gate stays closed and says what it was
            crashes.append(_first_line(error))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(seconds)
    if worker.is_alive():
        return [_red(e, f"timeout after {seconds} s") for e in suite]
    return found + [_red(e, *crashes) for e in suite[len(found) :]]


def _run_suite(
    datasource: SQLDatasource, table: str, suite: Sequence[Expectation]
) -> Iterator[Verdict]:
    gx = load_gx()
    asset = datasource.add_table_asset(table, table_name=f"delivered_{table}")
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    for expectation in suite:
        try:
            built = _build(gx, expectation)
            result = batch.validate(
                built, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
            )
        except Exception as error:  # noqa: BLE001 - any crash of a check closes the gate
            yield _red(expectation, _first_line(error))
            continue
        yield _verdict(expectation, result)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:120]}"


def _build(gx: Any, expectation: Expectation) -> Any:
    name = "".join(word.capitalize() for word in expectation.type.split("_"))
    return getattr(gx.expectations, name)(**expectation.kwargs, severity=expectation.severity)


def _verdict(expectation: Expectation, result: Any) -> Verdict:
    raised = [v for v in _exceptions(result.exception_info) if v.get("raised_exception")]
    if raised:
        return _red(
            expectation,
            str(raised[0].get("exception_message") or "check raised").splitlines()[0][:160],
        )
    found = result.result
    elements = found.get("element_count")
    return Verdict(
        expectation,
        bool(result.success),
        _observed(found),
        _threshold(expectation),
        _unexpected(found),
        elements,
    )


def _exceptions(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """GX gives one record, or one a metric."""
    return (
        [info]
        if "raised_exception" in info
        else [v for v in info.values() if isinstance(v, Mapping)]
    )


def _observed(result: Mapping[str, Any]) -> str:
    if result.get("unexpected_count") is not None:
        return f"{result['unexpected_count']} of {result.get('element_count')} rows"
    return str(result.get("observed_value", ""))


def _unexpected(result: Mapping[str, Any]) -> int | None:
    """How many rows broke the rule; a query that found none observed nothing."""
    count = result.get("unexpected_count", result.get("observed_value"))
    return int(count) if isinstance(count, int | float) or str(count).isdigit() else None


def _threshold(expectation: Expectation) -> str:
    limits = {
        k: v for k, v in expectation.kwargs.items() if k in ("mostly", "min_value", "max_value")
    }
    return ", ".join(f"{k} {v}" for k, v in limits.items())


def _red(expectation: Expectation, why: str) -> Verdict:
    return Verdict(
        replace(expectation, severity="critical"),
        False,
        why,
        _threshold(expectation),
        is_crash=True,
    )

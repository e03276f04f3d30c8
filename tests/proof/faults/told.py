"""What a finished month says: every output's value and status, what the gate found, what was set aside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.catalogue.outputs import load_lists
from pipelines.catalogue.spec import Spec
from pipelines.core.calendar import Calendar
from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.engines.duckdb import DuckEngine
from pipelines.rooms import dispatch
from pipelines.rooms.context import Context
from pipelines.store.lake import Draft, MonthFolder, Version
from tests.proof.faults.verdicts import Output, State, Told

Row = dict[str, Any]
# What a list's orders say of their own; the order's id and due day follow from these.
ORDER = (
    "customer_id",
    "service_id",
    "branch_id",
    "manager_id",
    "rank",
    "rank_value",
    "amount",
    "reason_codes",
    "arm",
)


def tell_stop(error: Exception) -> Told:
    """Tell of a month that did not come about: stopped with a message, or by a crash."""
    if isinstance(error, RetentionError):
        return Told(stopped=f"{error.key} {error.facts.get('table', '')}".strip())
    return Told(stopped=type(error).__name__, is_crash=True)


def tell_month(home: Path, month: Month) -> Told:
    """Tell what a month's current version says."""
    version = MonthFolder(home, month).version()
    kpis = {_output(row): row for row in read(version, "kpi_monthly")}
    listed = {
        Output("list", row["list"], "all", ""): row
        for row in read(version, "dispatch_list")
    }
    states = {output: _state(row) for output, row in (kpis | listed).items()}
    values: dict[Output, object] = {
        output: (row["numerator"], row["denominator"]) for output, row in kpis.items()
    }
    values |= {
        Output("list", name, "all", ""): value
        for name, value in lists_alone(home, month)
    }
    intake = {row["table"]: row for row in read(version, "snapshot_intake")}
    forms: dict[str, int] = {table: row["repeats"] for table, row in intake.items()}
    for row in read(version, "snapshot_normalised"):
        forms[row["table"]] += row["rows"]
    return Told(
        findings={
            r["finding"]: r["released"]
            for r in read(version, "validate_result")
            if r["success"] is False
        },
        values=values,
        states=states,
        quarantined={table: row["quarantined"] for table, row in intake.items()},
        refused=frozenset(
            table for table, row in intake.items() if row["state"] == "refused"
        ),
        normalised=forms,
    )


def read(version: Version, table: str) -> list[Row]:
    """Read a table of a month."""
    rows: list[Row] = pq.read_table(version.table(table)).to_pylist()
    return rows


def _output(row: Row) -> Output:
    part = "company" if row["scope_kind"] == "company" else "parts"
    return Output(
        "kpi",
        f"{row['kpi']}.{row['variant']}",
        part,
        f"{row['scope_kind']} {row['scope_id']}",
    )


def _state(row: Row) -> State:
    return State(row["status"], frozenset((row["reason"] or "").split("; ")))


# -- lists -------------------------------------------------------------------------------------------------------


def lists_alone(home: Path, month: Month) -> Iterator[tuple[str, object]]:
    """Yield each list's orders and why-nots as they would be were it the only list, and released."""
    version = MonthFolder(home, month).version()
    copy = Path(mkdtemp(prefix="alone-", dir=home))
    try:
        for path in version.path.glob("*.*"):
            shutil.copy(path, copy)
        _release_all(copy / "validate_release.parquet")
        earlier = _earlier(home, month)
        folders = [copy, *(held.path for held in earlier.values() if held)]
        with DuckEngine(copy / "tmp", folders, "1GB", 1) as engine:
            context = Context(
                month, load_settings(), Calendar(), Draft(month, copy), engine, earlier
            )
            context.bind_everything()
            for spec in load_lists():
                yield spec.name, _alone(context, spec)
    finally:
        shutil.rmtree(copy)


def _release_all(path: Path) -> None:
    rows = pq.read_table(path)
    place = rows.column_names.index("status")
    pq.write_table(
        rows.set_column(place, "status", pa.array(["released"] * len(rows))), path
    )


def _earlier(home: Path, month: Month) -> dict[str, Version | None]:
    """The versions that dispatch reads."""
    before, longer = (MonthFolder(home, month.plus(-ago)).current() for ago in (1, 2))
    return {"m1": before, "m2": longer, "prior": before}


def _alone(context: Context, spec: Spec) -> object:
    dispatch.run(context, [spec])
    orders = context.engine.rows(
        f"SELECT {', '.join(ORDER)} FROM dispatch_order ORDER BY ALL"
    )
    left_out = context.engine.rows(
        "SELECT customer_id, reason FROM dispatch_why_not ORDER BY ALL"
    )
    return [tuple(row.values()) for row in orders + left_out]

"""What each KPI and list needs of a delivery, found as a run finds it: by taking away and asking what is missing.

Where every earlier month is held and every optional table is absent, the reasons of an output name the tables it needs;
with every table there and every optional column absent, they name the columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from pipelines.catalogue.contract_texts import EXAMPLE_MONTH
from pipelines.catalogue.outputs import kpis, lists
from pipelines.catalogue.spec import EARLIER, room_specs
from pipelines.core.calendar import Calendar
from pipelines.core.contract import Table, contract, snapshot_columns
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.jobs.intake.coverage import KPI, LIST, Output, cover
from pipelines.rooms.context import Context
from pipelines.rooms.dispatch import find_lacks
from pipelines.store.lake import Draft, Version

# Written by a room's own code whatever is delivered, or of no weight for what a delivery has to hold.
_GIVEN = ("extract_release", "extract_outcome", "extract_promise", "feedback_mark", "feedback_rule")
_MADE = ("features_held_month", "dispatch_order", "score_churn", "feedback_effect")
_NOWHERE = Path("nowhere")


class _Everything(dict[str, Any]):
    """The tables of an earlier month that lacks nothing."""

    def get(self, key: object, default: object = None) -> dict[str, Any]:
        return {"status": "computed"}


class _Held(Version):
    """An earlier month that lacks nothing."""

    @property
    def manifest(self) -> dict[str, Any]:
        """What it holds: everything."""
        return {"tables": _Everything()}


@cache
def find_needs() -> Mapping[str, tuple[Output, ...]]:
    """Return, for each optional table and column (`receivable`, `bill.adjustment_amount`), the outputs that need it."""
    needs: dict[str, dict[tuple[str, str], Output]] = {}
    for output in (*_ask(_without_tables), *_ask(_without_columns)):
        for name in sorted(output.lacks):
            needs.setdefault(name, {})[output.kind, output.name] = output
    return {name: tuple(outputs.values()) for name, outputs in needs.items()}


def find_basic_outputs() -> tuple[Output, ...]:
    """Return what the required tables alone give, with their required columns alone."""
    return cover(output for output in _ask(_required_alone) if output.is_computed).outputs


def _without_tables(table: Table) -> dict[str, Any]:
    if table.required:
        return {"status": "computed", "absent": []}
    return {"status": "not_computed", "reasons": [f"absent: {table.name}"]}


def _without_columns(table: Table) -> dict[str, Any]:
    required = {column.name for column in table.columns if column.required}
    absent = [
        c.name for c in snapshot_columns(table.name) if not c.required and c.name not in required
    ]
    return {"status": "computed", "absent": absent}


def _required_alone(table: Table) -> dict[str, Any]:
    return _without_columns(table) if table.required else _without_tables(table)


def _ask(delivered: Any) -> Iterator[Output]:
    """Yield every output with what it lacks of such a delivery."""
    month = Month.parse(EXAMPLE_MONTH)
    context = Context(
        month=month,
        settings=Settings(),
        calendar=Calendar.load(None),
        draft=Draft(month, _NOWHERE),
        engine=cast(Any, None),  # nothing is computed: only what is missing is asked
        earlier={era: _Held(month, _NOWHERE) for era in EARLIER},
    )
    for table in contract().values():
        context.tables[f"snapshot_{table.name}"] = delivered(table)
    context.tables |= {name: {"status": "computed"} for name in (*_GIVEN, *_MADE)}
    for room in ("validate", "feedback", "features"):
        for spec in room_specs(room):
            context.tables[spec.table] = _entry(context.missing(spec))
    context.tables["feedback_effect"] = context.tables["feedback_arm"]
    for spec in lists():
        yield _output(LIST, spec.name, find_lacks(context, spec))
    for kpi in kpis():
        for variant in kpi.variants:
            yield _output(KPI, f"{kpi.name}.{variant}", context.missing(kpi.spec))


def _entry(reasons: list[str]) -> dict[str, Any]:
    return {"status": "not_computed", "reasons": reasons} if reasons else {"status": "computed"}


def _output(kind: str, name: str, reasons: list[str]) -> Output:
    named = tuple(_as_delivered(reason) for reason in reasons)
    return Output(kind, name, "not_computed" if reasons else "released", named)


def _as_delivered(reason: str) -> str:
    """Name the instant that was to be delivered where its local date is what is missing."""
    table, _, column = reason.removeprefix("absent: ").partition(".")
    known = contract().get(table)
    is_local = known is not None and column.endswith("_on") and known.column(column) is None
    return f"absent: {table}.{column.removesuffix('_on')}_at" if is_local else reason

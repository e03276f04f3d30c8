"""What each KPI and list needs of a delivery, found as a run finds it.

By taking away and asking what is missing.

Where every earlier month is held and every optional table is absent, the reasons of an output name
the tables it needs; with every table there and every optional column absent, they name the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from pipelines.catalogue.contract_texts import EXAMPLE_MONTH
from pipelines.catalogue.outputs import load_kpis, load_lists
from pipelines.catalogue.spec import EARLIER, MADE_OF, Spec, load_room_specs
from pipelines.core.calendar import Calendar
from pipelines.core.contract import Table, load_contract, snapshot_columns
from pipelines.core.month import Month
from pipelines.core.reasons import Reason, ReasonKind
from pipelines.core.settings import Settings
from pipelines.jobs.intake.coverage import KPI, LIST, Output, count_coverage
from pipelines.rooms.context import Context
from pipelines.rooms.dispatch import find_lacks
from pipelines.store.lake import Draft, Version
from pipelines.store.manifest import COMPUTED, NOT_COMPUTED, TableEntry

# Written by a room's own code whatever is delivered, or of no weight for what a delivery has to
# hold.
_ALWAYS_WRITTEN = (
    "extract_release",
    "extract_outcome",
    "extract_promise",
    "feedback_mark",
    "feedback_rule",
)
_TAKEN_FOR_MADE = (
    "features_held_month",
    "dispatch_order",
    "score_churn",
    "feedback_effect",
    "feedback_persuasion",
)
_ROOMS_BY_SQL = ("validate", "feedback", "features")
_NOWHERE = Path("nowhere")
_THERE = TableEntry(COMPUTED)

# What a delivery has of a table, as the snapshot room would record it.
Delivery = Callable[[Table], TableEntry]


class _CompleteMonth(Version):
    """An earlier month that lacks nothing."""

    def find_entry(self, name: str) -> TableEntry | None:
        """Say of any table that it is there."""
        return _THERE


@cache
def find_needs() -> Mapping[str, tuple[Output, ...]]:
    """Return the outputs that need each optional table and column.

    The keys are names of tables (`receivable`) and of columns (`bill.adjustment_amount`).
    """
    needs: dict[str, dict[tuple[str, str], Output]] = {}
    for delivery in (_deliver_required_tables, _deliver_required_columns):
        for output in _list_outputs(delivery):
            for name in sorted(output.lacks):
                needs.setdefault(name, {})[output.kind, output.name] = output
    return {name: tuple(outputs.values()) for name, outputs in needs.items()}


def find_basic_outputs() -> tuple[Output, ...]:
    """Return what the required tables alone give, with their required columns alone."""
    outputs = _list_outputs(_deliver_the_least)
    return count_coverage(output for output in outputs if output.is_computed).outputs


# -- deliveries that lack something ----------------------------------------------------------------


def _deliver_required_tables(table: Table) -> TableEntry:
    """Give every required table whole, and no other."""
    if table.required:
        return TableEntry(COMPUTED, absent=())
    return TableEntry.not_computed(None, [Reason.absent(table.name)])


def _deliver_required_columns(table: Table) -> TableEntry:
    """Give every table with its required columns alone."""
    required = {column.name for column in table.columns if column.required}
    absent = []
    for column in snapshot_columns(table.name):
        if not column.required and column.name not in required:
            absent.append(column.name)
    return TableEntry(COMPUTED, absent=tuple(absent))


def _deliver_the_least(table: Table) -> TableEntry:
    """Give the required tables with their required columns alone, and no other table."""
    if table.required:
        return _deliver_required_columns(table)
    return _deliver_required_tables(table)


# -- what such a delivery would give ---------------------------------------------------------------


def _list_outputs(delivery: Delivery) -> Iterator[Output]:
    """Yield every output with what it lacks of such a delivery."""
    context = _open_imagined_month(delivery)
    for spec in load_lists():
        yield _make_output(LIST, spec.name, find_lacks(context, spec))
    for kpi in load_kpis():
        reasons = context.explain_missing(kpi.spec)
        for variant in kpi.variants:
            yield _make_output(KPI, f"{kpi.name}.{variant}", reasons)


def _open_imagined_month(delivery: Delivery) -> Context:
    """Return a month of such a delivery, its tables recorded and none of them made."""
    month = Month.parse(EXAMPLE_MONTH)
    context = Context(
        month=month,
        settings=Settings(),
        calendar=Calendar.load(None),
        draft=Draft(month, _NOWHERE),
        engine=cast(Any, None),  # nothing is computed: only what is missing is asked
        earlier={era: _CompleteMonth(month, _NOWHERE) for era in EARLIER},
    )
    for table in load_contract().values():
        context.record_entry(f"snapshot_{table.name}", delivery(table))
    for name in (*_ALWAYS_WRITTEN, *_TAKEN_FOR_MADE):
        context.record_entry(name, _THERE)
    for room in _ROOMS_BY_SQL:
        for spec in load_room_specs(room):
            entry = _make_entry(context, spec)
            context.record_entry(spec.table, entry)
            for made, source in MADE_OF.items():
                if source == spec.table:
                    context.record_entry(made, entry)

    return context


def _make_entry(context: Context, spec: Spec) -> TableEntry:
    reasons = context.explain_missing(spec)
    if reasons:
        return TableEntry.not_computed(None, reasons)
    return _THERE


def _make_output(kind: str, name: str, reasons: Iterable[Reason | str]) -> Output:
    lacking = tuple(_name_as_delivered(Reason.parse(str(reason))) for reason in reasons)
    status = NOT_COMPUTED if lacking else "released"
    return Output(kind, name, status, lacking)


def _name_as_delivered(reason: Reason) -> Reason:
    """Name the instant that was to be delivered where its local date is what is missing."""
    if (
        reason.kind != ReasonKind.ABSENT
        or reason.about is None
        or reason.month is not None
    ):
        return reason

    table, _, column = reason.about.partition(".")
    known = load_contract().get(table)
    if known is None or not column.endswith("_on") or known.column(column) is not None:
        return reason

    instant = column.removesuffix("_on") + "_at"
    return Reason.absent(f"{table}.{instant}")

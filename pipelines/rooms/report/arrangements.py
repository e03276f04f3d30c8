"""Three things for the month to come, and what came of those of the month before.

They are drawn from what the month found: the branch that is furthest off a missed target, the
branch where one more place for orders is worth most, the lists whose orders are expected to bring
most. `report_next` keeps them, so that the next month can say what came of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from pipelines.catalogue.figure_rows import (
    FigureRow,
    build_company_figure_id,
    build_figure_id,
    name_topic,
)
from pipelines.catalogue.outputs import find_topic_unit, is_target_met
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.relations import read_rows
from pipelines.rooms.report.figures import FigureRows, Subject, keep_scope_names
from pipelines.rooms.report.rows import Scope
from pipelines.rooms.report.sentences import (
    Sentence,
    Writer,
    find_furthest_branch,
)

CAPACITY_TOPIC = "capacity"
MOST = 3
_CAPACITY_UNITS = {
    "capacity": "count",
    "used_count": "count",
    "left_count": "count",
    "shadow_price_amount": "amount",
}
_WORTH_UNITS = {"listed_amount": "amount", "expected_amount": "amount"}
_ANSWER_COUNTS = ("sent_count", "answered_count", "reached_count", "verified_count")


class Arrangement(NamedTuple):
    """Something to be done: a target to reach, orders to close, or places to add.

    `topic` is a KPI's variant, a list or `capacity`; `number` is where it stood when it was put
    down.
    """

    kind: str
    topic: str
    scope_kind: str
    scope_id: str
    number: Decimal
    scope_name: str | None = None


# -- figures -------------------------------------------------------------------------------------


def gather_arrangement_figures(context: Context) -> FigureRows:
    """Yield places, the worth of the lists, and what last month's arrangements came to."""
    yield from _gather_capacity(context)
    if context.is_computed("dispatch_order"):
        yield from _gather_worth(context)
    promised = read_promised(context)
    for arrangement in promised:
        yield _make_then_figure(context, arrangement)
    yield from _gather_answers(context, promised)


def _gather_capacity(context: Context) -> FigureRows:
    """Yield the places for orders of company and branches."""
    if not context.is_computed("dispatch_capacity"):
        return
    names = keep_scope_names(context)
    for row in read_rows(context, "report", "capacity_figures", scope_name=names):
        scope = Scope(
            kind=row["scope_kind"],
            scope_id=row["scope_id"],
            month=str(context.month),
            name=row["scope_name"],
        )
        subject = Subject(CAPACITY_TOPIC, scope, "dispatch_capacity")
        yield from _make_figures(subject, row, _CAPACITY_UNITS)


def _gather_worth(context: Context) -> FigureRows:
    """Yield what the orders of each list are about, and what they are expected to bring."""
    for row in read_rows(context, "report", "list_worth"):
        subject = _make_list_subject(context, row["list"], "dispatch_order")
        yield from _make_figures(subject, row, _WORTH_UNITS)


def _gather_answers(context: Context, promised: Iterable[Arrangement]) -> FigureRows:
    """Yield what came of last month's orders of the lists that were put down."""
    if not context.is_computed("feedback_outcome"):
        return
    lists = {one.topic for one in promised if one.kind == "list"}
    units = dict.fromkeys(_ANSWER_COUNTS, "count")
    for row in read_rows(context, "report", "promised_lists"):
        if row["list"] in lists:
            subject = _make_list_subject(context, row["list"], "feedback_outcome")
            yield from _make_figures(subject, row, units)


def _make_list_subject(context: Context, name: str, source: str) -> Subject:
    """Return what the figures of a list have in common."""
    company = Scope("company", "company", str(context.month))
    return Subject(name, company, source)


def _make_figures(
    subject: Subject, row: Mapping[str, Any], units: Mapping[str, str]
) -> Iterator[FigureRow]:
    """Yield a figure a measure."""
    for measure, unit in units.items():
        yield subject.make_figure(measure, unit, Decimal(row[measure]))


def _make_then_figure(context: Context, arrangement: Arrangement) -> FigureRow:
    """Return where something stood when it was put down."""
    scope = Scope(
        kind=arrangement.scope_kind,
        scope_id=arrangement.scope_id,
        month=str(context.month),
        name=arrangement.scope_name,
    )
    subject = Subject(arrangement.topic, scope, "report_next")
    unit = "count"
    if arrangement.kind == "target":
        unit = find_topic_unit(arrangement.topic)
    return subject.make_figure("then_value", unit, arrangement.number)


def read_promised(context: Context) -> list[Arrangement]:
    """Return what the month before put down; nothing where it is not held, or is an older one."""
    if not context.is_computed("report_next", "m1"):
        return []
    names = keep_scope_names(context)
    found = []
    for row in read_rows(context, "report", "promised", scope_name=names):
        fields = {name: row[name] for name in Arrangement._fields}
        found.append(Arrangement(**fields))
    return found


# -- what is put down ----------------------------------------------------------------------------


def put_down_arrangements(context: Context, writer: Writer) -> list[Arrangement]:
    """Decide on the three things, write `report_next`, and return them."""
    arrangements = list(islice(_propose_arrangements(writer), MOST))
    rows = []
    for place, arrangement in enumerate(arrangements, start=1):
        rows.append({"place": place, **arrangement._asdict()})
    write_made_rows(context, "report_next", rows)
    return arrangements


def _propose_arrangements(writer: Writer) -> Iterator[Arrangement]:
    """Yield what could be done, the most pressing first."""
    yield from islice(_propose_targets(writer), 1)
    yield from _propose_places(writer)
    yield from _propose_lists(writer)


def _propose_targets(writer: Writer) -> Iterator[Arrangement]:
    """Yield of each target that the company misses the branch that is furthest off it."""
    for row in writer.list_company():
        branch = find_furthest_branch(writer, row["kpi"])
        if branch is None or not writer.has_missed(row):
            continue
        topic = name_topic(branch)
        value = writer.find_figure("value", branch)
        if value and not _reaches_target(writer, topic, value):
            number = writer.figures[value]["number"]
            yield Arrangement("target", topic, "branch", branch["scope_id"], number)


def _reaches_target(writer: Writer, topic: str, value: str) -> bool:
    """Whether a branch's figure reaches the company's target, or there is none by now."""
    target = build_company_figure_id("target", topic, writer.month)
    if target not in writer.figures:
        return True
    gap = writer.figures[value]["number"] - writer.figures[target]["number"]
    kpi, _, _ = topic.partition(".")
    better = writer.find_company(kpi)["better"]
    return is_target_met(better, float(gap))


def _propose_places(writer: Writer) -> Iterator[Arrangement]:
    """Yield the branch where one more place is worth most, if it is worth anything."""
    dearest: FigureRow | None = None
    for figure in writer.figures.values():
        is_price = figure["measure"] == "shadow_price_amount"
        if not is_price or figure["scope_kind"] != "branch":
            continue
        if figure["number"] > (dearest["number"] if dearest else 0):
            dearest = figure
    if dearest is None:
        return

    branch = dearest["scope_id"]
    capacity = build_figure_id(
        "capacity", CAPACITY_TOPIC, "branch", branch, writer.month
    )
    number = writer.figures[capacity]["number"]
    yield Arrangement("capacity", CAPACITY_TOPIC, "branch", branch, number)


def _propose_lists(writer: Writer) -> Iterator[Arrangement]:
    """Yield the lists with orders by what they are expected to bring."""
    worth = []
    for figure in writer.figures.values():
        if figure["measure"] == "expected_amount":
            worth.append((-figure["number"], figure["topic"]))
    for _, name in sorted(worth):
        treated = build_company_figure_id("treated_count", name, writer.month)
        if treated in writer.figures and writer.figures[treated]["number"]:
            number = writer.figures[treated]["number"]
            yield Arrangement("list", name, "company", "company", number)


# -- how it is said ------------------------------------------------------------------------------


def tell_arrangements(
    writer: Writer, arrangements: Iterable[Arrangement]
) -> Iterator[Sentence]:
    """Say what is to be done, and that the places suffice where nobody wants for one."""
    needs_places = False
    for arrangement in arrangements:
        needs_places = needs_places or arrangement.kind == "capacity"
        yield _tell_next(writer, arrangement)
    measures = ("capacity", "used_count")
    if not needs_places and writer.has_company_figures(CAPACITY_TOPIC, measures):
        slots = writer.slot_company_figures(CAPACITY_TOPIC, measures)
        yield Sentence(["next_places_suffice"], slots)


def _tell_next(writer: Writer, arrangement: Arrangement) -> Sentence:
    """Say one thing that is to be done."""
    told = _begin_sentence(f"next_{arrangement.kind}", arrangement)
    if arrangement.kind == "target":
        _show_figures(writer, told, arrangement, ("value",))
        _show_target(writer, told, arrangement)
    elif arrangement.kind == "capacity":
        measures = ("used_count", "left_count", "shadow_price_amount")
        _show_figures(writer, told, arrangement, measures)
    else:
        measures = ("treated_count", "listed_amount", "expected_amount")
        _show_figures(writer, told, arrangement, measures)
        listed = build_company_figure_id(
            "listed_amount", arrangement.topic, writer.month
        )
        if writer.figures[listed]["number"]:
            told.rules.append("next_listed")
        told.rules.append("next_expected")
    return told


def _show_target(writer: Writer, told: Sentence, arrangement: Arrangement) -> bool:
    """Fill the slot of the company's target; say whether there is one."""
    target = build_company_figure_id("target", arrangement.topic, writer.month)
    if target not in writer.figures:
        return False
    told.show_figure("target", target)
    return True


def tell_promised(
    writer: Writer, promised: Iterable[Arrangement]
) -> Iterator[Sentence]:
    """Say what the month before put down, and what came of it."""
    has_any = False
    for arrangement in promised:
        has_any = True
        yield _tell_result(writer, arrangement)
    if not has_any:
        yield Sentence(["promised_nothing"], {})


def _tell_result(writer: Writer, arrangement: Arrangement) -> Sentence:
    """Say one thing that was put down, and what came of it; nothing where nobody can tell."""
    kind = arrangement.kind
    told = _begin_sentence(f"promised_{kind}", arrangement)
    _show_figures(writer, told, arrangement, ("then_value",))
    if kind == "target":
        has_value = _show_figures(writer, told, arrangement, ("value",))
        known = _show_target(writer, told, arrangement) and has_value
        rule = _judge_target(writer, arrangement) if known else "came_unknown"
    elif kind == "capacity":
        measures = ("capacity", "left_count")
        known = _show_figures(writer, told, arrangement, measures)
        rule = "came_capacity" if known else "came_unknown"
    else:
        known = _show_figures(writer, told, arrangement, _ANSWER_COUNTS)
        rule = "came_list" if known else "came_unknown"
    told.rules.append(rule)
    return told


def _judge_target(writer: Writer, arrangement: Arrangement) -> str:
    """Return the rule that says whether a target was reached."""
    value = build_figure_id(
        "value", arrangement.topic, "branch", arrangement.scope_id, writer.month
    )
    is_reached = _reaches_target(writer, arrangement.topic, value)
    return "came_true" if is_reached else "came_short"


def _begin_sentence(rule: str, arrangement: Arrangement) -> Sentence:
    """Return a sentence that names what something is about."""
    name, _, _ = arrangement.topic.partition(".")
    told = Sentence([rule], {})
    told.name_all("scopes", "scopes", [arrangement.scope_id])
    if arrangement.kind != "capacity":
        told.name_all("kpi", "kpi", [name])
    return told


def _show_figures(
    writer: Writer, told: Sentence, arrangement: Arrangement, measures: Iterable[str]
) -> bool:
    """Fill the slots of measures; say whether all of them are figures."""
    is_known = True
    for measure in measures:
        figure = build_figure_id(
            measure,
            arrangement.topic,
            arrangement.scope_kind,
            arrangement.scope_id,
            writer.month,
        )
        if figure in writer.figures:
            told.show_figure(measure, figure)
        else:
            is_known = False
    return is_known

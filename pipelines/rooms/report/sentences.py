"""The sentences of the month's documents: which rule fits, and which figure fills which slot.

A sentence is a row of rules (keys of `locales/`, `paper.<rule>`) that are put one behind the other,
and of slots: a slot holds a figure's id (`figure …`), a KPI's, variant's or list's title, a scope,
or reason codes. Languages and documents come later: they fill in words, never figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, cast

from pipelines.catalogue.figure_rows import (
    FigureRow,
    Figures,
    KpiRow,
    build_company_figure_id,
    build_figure_id,
    name_topic,
)
from pipelines.catalogue.outputs import is_target_met, list_shown_kpis, load_kpis
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.relations import read_rows
from pipelines.rooms.report.figures import USABLE
from pipelines.rooms.report.rows import ToldRow

BRIDGE_ENDS = ("base", "current")
LIST_COUNTS = ("treated_count", "list_count")
GATE_COUNTS = (
    "row_count",
    "quarantined_count",
    "check_count",
    "failed_count",
    "critical_count",
)


class Sentence(NamedTuple):
    """The rules of a sentence in their order, and what fills their slots."""

    rules: list[str]
    slots: dict[str, str]

    def show_figure(self, slot: str, figure: str | None) -> None:
        """Fill a slot with a figure, by its id."""
        self.slots[slot] = f"figure {figure}"

    def name_all(self, slot: str, kind: str, names: Iterable[str]) -> None:
        """Fill a slot with several KPIs or scopes; `kind` says which of both."""
        self.slots[slot] = f"{kind} {' '.join(names)}"


# Each section's name and its sentences.
Sections = Iterable[tuple[str, Iterable[Sentence]]]


@dataclass(frozen=True)
class Writer:
    """What sentences are made from: the month's KPI rows of default variants, figures by id."""

    month: str
    rows: Sequence[ToldRow]
    figures: Figures

    def find_company(self, kpi: str) -> ToldRow:
        """Return a KPI's row of the company."""
        return next(row for row in self.list_company() if row["kpi"] == kpi)

    def list_company(self) -> Iterator[ToldRow]:
        """Yield the KPIs' rows of the company."""
        for row in self.rows:
            if row["scope_kind"] == "company":
                yield row

    def list_branches(self, kpi: str) -> Iterator[ToldRow]:
        """Yield a KPI's rows of the branches."""
        for row in self.rows:
            if row["kpi"] == kpi and row["scope_kind"] == "branch":
                yield row

    def find_figure(self, measure: str, row: KpiRow) -> str | None:
        """Return the id of a figure of a row, if there is one."""
        topic = name_topic(row)
        name = build_figure_id(
            measure, topic, row["scope_kind"], row["scope_id"], self.month
        )
        return name if name in self.figures else None

    def has_missed(self, row: ToldRow) -> bool:
        """Say whether a row has a figure of its gap, and is on the worse side of its target."""
        if self.find_figure("gap", row) is None:
            return False
        return not meets_target(row)

    def slot_company_figures(
        self, topic: str, measures: Iterable[str]
    ) -> dict[str, str]:
        """Return slots of the company's figures of a topic, named by their measures."""
        slots = {}
        for measure in measures:
            figure = build_company_figure_id(measure, topic, self.month)
            slots[measure] = f"figure {figure}"
        return slots

    def has_company_figures(self, topic: str, measures: Iterable[str]) -> bool:
        """Say whether the company has the figures of those measures."""
        for measure in measures:
            figure = build_company_figure_id(measure, topic, self.month)
            if figure not in self.figures:
                return False
        return True


def begin_writer(context: Context, figures: Figures) -> Writer:
    """Return what the summary's sentences are made from."""
    found = read_rows(context, "report", "default_kpis")
    told = judge_rows(cast("list[KpiRow]", found))
    return Writer(str(context.month), told, figures)


def write_sentences(context: Context, writer: Writer, others: Sections) -> None:
    """Write `report_sentence`: those of the summary, and the sections of `others`."""
    sections: Sections = (
        ("front", _tell_missed(writer)),
        ("overall", _tell_overall(writer)),
        ("ranks", _tell_ranks(writer)),
        ("dispatch", _tell_dispatch(writer)),
        ("quality", _tell_quality(writer)),
        ("next", _tell_next(writer)),
        *others,
    )

    rows = []
    for section, sentences in sections:
        for place, sentence in enumerate(sentences):
            rows.append(_make_row(section, place, sentence))
    write_made_rows(context, "report_sentence", rows)


def _make_row(section: str, place: int, sentence: Sentence) -> dict[str, object]:
    """Return a row of `report_sentence`."""
    return {
        "section": section,
        "place": place,
        "rules": ";".join(sentence.rules),
        "slots": json.dumps(sentence.slots),
    }


def judge_rows(rows: Iterable[KpiRow]) -> list[ToldRow]:
    """Return KPI rows with the direction that is better for each KPI."""
    better = {}
    for kpi in load_kpis():
        better[kpi.name] = str(kpi.meta["better"])

    told = []
    for row in rows:
        judged = cast("ToldRow", dict(row))
        judged["better"] = better[row["kpi"]]
        told.append(judged)
    return told


def _tell_missed(writer: Writer) -> Iterator[Sentence]:
    """Tell each target that the company has missed, and why."""
    has_any = False
    for row in writer.list_company():
        if writer.has_missed(row):
            has_any = True
            yield tell_kpi(writer, row)
    if not has_any:
        yield Sentence(["all_met"], {})


def _tell_overall(writer: Writer) -> Iterator[Sentence]:
    """Tell the headline KPIs of the company, and where its revenue went."""
    for kpi in list_shown_kpis("overall"):
        yield tell_kpi(writer, writer.find_company(kpi))
    if writer.has_company_figures("bridge", BRIDGE_ENDS):
        slots = writer.slot_company_figures("bridge", BRIDGE_ENDS)
        yield Sentence(["bridge"], slots)


def tell_kpi(writer: Writer, row: ToldRow) -> Sentence:
    """Tell a KPI of a scope: its value, against its target, the month and the year before."""
    topic = name_topic(row)
    slots = {"kpi": f"kpi {row['kpi']}", "variant": f"variant {topic}"}
    told = Sentence([], slots)
    value = writer.find_figure("value", row)
    if value is None:
        _add_no_value(row, told)
        return told

    told.rules.append("value")
    told.show_figure("value", value)
    _add_target(writer, row, told)
    _add_change(writer, row, told, "change", prefix="")
    if "missed" in told.rules and row["scope_kind"] == "company":
        _add_cause(writer, row, told)
    _add_change(writer, row, told, "year_change", prefix="year_")
    if row["status"] == "caveat":
        told.rules.append("caveat")
        told.slots["reason"] = f"reason {row['reason']}"
    told.rules.append("end")
    return told


def _add_no_value(row: ToldRow, told: Sentence) -> None:
    """Say why a KPI has no value; a usable one without is of nobody."""
    status = row["status"]
    if status in USABLE:
        told.rules.append("nobody")
        return
    told.rules.append(status)
    told.slots["reason"] = f"reason {row['reason']}"


def _add_target(writer: Writer, row: ToldRow, told: Sentence) -> None:
    """Say on which side of its target a KPI is, where both are figures."""
    target = writer.find_figure("target", row)
    gap = writer.find_figure("gap", row)
    if target and gap:
        told.rules.append("met" if meets_target(row) else "missed")
        told.show_figure("target", target)
        told.show_figure("gap", gap)


def _add_change(
    writer: Writer, row: ToldRow, told: Sentence, measure: str, prefix: str
) -> None:
    """Say where a KPI went, where its change is a figure; the rule begins with the prefix."""
    change = writer.find_figure(measure, row)
    if change:
        direction = name_direction(writer.figures[change])
        told.rules.append(f"{prefix}{direction}")
        told.show_figure(measure, change)


def _add_cause(writer: Writer, row: ToldRow, told: Sentence) -> None:
    """Say of a missed target which branch made it worse by most, and which is furthest off."""
    branches = list(writer.list_branches(row["kpi"]))
    worst = None
    most = Decimal(0)
    for branch in branches:
        contribution = writer.find_figure("contribution", branch)
        if contribution is None:
            continue
        number = writer.figures[contribution]["number"]
        loss = number if row["better"] == "lower" else -number
        if loss > most:
            worst, most = contribution, loss
    if worst is not None:
        told.rules.append("cause_up" if row["better"] == "lower" else "cause_down")
        told.name_all("cause_scopes", "scopes", [writer.figures[worst]["scope_id"]])
        told.show_figure("contribution", worst)

    furthest = find_furthest_branch(writer, row["kpi"])
    if furthest is not None:
        told.rules.append("furthest")
        told.name_all("furthest_scopes", "scopes", [furthest["scope_id"]])
        told.show_figure("furthest_value", writer.find_figure("value", furthest))


def find_furthest_branch(writer: Writer, kpi: str) -> ToldRow | None:
    """Return the branch that is last by a KPI; None where fewer than two are ranked."""
    ranked = sort_by_rank(writer, writer.list_branches(kpi))
    if len(ranked) < 2 or ranked[0]["rank"] == ranked[-1]["rank"]:
        return None
    return ranked[-1]


def meets_target(row: ToldRow) -> bool:
    """Say whether a row that has a gap is on the better side of its target, or on it."""
    gap = row["gap"]
    assert gap is not None
    return is_target_met(row["better"], gap)


def name_direction(figure: FigureRow) -> str:
    """Say whether a change is a rise, a fall or, as it is printed, none."""
    is_printed_as_none = not any(digit in "123456789" for digit in figure["shown"])
    if is_printed_as_none:
        return "flat"
    return "rise" if figure["number"] > 0 else "fall"


def _tell_ranks(writer: Writer) -> Iterator[Sentence]:
    """Tell of each ranked KPI which branches are first and last."""
    for kpi in list_shown_kpis("headline"):
        company = writer.find_company(kpi)
        if company["status"] != "not_computed":
            branches = writer.list_branches(kpi)
            ranked = sort_by_rank(writer, branches)
            yield _tell_rank(writer, kpi, ranked)


def sort_by_rank(writer: Writer, rows: Iterable[ToldRow]) -> list[ToldRow]:
    """Return the rows whose rank is a figure, the best first; of equals the first by scope."""
    ranked = [row for row in rows if writer.find_figure("rank", row)]
    return sorted(ranked, key=_rank_and_scope)


def _rank_and_scope(row: ToldRow) -> tuple[int, str]:
    """The order of ranks; of equals the first by scope."""
    rank = row["rank"]
    assert rank is not None
    return rank, row["scope_id"]


def _tell_rank(writer: Writer, kpi: str, ranked: list[ToldRow]) -> Sentence:
    """Tell who is first, alone or together, and who is last; of one branch nobody is either."""
    told = Sentence([], {"kpi": f"kpi {kpi}"})
    if len(ranked) < 2:
        told.rules.append("unranked")
        return told

    best = ranked[0]
    first = []
    for row in ranked:
        if row["rank"] == best["rank"]:
            first.append(row["scope_id"])
    told.show_figure("value", writer.find_figure("value", best))
    told.name_all("scopes", "scopes", first)
    if len(first) == len(ranked):
        told.rules.extend(["all_equal", "end"])
        return told

    last = ranked[-1]
    told.name_all("last_scope", "scopes", [last["scope_id"]])
    told.show_figure("last", writer.find_figure("value", last))
    told.show_figure("last_rank", writer.find_figure("rank", last))
    is_alone = len(first) == 1
    told.rules.append("first" if is_alone else "first_tie")
    told.rules.extend(["last", "end"])
    return told


def _tell_dispatch(writer: Writer) -> Iterator[Sentence]:
    """Tell how many orders went out, and how well earlier ones were worked."""
    slots = writer.slot_company_figures("lists", LIST_COUNTS)
    yield Sentence(["lists"], slots)
    for kpi in list_shown_kpis("execution"):
        yield tell_kpi(writer, writer.find_company(kpi))


def _tell_quality(writer: Writer) -> Iterator[Sentence]:
    """Tell what the gate found, and which KPIs nobody may use."""
    slots = writer.slot_company_figures("gate", GATE_COUNTS)
    yield Sentence(["gate"], slots)
    for status in ("withheld", "not_computed"):
        kpis = []
        for row in writer.list_company():
            if row["status"] == status:
                kpis.append(row["kpi"])
        if kpis:
            told = Sentence([f"{status}_all"], {})
            told.name_all("kpis", "kpi", kpis)
            yield told


def _tell_next(writer: Writer) -> Iterator[Sentence]:
    """Tell which targets the company has missed, and that the rest is written by hand."""
    missed = []
    for row in writer.list_company():
        if writer.has_missed(row):
            missed.append(row["kpi"])
    if missed:
        told = Sentence(["missed_all"], {})
        told.name_all("kpis", "kpi", missed)
        yield told
    yield Sentence(["by_hand"], {})

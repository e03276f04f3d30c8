"""The sentences of the month's documents: which rule fits, and which figure fills which slot.

A sentence is a row of rules (keys of `locales/`, `paper.<rule>`) that are put one behind the other,
and of slots: a slot holds a figure's id (`figure …`), a KPI's, variant's or list's title, a scope,
or reason codes. Languages and documents come later: they fill in words, never figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import pyarrow as pa

from pipelines.catalogue.figure_rows import (
    FigureRow,
    KpiRow,
    build_company_figure_id,
    build_figure_id,
    name_topic,
)
from pipelines.catalogue.outputs import is_target_met, load_kpis
from pipelines.rooms.context import Context
from pipelines.rooms.relations import read_rows
from pipelines.rooms.report.figures import USABLE
from pipelines.rooms.report.rows import ToldRow, write_rows

OVERALL = (
    "vip_card_holding_rate",
    "arrears_rate",
    "churn_rate",
    "revenue_retention_rate",
    "cohort_retention_rate",
    "dynamic_retention_rate",
    "zero_usage_rate",
    "unclaimed_rate",
    "complaint_rate",
)
RANKED = (
    "vip_card_holding_rate",
    "arrears_rate",
    "churn_rate",
    "revenue_retention_rate",
)
EXECUTION = (
    "contact_rate",
    "success_rate",
    "promise_kept_rate",
    "incremental_retention",
)
GATE_COUNTS = (
    "row_count",
    "quarantined_count",
    "check_count",
    "failed_count",
    "critical_count",
)
SCHEMA = pa.schema(
    [
        ("section", pa.string()),
        ("place", pa.int32()),
        ("rules", pa.string()),
        ("slots", pa.string()),
    ]
)


class Sentence(NamedTuple):
    """The rules of a sentence in their order, and what fills their slots."""

    rules: list[str]
    slots: dict[str, str]


Sections = Iterable[
    tuple[str, Iterable[Sentence]]
]  # each section's name and its sentences


@dataclass(frozen=True)
class Writer:
    """What sentences are made from: the month's KPI rows of default variants, figures by id."""

    month: str
    rows: Sequence[ToldRow]
    figures: Mapping[str, FigureRow]

    def find_company(self, kpi: str) -> ToldRow:
        """Return a KPI's row of the company."""
        return next(
            row
            for row in self.rows
            if row["kpi"] == kpi and row["scope_kind"] == "company"
        )

    def find_figure(self, measure: str, row: KpiRow) -> str | None:
        """Return the id of a figure of a row, if there is one."""
        topic = name_topic(row)
        name = build_figure_id(
            measure, topic, row["scope_kind"], row["scope_id"], self.month
        )
        return name if name in self.figures else None

    def slot_company_figures(
        self, topic: str, measures: Iterable[str]
    ) -> dict[str, str]:
        """Return slots of the company's figures of a topic, named by their measures."""
        slots = {}
        for measure in measures:
            slots[measure] = (
                f"figure {build_company_figure_id(measure, topic, self.month)}"
            )
        return slots


def write_sentences(
    context: Context, figures: Mapping[str, FigureRow], others: Sections
) -> None:
    """Write `report_sentence`: those of the summary, and the sections of `others`."""
    found = read_rows(context, "report", "default_kpis")
    told = judge_rows(cast("list[KpiRow]", found))
    writer = Writer(str(context.month), told, figures)
    sections: Sections = (
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
            row = {
                "section": section,
                "place": place,
                "rules": ";".join(sentence.rules),
                "slots": json.dumps(sentence.slots),
            }
            rows.append(row)
    write_rows(context, "report_sentence", rows, SCHEMA, ["section", "place"])


def judge_rows(rows: Iterable[KpiRow]) -> list[ToldRow]:
    """Return KPI rows with the direction that is better for each KPI."""
    better = {kpi.name: str(kpi.meta["better"]) for kpi in load_kpis()}
    told = []
    for row in rows:
        judged = {**row, "better": better[row["kpi"]]}
        told.append(cast("ToldRow", judged))
    return told


def _tell_overall(writer: Writer) -> Iterator[Sentence]:
    for kpi in OVERALL:
        yield tell_kpi(writer, writer.find_company(kpi))
    ends = ("base", "current")
    ids = [build_company_figure_id(step, "bridge", writer.month) for step in ends]
    if all(figure in writer.figures for figure in ids):
        yield Sentence(["bridge"], writer.slot_company_figures("bridge", ends))


def tell_kpi(writer: Writer, row: ToldRow) -> Sentence:
    """Tell a KPI of a scope: its value, against its target, the month and the year before."""
    slots = {"kpi": f"kpi {row['kpi']}", "variant": f"variant {name_topic(row)}"}
    value = writer.find_figure("value", row)
    if value is None:
        return _tell_no_value(row, slots)

    rules = ["value"]
    slots["value"] = f"figure {value}"
    target = writer.find_figure("target", row)
    gap = writer.find_figure("gap", row)
    if target and gap:
        rules.append("met" if meets_target(row) else "missed")
        slots["target"] = f"figure {target}"
        slots["gap"] = f"figure {gap}"
    for measure, prefix in (("change", ""), ("year_change", "year_")):
        change = writer.find_figure(measure, row)
        if change:
            rules.append(prefix + name_direction(writer.figures[change]))
            slots[measure] = f"figure {change}"
    if row["status"] == "caveat":
        rules.append("caveat")
        slots["reason"] = f"reason {row['reason']}"
    return Sentence([*rules, "end"], slots)


def _tell_no_value(row: ToldRow, slots: dict[str, str]) -> Sentence:
    """Say why a KPI has no value; a usable one without is of nobody."""
    if row["status"] in USABLE:
        return Sentence(["nobody"], slots)
    return Sentence([row["status"]], slots | {"reason": f"reason {row['reason']}"})


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
    for kpi in RANKED:
        if writer.find_company(kpi)["status"] == "not_computed":
            continue
        branches = []
        for row in writer.rows:
            if row["kpi"] == kpi and row["scope_kind"] == "branch":
                branches.append(row)
        yield _tell_rank(writer, kpi, sort_by_rank(writer, branches))


def sort_by_rank(writer: Writer, rows: Iterable[ToldRow]) -> list[ToldRow]:
    """Return the rows whose rank is a figure, the best first; of equals the first by scope."""
    ranked = [row for row in rows if writer.find_figure("rank", row)]
    return sorted(ranked, key=_rank_and_scope)


def _rank_and_scope(row: ToldRow) -> tuple[int, str]:
    rank = row["rank"]
    assert rank is not None
    return rank, row["scope_id"]


def _tell_rank(writer: Writer, kpi: str, ranked: list[ToldRow]) -> Sentence:
    """Tell who is first, alone or together, and who is last; of one branch nobody is either."""
    slots = {"kpi": f"kpi {kpi}"}
    if len(ranked) < 2:
        return Sentence(["unranked"], slots)

    best, last = ranked[0], ranked[-1]
    first = [row["scope_id"] for row in ranked if row["rank"] == best["rank"]]
    slots["value"] = f"figure {writer.find_figure('value', best)}"
    slots["scopes"] = "scopes " + " ".join(first)
    if len(first) == len(ranked):
        return Sentence(["all_equal", "end"], slots)

    slots["last_scope"] = f"scopes {last['scope_id']}"
    slots["last"] = f"figure {writer.find_figure('value', last)}"
    slots["last_rank"] = f"figure {writer.find_figure('rank', last)}"
    return Sentence(["first" if len(first) == 1 else "first_tie", "last", "end"], slots)


def _tell_dispatch(writer: Writer) -> Iterator[Sentence]:
    counts = ("treated_count", "list_count")
    yield Sentence(["lists"], writer.slot_company_figures("lists", counts))
    for kpi in EXECUTION:
        yield tell_kpi(writer, writer.find_company(kpi))


def _tell_quality(writer: Writer) -> Iterator[Sentence]:
    yield Sentence(["gate"], writer.slot_company_figures("gate", GATE_COUNTS))
    for status in ("withheld", "not_computed"):
        names = []
        for row in writer.rows:
            if row["scope_kind"] == "company" and row["status"] == status:
                names.append(row["kpi"])
        if names:
            yield Sentence([f"{status}_all"], {"kpis": "kpi " + " ".join(names)})


def _tell_next(writer: Writer) -> Iterator[Sentence]:
    missed = []
    for row in writer.rows:
        if row["scope_kind"] != "company" or not writer.find_figure("gap", row):
            continue
        if not meets_target(row):
            missed.append(row["kpi"])
    if missed:
        yield Sentence(["missed_all"], {"kpis": "kpi " + " ".join(missed)})
    yield Sentence(["by_hand"], {})

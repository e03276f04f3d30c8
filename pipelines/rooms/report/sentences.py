"""The sentences of the month's documents: which rule fits, and which figure stands in which place.

A sentence is a row of rules (keys of `locales/`, `paper.<rule>`) that are put one behind the other, and of slots: a
slot holds a figure's id (`figure …`), a KPI's, variant's or list's title, a scope, or reason codes. Languages and
documents come later: they fill in words, never figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.catalogue.outputs import is_met, kpis
from pipelines.rooms.context import Context
from pipelines.rooms.report.figures import USABLE, figure_id

Row = dict[str, Any]
Sentence = tuple[list[str], dict[str, str]]  # rules, slots
Told = Iterable[tuple[str, Iterable[Sentence]]]  # by section
OVERALL = ("vip_card_holding_rate", "arrears_rate", "churn_rate", "revenue_retention_rate", "cohort_retention_rate",
           "dynamic_retention_rate", "zero_usage_rate", "unclaimed_rate", "complaint_rate")  # fmt: skip
RANKED = ("vip_card_holding_rate", "arrears_rate", "churn_rate", "revenue_retention_rate")
EXECUTION = ("contact_rate", "success_rate", "promise_kept_rate", "incremental_retention")
SCHEMA = pa.schema(
    [
        ("section", pa.string()),
        ("place", pa.int32()),
        ("rules", pa.string()),
        ("slots", pa.string()),
    ]
)


@dataclass(frozen=True)
class Writer:
    """What sentences are made from: the month's KPI rows of default variants, and the figures by id."""

    month: str
    rows: Sequence[Row]
    figures: Mapping[str, Row]

    def company(self, kpi: str) -> Row:
        """Return a KPI's row of the company."""
        return next(r for r in self.rows if r["kpi"] == kpi and r["scope_kind"] == "company")

    def find(self, measure: str, row: Row) -> str | None:
        """Return the id of a figure of a row, if there is one."""
        name = figure_id(
            measure,
            f"{row['kpi']}.{row['variant']}",
            row["scope_kind"],
            row["scope_id"],
            self.month,
        )
        return name if name in self.figures else None


def write_sentences(context: Context, figures: Mapping[str, Row], others: Told) -> None:
    """Write `report_sentence`: those of the summary, and the sections of `others`."""
    rows = context.engine.rows(
        "SELECT * FROM kpi_monthly WHERE is_default ORDER BY kpi, scope_kind, scope_id"
    )
    better = {kpi.name: kpi.meta["better"] for kpi in kpis()}
    rows = [row | {"better": better[row["kpi"]]} for row in rows]
    writer = Writer(str(context.month), rows, figures)
    told: list[Row] = []
    for section, sentences in (
        ("overall", _overall(writer)),
        ("ranks", _ranks(writer)),
        ("dispatch", _dispatch(writer)),
        ("quality", _quality(writer)),
        ("next", _next(writer)),
        *others,
    ):
        for place, (rules, slots) in enumerate(sentences):
            told.append(
                {
                    "section": section,
                    "place": place,
                    "rules": ";".join(rules),
                    "slots": json.dumps(slots),
                }
            )
    context.engine.register("sentence", pa.Table.from_pylist(told, schema=SCHEMA))
    context.write("report_sentence", "SELECT * FROM sentence", ["section", "place"])


def _overall(writer: Writer) -> Iterator[Sentence]:
    for kpi in OVERALL:
        yield kpi_sentence(writer, writer.company(kpi))
    bridge = {
        step: figure_id(step, "bridge", "company", "company", writer.month)
        for step in ("base", "current")
    }
    if all(figure in writer.figures for figure in bridge.values()):
        yield ["bridge"], {name: f"figure {figure}" for name, figure in bridge.items()}


def kpi_sentence(writer: Writer, row: Row) -> Sentence:
    """Tell a KPI of the company: its value, against its target, the month before and the year before."""
    slots = {"kpi": f"kpi {row['kpi']}", "variant": f"variant {row['kpi']}.{row['variant']}"}
    value = writer.find("value", row)
    if value is None:
        rule = row["status"] if row["status"] not in USABLE else "nobody"
        return [rule], slots | ({"reason": f"reason {row['reason']}"} if rule != "nobody" else {})
    rules, slots = ["value"], slots | {"value": f"figure {value}"}
    target, gap = writer.find("target", row), writer.find("gap", row)
    if target and gap:
        rules.append("met" if is_met(row["better"], row["gap"]) else "missed")
        slots |= {"target": f"figure {target}", "gap": f"figure {gap}"}
    for measure, prefix in (("change", ""), ("year_change", "year_")):
        if change := writer.find(measure, row):
            rules.append(prefix + direction(writer.figures[change]))
            slots |= {measure: f"figure {change}"}
    if row["status"] == "caveat":
        rules.append("caveat")
        slots |= {"reason": f"reason {row['reason']}"}
    return [*rules, "end"], slots


def direction(figure: Row) -> str:
    """Say whether a change is a rise, a fall or, as it is printed, none."""
    if not any(digit in "123456789" for digit in figure["shown"]):
        return "flat"
    return "rise" if figure["number"] > 0 else "fall"


def _ranks(writer: Writer) -> Iterator[Sentence]:
    for kpi in RANKED:
        company = writer.company(kpi)
        slots = {"kpi": f"kpi {kpi}"}
        if company["status"] == "not_computed":
            continue
        ranked = [
            r
            for r in writer.rows
            if r["kpi"] == kpi and r["scope_kind"] == "branch" and writer.find("rank", r)
        ]
        yield _rank_sentence(
            writer, slots, sorted(ranked, key=lambda r: (r["rank"], r["scope_id"]))
        )


def _rank_sentence(writer: Writer, slots: dict[str, str], ranked: list[Row]) -> Sentence:
    """Tell who is first, alone or together, and who is last; of less than two branches nobody is either."""
    if len(ranked) < 2:
        return ["unranked"], slots
    first = [r for r in ranked if r["rank"] == ranked[0]["rank"]]
    last = ranked[-1]
    slots = slots | {"value": f"figure {writer.find('value', first[0])}"}
    slots |= {"scopes": "scopes " + " ".join(r["scope_id"] for r in first)}
    if len(first) == len(ranked):
        return ["all_equal", "end"], slots
    rules = ["first" if len(first) == 1 else "first_tie", "last", "end"]
    slots |= {
        "last_scope": f"scopes {last['scope_id']}",
        "last": f"figure {writer.find('value', last)}",
    }
    return rules, slots | {"last_rank": f"figure {writer.find('rank', last)}"}


def _dispatch(writer: Writer) -> Iterator[Sentence]:
    ids = {
        n: figure_id(n, "lists", "company", "company", writer.month)
        for n in ("treated_count", "list_count")
    }
    yield ["lists"], {name: f"figure {figure}" for name, figure in ids.items()}
    for kpi in EXECUTION:
        yield kpi_sentence(writer, writer.company(kpi))


def _quality(writer: Writer) -> Iterator[Sentence]:
    names = ("row_count", "quarantined_count", "check_count", "failed_count", "critical_count")
    yield (
        ["gate"],
        {n: f"figure {figure_id(n, 'gate', 'company', 'company', writer.month)}" for n in names},
    )
    held: dict[str, list[str]] = {"withheld": [], "not_computed": []}
    for row in writer.rows:
        if row["scope_kind"] == "company" and row["status"] in held:
            held[row["status"]].append(row["kpi"])
    for status, names_held in held.items():
        if names_held:
            yield [f"{status}_all"], {"kpis": "kpi " + " ".join(names_held)}


def _next(writer: Writer) -> Iterator[Sentence]:
    company = [r for r in writer.rows if r["scope_kind"] == "company" and writer.find("gap", r)]
    missed = [r["kpi"] for r in company if not is_met(r["better"], r["gap"])]
    if missed:
        yield ["missed_all"], {"kpis": "kpi " + " ".join(missed)}
    yield ["by_hand"], {}

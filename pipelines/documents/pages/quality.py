"""The month's data quality as one offline HTML page.

What was expected and seen, since when, and what it holds back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from pipelines.catalogue.outputs import (
    OutputState,
    judge_outputs,
)
from pipelines.core.month import Month
from pipelines.documents.findings import (
    describe_findings,
    describe_held_outputs,
    read_title,
)
from pipelines.documents.month_view import name_outputs
from pipelines.documents.pages.page import write_page
from pipelines.text.texts import fill_label

STATES = ("passed", "failed", "waived", "explained", "not_judged")
# Pixels of a bar.
_TALLEST = 22
_LOWEST = 3
_TOP_RULES = 3
ORDER = ("withheld", "caveat", "not_computed")


@dataclass(frozen=True)
class HeldOutput:
    """An output that is not simply released: its title, its scope, and the reasons' codes."""

    status: str
    output: str
    title: str
    scopes: str
    reasons: list[str]


class ResultRow(TypedDict):
    """A row of `validate_result`: what became of a rule."""

    finding: str
    state: str
    success: bool | None
    not_judged: str


class IntakeRow(TypedDict):
    """A row of `snapshot_intake`: how many rows of a delivered table were set aside."""

    table: str
    quarantined: int


class SampleRow(TypedDict):
    """A row of `validate_sample`: a masked row that broke a rule."""

    finding: str
    sample: str


class QuarantineRow(TypedDict):
    """A row of `snapshot_quarantine`, counted: how many rows of a table a rule took out."""

    table: str
    rule: str
    rows: int


class TrendMonth(TypedDict):
    """A month of a finding, a row of `validate_trend`, with the height of its bar in pixels."""

    finding: str
    month: str
    success: bool
    unexpected_count: int | None
    height: int


def write_quality(
    path: Path,
    month: Month,
    language: str,
    tables: Mapping[str, Sequence[Any]],
) -> None:
    """Write the quality page.

    From the tables of `validate`, `kpi`, `dispatch_list` and those of the snapshot's books.
    """
    results = tables["validate_result"]
    failed = _find_failed(results)
    states = judge_outputs(tables["kpi_monthly"], tables["dispatch_list"])
    findings = describe_findings(
        month,
        language,
        results=results,
        offending=tables["validate_offending"],
        states=states,
        set_aside=_find_set_aside(tables["snapshot_intake"]),
    )
    told = []
    for finding in findings:
        holds = describe_held_outputs(finding, language)
        told.append((finding, failed[finding.finding], holds))

    state_counts = Counter(row["state"] for row in results)
    write_page(
        path,
        "quality.html.j2",
        month,
        language,
        counts={state: state_counts[state] for state in STATES},
        held=_list_held(states, language),
        held_counts=_count_held(states),
        titles={row["finding"]: read_title(row, language) for row in results},
        findings=told,
        passed=[row for row in results if row["state"] == "passed"],
        silent=_group_not_judged(results),
        samples=_group_samples(tables["validate_sample"]),
        trends=_draw_trends(tables["validate_trend"]),
        ties=tables["kpi_tie"],
        intake=tables["snapshot_intake"],
        rules=_find_top_rules(tables["snapshot_quarantine"]),
    )


def _find_failed(results: Sequence[ResultRow]) -> dict[str, ResultRow]:
    """Return the results that failed, by finding."""
    return {row["finding"]: row for row in results if row["success"] is False}


def _find_set_aside(intake: Sequence[IntakeRow]) -> set[str]:
    """Return the tables of which rows were quarantined."""
    return {row["table"] for row in intake if row["quarantined"]}


def _group_not_judged(results: Sequence[ResultRow]) -> dict[str, list[str]]:
    """Return the findings that were not judged, by the reason."""
    groups: dict[str, list[str]] = defaultdict(list)
    for row in results:
        if row["state"] == "not_judged":
            groups[row["not_judged"]].append(row["finding"])
    return groups


def _group_samples(rows: Sequence[SampleRow]) -> dict[str, list[str]]:
    """Return each finding's sample rows."""
    groups: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        groups[row["finding"]].append(row["sample"])
    return groups


def _list_held(states: Sequence[OutputState], language: str) -> list[HeldOutput]:
    """Return one line an output that is not simply released, and one for its parts."""
    titles = name_outputs(language)
    held = []
    for state in states:
        own_scope = "all" if state.kind == "list" else "company"
        levels = (
            (state.status, state.reason, own_scope),
            (state.parts_status, state.parts_reason, "parts"),
        )
        for status, reason, scope in levels:
            if status is None or status == "released":
                continue
            output = HeldOutput(
                status=status,
                output=state.name,
                title=titles[state.name],
                scopes=fill_label(language, f"quality.scope.{scope}"),
                reasons=(reason or "").split("; "),
            )
            held.append(output)

    return sorted(held, key=_order_held)


def _order_held(one: HeldOutput) -> tuple[int, str, str]:
    """What is withheld first; then by name."""
    return ORDER.index(one.status), one.output, one.scopes


def _count_held(states: Sequence[OutputState]) -> dict[str, int]:
    """Return the counts above the list, those of `retention status`."""
    seen: Counter[str] = Counter()
    held_in_parts = 0
    for state in states:
        seen[state.status] += 1
        if state.status == "released" and state.parts_status is not None:
            held_in_parts += 1

    return {
        "withheld": seen["withheld"],
        "caveats": seen["caveat"],
        "not_computed": seen["not_computed"],
        "all": len(states),
        "parts": held_in_parts,
    }


def _draw_trends(rows: Sequence[Any]) -> dict[str, list[TrendMonth]]:
    """Return each finding's months, oldest first.

    The more rows broke the rule, the taller the bar.
    """
    by_finding: dict[str, list[TrendMonth]] = defaultdict(list)
    for row in sorted(rows, key=_find_month):
        month: Any = {**row, "height": _LOWEST}
        by_finding[row["finding"]].append(month)

    for months in by_finding.values():
        broken = [month for month in months if not month["success"]]
        counts = [month["unexpected_count"] or 1 for month in broken]
        most = max(counts, default=1)
        for month, count in zip(broken, counts, strict=True):
            height = round(_TALLEST * (count / most))
            month["height"] = max(height, 2 * _LOWEST)

    return by_finding


def _find_month(row: Any) -> str:
    return str(row["month"])


def _find_top_rules(
    quarantine: Sequence[QuarantineRow],
) -> dict[str, list[tuple[str, int]]]:
    """Return the rules that took most rows out of each table, with how many."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in quarantine:
        of_table = counts[row["table"]]
        of_table[row["rule"]] += row["rows"]

    top = {}
    for table, rules in counts.items():
        top[table] = rules.most_common(_TOP_RULES)
    return top

"""The month's data quality as one offline HTML page: what was expected and seen, since when, and what it holds back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.catalogue.outputs import OutputState, kpis, lists, output_states
from pipelines.core.month import Month
from pipelines.documents.findings import holds_in_words, tell_findings
from pipelines.documents.pages.page import Tables, write_page
from pipelines.text.texts import label

Row = Mapping[str, Any]
STATES = ("passed", "failed", "waived", "explained", "not_judged")
_TALL, _LOW = 22, 3  # pixels of a bar
_TOP_RULES = 3
ORDER = ("withheld", "caveat", "not_computed")


def write_quality(path: Path, month: Month, language: str, tables: Tables) -> None:
    """Write the quality page from the tables of `validate`, `kpi`, `dispatch_list` and those of the snapshot's books."""
    results = tables["validate_result"]
    by_name = {row["finding"]: row for row in results if row["success"] is False}
    states = output_states(tables["kpi_monthly"], tables["dispatch_list"])
    told = tell_findings(
        month,
        language,
        results=results,
        offending=tables["validate_offending"],
        states=states,
        set_aside={row["table"] for row in tables["snapshot_intake"] if row["quarantined"]},
    )
    silent = defaultdict(list)
    for row in results:
        if row["state"] == "not_judged":
            silent[row["not_judged"]].append(row["finding"])
    samples = defaultdict(list)
    for row in tables["validate_sample"]:
        samples[row["finding"]].append(row["sample"])
    seen = Counter(row["state"] for row in results)
    write_page(
        path,
        "quality.html.j2",
        month,
        language,
        counts={state: seen[state] for state in STATES},
        held=_held(states, language),
        held_counts=_count_held(states),
        titles={row["finding"]: row[f"title_{language}"] for row in results},
        findings=[(one, by_name[one.finding], holds_in_words(one, language)) for one in told],
        passed=[row for row in results if row["state"] == "passed"],
        silent=silent,
        samples=samples,
        trends=_trends(tables["validate_trend"]),
        ties=tables["kpi_tie"],
        intake=tables["snapshot_intake"],
        rules=_top_rules(tables["snapshot_quarantine"]),
    )


def _held(states: Sequence[OutputState], language: str) -> list[dict[str, Any]]:
    """One line an output that is not simply released: its title, its scope, and the reasons."""
    titles = {spec.name: spec.title(language) for spec in lists()}
    for kpi in kpis():
        for variant, words in kpi.spec.meta["variants"].items():
            titles[f"{kpi.name}.{variant}"] = f"{kpi.meta['title'][language]} · {words[language]}"
    held = []
    for state in states:
        scope = "all" if state.kind == "list" else "company"
        of_parts = state.parts_status, state.parts_reason, "parts"
        for status, reason, where in ((state.status, state.reason, scope), of_parts):
            if status not in (None, "released"):
                held.append(
                    {
                        "status": status,
                        "output": state.name,
                        "title": titles[state.name],
                        "scopes": label(language, f"quality.scope.{where}"),
                        "reasons": (reason or "").split("; "),
                    }
                )
    return sorted(held, key=lambda row: (ORDER.index(row["status"]), row["output"], row["scopes"]))


def _count_held(states: Sequence[OutputState]) -> dict[str, int]:
    """The counts above the list, those of `retention status`."""
    seen = Counter(state.status for state in states)
    return {
        "withheld": seen["withheld"],
        "caveats": seen["caveat"],
        "not_computed": seen["not_computed"],
        "all": len(states),
        "parts": sum(
            state.status == "released" and state.parts_status is not None for state in states
        ),
    }


def _trends(rows: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """Each finding's months, oldest first, with the height of their bars: the more rows broke the rule, the taller."""
    by_finding = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row["month"])):
        by_finding[row["finding"]].append(dict(row))
    for months in by_finding.values():
        most = max(
            (month["unexpected_count"] or 1 for month in months if not month["success"]), default=1
        )
        for month in months:
            share = (month["unexpected_count"] or 1) / most
            month["height"] = _LOW if month["success"] else max(round(_TALL * share), 2 * _LOW)
    return by_finding


def _top_rules(quarantine: Sequence[Row]) -> dict[str, list[tuple[str, int]]]:
    """The rules that took most rows out of each table."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in quarantine:
        counts[row["table"]][row["rule"]] += row["rows"]
    return {table: rules.most_common(_TOP_RULES) for table, rules in counts.items()}

"""The month's data quality as one offline HTML page: what was expected and seen, since when, and what it holds back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.channels.page import Tables, write_page
from pipelines.core.month import Month
from pipelines.core.outputs import kpis, lists
from pipelines.words.texts import label

Row = Mapping[str, Any]
STATES = ("passed", "failed", "waived", "explained", "not_judged")
_TALL, _LOW = 22, 3  # pixels of a bar
_TOP_RULES = 3


def write_quality(path: Path, month: Month, language: str, tables: Tables) -> None:
    """Write the quality page from the tables of `validate`, `kpi_tie`, `snapshot_intake` and `snapshot_quarantine`."""
    results = tables["validate_result"]
    found = [row for row in results if row["success"] is False]
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
        held=_held(tables["validate_release"], language),
        titles={row["finding"]: row[f"title_{language}"] for row in results},
        findings=sorted(found, key=_weight),
        passed=[row for row in results if row["state"] == "passed"],
        silent=silent,
        samples=samples,
        trends=_trends(tables["validate_trend"]),
        ties=tables["kpi_tie"],
        intake=tables["snapshot_intake"],
        rules=_top_rules(tables["snapshot_quarantine"]),
    )


def _weight(row: Row) -> tuple[bool, int, int, str]:
    """What stops most comes first; what somebody has accepted, or what another explains, comes last."""
    return (row["state"] != "failed", -row["withheld_count"], -row["caveat_count"], row["finding"])


def _held(releases: Sequence[Row], language: str) -> list[dict[str, Any]]:
    """One line an output, status and reason: its title, the scopes that are held, the findings that hold them."""
    titles = {spec.name: spec.title(language) for spec in lists()}
    for kpi in kpis():
        for variant, words in kpi.spec.meta["variants"].items():
            titles[f"{kpi.name}.{variant}"] = f"{kpi.meta['title'][language]} · {words[language]}"
    scopes = defaultdict(list)
    for row in releases:
        if row["status"] != "released":
            scopes[row["status"], row["output"], row["reason"]].append(_scope(row["scope"], language))
    held = [
        {"status": s, "output": o, "title": titles[o], "scopes": ", ".join(where), "findings": reason.split("; ")}
        for (s, o, reason), where in scopes.items()
    ]
    return sorted(held, key=lambda row: (row["status"] != "withheld", row["output"], row["scopes"]))


def _scope(scope: str, language: str) -> str:
    kind, _, branch = scope.partition(":")
    return f"{label(language, f'quality.scope.{kind}')} {branch}".strip()


def _trends(rows: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """Each finding's months, oldest first, with the height of their bars: the more rows broke the rule, the taller."""
    by_finding = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row["month"])):
        by_finding[row["finding"]].append(dict(row))
    for months in by_finding.values():
        most = max((month["unexpected_count"] or 1 for month in months if not month["success"]), default=1)
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

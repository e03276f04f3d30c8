"""How much of what the office can say a month says, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.text.texts import label

if TYPE_CHECKING:
    from pipelines.jobs.intake.coverage import Coverage


def tell_coverage(coverage: Coverage, language: str) -> str:
    """Say how many KPIs and lists a month gives, and what would add most to them."""
    facts = {
        "kpis": coverage.count("kpi", computed=True),
        "all_kpis": coverage.count("kpi"),
        "lists": coverage.count("list", computed=True),
        "all_lists": coverage.count("list"),
    }
    line = label(language, "coverage.line", **facts)
    if coverage.unlocks:
        first = coverage.unlocks[0]
        line += label(language, "coverage.deliver", name=first.name, count=len(first.outputs))
    if coverage.waiting:
        line += label(language, "coverage.waiting", count=coverage.waiting)
    return line

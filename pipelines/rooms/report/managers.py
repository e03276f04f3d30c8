"""The sentences of the retention quality analysis: of each branch how it stands, and its managers' best, last and missed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.catalogue.outputs import BRANCH_SECTION, QUALITY, is_met, kpis
from pipelines.rooms.context import Context
from pipelines.rooms.report.sentences import Sentence, Told, Writer, kpi_sentence

Row = dict[str, Any]
_ROWS = """
SELECT k.*, m.branch_id AS home FROM kpi_monthly AS k
LEFT JOIN snapshot_account_manager AS m ON k.scope_kind = 'manager' AND m.manager_id = k.scope_id
WHERE k.scope_kind IN ('company', 'branch', 'manager') ORDER BY k.kpi, k.variant, k.scope_kind, k.scope_id
"""


def tell_managers(context: Context, figures: Mapping[str, Row]) -> Told:
    """Yield the sentences of each branch that has managers; none where the operator delivers no managers."""
    if not context.is_computed("snapshot_account_manager"):
        return
    better = {kpi.name: kpi.meta["better"] for kpi in kpis()}
    found = context.engine.rows(_ROWS)
    rows = [
        r | {"better": better[r["kpi"]]} for r in found if f"{r['kpi']}.{r['variant']}" in QUALITY
    ]
    writer = Writer(str(context.month), rows, figures)
    for branch in sorted({r["home"] for r in rows if r["home"]}):
        yield f"{BRANCH_SECTION}{branch}", _of_branch(writer, branch)


def _of_branch(writer: Writer, branch: str) -> Iterator[Sentence]:
    of_topic: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in writer.rows:
        is_here = (
            row["home"] == branch or row["scope_id"] == branch or row["scope_kind"] == "company"
        )
        if is_here:
            of_topic[f"{row['kpi']}.{row['variant']}"][row["scope_kind"]].append(row)
    for topic in QUALITY:
        kinds = of_topic[topic]
        here = (kinds["branch"] or kinds["company"])[0]
        yield topic_sentence(writer, topic, here, kinds["manager"])


def topic_sentence(writer: Writer, topic: str, here: Row, managers: list[Row]) -> Sentence:
    """Tell a KPI of the branch, then who of its managers is best, last, short of the target, or too small to be ranked."""
    rules, slots = kpi_sentence(writer, here)
    slots = slots | {"kpi": f"kpi {topic if topic == 'success_rate.claimed' else here['kpi']}"}
    if rules[-1] != "end":
        return rules, slots
    ranked = sorted(
        (r for r in managers if writer.find("rank", r)), key=lambda r: (r["rank"], r["scope_id"])
    )
    rules = rules[:-1]
    if len(ranked) > 1:
        rules.append("best_manager")
        for name, row in (("best", ranked[0]), ("worst", ranked[-1])):
            slots |= {
                name: f"scopes {row['scope_id']}",
                f"{name}_value": f"figure {writer.find('value', row)}",
            }
            slots |= {f"{name}_rank": f"figure {writer.find('rank', row)}"}
    missed = [r for r in managers if writer.find("gap", r) and not is_met(r["better"], r["gap"])]
    small = [r for r in managers if "small_denominator" in (r["reason"] or "")]
    for rule, rows in (("missed_managers", missed), ("small_managers", small)):
        if rows:
            rules.append(rule)
            slots |= {rule: "scopes " + " ".join(r["scope_id"] for r in rows)}
    return [*rules, "end"], slots

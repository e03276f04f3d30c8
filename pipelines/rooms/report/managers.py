"""The sentences of the retention quality analysis: each branch, and its managers.

Of a branch they tell how it stands, and which of its managers are best, last and short of a target.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import cast

from pipelines.catalogue.figure_rows import FigureRow, KpiRow, name_topic
from pipelines.catalogue.outputs import BRANCH_SECTION, QUALITY
from pipelines.core.reasons import ReasonKind, split_reasons
from pipelines.rooms.context import Context
from pipelines.rooms.relations import read_rows
from pipelines.rooms.report.rows import ToldRow
from pipelines.rooms.report.sentences import (
    Sections,
    Sentence,
    Writer,
    judge_rows,
    meets_target,
    sort_by_rank,
    tell_kpi,
)


def tell_managers(context: Context, figures: Mapping[str, FigureRow]) -> Sections:
    """Yield the sentences of each branch that has managers.

    There are none where the operator delivers no managers.
    """
    if not context.is_computed("snapshot_account_manager"):
        return
    found = cast("list[KpiRow]", read_rows(context, "report", "manager_kpis"))
    rows = judge_rows(row for row in found if name_topic(row) in QUALITY)
    writer = Writer(str(context.month), rows, figures)
    branches = {row["home"] for row in rows if row["home"]}
    for branch in sorted(str(branch) for branch in branches):
        yield f"{BRANCH_SECTION}{branch}", _tell_branch(writer, branch)


def _tell_branch(writer: Writer, branch: str) -> Iterator[Sentence]:
    """Yield a sentence a KPI: of the branch, or of the company where the branch has no row."""
    found: dict[str, dict[str, list[ToldRow]]] = defaultdict(lambda: defaultdict(list))
    for row in writer.rows:
        is_of_branch = row["home"] == branch or row["scope_id"] == branch
        if is_of_branch or row["scope_kind"] == "company":
            found[name_topic(row)][row["scope_kind"]].append(row)

    for topic in QUALITY:
        kinds = found[topic]
        here = (kinds["branch"] or kinds["company"])[0]
        yield topic_sentence(writer, topic, here, kinds["manager"])


def topic_sentence(
    writer: Writer, topic: str, here: ToldRow, managers: list[ToldRow]
) -> Sentence:
    """Tell a KPI of a branch, then of its managers.

    Who is best, last, short of the target, or too small to be ranked.
    """
    rules, slots = tell_kpi(writer, here)
    slots["kpi"] = (
        f"kpi {topic}" if topic == "success_rate.claimed" else f"kpi {here['kpi']}"
    )
    if rules[-1] != "end":
        return Sentence(rules, slots)

    rules = rules[:-1]
    ranked = sort_by_rank(writer, managers)
    if len(ranked) > 1:
        rules.append("best_manager")
        slots |= _slot_manager(writer, "best", ranked[0])
        slots |= _slot_manager(writer, "worst", ranked[-1])
    missed = [row["scope_id"] for row in managers if _has_missed(writer, row)]
    if missed:
        rules.append("missed_managers")
        slots["missed_managers"] = "scopes " + " ".join(missed)
    small = [row["scope_id"] for row in managers if _is_small(row)]
    if small:
        rules.append("small_managers")
        slots["small_managers"] = "scopes " + " ".join(small)
    return Sentence([*rules, "end"], slots)


def _slot_manager(writer: Writer, name: str, row: ToldRow) -> dict[str, str]:
    return {
        name: f"scopes {row['scope_id']}",
        f"{name}_value": f"figure {writer.find_figure('value', row)}",
        f"{name}_rank": f"figure {writer.find_figure('rank', row)}",
    }


def _has_missed(writer: Writer, row: ToldRow) -> bool:
    return writer.find_figure("gap", row) is not None and not meets_target(row)


def _is_small(row: ToldRow) -> bool:
    reasons = split_reasons(row["reason"])
    return any(reason.kind == ReasonKind.SMALL_DENOMINATOR for reason in reasons)

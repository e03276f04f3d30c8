"""The sentences of the retention quality analysis: each branch, and its managers.

Of a branch they tell how it stands, and which of its managers are best, last and short of a target.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import cast

from pipelines.catalogue.figure_rows import Figures, KpiRow, name_topic
from pipelines.catalogue.outputs import BRANCH_SECTION, list_quality_topics
from pipelines.core.reasons import ReasonKind, split_reasons
from pipelines.rooms.context import Context
from pipelines.rooms.relations import read_rows
from pipelines.rooms.report.rows import ToldRow
from pipelines.rooms.report.sentences import (
    Sections,
    Sentence,
    Writer,
    judge_rows,
    sort_by_rank,
    tell_kpi,
)

RowsOf = tuple[str, str]  # topic, kind of scope


def tell_managers(context: Context, figures: Figures) -> Sections:
    """Yield the sentences of each branch that has managers.

    There are none where the operator delivers no managers.
    """
    if not context.is_computed("snapshot_account_manager"):
        return
    found = cast("list[KpiRow]", read_rows(context, "report", "manager_kpis"))
    of_quality = [row for row in found if name_topic(row) in list_quality_topics()]
    rows = judge_rows(of_quality)
    writer = Writer(str(context.month), rows, figures)

    branches = {row["home"] for row in rows}
    for branch in sorted(filter(None, branches)):
        yield f"{BRANCH_SECTION}{branch}", _tell_branch(writer, branch)


def _tell_branch(writer: Writer, branch: str) -> Iterator[Sentence]:
    """Yield a sentence a KPI: of the branch, or of the company where the branch has no row."""
    found: dict[RowsOf, list[ToldRow]] = defaultdict(list)
    for row in writer.rows:
        is_of_branch = branch in (row["home"], row["scope_id"])
        if is_of_branch or row["scope_kind"] == "company":
            rows_of = (name_topic(row), row["scope_kind"])
            found[rows_of].append(row)

    for topic in list_quality_topics():
        heads = found[topic, "branch"] or found[topic, "company"]
        managers = found[topic, "manager"]
        yield topic_sentence(writer, topic, heads[0], managers)


def topic_sentence(
    writer: Writer, topic: str, here: ToldRow, managers: list[ToldRow]
) -> Sentence:
    """Tell a KPI of a branch, then of its managers.

    Who is best, last, short of the target, or too small to be ranked.
    """
    told = tell_kpi(writer, here)
    is_told_by_topic = topic == "success_rate.claimed"
    kpi = topic if is_told_by_topic else here["kpi"]
    told.slots["kpi"] = f"kpi {kpi}"
    if told.rules[-1] != "end":
        return told

    told.rules.pop()
    ranked = sort_by_rank(writer, managers)
    if len(ranked) > 1:
        told.rules.append("best_manager")
        _name_manager(writer, told, "best", ranked[0])
        _name_manager(writer, told, "worst", ranked[-1])
    missed = [row for row in managers if writer.has_missed(row)]
    small = [row for row in managers if _is_small(row)]
    _list_managers(told, "missed_managers", missed)
    _list_managers(told, "small_managers", small)
    told.rules.append("end")
    return told


def _list_managers(told: Sentence, rule: str, managers: list[ToldRow]) -> None:
    """Add a rule that names managers, where there are any; its slot has its name."""
    if managers:
        told.rules.append(rule)
        told.name_all(rule, "scopes", [row["scope_id"] for row in managers])


def _name_manager(writer: Writer, told: Sentence, name: str, row: ToldRow) -> None:
    """Fill the slots of a manager who is named: who, with what value and rank."""
    told.name_all(name, "scopes", [row["scope_id"]])
    told.show_figure(f"{name}_value", writer.find_figure("value", row))
    told.show_figure(f"{name}_rank", writer.find_figure("rank", row))


def _is_small(row: ToldRow) -> bool:
    """Say whether a manager has too few customers to be ranked."""
    kinds = {reason.kind for reason in split_reasons(row["reason"])}
    return ReasonKind.SMALL_DENOMINATOR in kinds

"""What became of a month: the state of each output, what was held back, who was left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from operator import itemgetter
from pathlib import Path
from typing import Any, TypedDict

from pipelines.catalogue.outputs import (
    OutputState,
    judge_outputs,
    load_kpis,
    name_lists,
)
from pipelines.documents.table_files import TableRow, read_masked_rows
from pipelines.store.lake import MonthFolder, Version, list_held_months

_KPI_STATE_COLUMNS = ["kpi", "variant", "scope_kind", "status", "reason"]
_LIST_STATE_COLUMNS = ["list", "priority", "status", "reason"]
# Who has a name of their own that anybody may see.
_NAMED_TABLES = (
    ("snapshot_organisation", "org_id"),
    ("snapshot_account_manager", "manager_id"),
)
# What a table was refused for where its entry says nothing.
_WRONG_MONTH = "source.wrong_month"


class Refusal(TypedDict):
    """Why a delivered table was refused: a message key, and the facts that fill it in."""

    reason: str
    facts: dict[str, Any]


class Outcome(TypedDict):
    """What a version holds back: by output the reason, by delivered table the refusal."""

    withheld: dict[str, str]
    caveat: dict[str, str]
    not_computed: dict[str, str]
    refused_tables: dict[str, Refusal]


class MonthLine(TypedDict):
    """A month held: its version, whether it is sealed.

    And how many outputs and tables were held back.
    """

    month: str
    version: int
    is_sealed: bool
    withheld: int
    caveat: int
    not_computed: int
    refused_tables: int


def read_output_states(version: Version) -> list[OutputState]:
    """Return the state of every output of a version."""
    kpi_rows = version.read_rows("kpi_monthly", _KPI_STATE_COLUMNS)
    list_rows = version.read_rows("dispatch_list", _LIST_STATE_COLUMNS)
    return judge_outputs(kpi_rows, list_rows)


def name_outputs(language: str) -> dict[str, str]:
    """Return what lists, and the variants of KPIs, are called, by the name of the output."""
    names = name_lists(language)
    for kpi in load_kpis():
        title = kpi.meta["title"][language]
        for variant, meaning in kpi.spec.meta["variants"].items():
            names[f"{kpi.name}.{variant}"] = f"{title} · {meaning[language]}"
    return names


def summarise_outcome(version: Version) -> Outcome:
    """Return what was withheld, carries a caveat or is not computed, with the reason.

    And which of the delivered tables were refused, and why.
    """
    reasons: dict[str, dict[str, str]] = defaultdict(dict)
    for state in read_output_states(version):
        reasons[state.status][state.name] = state.reason or ""
    return {
        "withheld": reasons["withheld"],
        "caveat": reasons["caveat"],
        "not_computed": reasons["not_computed"],
        "refused_tables": _read_refusals(version),
    }


def _read_refusals(version: Version) -> dict[str, Refusal]:
    """Return by delivered table why it was refused."""
    refusals: dict[str, Refusal] = {}
    refused = read_masked_rows(version, "snapshot_intake", ("table",), state="refused")
    for row in refused:
        table = row["table"]
        entry = version.entries[f"extract_{table}"]
        reason = _WRONG_MONTH
        if entry.reasons:
            reason = str(entry.reasons[0])
        facts = {"table": table}
        if entry.delivery:
            facts |= entry.delivery.facts
        refusals[table] = {"reason": reason, "facts": facts}

    return refusals


def read_scope_names(version: Version) -> dict[str, str]:
    """Return what branches, units and managers are called, by id, where the operator said."""
    names = {}
    for table, key in _NAMED_TABLES:
        if version.is_computed(table):
            for row in read_masked_rows(version, table, (key, "name")):
                names[row[key]] = row["name"]
    return names


def read_reasons_to_retrain(version: Version) -> list[str]:
    """Return why it is time to train a challenger, as the month's watch says."""
    if not version.is_computed("score_watch"):
        return []
    rows = read_masked_rows(version, "score_watch", ("subject",), measure="retrain")
    return [row["subject"] for row in rows]


def read_lists_with_why_not(version: Version) -> list[TableRow]:
    """Return the rows of `dispatch_list` by priority.

    `why_not` counts, by reason, how many were left out.
    """
    left_out = read_masked_rows(version, "dispatch_why_not", ("list", "reason"))
    counts = Counter((row["list"], row["reason"]) for row in left_out)

    why_not: dict[str, dict[str, int]] = defaultdict(dict)
    for (name, reason), count in sorted(counts.items()):
        why_not[name][reason] = count

    rows = []
    for row in read_masked_rows(version, "dispatch_list"):
        rows.append(row | {"why_not": why_not[row["list"]]})
    return sorted(rows, key=itemgetter("priority"))


def summarise_months(home: Path) -> list[MonthLine]:
    """Return one line a month held, oldest first."""
    lines = []
    for month in list_held_months(home):
        folder = MonthFolder(home, month)
        lines.append(_summarise_month(folder))
    return lines


def _summarise_month(folder: MonthFolder) -> MonthLine:
    """Return what a month comes to in a line."""
    version = folder.version()
    outcome = summarise_outcome(version)
    return {
        "month": str(folder.month),
        "version": version.number,
        "is_sealed": folder.read_seal() is not None,
        "withheld": len(outcome["withheld"]),
        "caveat": len(outcome["caveat"]),
        "not_computed": len(outcome["not_computed"]),
        "refused_tables": len(outcome["refused_tables"]),
    }

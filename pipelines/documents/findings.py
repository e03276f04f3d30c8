"""A month's findings as people read them.

What was seen, what is allowed, what it holds back, and the two ways out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.catalogue.outputs import OutputState
from pipelines.core.month import Month
from pipelines.store.lake import Made
from pipelines.text.rules import find_rule_phrase
from pipelines.text.texts import fill_label, say_fact

# A row of `validate_result` or `validate_offending`; some columns are there once a language.
ValidateRow = Mapping[str, Any]
OPEN = "failed"


@dataclass(frozen=True)
class FindingText:
    """One finding in words.

    `correct` and `waive` are what to do about it, where something is to be done; `withheld`,
    `caveats` and `parts` count the outputs that it holds back whole, marks, or holds back in parts.
    """

    finding: str
    title: str
    severity: str
    state: str
    seen: str
    allowed: str
    withheld: int
    caveats: int
    parts: int
    correct: str | None
    waive: str | None


def describe_findings(
    month: Month,
    language: str,
    *,
    results: Sequence[ValidateRow],
    offending: Iterable[ValidateRow],
    states: Sequence[OutputState],
    set_aside: Collection[str],
) -> list[FindingText]:
    """Tell the findings of a month, those first that withhold most.

    `set_aside` are the tables with quarantined rows.
    """
    offending_by_finding: dict[str, list[ValidateRow]] = defaultdict(list)
    for row in offending:
        offending_by_finding[row["finding"]].append(row)

    findings = []
    for row in results:
        if row["success"] is not False:
            continue

        finding = row["finding"]
        seen = _describe_seen(row, offending_by_finding[finding], month, language)
        held = [state for state in states if state.is_held_by(finding)]
        is_set_aside = row["table"] in set_aside
        findings.append(_tell_finding(row, seen, held, month, language, is_set_aside))

    return sorted(findings, key=_sort_key)


def _sort_key(one: FindingText) -> tuple[bool, int, int, int, str]:
    """What stops most comes first; what was accepted, or another explains, comes last."""
    return (one.state != OPEN, -one.withheld, -one.caveats, -one.parts, one.finding)


def read_title(row: ValidateRow, language: str) -> str:
    """Return a finding's title; English in a language that the table has none in."""
    return str(row.get(f"title_{language}") or row["title_en"])


def _tell_finding(
    row: ValidateRow,
    seen: str,
    held: Sequence[OutputState],
    month: Month,
    language: str,
    is_set_aside: bool,
) -> FindingText:
    """Put one finding into words; the two ways out stand where it is open and no mere remark."""
    correct = waive = None
    if row["state"] == OPEN and row["severity"] != "info":
        key = "finding.correct"
        if is_set_aside:
            key = "finding.correct_rows"
        correct = fill_label(language, key, table=row["table"], month=month)
        waive = f'retention waive {row["finding"]} --why "…" --until {month}'

    statuses = [state.status for state in held]
    title = read_title(row, language)
    return FindingText(
        finding=row["finding"],
        title=title,
        severity=row["severity"],
        state=row["state"],
        seen=seen,
        allowed=row.get(f"allowed_{language}") or title,
        withheld=statuses.count("withheld"),
        caveats=statuses.count("caveat"),
        parts=sum(state.parts_status is not None for state in held),
        correct=correct,
        waive=waive,
    )


def _describe_seen(
    row: ValidateRow, offending: Sequence[ValidateRow], month: Month, language: str
) -> str:
    """Return the values that broke the rule, those of most rows first, and how many rows.

    Where none were kept, what the rule observed.
    """
    if not offending:
        return str(row["observed"] or "–")

    columns = {one["column"] for one in offending}
    names_column = len(columns) > 1 or any(one["rule"] for one in offending)

    values = []
    for one in offending:
        value = _describe_value(one, row["table"], names_column, month, language)
        values.append(value)
    text = "; ".join(values)

    if row["element_count"]:
        text += fill_label(
            language,
            "finding.of",
            seen=row["unexpected_count"],
            rows=row["element_count"],
        )

    return text


def _describe_value(
    one: ValidateRow, table: str, names_column: bool, month: Month, language: str
) -> str:
    """Return one value with the rule it broke and how many rows have it."""
    value = str(one["value"])
    if names_column:
        value = f"{one['column']} {value}"
    if one["rule"]:
        phrase = find_rule_phrase(table, one["rule"], month)
        rule = say_fact(language, phrase)
        value = f"{value} ({rule})"
    return fill_label(language, "finding.value", value=value, rows=one["row_count"])


# -- of a version ------------------------------------------------------------------------------


def read_findings(
    version: Made, states: Sequence[OutputState], language: str
) -> list[FindingText]:
    """Tell the findings of a version or a draft; without values where none were kept."""
    intake = _read_if_computed(version, "snapshot_intake")
    return describe_findings(
        version.month,
        language,
        results=_read_if_computed(version, "validate_result"),
        offending=_read_if_computed(version, "validate_offending"),
        states=states,
        set_aside={row["table"] for row in intake if row["quarantined"]},
    )


def _read_if_computed(version: Made, table: str) -> Sequence[ValidateRow]:
    """Return the rows of a table; none of one that is not computed."""
    if version.is_computed(table):
        return version.read_rows(table)
    return []


def describe_held_outputs(one: FindingText, language: str) -> str:
    """Say how many outputs a finding holds back."""
    text = fill_label(
        language, "quality.holds", withheld=one.withheld, caveats=one.caveats
    )
    if one.parts:
        text += fill_label(language, "quality.holds_parts", count=one.parts)
    return text

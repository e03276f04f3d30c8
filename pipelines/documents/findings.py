"""A month's findings as people read them: what was seen, what is allowed, what it holds back, and the two ways out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import typer

from pipelines.catalogue.outputs import OutputState
from pipelines.core.month import Month
from pipelines.store.lake import Version
from pipelines.store.rows import read_rows
from pipelines.text.rules import rule_phrase
from pipelines.text.texts import label, say

Row = Mapping[str, Any]
SHOWN = 20  # findings that a screen takes
OPEN = "failed"


@dataclass(frozen=True)
class ToldFinding:
    """One finding in words; `correct` and `waive` are what to do about it, where something is to be done."""

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


def tell_findings(
    month: Month,
    language: str,
    *,
    results: Sequence[Row],
    offending: Iterable[Row],
    states: Sequence[OutputState],
    set_aside: Collection[str],
) -> list[ToldFinding]:
    """Tell the findings of a month, those first that withhold most; `set_aside` are the tables with quarantined rows."""
    values: dict[str, list[Row]] = defaultdict(list)
    for row in offending:
        values[row["finding"]].append(row)
    failed = [row for row in results if row["success"] is False]
    told = [
        _tell(row, values[row["finding"]], states, month, language, set_aside) for row in failed
    ]
    return sorted(told, key=_weight)


def _weight(one: ToldFinding) -> tuple[bool, int, int, int, str]:
    """What stops most comes first; what somebody has accepted, or what another explains, comes last."""
    return (one.state != OPEN, -one.withheld, -one.caveats, -one.parts, one.finding)


def _tell(
    row: Row,
    values: Sequence[Row],
    states: Sequence[OutputState],
    month: Month,
    language: str,
    aside: Collection[str],
) -> ToldFinding:
    held = [state for state in states if state.is_held_by(row["finding"])]
    statuses = [state.status for state in held]
    is_open = row["state"] == OPEN and row["severity"] != "info"
    correct = "finding.correct_rows" if row["table"] in aside else "finding.correct"
    return ToldFinding(
        finding=row["finding"],
        title=row[f"title_{language}"],
        severity=row["severity"],
        state=row["state"],
        seen=_seen(row, values, month, language),
        allowed=row.get(f"allowed_{language}") or row[f"title_{language}"],
        withheld=statuses.count("withheld"),
        caveats=statuses.count("caveat"),
        parts=sum(state.parts_status is not None for state in held),
        correct=label(language, correct, table=row["table"], month=month) if is_open else None,
        waive=f'retention waive {row["finding"]} --why "…" --until {month}' if is_open else None,
    )


def _seen(row: Row, values: Sequence[Row], month: Month, language: str) -> str:
    """The values that broke the rule, those of most rows first, and how many rows; else what the rule observed."""
    if not values:
        return str(row["observed"] or "–")
    several = len({one["column"] for one in values}) > 1 or any(one["rule"] for one in values)
    said = [_one_value(row, one, several, month, language) for one in values]
    total = label(language, "finding.of", seen=row["unexpected_count"], rows=row["element_count"])
    return "; ".join(said) + (total if row["element_count"] else "")


def _one_value(row: Row, one: Row, names_column: bool, month: Month, language: str) -> str:
    what = f"{one['column']} {one['value']}" if names_column else str(one["value"])
    if one["rule"]:
        what = f"{what} ({say(language, rule_phrase(row['table'], one['rule'], month))})"
    return label(language, "finding.value", value=what, rows=one["row_count"])


# -- of a version ------------------------------------------------------------------------------------------------


def findings_of(
    version: Version, states: Sequence[OutputState], language: str
) -> list[ToldFinding]:
    """Tell the findings of a version; of one made before values were kept, without them."""
    intake = _rows(version, "snapshot_intake")
    return tell_findings(
        version.month,
        language,
        results=_rows(version, "validate_result"),
        offending=_rows(version, "validate_offending"),
        states=states,
        set_aside={row["table"] for row in intake if row["quarantined"]},
    )


def _rows(version: Version, table: str) -> list[dict[str, Any]]:
    return read_rows(version.table(table)) if version.is_computed(table) else []


def as_content(told: Sequence[ToldFinding]) -> list[dict[str, Any]]:
    """The findings for a program."""
    return [asdict(one) for one in told]


def draw_findings(told: Sequence[ToldFinding], language: str, most: int = SHOWN) -> None:
    """Print what stands open, that which holds back most first, each with what to do."""
    standing = [one for one in told if one.waive]
    if not standing:
        return
    typer.echo(f"\n{label(language, 'finding.heading', count=len(standing))}")
    for one in standing[:most]:
        severity = label(language, f"quality.severity.{one.severity}")
        typer.echo(f"  {one.title}  [{one.finding}, {severity}]")
        typer.echo(f"    {label(language, 'finding.seen', seen=one.seen)}")
        typer.echo(f"    {label(language, 'finding.allowed', allowed=one.allowed)}")
        typer.echo(f"    {holds_in_words(one, language)}")
        typer.echo(f"    {one.correct} {label(language, 'finding.or_waive', command=one.waive)}")
    if len(standing) > most:
        typer.echo(f"  {label(language, 'finding.more', count=len(standing) - most)}")


def holds_in_words(one: ToldFinding, language: str) -> str:
    """Say how many outputs a finding holds back."""
    text = label(language, "quality.holds", withheld=one.withheld, caveats=one.caveats)
    return text + (label(language, "quality.holds_parts", count=one.parts) if one.parts else "")

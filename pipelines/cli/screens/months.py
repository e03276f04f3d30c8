"""Months as the command line shows them: a line each, or one with all that became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from pipelines.cli.screens.deadlines import draw_deadlines
from pipelines.cli.screens.deliveries import draw_open_letters
from pipelines.cli.screens.lines import print_line
from pipelines.cli.screens.tables import draw_grid
from pipelines.documents.findings import FindingText, describe_held_outputs
from pipelines.documents.month_view import (
    MonthLine,
    Outcome,
    Refusal,
    name_outputs,
)
from pipelines.text.texts import fill_label, load_labels, say_reasons

if TYPE_CHECKING:
    from pipelines.operations.month_state import DraftState, MonthState
    from pipelines.store.releases import Release

SCREEN_FINDINGS = 20
_TITLES = (
    "month",
    "version",
    "cli.sealed",
    "cli.withheld",
    "cli.caveats",
    "cli.not_computed",
    "cli.refused_tables",
)


def draw_months(lines: Sequence[MonthLine], language: str) -> None:
    """Draw one line a month."""
    if not lines:
        print_line(language, "cli.nothing_held")
        return

    body = []
    for line in lines:
        body.append(
            [
                line["month"],
                str(line["version"]),
                "✓" if line["is_sealed"] else "",
                str(line["withheld"]),
                str(line["caveat"]),
                str(line["not_computed"]),
                str(line["refused_tables"]),
            ]
        )

    titles = [fill_label(language, title) for title in _TITLES]
    draw_grid(titles, body)


def draw_month(state: MonthState, language: str) -> None:
    """Draw one month: its state, what was held back, its deadlines."""
    standing = fill_label(language, "cli.sealed" if state.seal else "cli.waiting")
    versions = fill_label(language, "cli.versions")
    typer.echo(f"{state.month}  {versions}: {state.versions}  {standing}")
    if state.release is not None:
        _draw_release(state.release, language)

    if state.draft is not None:
        _draw_draft(state.month, state.draft, language)
    if state.outcome is not None:
        _draw_outcome(state.month, state.outcome, language)
    draw_findings(state.findings, state.month, language)
    if state.reasons_to_retrain:
        said = [say_retrain(reason, language) for reason in state.reasons_to_retrain]
        print_line(language, "cli.retrain", lead="\n", reasons="; ".join(said))

    draw_deadlines(state.deadlines, language)
    draw_open_letters(state.open_letters, language)
    if state.has_development_key:
        print_line(language, "cli.development_key", lead="\n")


def say_retrain(reason: str, language: str) -> str:
    """Say a reason to train a challenger: what is no longer as in training, and of what.

    A reason is as the month's watch has it, `calibration involuntary`, or `age` alone.
    """
    measure, _, subject = reason.partition(" ")
    known = load_labels(language).get(f"model.{subject}", subject)
    return fill_label(language, f"retrain.{measure}", subject=known)


def _draw_release(release: Release, language: str) -> None:
    by = release.by or "–"
    way = fill_label(language, f"release_way.{release.way}")
    print_line(
        language,
        "cli.released_by",
        version=release.version,
        by=by,
        way=way,
        at=release.at,
    )


def _draw_draft(month: str, draft: DraftState, language: str) -> None:
    rooms = ", ".join(draft.rooms) or "–"
    print_line(language, "cli.draft_rooms", rooms=rooms)
    if draft.stopped:
        print_line(language, "cli.draft_stopped", month=month)


def _draw_outcome(month: str, outcome: Outcome, language: str) -> None:
    """Print what was held back, and which tables were refused, each with the reason."""
    _draw_reasons("cli.withheld", outcome["withheld"], language)
    _draw_reasons("cli.caveats", outcome["caveat"], language)
    _draw_reasons("cli.not_computed", outcome["not_computed"], language)

    refused = outcome["refused_tables"]
    if refused:
        print_line(language, "cli.refused_tables", lead="\n")
    for table, refusal in refused.items():
        why = _explain_refusal(month, refusal, language)
        typer.echo(f"  {table}: {why}")


def _draw_reasons(title: str, reasons: Mapping[str, str], language: str) -> None:
    if not reasons:
        return
    print_line(language, title, lead="\n")
    names = name_outputs(language)
    for output, reason in reasons.items():
        name = names.get(output, output)
        typer.echo(f"  {name}: {say_reasons(language, reason)}")


def _explain_refusal(month: str, refusal: Refusal, language: str) -> str:
    facts = {"month": month} | refusal["facts"]
    return fill_label(language, f"error.{refusal['reason']}", **facts)


# -- findings --------------------------------------------------------------------------------------


def draw_findings(
    findings: Sequence[FindingText],
    month: str,
    language: str,
    most: int = SCREEN_FINDINGS,
) -> None:
    """Print what stands open, that which holds back most first, each with what to do."""
    standing = [finding for finding in findings if finding.waive]
    if not standing:
        return
    print_line(language, "finding.heading", lead="\n", count=len(standing))
    for finding in standing[:most]:
        _draw_finding(finding, language)
    if len(standing) > most:
        more = len(standing) - most
        print_line(language, "finding.more", lead="  ", count=more, month=month)


def _draw_finding(finding: FindingText, language: str) -> None:
    severity = fill_label(language, f"quality.severity.{finding.severity}")
    typer.echo(f"  {finding.title}  [{finding.finding}, {severity}]")
    print_line(language, "finding.seen", lead="    ", seen=finding.seen)
    print_line(language, "finding.allowed", lead="    ", allowed=finding.allowed)

    holds = describe_held_outputs(finding, language)
    typer.echo(f"    {holds}")
    waive = fill_label(language, "finding.or_waive", command=finding.waive)
    typer.echo(f"    {finding.correct} {waive}")

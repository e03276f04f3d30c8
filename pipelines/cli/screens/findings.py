"""A month's findings as the command line shows them: what stands open, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from pipelines.documents.findings import ToldFinding, holds_in_words
from pipelines.text.texts import label

SCREEN_FINDINGS = 20


def draw_findings(
    findings: Sequence[ToldFinding], language: str, most: int = SCREEN_FINDINGS
) -> None:
    """Print what stands open, that which holds back most first, each with what to do."""
    standing = [finding for finding in findings if finding.waive]
    if not standing:
        return
    typer.echo(f"\n{label(language, 'finding.heading', count=len(standing))}")
    for finding in standing[:most]:
        _draw_finding(finding, language)
    if len(standing) > most:
        more = len(standing) - most
        typer.echo(f"  {label(language, 'finding.more', count=more)}")


def _draw_finding(finding: ToldFinding, language: str) -> None:
    severity = label(language, f"quality.severity.{finding.severity}")
    typer.echo(f"  {finding.title}  [{finding.finding}, {severity}]")
    typer.echo(f"    {label(language, 'finding.seen', seen=finding.seen)}")
    typer.echo(f"    {label(language, 'finding.allowed', allowed=finding.allowed)}")
    typer.echo(f"    {holds_in_words(finding, language)}")
    waive = label(language, "finding.or_waive", command=finding.waive)
    typer.echo(f"    {finding.correct} {waive}")

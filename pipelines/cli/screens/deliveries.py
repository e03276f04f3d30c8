"""What became of letters, in words."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipelines.store.outbox import OPEN, Letter, count_letters
from pipelines.text.texts import label

if TYPE_CHECKING:
    from pipelines.delivery.post import Report


def tell_report(report: Report, language: str) -> dict[str, Any]:
    """Return a delivery as a program reads it: counts, and every letter with its reason in words."""
    letters = [
        asdict(letter) | {"message": tell_why(letter, language)} for letter in report.letters
    ]
    return {
        "month": report.occasion,
        "nothing": report.nothing,
        "counts": dict(report.counts),
        "letters": letters,
    }


def tell_why(letter: Letter, language: str) -> str:
    """Say why a letter stands where it stands; nothing where there is nothing to say."""
    return label(language, f"deliver.why.{letter.why}", **letter.facts) if letter.why else ""


def draw_report(report: Report, language: str) -> None:
    """Say how many letters are in which state, and of each that is open what is wrong and what to do."""
    if report.nothing:
        typer.echo(
            label(
                language,
                f"deliver.nothing.{report.nothing}",
                month=report.occasion,
                since=report.since,
            )
        )
        return
    for state, count in sorted(report.counts.items()):
        typer.echo(f"{label(language, f'deliver.state.{state}')}: {count}")
    for letter in report.letters:
        if letter.state in OPEN:
            state = label(language, f"deliver.state.{letter.state}")
            typer.echo(
                f"  {letter.id[:8]} {state} {letter.channel} → {letter.receiver}: {tell_why(letter, language)}"
            )


def count_open(home: Path, occasion: str | None = None) -> dict[str, int]:
    """Count the letters of a month, or of all, that have not arrived or may not have."""
    found = count_letters(home, None if occasion is None else [occasion])
    return {state: found[state] for state in OPEN if found[state]}


def draw_open(counts: dict[str, int], language: str) -> None:
    """Say in a line how many letters are open; nothing where none is."""
    if counts:
        words = ", ".join(
            f"{label(language, f'deliver.state.{state}')} {n}" for state, n in counts.items()
        )
        typer.echo(f"\n{label(language, 'deliver.open_line', counts=words)}")

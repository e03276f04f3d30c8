"""What became of letters, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from pipelines.cli.screens.lines import print_line
from pipelines.store.outbox import OPEN, Letter
from pipelines.text.texts import fill_label

if TYPE_CHECKING:
    from pipelines.delivery.post import Report


def describe_report(report: Report, language: str) -> dict[str, object]:
    """Return a delivery as a program reads it: counts, and all letters, each with its message."""
    letters = []
    for letter in report.letters:
        message = explain_letter(letter, language)
        letters.append(asdict(letter) | {"message": message})
    return {
        "month": report.occasion,
        "nothing": report.nothing,
        "counts": dict(report.counts),
        "letters": letters,
    }


def explain_letter(letter: Letter, language: str) -> str:
    """Say why a letter is in its state; the empty string where there is nothing to say."""
    if not letter.why:
        return ""
    return fill_label(language, f"deliver.why.{letter.why}", **letter.facts)


def draw_report(report: Report, language: str) -> None:
    """Count the letters by state, and say of each open one what is wrong and what to do."""
    if report.nothing:
        key = f"deliver.nothing.{report.nothing}"
        print_line(language, key, month=report.occasion, since=report.since)
        return

    for state, count in sorted(report.counts.items()):
        typer.echo(f"{_name_state(state, language)}: {count}")
    for letter in report.letters:
        if letter.state in OPEN:
            _draw_letter(letter, language)


def _draw_letter(letter: Letter, language: str) -> None:
    state = _name_state(letter.state, language)
    why = explain_letter(letter, language)
    typer.echo(f"  {letter.id[:8]} {state} {letter.channel} → {letter.receiver}: {why}")


def draw_open_letters(counts: Mapping[str, int], language: str) -> None:
    """Say in a line how many letters are open; nothing where none is."""
    if not counts:
        return
    parts = []
    for state, count in counts.items():
        parts.append(f"{_name_state(state, language)} {count}")
    print_line(language, "deliver.open_line", lead="\n", counts=", ".join(parts))


def _name_state(state: str, language: str) -> str:
    return fill_label(language, f"deliver.state.{state}")

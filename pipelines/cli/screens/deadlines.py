"""What is owed, as the command line shows it: a month's deadlines, and what presses today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from pipelines.cli.screens.lines import print_line
from pipelines.text.texts import fill_label, say_reasons

if TYPE_CHECKING:
    from pipelines.operations.deadlines import Deadline
    from pipelines.operations.guard import PressingDuty


def draw_deadlines(deadlines: Iterable[Deadline], language: str) -> None:
    """Print what is owed for a month, a line each: by when, how it stands, and what it lacks."""
    print_line(language, "cli.deadlines", lead="\n")
    for deadline in deadlines:
        line = "  ".join(_describe_deadline(deadline, language))
        typer.echo(f"  {line}")


def _describe_deadline(deadline: Deadline, language: str) -> Iterator[str]:
    """Yield by when something is owed, how it stands, what it is and what it lacks."""
    yield str(deadline.due_on)
    yield fill_label(language, f"cli.duty.{deadline.state}")
    yield fill_label(language, f"cli.deadline.{deadline.name}")
    if not deadline.is_certain:
        year = deadline.due_on.year
        yield fill_label(language, "cli.provisional", year=year)

    lacking = []
    for name, reason in deadline.lacking.items():
        lacking.append(f"{name}: {say_reasons(language, reason)}")
    if lacking:
        yield "; ".join(lacking)


def draw_pressing(pressing: Sequence[PressingDuty], language: str) -> None:
    """Print what presses, a line each, or that nothing does."""
    for duty in pressing:
        state = fill_label(language, f"cli.duty.{duty.state}")
        what = fill_label(language, f"cli.deadline.{duty.name}")
        typer.echo(f"{duty.due_on}  {state}  {duty.month}  {what}")
    if not pressing:
        print_line(language, "cli.nothing_due")

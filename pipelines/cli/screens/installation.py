"""The installation as the command line shows it: what the doctor found, what was tidied away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from pipelines.cli.screens.lines import print_line
from pipelines.text.texts import fill_label

if TYPE_CHECKING:
    from pipelines.operations.doctor.check import Check
    from pipelines.operations.tidy import Removal
    from pipelines.operations.tidy_office import OldRows

_MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


def describe_checks(checks: Sequence[Check], language: str) -> list[dict[str, object]]:
    """Return the doctor's checks as a program reads them, each with its message."""
    return [
        asdict(check) | {"message": explain_check(check, language)} for check in checks
    ]


def explain_check(check: Check, language: str) -> str:
    """Say what a check found and, where it is not well, what to do."""
    ending = "" if check.state == "ok" else ".mend"
    return fill_label(language, f"doctor.{check.finding}{ending}", **check.facts)


def draw_checks(checks: Sequence[Check], language: str) -> None:
    """Print a line a check: a mark, what was looked at, and what was found."""
    for check in checks:
        name = fill_label(language, f"doctor.name.{check.name}")
        typer.echo(f"{_MARKS[check.state]} {name}: {explain_check(check, language)}")


def draw_removals(
    removals: Sequence[Removal],
    old_rows: Sequence[OldRows],
    is_rehearsal: bool,
    language: str,
) -> None:
    """Print a line for all that went, or would go; or that nothing does."""
    key = "cli.would_go" if is_rehearsal else "cli.gone"
    for removal in removals:
        size_mb = f"{removal.size / 2**20:.1f}"
        print_line(language, key, path=removal.path, size=size_mb)
    for old in old_rows:
        what = fill_label(language, f"cli.old.{old.kind}")
        before = f"{old.before:%Y-%m-%d}"
        print_line(language, f"{key}_rows", count=old.count, what=what, before=before)
    if not removals and not old_rows:
        print_line(language, "cli.nothing_to_tidy")

"""A day as the command line shows it: its bulletins by branch, its orders, and what is missing."""

from __future__ import annotations

import typer

from pipelines.cli.screens.tables import draw_grid
from pipelines.documents.day_view import BulletinRow, DayView
from pipelines.text.texts import label, reason_in_words

_SHOWN_SCOPES = ("company", "branch")
_NAMED_SCOPES = ("company", "unclaimed")  # ids that have a text of their own
_SCOPE_COLUMNS = ("scope_kind", "scope_id")


def draw_day(view: DayView, is_released: bool, language: str) -> None:
    """Draw the bulletins of company and branches, and count the orders."""
    _draw_bulletin("suspended", view["suspended"], view["day"], language)
    _draw_bulletin("arrears", view["arrears"], view["day"], language)
    _draw_bulletin("due", view["due"], view["day"], language)
    typer.echo(label(language, "day.orders", count=view["orders"], month=view["month"]))
    for reason, count in sorted(view["why_not"].items()):
        typer.echo(f"  {reason_in_words(language, reason)}: {count}")
    for name, reason in view["not_computed"].items():
        typer.echo(f"{name}: {reason_in_words(language, reason)}")
    for name, reason in view["withheld"].items():
        typer.echo(f"{name}: {reason_in_words(language, reason)}")
    state = "day.released" if is_released else "day.waits"
    typer.echo(label(language, state, month=view["month"]))


def _draw_bulletin(name: str, rows: list[BulletinRow], day: str, language: str) -> None:
    shown = [row for row in rows if row["scope_kind"] in _SHOWN_SCOPES]
    if not shown:
        return
    shown.sort(key=lambda row: (row["scope_kind"] != "company", row["scope_id"]))
    figures = [column for column in shown[0] if column not in _SCOPE_COLUMNS]
    titles = [label(language, "scope_id")]
    titles += [label(language, f"day.{figure}") for figure in figures]
    body = []
    for row in shown:
        cells = [_format_scope(row["scope_id"], language)]
        cells += [_format_figure(row[figure]) for figure in figures]
        body.append(cells)
    typer.echo(label(language, f"day.{name}", day=day))
    draw_grid(titles, body, range(1, len(titles)))


def _format_scope(scope_id: str, language: str) -> str:
    if scope_id in _NAMED_SCOPES:
        return label(language, f"scope.{scope_id}")
    return str(scope_id)


def _format_figure(value: object) -> str:
    return "" if value is None else f"{value:,}"

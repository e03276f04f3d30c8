"""A day as the command line shows it: its bulletins by branch, its orders, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from pipelines.cli.screens.lines import print_line
from pipelines.cli.screens.tables import draw_grid
from pipelines.documents.day_view import BulletinRow, DayView
from pipelines.text.texts import fill_label, say_reasons

_SHOWN_SCOPES = ("company", "branch")
_NAMED_SCOPES = ("company", "unclaimed")  # ids that have a text of their own
_SCOPE_COLUMNS = ("scope_kind", "scope_id")


def draw_day(view: DayView, is_released: bool, language: str) -> None:
    """Draw the bulletins of company and branches, and count the orders."""
    day = view["day"]
    month = view["month"]

    _draw_bulletin("suspended", view["suspended"], day, language)
    _draw_bulletin("arrears", view["arrears"], day, language)
    _draw_bulletin("due", view["due"], day, language)

    print_line(language, "day.orders", count=view["orders"], month=month)
    for reason, count in sorted(view["why_not"].items()):
        typer.echo(f"  {say_reasons(language, reason)}: {count}")

    _draw_missing(view["not_computed"], language)
    _draw_missing(view["withheld"], language)

    state = "day.released" if is_released else "day.waits"
    print_line(language, state, month=month)


def _draw_missing(reasons: Mapping[str, str], language: str) -> None:
    """Say of each table that is not there why."""
    for name, reason in reasons.items():
        typer.echo(f"{name}: {say_reasons(language, reason)}")


def _draw_bulletin(name: str, rows: list[BulletinRow], day: str, language: str) -> None:
    """Draw a bulletin of company and branches; nothing where it has no row of them."""
    shown = [row for row in rows if row["scope_kind"] in _SHOWN_SCOPES]
    if not shown:
        return

    shown.sort(key=_order_scopes)
    figures = [column for column in shown[0] if column not in _SCOPE_COLUMNS]

    titles = [fill_label(language, "scope_id")]
    for figure in figures:
        titles.append(fill_label(language, f"day.{figure}"))

    body = []
    for row in shown:
        cells = [_format_scope(row["scope_id"], language)]
        cells += [_format_figure(row[figure]) for figure in figures]
        body.append(cells)

    print_line(language, f"day.{name}", day=day)
    draw_grid(titles, body, range(1, len(titles)))


def _order_scopes(row: BulletinRow) -> tuple[bool, str]:
    """The company first, then the branches by their ids."""
    return row["scope_kind"] != "company", row["scope_id"]


def _format_scope(scope_id: str, language: str) -> str:
    """What a scope is called; its id where it has no text of its own."""
    if scope_id in _NAMED_SCOPES:
        return fill_label(language, f"scope.{scope_id}")
    return str(scope_id)


def _format_figure(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}"

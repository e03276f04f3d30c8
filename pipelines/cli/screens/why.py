"""One customer's lists, and one number of a month, as the command line shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import typer

from pipelines.cli.screens.lines import print_line
from pipelines.cli.screens.tables import SCREEN_ROWS, draw_first_rows
from pipelines.text.texts import fill_label, say_reasons
from pipelines.text.units import format_figure, write_plain_cell

if TYPE_CHECKING:
    from pipelines.documents.dispatch_view import CustomerList, CustomerOrder
    from pipelines.documents.table_files import TableRow
    from pipelines.jobs.figure import Figure, FigureDefinition

_FIGURE_COLUMNS = (
    "month",
    "scope_kind",
    "scope_id",
    "value",
    "numerator",
    "denominator",
    "status",
    "reason",
)


# -- a customer ------------------------------------------------------------------------------------


def draw_customer_lists(found: list[CustomerList], language: str) -> None:
    """Say of each list why the customer is on it and what came of it."""
    for one in found:
        typer.echo(f"{one['title']} ({one['list']}) #{one['rank']}: {one['evidence']}")
        if one["order"] is None:
            typer.echo(f"  {_explain_left_out(one, language)}")
            continue
        typer.echo(f"  {_describe_order(one['order'], language)}")
        for change in one["changes"]:
            print_line(language, f"asked.{change['kind']}", lead="  ", **change)


def _describe_order(order: CustomerOrder, language: str) -> str:
    desk = order["manager_id"] or order["branch_id"]
    return fill_label(language, "asked.treated", **order, desk=desk)


def _explain_left_out(one: CustomerList, language: str) -> str:
    reason = say_reasons(language, one["why_not"])
    text = fill_label(language, "asked.left", reason=reason)
    if one["detail"]:
        text += fill_label(language, "asked.detail", detail=one["detail"])
    return text


# -- a number --------------------------------------------------------------------------------------


class FigureContent(TypedDict):
    """A figure as a program reads it: of its rows how many there are, and the first."""

    definition: FigureDefinition
    figure: dict[str, object]
    row_count: int
    rows: list[TableRow]


def describe_figure(figure: Figure) -> FigureContent:
    """Return a figure, its definition and the first of its rows."""
    shown = {name: figure.row[name] for name in _FIGURE_COLUMNS}
    shown["version"] = figure.version.number
    return {
        "definition": figure.definition,
        "figure": shown,
        "row_count": figure.rows.num_rows,
        "rows": figure.rows.slice(0, SCREEN_ROWS).to_pylist(),
    }


def draw_figure(figure: Figure, language: str) -> None:
    """Print a figure's definition, its numerator and denominator, and the first of its rows."""
    definition = figure.definition
    row = figure.row
    print_line(
        language,
        "opened.what",
        title=definition["title"][language],
        id=definition["id"],
        scope=_name_scope(row["scope_kind"], row["scope_id"], language),
        month=row["month"],
        version=figure.version.number,
    )
    print_line(
        language,
        "opened.meaning",
        version=definition["version"],
        file=definition["file"],
        meaning=definition["meaning"],
        words=definition["words"][language],
    )
    print_line(
        language,
        "opened.value",
        value=format_figure(row["value"], definition["unit"]),
        parts=_join_sides(row["numerator"], row["denominator"]),
        status=fill_label(language, f"status.{row['status']}"),
    )
    print_line(language, "opened.reads", tables=", ".join(definition["reads"]))
    if row["reason"]:
        typer.echo(say_reasons(language, row["reason"]))
    first_rows = figure.rows.slice(0, SCREEN_ROWS).to_pylist()
    draw_first_rows(
        figure.rows.schema.names, first_rows, figure.rows.num_rows, language
    )


def _name_scope(scope_kind: str, scope_id: str, language: str) -> str:
    kind = fill_label(language, f"scope.{scope_kind}")
    if scope_id == "company":
        return kind
    return f"{kind} {scope_id}"


def _join_sides(numerator: object, denominator: object) -> str:
    """The numerator over the denominator, as far as there are any."""
    sides = [
        str(write_plain_cell(side))
        for side in (numerator, denominator)
        if side is not None
    ]
    return " ÷ ".join(sides) or "–"

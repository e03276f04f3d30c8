"""One customer's lists, and one number of a month, as the command line shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict

import typer

from pipelines.catalogue.outputs import find_multiplier
from pipelines.cli.screens.lines import print_line
from pipelines.cli.screens.tables import SCREEN_ROWS, draw_first_rows
from pipelines.core.month import Month
from pipelines.documents.table_files import read_masked_rows
from pipelines.text.texts import fill_label, say_reasons
from pipelines.text.units import format_figure, join_sides

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
        "rows": _list_first_rows(figure),
    }


def _list_first_rows(figure: Figure) -> list[TableRow]:
    """Return the rows that make a figure big, the biggest numerator first."""
    rows: list[TableRow] = figure.rows.to_pylist()
    rows.sort(key=_order_by_size)
    return rows[:SCREEN_ROWS]


def _order_by_size(row: TableRow) -> tuple[Decimal, Decimal, str]:
    """By what a row adds to the numerator, then to the denominator; of equals by customer."""
    numerator = abs(Decimal(row["numerator"] or 0))
    denominator = abs(Decimal(row["denominator"] or 0))
    return -numerator, -denominator, str(row.get("customer_id") or "")


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
        parts=_join_sides(figure),
        status=fill_label(language, f"status.{row['status']}"),
    )
    print_line(language, "opened.reads", tables=", ".join(definition["reads"]))
    if row["reason"]:
        typer.echo(say_reasons(language, row["reason"]))
    _draw_rows(figure, language)


def _draw_rows(figure: Figure, language: str) -> None:
    """Draw the rows that make a figure big, with the masked names of whom they are about."""
    first_rows = _list_first_rows(figure)
    columns = list(figure.rows.schema.names)
    if "customer_id" in columns:
        masked_names = _read_masked_names(figure, first_rows)
        for row in first_rows:
            row["customer_name"] = masked_names.get(row["customer_id"])
        columns.insert(columns.index("customer_id") + 1, "customer_name")
    draw_first_rows(columns, first_rows, figure.rows.num_rows, language, is_ours=True)


def _read_masked_names(figure: Figure, rows: list[TableRow]) -> dict[str, str | None]:
    """Return by customer the masked names of those whom some rows are about."""
    if not figure.version.is_computed("snapshot_person"):
        return {}
    wanted = {row["customer_id"] for row in rows}
    columns = ("customer_id", "name")
    people = read_masked_rows(figure.version, "snapshot_person", columns)

    names = {}
    for person in people:
        customer = person["customer_id"]
        if customer in wanted:
            names[customer] = person["name"]
    return names


def _name_scope(scope_kind: str, scope_id: str, language: str) -> str:
    kind = fill_label(language, f"scope.{scope_kind}")
    if scope_id == "company":
        return kind
    return f"{kind} {scope_id}"


def _join_sides(figure: Figure) -> str:
    """The numerator over the denominator, as far as there are any."""
    row = figure.row
    month = Month.parse(row["month"])
    unit = figure.definition["unit"]
    multiplier = find_multiplier(unit, month)
    return join_sides(row["numerator"], row["denominator"], multiplier) or "–"

"""Commands for orders that were released: give them to another manager, or take them back."""

from __future__ import annotations

from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, DecidedBy, Home, Lang, Why
from pipelines.cli.shared import Speaker, app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.sources.office.changes import WITHDRAWN
from pipelines.store.lake import MonthFolder, list_held_months

Orders = Annotated[
    list[str] | None,
    typer.Argument(help="Ids of orders, as they stand in the workbooks."),
]


@app.command("reassign")
def reassign_orders(
    orders: Orders = None,
    to: Annotated[
        str, typer.Option("--to", help="The manager who has them from now on.")
    ] = "",
    of: Annotated[
        str | None,
        typer.Option(
            "--of", help="All that this manager has not closed, with --month."
        ),
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", help="The month of the orders: YYYY-MM.")
    ] = None,
    why: Why = "",
    by: DecidedBy = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Give orders to another manager, on the record."""
    speaker = Speaker(lang, as_json)
    _open_office(home)
    # Its tables are Django's, which is started by now.
    from console.changes import REASSIGNED

    _check_manager(home, to)
    wanted = list(orders or ())
    if of:
        wanted += _list_open_orders(of, month)
    count = _change_orders(wanted, REASSIGNED, why, by, to)
    content = {"orders": wanted, "manager_id": to}
    speaker.answer_line(content, "cli.reassigned", count=count, to=to)


@app.command("withdraw")
def withdraw_orders(
    orders: Orders = None,
    why: Why = "",
    by: DecidedBy = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Take orders back, on the record; what was answered to them stays."""
    speaker = Speaker(lang, as_json)
    _open_office(home)
    count = _change_orders(orders or [], WITHDRAWN, why, by)
    speaker.answer_line({"orders": orders}, "cli.withdrawn", count=count)


def _open_office(home: Path) -> None:
    from console.database import open_office

    open_office(home, load_settings())


def _change_orders(
    wanted: list[str], kind: str, why: str, by: str | None, to: str | None = None
) -> int:
    from console.changes import change_orders

    if not wanted:
        raise UsageError("order.none")
    return change_orders(wanted, kind, why, by or getuser(), to)


def _list_open_orders(manager_id: str, month: str | None) -> list[str]:
    from console.changes import list_open_orders

    if month is None:
        raise UsageError("order.no_month", manager=manager_id)
    return list_open_orders(manager_id, str(Month.parse(month)))


def _check_manager(home: Path, manager_id: str) -> None:
    """Refuse a manager who does not work in the newest month held."""
    months = list_held_months(home)
    newest = months[-1] if months else None
    if newest is not None and manager_id in _list_managers(MonthFolder(home, newest)):
        return
    raise UsageError("order.no_manager", manager=manager_id or "-", month=newest or "-")


def _list_managers(folder: MonthFolder) -> list[str]:
    """The managers at work in a month; nobody where that is not known."""
    version = folder.current()
    if version is None or not version.is_computed("features_manager"):
        return []
    rows = version.read_rows("features_manager", ["manager_id"])
    return [row["manager_id"] for row in rows]

"""Commands for orders that left the house: give them to another manager, or take them back."""

from __future__ import annotations

from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.sources.office.changes import WITHDRAWN
from pipelines.store.lake import MonthFolder, held_months
from pipelines.store.rows import read_rows

Orders = Annotated[
    list[str] | None, typer.Argument(help="Ids of orders, as they stand in the workbooks.")
]
Why = Annotated[str, typer.Option("--why", help="The reason, for the record.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; by default the user logged in.")]


@app.command("reassign")
def reassign(
    orders: Orders = None,
    to: Annotated[str, typer.Option("--to", help="The manager who has them from now on.")] = "",
    of: Annotated[
        str | None, typer.Option("--of", help="All that this manager has not closed, with --month.")
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", help="The month of the orders: YYYY-MM.")
    ] = None,
    why: Why = "",
    by: By = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Give orders to another manager, on the record; the next export has them in his workbook."""
    from console.changes import REASSIGNED

    speaker = Speaker(lang, as_json)
    _open(home)
    _check_manager(home, to)
    wanted = [*(orders or ()), *(_open_orders(of, month) if of else ())]
    count = _change(wanted, REASSIGNED, why, by, to)
    speaker.show(
        {"orders": wanted, "manager_id": to},
        lambda: speaker.say("cli.reassigned", count=count, to=to),
    )


@app.command("withdraw")
def withdraw(
    orders: Orders = None,
    why: Why = "",
    by: By = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Take orders back, on the record; no later export has them. What was answered to them stays."""
    speaker = Speaker(lang, as_json)
    _open(home)
    count = _change(orders or [], WITHDRAWN, why, by)
    speaker.show({"orders": orders}, lambda: speaker.say("cli.withdrawn", count=count))


def _open(home: Path) -> None:
    from console.database import open_office

    open_office(home, load_settings())


def _change(wanted: list[str], kind: str, why: str, by: str | None, to: str | None = None) -> int:
    from console.changes import change_orders

    if not wanted:
        raise UsageError("order.none")
    return change_orders(wanted, kind, why, by or getuser(), to)


def _open_orders(manager_id: str, month: str | None) -> list[str]:
    from console.changes import open_orders_of

    if month is None:
        raise UsageError("order.no_month", manager=manager_id)
    return open_orders_of(manager_id, str(Month.parse(month)))


def _check_manager(home: Path, manager_id: str) -> None:
    """Refuse a manager who does not work in the newest month held."""
    months = held_months(home)
    version = MonthFolder(home, months[-1]).current() if months else None
    at_work: list[str] = []
    if version and version.is_computed("features_manager"):
        rows = read_rows(version.table("features_manager"), ("manager_id",))
        at_work = [row["manager_id"] for row in rows]
    if manager_id not in at_work:
        raise UsageError(
            "order.no_manager", manager=manager_id or "-", month=months[-1] if months else "-"
        )

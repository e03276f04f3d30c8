"""The work lists of a month or a day: one a manager, one a branch for what it must claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.book_plan import BookPlan
from pipelines.documents.workbooks.workbook import WorkList, file_stem, write_work_list
from pipelines.documents.workbooks.workbook_data import OrderRow, WorkbookData, WorkRow
from pipelines.text.texts import load_labels

_NO_BRANCH = "-"  # whose customers nobody owns, and who are in no branch


@dataclass(frozen=True, order=True)
class Desk:
    """Who works a list: a manager, or a branch where nobody owns the customer."""

    holder: str
    is_owner: bool


def list_desks(data: WorkbookData) -> Iterator[tuple[Desk, list[WorkRow]]]:
    """Yield each desk with its rows in the order to work them.

    What earlier months left open and is past its day comes first.
    """
    carried_by_desk = _group_by_desk(data.carried)
    orders_by_desk = _group_by_desk(data.orders)
    for desk in sorted(carried_by_desk.keys() | orders_by_desk.keys()):
        carried = carried_by_desk.get(desk, [])
        orders = orders_by_desk.get(desk, [])
        rows = []
        for rank, order in enumerate(carried, start=1):
            rows.append(data.build_carried_row(rank, order))
        for rank, order in enumerate(orders, start=len(carried) + 1):
            rows.append(data.build_work_row(rank, order, is_masked=False))
        yield desk, rows


def _group_by_desk(orders: Iterable[OrderRow]) -> dict[Desk, list[OrderRow]]:
    """Return orders by who works them, each desk's in their order."""
    by_desk: dict[Desk, list[OrderRow]] = defaultdict(list)
    for order in orders:
        desk = _find_desk(order)
        by_desk[desk].append(order)
    return dict(by_desk)


def _find_desk(order: OrderRow) -> Desk:
    """Return the customer's manager, or the branch where nobody owns the customer."""
    manager = order["manager_id"]
    if manager is not None:
        return Desk(manager, is_owner=True)
    return Desk(order["branch_id"] or _NO_BRANCH, is_owner=False)


def plan_work_lists(data: WorkbookData, out: Path) -> Iterator[BookPlan]:
    """Yield what managers and branches get, a workbook a desk."""
    managers = data.find_names("snapshot_account_manager", "manager_id")
    branches = data.find_names("snapshot_organisation", "org_id")
    labels = load_labels(data.language)
    key = load_settings().key

    for desk, rows in list_desks(data):
        if desk.is_owner:
            kind = "manager"
            name = managers.get(desk.holder, desk.holder)
        else:
            kind = "branch"
            name = branches.get(desk.holder, desk.holder)

        stem = file_stem(name, desk.holder)
        path = out / f"{data.version.occasion}_{kind}_{stem}.xlsx"
        book = WorkList(stamp=data.make_stamp(name), manager_id=desk.holder, rows=rows)
        write = partial(write_work_list, path, book, labels, key)
        yield BookPlan(kind, desk.holder, path, write)

"""The same work as a workbook: written by the export, read back by the intake."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console import clock
from console.access.scope import list_ever_held, scope, scope_states
from console.returns import take_answers_back
from console.work.holding import SOURCE
from console.work.published import OrdersByKey, list_released
from console.work.states import find_oldest_month
from pipelines.core.errors import SourceNotReady
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.export import write_books
from pipelines.documents.workbooks.work_lists import plan_work_lists
from pipelines.documents.workbooks.workbook_data import WorkRow
from pipelines.operations.tidy_office import remove_old_books
from pipelines.returns.corrected import SentOut, describe_refusal, write_corrected
from pipelines.returns.filled import Refusal, Return, ReturnedRow, read_return
from pipelines.sources.office.changes import list_months_in_book, read_changes
from pipelines.sources.operator.delivery import FileRefused
from pipelines.text.texts import fill_label

_UNKNOWN = Refusal("unknown_order", "order_id")


@dataclass(frozen=True)
class RefusedLine:
    """A row that was not taken: where it stands, which order, and why."""

    line: int
    order_id: str
    why: str


@dataclass(frozen=True)
class Taken:
    """What became of a file that was handed in; `corrected` names the workbook of what was refused.

    `error` says why nothing of it could be read.
    """

    accepted: int = 0
    unchanged: int = 0
    unfilled: int = 0
    refused: Sequence[RefusedLine] = ()
    corrected: str = ""
    error: str = ""


# -- down ------------------------------------------------------------------------------------------


def list_months(account: Any) -> list[str]:
    """Return the months of which an account has orders that are still looked at, newest first."""
    oldest = find_oldest_month(clock.find_today())
    months = scope_states(account).filter(month__gte=oldest).order_by("-month")
    return list(months.values_list("month", flat=True).distinct())


def write_own_books(
    home: Path, account: Any, month: Month, language: str, out: Path
) -> list[Path]:
    """Write a manager's workbooks of a month: one, and another of each day that added orders."""
    months = list_months_in_book(month)
    names = [str(each) for each in months]
    orders = scope(account).filter(release_id__in=names)
    order_ids = tuple(orders.values_list("pk", flat=True))
    changes = read_changes(load_settings().office_database(home), *months)
    written: list[Path] = []
    for version in list_released(home, month):
        data = OrdersByKey(version, language, False, changes, order_ids=order_ids)
        books = write_books(plan_work_lists(data, out))
        written.extend(book.path for book in books if book.holder == account.manager_id)
    return written


# -- up --------------------------------------------------------------------------------------------


def take_file(home: Path, account: Any, path: Path, language: str) -> Taken:
    """Take a manager's filled workbook back, row by row.

    Rows of orders that never were the manager's are refused as if there were none.
    """
    settings = load_settings()
    try:
        returned = read_return(path, settings.key, must_sign=settings.signed_returns)
    except (FileRefused, SourceNotReady) as refusal:
        return Taken(
            error=fill_label(language, f"error.{refusal.key}", **refusal.facts)
        )

    receipt = take_answers_back(_refuse_foreign(returned, account), account.name)
    corrected = ""
    if receipt.refused:
        corrected = _write_refused(home, receipt.refused, returned, account, language)
    return Taken(
        accepted=receipt.accepted,
        unchanged=receipt.unchanged,
        unfilled=receipt.unfilled,
        refused=[_describe_row(row, language) for row in receipt.refused],
        corrected=corrected,
    )


def _refuse_foreign(returned: Return, account: Any) -> Return:
    """Refuse the rows of a file whose orders never were the account's."""
    own = list_ever_held(account, {row.order_id for row in returned.rows})
    rows = [
        row if row.refusal or row.order_id in own else replace(row, refusal=_UNKNOWN)
        for row in returned.rows
    ]
    return replace(returned, rows=rows)


def _describe_row(row: ReturnedRow, language: str) -> RefusedLine:
    return RefusedLine(row.line, row.order_id, describe_refusal(row.refusal, language))


@dataclass
class _OwnRows(SentOut):
    """What was sent of some orders; of any other nothing is looked up."""

    order_ids: tuple[str, ...] = ()

    def read_month(self, month: Month, language: str) -> Mapping[str, WorkRow]:
        """Return the rows of the orders that are of a month."""
        rows: dict[str, WorkRow] = {}
        for version in list_released(self.home, month):
            data = OrdersByKey(version, language, False, order_ids=self.order_ids)
            for rank, order in enumerate(data.orders, start=1):
                row = data.build_work_row(rank, order, is_masked=False)
                rows[row["order_id"]] = row
        return rows


def _write_refused(
    home: Path,
    refused: Iterable[ReturnedRow],
    returned: Return,
    account: Any,
    language: str,
) -> str:
    """Write the refused rows as a workbook to be corrected; return by what name it is kept."""
    folder = home / "returns"
    folder.mkdir(parents=True, exist_ok=True)
    remove_old_books(home, datetime.now(UTC))
    name = f"console_{secrets.token_hex(16)}.xlsx"
    rows = list(refused)
    own = list_ever_held(account, {row.order_id for row in rows})
    sent = _OwnRows(home, order_ids=tuple(sorted(own)))
    book_language = returned.language or language
    key = load_settings().key
    write_corrected(folder / name, rows, sent, book_language, key, SOURCE)
    return name

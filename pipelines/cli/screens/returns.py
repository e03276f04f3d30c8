"""What became of filled workbooks that came back, and of rows that go back to their source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.cli.screens.lines import print_line

if TYPE_CHECKING:
    from pipelines.documents.workbooks.quarantine import SentBack


@dataclass(frozen=True)
class RefusedRow:
    """A row that was not taken: where it stands, its order, and why."""

    line: int
    order_id: str | None
    key: str
    column: str | None
    reason: str


@dataclass(frozen=True)
class FileReceipt:
    """What became of a file: how many rows were taken, and which were not.

    `error` where it could not be read.
    """

    file: str
    accepted: int = 0
    unchanged: int = 0
    unfilled: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    corrected: str | None = None
    error: str | None = None


def draw_receipts(receipts: Sequence[FileReceipt], language: str) -> None:
    """Say file by file what was taken and what was not, row by row."""
    for receipt in receipts:
        if receipt.error:
            print_line(
                language, "cli.return_unread", file=receipt.file, why=receipt.error
            )
        else:
            _draw_receipt(receipt, language)


def _draw_receipt(receipt: FileReceipt, language: str) -> None:
    print_line(
        language,
        "cli.returned",
        file=receipt.file,
        accepted=receipt.accepted,
        unchanged=receipt.unchanged,
        unfilled=receipt.unfilled,
        refused=len(receipt.refused),
    )
    for row in receipt.refused:
        order = row.order_id or "-"
        print_line(
            language, "cli.return_refused", line=row.line, order=order, why=row.reason
        )

    if receipt.corrected:
        print_line(language, "cli.return_corrected", path=receipt.corrected)


def draw_quarantined(files: Sequence[SentBack], out: Path, language: str) -> None:
    """Say how many rows were written to be corrected, and of which file how many."""
    rows = sum(file.rows for file in files)
    print_line(language, "cli.quarantined", path=out, rows=rows, files=len(files))
    for file in files:
        print_line(
            language,
            "cli.quarantined_file",
            file=file.file,
            table=file.table,
            rows=file.rows,
        )

"""The command that takes filled workbooks back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang
from pipelines.cli.screens.returns import FileReceipt, RefusedRow, draw_receipts
from pipelines.cli.shared import Speaker, app
from pipelines.core.errors import Incomplete, SourceNotReady
from pipelines.core.names import show_name
from pipelines.core.settings import Settings, load_settings
from pipelines.text.safe_text import file_stem
from pipelines.text.texts import fill_label

if TYPE_CHECKING:
    from pipelines.returns.corrected import SentOut
    from pipelines.returns.filled import Return, ReturnedRow

_LONGEST_STEM = 200  # bytes
_LONGEST_ACTOR = 150  # characters, as the office keeps them


@app.command("outcomes")
def take_outcomes(
    files: Annotated[
        list[Path], typer.Argument(help="Filled workbooks (.xlsx) or .csv.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where workbooks of refused rows go.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Who hands them in; by default the user logged in."),
    ] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Take filled workbooks back, row by row; again changes nothing."""
    from console.database import open_office
    from pipelines.returns.corrected import SentOut

    speaker = Speaker(lang, as_json)
    settings = load_settings()
    settings.require_own_key()
    open_office(home, settings)
    actor = show_name(by or getuser())[:_LONGEST_ACTOR]
    intake = _Intake(
        SentOut(home), out or home / "returns", speaker.language, settings, actor
    )
    receipts = [_take_file(file, intake) for file in files]
    content = [asdict(receipt) for receipt in receipts]
    speaker.show_content(content, draw_receipts, receipts)
    refused = sum(len(receipt.refused) for receipt in receipts)
    unread = sum(receipt.error is not None for receipt in receipts)
    if refused or unread:
        raise Incomplete("outcomes.refused", rows=refused, files=unread)


@dataclass(frozen=True)
class _Intake:
    """What all files of one call have in common; `folder` takes the workbooks of refused rows."""

    sent: SentOut
    folder: Path
    language: str
    settings: Settings
    actor: str


def _take_file(file: Path, intake: _Intake) -> FileReceipt:
    """Take one file back; one that cannot be read holds back no other."""
    from console.returns import take_answers_back
    from pipelines.returns.filled import read_return
    from pipelines.sources.operator.delivery import FileRefused

    settings = intake.settings
    try:
        returned = read_return(file, settings.key, must_sign=settings.signed_returns)
    except (FileRefused, SourceNotReady) as refusal:
        why = fill_label(intake.language, f"error.{refusal.key}", **refusal.facts)
        return FileReceipt(show_name(file.name), error=why)

    receipt = take_answers_back(returned, intake.actor)
    corrected = None
    if receipt.refused:
        corrected = str(_write_corrected(file, returned, receipt.refused, intake))
    return FileReceipt(
        file=receipt.file,
        accepted=receipt.accepted,
        unchanged=receipt.unchanged,
        unfilled=receipt.unfilled,
        refused=[_describe_refused(row, intake.language) for row in receipt.refused],
        corrected=corrected,
    )


def _write_corrected(
    file: Path, returned: Return, refused: Sequence[ReturnedRow], intake: _Intake
) -> Path:
    """Write the refused rows of a file as a workbook to be corrected; return where it is."""
    from pipelines.returns.corrected import write_corrected

    intake.folder.mkdir(parents=True, exist_ok=True)
    path = intake.folder / f"{_choose_stem(file, returned.sha256)}_corrected.xlsx"
    language = returned.language or intake.language
    title = show_name(file.stem)
    write_corrected(path, refused, intake.sent, language, intake.settings.key, title)
    return path


def _choose_stem(file: Path, sha256: str) -> str:
    """What the workbook of a file's refused rows is called: as the file is, if it can be."""
    shown = show_name(file.stem)
    if shown == file.stem and len(os.fsencode(file.stem)) <= _LONGEST_STEM:
        return file.stem
    return file_stem(shown, sha256[:16])


def _describe_refused(row: ReturnedRow, language: str) -> RefusedRow:
    from pipelines.returns.corrected import describe_refusal

    refusal = row.refusal
    assert refusal is not None  # only refused rows are described
    reason = describe_refusal(refusal, language)
    return RefusedRow(row.line, row.order_id, refusal.key, refusal.column, reason)

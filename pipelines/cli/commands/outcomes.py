"""The command that takes filled workbooks back."""

from __future__ import annotations

import os
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.errors import Incomplete
from pipelines.core.names import show_name
from pipelines.core.settings import Settings, load_settings
from pipelines.text.safe_text import file_stem
from pipelines.text.texts import label

_LONGEST_STEM = 200  # bytes


@app.command("outcomes")
def outcomes(
    files: Annotated[list[Path], typer.Argument(help="Filled workbooks (.xlsx) or .csv.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where workbooks of refused rows go.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who hands them in; by default the user logged in.")
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
    sent, folder = SentOut(home), out or home / "returns"
    told = [_take(file, sent, folder, speaker.language, settings, _actor(by)) for file in files]
    speaker.show(told, lambda: _tell(speaker, told))
    refused = sum(len(one["refused"]) for one in told)
    unread = sum(one["error"] is not None for one in told)
    if refused or unread:
        raise Incomplete("outcomes.refused", rows=refused, files=unread)


def _actor(by: str | None) -> str:
    """Who hands in, as the office keeps it."""
    return show_name(by or getuser())[:150]


def _take(
    file: Path, sent: Any, folder: Path, language: str, settings: Settings, actor: str
) -> dict[str, Any]:
    """Take one file back; one that cannot be read holds back no other."""
    from console.returns import take_back
    from pipelines.core.errors import SourceNotReady
    from pipelines.returns.corrected import write_corrected
    from pipelines.returns.filled import read_return
    from pipelines.sources.operator.delivery import FileRefused

    nothing = {"accepted": 0, "unchanged": 0, "unfilled": 0, "refused": [], "corrected": None}
    try:
        returned = read_return(file, settings.key, must_sign=settings.signed_returns)
    except (FileRefused, SourceNotReady) as refusal:
        return {
            "file": show_name(file.name),
            **nothing,
            "error": label(language, f"error.{refusal.key}", **refusal.facts),
        }
    receipt = take_back(returned, actor)
    corrected = None
    if receipt.refused:
        folder.mkdir(parents=True, exist_ok=True)
        corrected = folder / f"{_stem(file, returned.sha256)}_corrected.xlsx"
        title = show_name(file.stem)
        write_corrected(
            corrected, receipt.refused, sent, returned.language or language, settings.key, title
        )
    return {
        "file": receipt.file,
        "accepted": receipt.accepted,
        "unchanged": receipt.unchanged,
        "unfilled": receipt.unfilled,
        "refused": [_refusal(row, language) for row in receipt.refused],
        "corrected": str(corrected) if corrected else None,
        "error": None,
    }


def _stem(file: Path, sha256: str) -> str:
    """What the workbook of a file's refused rows is called: as the file is, if it can be."""
    is_plain = show_name(file.stem) == file.stem and len(os.fsencode(file.stem)) <= _LONGEST_STEM
    return file.stem if is_plain else file_stem(show_name(file.stem), sha256[:16])


def _refusal(row: Any, language: str) -> dict[str, Any]:
    from pipelines.returns.corrected import in_words

    reason = {
        "key": row.refusal.key,
        "column": row.refusal.column,
        "reason": in_words(row.refusal, language),
    }
    return {"line": row.line, "order_id": row.order_id, **reason}


def _tell(speaker: Speaker, told: list[dict[str, Any]]) -> None:
    for one in told:
        if one["error"]:
            speaker.say("cli.return_unread", file=one["file"], why=one["error"])
            continue
        counts = {name: one[name] for name in ("accepted", "unchanged", "unfilled")}
        speaker.say("cli.returned", file=one["file"], **counts, refused=len(one["refused"]))
        for row in one["refused"]:
            speaker.say(
                "cli.return_refused",
                line=row["line"],
                order=row["order_id"] or "-",
                why=row["reason"],
            )
        if one["corrected"]:
            speaker.say("cli.return_corrected", path=one["corrected"])

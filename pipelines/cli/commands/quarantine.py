"""The command that gives the rows that were set aside back to their source."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang, OtherVersion
from pipelines.cli.screens.returns import draw_quarantined
from pipelines.cli.shared import Speaker, app
from pipelines.core.month import Month
from pipelines.store.lake import Made, MonthFolder, Version
from pipelines.text.texts import fill_label


@app.command("quarantine")
def return_quarantined(
    month: str,
    out: Annotated[
        Path, typer.Option("--out", help="The workbook to write: FILE.xlsx.")
    ],
    version: OtherVersion = None,
    draft: Annotated[
        bool,
        typer.Option("--draft", help="What a run that has not ended has set aside."),
    ] = False,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="With names and numbers of people.")
    ] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write the rows that were set aside, a sheet a delivered file."""
    from pipelines.documents.workbooks.quarantine import (
        list_quarantined,
        write_quarantined,
    )

    speaker = Speaker(lang, as_json)
    made = find_made(MonthFolder(home, Month.parse(month)), version, draft)
    is_draft = not isinstance(made, Version)
    if is_draft:
        speaker.say_line("cli.of_a_draft", month=month)
    files = list_quarantined(made)
    if files:
        files = write_quarantined(made, out, speaker.language, unmasked=unmasked)
    rows = sum(file.rows for file in files)
    content = {
        "path": str(out) if files else None,
        "rows": rows,
        "files": [asdict(file) for file in files],
        "month": month,
        "is_draft": is_draft,
        "is_unmasked": unmasked,
    }
    if not files:
        speaker.answer_line(content, "cli.nothing_quarantined", month=month)
        return

    speaker.show_content(content, draw_quarantined, files, out)
    if unmasked:
        typer.echo(
            fill_label(speaker.language, "cli.unmasked", path=out, rows=rows), err=True
        )


def find_made(folder: MonthFolder, version: int | None, draft: bool) -> Made:
    """Return the version or draft that was asked for.

    Unasked it is the run that the gate stopped last, else the current version.
    """
    if version is not None:
        return folder.version(version)
    left = folder.draft()
    is_stopped = left.stopped_room is not None and (left.path / "draft.json").exists()
    if draft or is_stopped:
        return folder.draft_to_show()
    if folder.current() is None:
        return folder.made_to_show()
    return folder.version()

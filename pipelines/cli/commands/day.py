"""The command of the days between two months."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang
from pipelines.cli.screens.day import draw_day
from pipelines.cli.shared import Speaker, app
from pipelines.core.errors import Incomplete
from pipelines.documents.day_view import read_day_view
from pipelines.jobs.daily import STEPS, DayJob, parse_day, run_day
from pipelines.text.progress import show_steps


@app.command("daily")
def make_day(
    day: Annotated[
        str, typer.Argument(metavar="DATE", help="YYYY-MM-DD: the state at its 24:00.")
    ],
    source: Annotated[
        Path, typer.Option("--source", help="A folder that holds daily/<DATE>/.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the day's workbooks into this folder."),
    ] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Make a day's bulletins and orders, and show them."""
    from pipelines.documents.workbooks.export import export_day

    speaker = Speaker(lang, as_json)
    with show_steps(STEPS, day, speaker.language, is_quiet=as_json) as progress:
        job = DayJob(home, parse_day(day), source, progress=progress)
        version = run_day(job)

    view = read_day_view(version)
    is_released = job.folder.read_seal() is not None
    content: dict[str, object] = {**view, "released": is_released}
    if out is not None:
        files = export_day(job.folder, out, speaker.language)
        content["files"] = [file.name for file in files]

    speaker.show_content(content, draw_day, view, is_released)
    held_back = [*view["not_computed"], *view["withheld"]]
    if held_back:
        raise Incomplete(
            "day.held_back", day=day, count=len(held_back), what=", ".join(held_back)
        )

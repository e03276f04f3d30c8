"""The commands that answer for one customer (on which lists, and why) and for one number (what is behind it)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.screens.dispatch import draw_lists_of, lists_of
from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.sources.office.changes import read_changes
from pipelines.store.lake import MonthFolder


@app.command("why")
def why(
    customer_id: str,
    month: str,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Say on which lists a customer is, by what evidence, and whose order he is or why he is left out."""
    speaker = Speaker(lang, as_json)
    folder = MonthFolder(home, Month.parse(month))
    changes = read_changes(load_settings().office_database(home), folder.month)
    rows = lists_of(folder.version(), customer_id, speaker.language, changes)
    speaker.show(rows, lambda: draw_lists_of(rows, speaker.language))
    if rows:
        return
    speaker.say("asked.none", customer_id=customer_id, month=month)


@app.command("figure")
def figure(
    figure_id: Annotated[
        str,
        typer.Argument(metavar="FIGURE", help="KPI[.VARIANT][:SCOPE_KIND:ID], or a document's id."),
    ],
    month: str,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write its rows to FILE.csv, .parquet or .xlsx.")
    ] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Open a number of a month: its definition, numerator and denominator, and the rows that add up to it."""
    from pipelines.cli.screens.figures import draw_figure, figure_content
    from pipelines.documents.table_files import write_rows_file
    from pipelines.jobs.figure import (
        open_figure,
    )  # computes it again, which `why` does not wait for
    from pipelines.jobs.run import Job

    speaker = Speaker(lang, as_json)
    found = open_figure(Job(home, Month.parse(month)), figure_id)
    if out is not None:
        rows = write_rows_file(
            out, found.rows.schema, (batch.to_pylist() for batch in found.rows.to_batches())
        )
        speaker.show(
            {"path": str(out), "rows": rows},
            lambda: speaker.say("cli.written", path=out, rows=rows),
        )
        return
    speaker.show(figure_content(found), lambda: draw_figure(found, speaker.language))

"""Commands that explain a customer (on which lists, and why) or a number (what is behind it)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang
from pipelines.cli.screens.why import draw_customer_lists
from pipelines.cli.shared import Speaker, app
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.documents.dispatch_view import find_customer_lists
from pipelines.sources.office.changes import read_changes
from pipelines.store.lake import MonthFolder


@app.command("why")
def explain_customer(
    customer_id: str,
    month: str,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Show the lists a customer is on, the evidence, and the order or why there is none."""
    speaker = Speaker(lang, as_json)
    folder = MonthFolder(home, Month.parse(month))
    changes = read_changes(load_settings().office_database(home), folder.month)
    found = find_customer_lists(
        folder.version(), customer_id, speaker.language, changes
    )
    speaker.show_content(found, draw_customer_lists, found)
    if not found:
        speaker.say_line("asked.none", customer_id=customer_id, month=month)


@app.command("figure")
def show_figure(
    figure_id: Annotated[
        str,
        typer.Argument(
            metavar="FIGURE", help="KPI[.VARIANT][:SCOPE_KIND:ID], or a document's id."
        ),
    ],
    month: str,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write its rows to FILE.csv, .parquet or .xlsx."),
    ] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Show a number's definition and the rows that add up to it, or write the rows to a file."""
    from pipelines.cli.screens.why import describe_figure, draw_figure
    from pipelines.documents.table_files import write_rows_file

    # Computes the number again, which `why` does not wait for.
    from pipelines.jobs.figure import open_figure
    from pipelines.jobs.run import Job

    speaker = Speaker(lang, as_json)
    figure = open_figure(Job(home, Month.parse(month)), figure_id)
    if out is None:
        content = describe_figure(figure)
        speaker.show_content(content, draw_figure, figure)
        return

    batches = (batch.to_pylist() for batch in figure.rows.to_batches())
    count = write_rows_file(out, figure.rows.schema, batches)
    written = {"path": str(out), "rows": count}
    speaker.answer_line(written, "cli.written", path=out, rows=count)

"""Commands that make a month and show it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines import ROOMS
from pipelines.cli.screens import views
from pipelines.cli.screens.coverage import tell_coverage
from pipelines.cli.screens.deliveries import count_open, draw_open
from pipelines.cli.screens.dispatch import draw_capacity
from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.errors import Incomplete, UsageError
from pipelines.core.month import Month
from pipelines.documents.month_view import (
    list_held_months,
    read_lists_with_why_not,
    read_output_states,
    summarise_outcome,
)
from pipelines.documents.table_files import make_json_value, read_masked_rows, write_table_file
from pipelines.operations.deadlines import local_today
from pipelines.store.lake import MonthFolder, Version

_FINDINGS_SHOWN = 3  # by a run; `status` shows them all


@app.command("run")
def run(
    month: str,
    source: Annotated[
        str | None, typer.Option("--source", help="A folder, or a YAML for a database.")
    ] = None,
    only: Annotated[str | None, typer.Option("--only", help="Run this room alone.")] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="duckdb (default) or spark.")
    ] = None,
    release: Annotated[bool, typer.Option("--release", help="Seal the month.")] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Run a month, all rooms; resumable, and nothing new when nothing changed."""
    from pipelines.core.settings import (
        ENGINES,
        load_settings,
    )  # the commands that show a month need none of it
    from pipelines.jobs.run import Job, release_month, run_month, run_room
    from pipelines.text.progress import show_steps

    speaker = Speaker(lang, as_json)
    if engine not in (None, *ENGINES):
        raise UsageError("engine.unknown", engine=engine, engines=", ".join(ENGINES))
    settings = load_settings(**({"engine": engine} if engine else {}))
    with show_steps(ROOMS, month, speaker.language, is_quiet=as_json, can_go_on=True) as progress:
        job = Job(home, Month.parse(month), source, settings, progress)
        if only:
            version = run_room(job, only)
        elif source is None and release:
            version = job.folder.version()
        else:
            version = run_month(job)
    if version is None:
        speaker.show(
            {"month": month, "room": only}, lambda: speaker.say("cli.room_done", room=only)
        )
        return
    if release:
        version = release_month(job)
    _answer_run(speaker, version, release)


def _answer_run(speaker: Speaker, version: Version, released: bool) -> None:
    from pipelines.documents.findings import draw_findings, findings_of
    from pipelines.jobs.intake.coverage import read_coverage

    month = str(version.month)
    outcome = summarise_outcome(version)
    coverage = read_coverage(version.path)
    content = {
        "month": month,
        "version": version.number,
        "path": str(version.path),
        "released": released,
        **outcome,
    }
    content["coverage"] = coverage.as_content()
    speaker.show(
        content,
        lambda: speaker.say("cli.done", month=month, version=version.number, path=version.path),
    )
    if released:
        speaker.say("cli.released", month=month, version=version.number)
    held_back = len(outcome["withheld"]) + len(outcome["refused_tables"])
    if not speaker.as_json:
        told = findings_of(version, read_output_states(version), speaker.language)
        draw_findings(told, speaker.language, most=_FINDINGS_SHOWN)
        typer.echo(tell_coverage(coverage, speaker.language))
    if held_back:
        raise Incomplete("run.held_back", month=month, count=held_back)


@app.command("status")
def status(
    month: Annotated[str | None, typer.Argument()] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Show versions, rooms, deadlines, and what was withheld or not computed and why."""
    speaker = Speaker(lang, as_json)
    if month is None:
        content = list_held_months(home)
        speaker.show(content, lambda: views.draw_months(content, speaker.language))
        if not as_json:
            draw_open(count_open(home), speaker.language)
        return
    one = views.one_month(home, Month.parse(month), local_today(), speaker.language)
    speaker.show(one, lambda: views.draw_month(one, speaker.language))


@app.command("show")
def show(
    table: str,
    month: str,
    version: Annotated[
        int | None, typer.Option("--version", help="Another version than the current one.")
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="What a run that has not ended has made so far.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to FILE.csv, .parquet or .xlsx.")
    ] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Show any table of a month; personal data masked."""
    speaker = Speaker(lang, as_json)
    held = MonthFolder(home, Month.parse(month)).made_to_show(version, draft)
    if out is not None:
        rows = write_table_file(held, table, out)
        speaker.show(
            {"path": str(out), "rows": rows},
            lambda: speaker.say("cli.written", path=out, rows=rows),
        )
        return
    if as_json:
        for row in read_masked_rows(held, table):
            typer.echo(json.dumps(row, ensure_ascii=False, default=make_json_value))
        return
    views.draw_table(held, table, speaker.language)


@app.command("kpi")
def kpi(
    month: str,
    scope: Annotated[
        str, typer.Option("--scope", help="company, city, branch, unit or manager.")
    ] = "company",
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Show the KPI table."""
    speaker = Speaker(lang, as_json)
    rows = list(read_masked_rows(MonthFolder(home, Month.parse(month)).version(), "kpi_monthly"))
    speaker.show(
        rows,
        lambda: views.draw_kpis([r for r in rows if r["scope_kind"] == scope], speaker.language),
    )


@app.command("lists")
def lists(
    month: str, home: Home = DEFAULT_HOME, lang: Lang = None, as_json: AsJson = False
) -> None:
    """Show the dispatch lists with their counts and why-nots, and what became of the managers' places."""
    speaker = Speaker(lang, as_json)
    version = MonthFolder(home, Month.parse(month)).version()
    content = read_lists_with_why_not(version)
    speaker.show(content, lambda: views.draw_lists(content, speaker.language))
    if not as_json:
        draw_capacity(version, speaker.language)


@app.command("export")
def export(
    month: str,
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")],
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write one workbook a manager, the company workbook and the month's documents; drafts until the month is released."""
    from pipelines.documents.reports.write import export_documents
    from pipelines.documents.workbooks.export import BooksFailed, export_month
    from pipelines.documents.workbooks.pay import export_pay
    from pipelines.text.progress import show_steps

    speaker = Speaker(lang, as_json)
    folder = MonthFolder(home, Month.parse(month))
    to = folder, out, speaker.language
    writers = {
        "export_lists": export_month,
        "export_pay": export_pay,
        "export_documents": export_documents,
    }
    files: list[Path] = []
    failed: BooksFailed | None = None
    with show_steps(tuple(writers), month, speaker.language, is_quiet=as_json) as progress:
        for step, write in writers.items():
            progress(step)
            try:
                files += write(*to)
            except BooksFailed as error:
                failed = error
                files += [book.path for book in error.books]
    content = {"path": str(out), "files": [file.name for file in files]}
    speaker.show(content, lambda: speaker.say("cli.exported", count=len(files), path=out))
    if not as_json and not any(file.suffix == ".pdf" for file in files):
        speaker.say("paper.no_pdf")
    if failed is not None:
        raise failed

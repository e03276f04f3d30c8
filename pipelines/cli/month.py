"""Commands that make a month and show it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.errors import Incomplete, UsageError
from pipelines.core.month import Month
from pipelines.store.lake import MonthFolder, Version
from pipelines.words import views
from pipelines.words.deadlines import local_today
from pipelines.words.deliveries import count_open, draw_open
from pipelines.words.dispatch import draw_capacity


@app.command()
def run(
    month: str,
    source: Annotated[str | None, typer.Option("--source", help="A folder, or a YAML for a database.")] = None,
    only: Annotated[str | None, typer.Option("--only", help="Run this room alone.")] = None,
    engine: Annotated[str | None, typer.Option("--engine", help="duckdb (default) or spark.")] = None,
    release: Annotated[bool, typer.Option("--release", help="Seal the month.")] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Run a month, all rooms; resumable, and nothing new when nothing changed."""
    from pipelines.core.settings import ENGINES, load_settings  # the commands that show a month need none of it
    from pipelines.run import Job, release_month, run_month, run_room
    from pipelines.words.progress import month_progress

    speaker = Speaker(lang, as_json)
    if engine not in (None, *ENGINES):
        raise UsageError("engine.unknown", engine=engine, engines=", ".join(ENGINES))
    settings = load_settings(**({"engine": engine} if engine else {}))
    with month_progress(month, enabled=not as_json) as progress:
        job = Job(home, Month.parse(month), source, settings, progress)
        if only:
            version = run_room(job, only)
        elif source is None and release:
            version = job.folder.version()
        else:
            version = run_month(job)
    if version is None:
        speaker.show({"month": month, "room": only}, lambda: speaker.say("cli.room_done", room=only))
        return
    if release:
        version = release_month(job)
    _answer_run(speaker, version, release)


def _answer_run(speaker: Speaker, version: Version, released: bool) -> None:
    month = str(version.month)
    outcome = views.outcome(version)
    content = {"month": month, "version": version.number, "path": str(version.path), "released": released, **outcome}
    speaker.show(content, lambda: speaker.say("cli.done", month=month, version=version.number, path=version.path))
    if released:
        speaker.say("cli.released", month=month, version=version.number)
    held_back = len(outcome["withheld"]) + len(outcome["refused_tables"])
    if held_back:
        raise Incomplete("run.held_back", month=month, count=held_back)


@app.command()
def status(
    month: Annotated[str | None, typer.Argument()] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Show versions, rooms, deadlines, and what was withheld or not computed and why."""
    speaker = Speaker(lang, as_json)
    if month is None:
        content = views.all_months(home)
        speaker.show(content, lambda: views.draw_months(content, speaker.language))
        if not as_json:
            draw_open(count_open(home), speaker.language)
        return
    one = views.one_month(home, Month.parse(month), local_today())
    speaker.show(one, lambda: views.draw_month(one, speaker.language))


@app.command()
def show(
    table: str,
    month: str,
    version: Annotated[int | None, typer.Option("--version", help="Another version than the current one.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write to FILE.csv, .parquet or .xlsx.")] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Show any table of a month; personal data masked."""
    speaker = Speaker(lang, as_json)
    held = MonthFolder(home, Month.parse(month)).version(version)
    if out is not None:
        rows = views.write_table(held, table, out)
        speaker.show({"path": str(out), "rows": rows}, lambda: speaker.say("cli.written", path=out, rows=rows))
        return
    if as_json:
        for row in views.table_rows(held, table):
            typer.echo(json.dumps(row, ensure_ascii=False, default=views.json_value))
        return
    views.draw_table(held, table, speaker.language)


@app.command()
def kpi(
    month: str,
    scope: Annotated[str, typer.Option("--scope", help="company, city, branch, unit or manager.")] = "company",
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Show the KPI table."""
    speaker = Speaker(lang, as_json)
    rows = list(views.table_rows(MonthFolder(home, Month.parse(month)).version(), "kpi_monthly"))
    speaker.show(rows, lambda: views.draw_kpis([r for r in rows if r["scope_kind"] == scope], speaker.language))


@app.command()
def lists(month: str, home: Home = DEFAULT_HOME, lang: Lang = None, as_json: AsJson = False) -> None:
    """Show the dispatch lists with their counts and why-nots, and what became of the managers' places."""
    speaker = Speaker(lang, as_json)
    version = MonthFolder(home, Month.parse(month)).version()
    content = views.lists_with_why_not(version)
    speaker.show(content, lambda: views.draw_lists(content, speaker.language))
    if not as_json:
        draw_capacity(version, speaker.language)


@app.command()
def export(
    month: str,
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")],
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write one workbook a manager, the company workbook and the month's documents; drafts until the month is released."""
    from pipelines.channels.export import export_month
    from pipelines.channels.papers.write import export_documents
    from pipelines.channels.pay import export_pay

    speaker = Speaker(lang, as_json)
    folder = MonthFolder(home, Month.parse(month))
    to = folder, out, speaker.language
    files = export_month(*to) + export_pay(*to) + export_documents(*to)
    content = {"path": str(out), "files": [file.name for file in files]}
    speaker.show(content, lambda: speaker.say("cli.exported", count=len(files), path=out))
    if not as_json and not any(file.suffix == ".pdf" for file in files):
        speaker.say("paper.no_pdf")

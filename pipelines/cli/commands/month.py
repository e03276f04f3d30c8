"""Commands that make a month and show it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import ROOMS
from pipelines.cli.options import (
    DEFAULT_HOME,
    AsJson,
    Home,
    Lang,
    OtherVersion,
    OutFolder,
    SourceIfAny,
)
from pipelines.cli.screens.check import describe_coverage
from pipelines.cli.screens.deliveries import draw_open_letters
from pipelines.cli.screens.months import draw_findings, draw_month, draw_months
from pipelines.cli.screens.outputs import (
    draw_capacities,
    draw_holdouts,
    draw_kpis,
    draw_lists,
)
from pipelines.cli.screens.tables import draw_table
from pipelines.cli.shared import Speaker, app
from pipelines.core.errors import Incomplete, UsageError
from pipelines.core.month import Month
from pipelines.documents.month_view import (
    read_lists_with_why_not,
    read_output_states,
    read_scope_names,
    summarise_months,
    summarise_outcome,
)
from pipelines.documents.table_files import (
    read_masked_rows,
    write_table_file,
)
from pipelines.operations.deadlines import local_today
from pipelines.operations.month_state import count_open_letters, read_month_state
from pipelines.store.lake import MonthFolder, Version
from pipelines.text.texts import fill_label

if TYPE_CHECKING:
    from pipelines.jobs.size import MonthSize

_FINDINGS_SHOWN = 3  # by a run; `status` shows them all


@app.command("run")
def run_one_month(
    month: str,
    source: SourceIfAny = None,
    only: Annotated[
        str | None, typer.Option("--only", help="Run this room alone.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="duckdb (default) or spark.")
    ] = None,
    release: Annotated[bool, typer.Option("--release", help="Seal the month.")] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Run a month, all rooms; resumable, and nothing new when nothing changed."""
    # The commands that show a month need none of it.
    from pipelines.core.settings import ENGINES, load_settings
    from pipelines.jobs.run import Job, release_month, run_month, run_room
    from pipelines.text.progress import show_steps

    speaker = Speaker(lang, as_json)
    if engine not in (None, *ENGINES):
        raise UsageError("engine.unknown", engine=engine, engines=", ".join(ENGINES))

    settings = load_settings(engine=engine) if engine else load_settings()
    with show_steps(
        ROOMS, month, speaker.language, is_quiet=as_json, can_go_on=True
    ) as progress:
        job = Job(home, Month.parse(month), source, settings, progress)
        job.tell_size = partial(_warn_of_size, speaker.language)
        if only:
            version = run_room(job, only)
        elif source is None and release:
            version = job.folder.version()
        else:
            version = run_month(job)

    if version is None:
        content = {"month": month, "room": only}
        speaker.answer_line(content, "cli.room_done", room=only)
        return

    if release:
        version = release_month(job)
    _answer_run(speaker, version, release)


def _warn_of_size(language: str, size: MonthSize) -> None:
    """Say on the side what of a month does not fit this machine, and what to do."""
    if size.finding != "size":
        text = fill_label(language, f"doctor.{size.finding}.mend", **size.facts)
        typer.echo(text, err=True)


def _answer_run(speaker: Speaker, version: Version, is_released: bool) -> None:
    """Say what a run has made; raise Incomplete when something of it was withheld or refused."""
    from pipelines.jobs.intake.coverage import read_coverage

    month = str(version.month)
    outcome = summarise_outcome(version)
    coverage = read_coverage(version)
    facts = {"month": month, "version": version.number}
    content = {
        **facts,
        "path": str(version.path),
        "released": is_released,
        **outcome,
        "coverage": coverage.as_content(),
    }
    speaker.answer_line(content, "cli.done", path=version.path, **facts)
    if is_released:
        speaker.say_line("cli.released", **facts)
        speaker.say_line("cli.released_orders", orders=_count_orders(version))
    if not speaker.as_json:
        _draw_open_findings(version, speaker.language)
        typer.echo(describe_coverage(coverage, speaker.language))

    held_back = len(outcome["withheld"]) + len(outcome["refused_tables"])
    if held_back:
        raise Incomplete("run.held_back", month=month, count=held_back)


def _count_orders(version: Version) -> int:
    """How many orders go to managers."""
    if not version.is_computed("dispatch_order"):
        return 0
    counted = version.count_by("dispatch_order", ["arm"], {"arm": "treated"})
    return sum(row["count"] for row in counted)


def _draw_open_findings(version: Version, language: str) -> None:
    from pipelines.documents.findings import read_findings

    findings = read_findings(version, read_output_states(version), language)
    draw_findings(findings, str(version.month), language, most=_FINDINGS_SHOWN)


@app.command("status")
def show_status(
    month: Annotated[str | None, typer.Argument()] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Show versions, rooms, deadlines, and what was withheld or not computed and why."""
    speaker = Speaker(lang, as_json)
    if month is None:
        months = summarise_months(home)
        speaker.show_content(months, draw_months, months)
        if not as_json:
            draw_open_letters(count_open_letters(home), speaker.language)
        return

    state = read_month_state(home, Month.parse(month), local_today(), speaker.language)
    speaker.show_content(state.as_content(), draw_month, state)


@app.command("show")
def show_table(
    table: str,
    month: str,
    version: OtherVersion = None,
    draft: Annotated[
        bool,
        typer.Option("--draft", help="What a run that has not ended has made so far."),
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
    made = MonthFolder(home, Month.parse(month)).made_to_show(version, draft)
    if out is not None:
        rows = write_table_file(made, table, out)
        content = {"path": str(out), "rows": rows}
        speaker.answer_line(content, "cli.written", path=out, rows=rows)
    elif as_json:
        for row in read_masked_rows(made, table):
            speaker.print_json(row)
    else:
        draw_table(made, table, speaker.language)


@app.command("kpi")
def show_kpis(
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
    version = MonthFolder(home, Month.parse(month)).version()
    rows = list(read_masked_rows(version, "kpi_monthly"))
    of_scope = [row for row in rows if row["scope_kind"] == scope]
    names = read_scope_names(version)
    speaker.show_content(rows, draw_kpis, of_scope, names)


@app.command("lists")
def show_lists(
    month: str, home: Home = DEFAULT_HOME, lang: Lang = None, as_json: AsJson = False
) -> None:
    """Show the dispatch lists, and what came of the capacity of the branches."""
    speaker = Speaker(lang, as_json)
    version = MonthFolder(home, Month.parse(month)).version()
    rows = read_lists_with_why_not(version)
    speaker.show_content(rows, draw_lists, rows)
    if not as_json:
        draw_capacities(version, read_scope_names(version), speaker.language)
        draw_holdouts(version, speaker.language)


@app.command("export")
def export_files(
    month: str,
    out: OutFolder,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write workbooks and documents of a month; they are drafts until it is released."""
    from pipelines.documents.reports.write import export_documents
    from pipelines.documents.workbooks.export import BooksFailed, export_month
    from pipelines.documents.workbooks.pay import export_pay
    from pipelines.text.progress import show_steps

    speaker = Speaker(lang, as_json)
    folder = MonthFolder(home, Month.parse(month))
    writers = {
        "export_lists": export_month,
        "export_pay": export_pay,
        "export_documents": export_documents,
    }
    files: list[Path] = []
    failed: BooksFailed | None = None
    steps = tuple(writers)
    with show_steps(steps, month, speaker.language, is_quiet=as_json) as progress:
        for step, write in writers.items():
            progress(step)
            try:
                files += write(folder, out, speaker.language)
            except BooksFailed as error:
                failed = error
                files += [book.path for book in error.books]

    content = {"path": str(out), "files": [file.name for file in files]}
    speaker.answer_line(content, "cli.exported", count=len(files), path=out)
    if not any(file.suffix == ".pdf" for file in files):
        speaker.say_line("paper.no_pdf")
    if failed is not None:
        raise failed

"""The command line: `retention …`. Every command ends with a documented exit code and says what to do next."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.core.errors import Incomplete, RetentionError, UsageError, VerificationError
from pipelines.core.month import Month
from pipelines.run import Job, release_month, run_month, run_room
from pipelines.store.lake import MonthFolder, Version
from pipelines.store.waivers import read_waivers
from pipelines.store.waivers import waive as accept
from pipelines.verify import verify_month
from pipelines.words import views
from pipelines.words.progress import month_progress
from pipelines.words.texts import LANGUAGES, describe, label, local_language

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Home = Annotated[Path, typer.Option("--home", help="Where the months are kept.")]
Lang = Annotated[str | None, typer.Option("--lang", help="Language of the answer: zh or en.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable output.")]
DEFAULT_HOME = Path("home")


class Speaker:
    """Answers in one language, as text or as JSON."""

    def __init__(self, lang: str | None, as_json: bool) -> None:
        if lang is not None and lang not in LANGUAGES:
            raise UsageError("lang.unknown", lang=lang, allowed=", ".join(LANGUAGES))
        self.language = lang or local_language()
        self.as_json = as_json

    def say(self, key: str, **facts: object) -> None:
        """Print one line for people; nothing where a program listens."""
        if not self.as_json:
            typer.echo(label(self.language, key, **facts))

    def show(self, content: Any, draw: Callable[[], None]) -> None:
        """Print content as JSON, or draw it for people."""
        if self.as_json:
            typer.echo(json.dumps(content, ensure_ascii=False, default=views.json_value))
        else:
            draw()


@app.command()
def run(
    month: str,
    source: Annotated[str | None, typer.Option("--source", help="A folder, or a YAML for a database.")] = None,
    only: Annotated[str | None, typer.Option("--only", help="Run this room alone.")] = None,
    engine: Annotated[str, typer.Option("--engine", help="duckdb (spark is not there yet).")] = "duckdb",
    release: Annotated[bool, typer.Option("--release", help="Seal the month.")] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Run a month, all rooms; resumable, and nothing new when nothing changed."""
    speaker = Speaker(lang, as_json)
    if engine != "duckdb":
        raise UsageError("engine.unknown", engine=engine)
    with month_progress(enabled=not as_json) as progress:
        job = Job(home, Month.parse(month), source, progress=progress)
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
        return
    one = views.one_month(home, Month.parse(month))
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
    """Show the dispatch lists with their counts and why-nots."""
    speaker = Speaker(lang, as_json)
    content = views.lists_with_why_not(MonthFolder(home, Month.parse(month)).version())
    speaker.show(content, lambda: views.draw_lists(content, speaker.language))


@app.command()
def export(
    month: str,
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")],
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write one workbook a manager and the company workbook; drafts until the month is released."""
    from pipelines.channels.export import export_month

    speaker = Speaker(lang, as_json)
    files = export_month(MonthFolder(home, Month.parse(month)), out, speaker.language)
    content = {"path": str(out), "files": [file.name for file in files]}
    speaker.show(content, lambda: speaker.say("cli.exported", count=len(files), path=out))


@app.command()
def verify(
    month: str,
    version: Annotated[int | None, typer.Option("--version", help="Another version than the current one.")] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Hash everything again, derive every table again, and say what differs; the home is only read."""
    speaker = Speaker(lang, as_json)
    with month_progress(enabled=not as_json) as progress:
        seen = verify_month(Job(home, Month.parse(month), progress=progress), version)
    number = seen.version.number
    content = {"month": month, "version": number, "files": seen.files, "notes": seen.notes}
    content |= {name: [asdict(d) for d in getattr(seen, name)] for name in ("differences", "told")}
    speaker.show(content, lambda: views.draw_verification(content, speaker.language))
    if seen.differences:
        raise VerificationError("verify.differs", month=month, version=number, count=len(seen.differences))
    speaker.say("cli.verified", month=month, version=number, files=seen.files)


@app.command()
def waive(
    finding: Annotated[str | None, typer.Argument(help="TABLE.RULE; without it the waivers are listed.")] = None,
    why: Annotated[str, typer.Option("--why", help="The reason, for the record.")] = "",
    until: Annotated[str | None, typer.Option("--until", help="The last month (or day) it is accepted for.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who accepts it; by default the user logged in.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the waivers.")] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Accept a finding, on the record, or list what was accepted; the next run of the month takes it up."""
    speaker = Speaker(lang, as_json)
    if finding is None or listed:
        said = [asdict(waiver) for waiver in read_waivers(home)]
        speaker.show(said, lambda: _list_waivers(speaker, said))
        return
    if until is None:
        raise UsageError("waive.no_end", finding=finding)
    waiver = accept(home, finding, why, until, by or getuser())
    speaker.show(asdict(waiver), lambda: speaker.say("cli.waived", finding=finding, until=waiver.until))


def _list_waivers(speaker: Speaker, said: list[dict[str, Any]]) -> None:
    for waiver in said:
        speaker.say("cli.waiver", **waiver)
    if not said:
        speaker.say("cli.no_waivers")


@app.command()
def twin(
    services: Annotated[int, typer.Option("--services", help="How many services.")],
    months: Annotated[int, typer.Option("--months", help="How many months.")],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")],
    through: Annotated[str, typer.Option("--through", help="The newest month.")] = "2026-08",
    faults: Annotated[str, typer.Option("--faults", help="What to spoil in the newest month: NAME,NAME.")] = "",
    lang: Lang = None,
    as_json: AsJson = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Write a synthetic operator in the contract's form, with the truth beside it."""
    from twin import generate

    speaker = Speaker(lang, as_json)
    try:
        names = [name.strip() for name in faults.split(",") if name.strip()]
        generate(out, services=services, months=months, seed=seed, through=str(Month.parse(through)), faults=names)
    except ValueError as error:
        raise UsageError("twin.bad", why=error) from error
    content = {"path": str(out), "services": services, "months": months}
    speaker.show(content, lambda: speaker.say("cli.twin_done", **content))


def main() -> None:
    """Run the command line; turn every known failure into its message and exit code."""
    try:
        app()
    except RetentionError as error:
        _fail(error)


def _fail(error: RetentionError) -> None:
    """Say on stderr what, where and what next, in the language asked for."""
    words = sys.argv[1:]
    asked = next((words[i + 1] for i, w in enumerate(words[:-1]) if w == "--lang"), None)
    language = asked if asked in LANGUAGES else local_language()
    message = describe(language, error)
    if "--json" in words:
        facts = {name: str(value) for name, value in error.facts.items()}
        message = json.dumps({"error": error.key, "message": message, "facts": facts}, ensure_ascii=False)
    typer.echo(message, err=True)
    sys.exit(error.exit_code)

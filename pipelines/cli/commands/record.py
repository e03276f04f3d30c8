"""Commands of the record: is a month what it says it is, what would it be now, and which findings were accepted."""

from __future__ import annotations

from dataclasses import asdict
from getpass import getuser
from typing import Annotated, Any

import typer

from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.store.waivers import read_waivers
from pipelines.store.waivers import waive as accept


@app.command("verify")
def verify(
    month: str,
    version: Annotated[
        int | None, typer.Option("--version", help="Another version than the current one.")
    ] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Hash everything again, derive every table again, and say what differs; the home is only read."""
    from pipelines.cli.screens import views
    from pipelines.jobs.run import Job  # here: who lists waivers computes nothing
    from pipelines.jobs.verify import STEPS, raise_differing, verify_month
    from pipelines.text.progress import show_steps

    speaker = Speaker(lang, as_json)
    with show_steps(STEPS, month, speaker.language, is_quiet=as_json) as progress:
        seen = verify_month(Job(home, Month.parse(month), progress=progress), version)
    number = seen.version.number
    content = {"month": month, "version": number, "files": seen.files, "notes": seen.notes}
    content |= {name: [asdict(d) for d in getattr(seen, name)] for name in ("differences", "told")}
    speaker.show(content, lambda: views.draw_verification(content, speaker.language))
    raise_differing(seen)
    speaker.say("cli.verified", month=month, version=number, files=seen.files)


@app.command("restate")
def restate(
    month: str,
    source: Annotated[
        str, typer.Option("--source", help="The corrected folder, or a YAML for a database.")
    ],
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Hold a released month against corrected input: as published, as now known, the difference by cause."""
    from pipelines.cli.screens.restatement import draw_restatement
    from pipelines.jobs.restate import CAUSES, STEPS, read_restatement, restate_month
    from pipelines.jobs.run import Job
    from pipelines.text.progress import show_steps

    speaker = Speaker(lang, as_json)
    with show_steps(STEPS, month, speaker.language, is_quiet=as_json, can_go_on=True) as progress:
        job = Job(home, Month.parse(month), source, progress=progress)
        found = read_restatement(job, restate_month(job))
    content = {"month": month, "version": found.version.number, "published": found.published}
    content |= {"kpis": found.kpis, "causes": found.causes, "orders": found.orders}
    speaker.show(content, lambda: draw_restatement(content, list(CAUSES), speaker.language))
    speaker.say(
        "cli.restated", month=month, version=found.version.number, published=found.published
    )


@app.command("waive")
def waive(
    finding: Annotated[
        str | None, typer.Argument(help="TABLE.RULE; without it the waivers are listed.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="The reason, for the record.")] = "",
    until: Annotated[
        str | None, typer.Option("--until", help="The last month (or day) it is accepted for.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who accepts it; by default the user logged in.")
    ] = None,
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
    speaker.show(
        asdict(waiver), lambda: speaker.say("cli.waived", finding=finding, until=waiver.until)
    )


def _list_waivers(speaker: Speaker, said: list[dict[str, Any]]) -> None:
    for waiver in said:
        speaker.say("cli.waiver", **waiver)
    if not said:
        speaker.say("cli.no_waivers")

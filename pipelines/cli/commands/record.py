"""Commands of the record: what a month was and would be now, what was accepted, who is deleted."""

from __future__ import annotations

from dataclasses import asdict
from getpass import getuser
from typing import Annotated

import typer

from pipelines.cli.options import (
    DEFAULT_HOME,
    AsJson,
    DecidedBy,
    Home,
    Lang,
    OtherVersion,
    Why,
)
from pipelines.cli.shared import Speaker, app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.store.waivers import accept_finding, read_waivers


@app.command("verify")
def verify_one_month(
    month: str,
    version: OtherVersion = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Hash and derive everything again, and show what differs; the home is only read."""
    # Imported here, because who lists waivers computes nothing.
    from pipelines.cli.screens.record import describe_verification, draw_verification
    from pipelines.jobs.run import Job
    from pipelines.jobs.verify import STEPS, raise_differing, verify_month
    from pipelines.text.progress import show_steps

    speaker = Speaker(lang, as_json)
    with show_steps(STEPS, month, speaker.language, is_quiet=as_json) as progress:
        job = Job(home, Month.parse(month), progress=progress)
        verification = verify_month(job, version)

    content = describe_verification(verification, month)
    speaker.show_content(content, draw_verification, verification)
    raise_differing(verification)
    number = verification.version.number
    speaker.say_line(
        "cli.verified", month=month, version=number, files=verification.files
    )


@app.command("restate")
def restate_one_month(
    month: str,
    source: Annotated[
        str,
        typer.Option(
            "--source", help="The corrected folder, or a YAML for a database."
        ),
    ],
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Hold a released month against corrected input, and show the differences by cause."""
    from pipelines.cli.screens.record import describe_restatement, draw_restatement
    from pipelines.jobs.restate import CAUSES, STEPS, read_restatement, restate_month
    from pipelines.jobs.run import Job
    from pipelines.text.progress import show_steps

    speaker = Speaker(lang, as_json)
    with show_steps(
        STEPS, month, speaker.language, is_quiet=as_json, can_go_on=True
    ) as progress:
        job = Job(home, Month.parse(month), source, progress=progress)
        restatement = read_restatement(job, restate_month(job))

    content = describe_restatement(restatement, month)
    speaker.show_content(content, draw_restatement, restatement, list(CAUSES))
    number = restatement.version.number
    speaker.say_line(
        "cli.restated", month=month, version=number, published=restatement.published
    )


@app.command("waive")
def waive_finding(
    finding: Annotated[
        str | None,
        typer.Argument(help="TABLE.RULE; without it the waivers are listed."),
    ] = None,
    why: Why = "",
    until: Annotated[
        str | None,
        typer.Option("--until", help="The last month (or day) it is accepted for."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Who accepts it; by default the user logged in."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the waivers.")] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Accept a finding, on the record, or list what was accepted."""
    from pipelines.cli.screens.record import draw_waivers

    speaker = Speaker(lang, as_json)
    if finding is None or listed:
        waivers = read_waivers(home)
        content = [asdict(waiver) for waiver in waivers]
        speaker.show_content(content, draw_waivers, waivers)
        return

    if until is None:
        raise UsageError("waive.no_end", finding=finding)

    waiver = accept_finding(home, finding, why, until, by or getuser())
    speaker.answer_line(
        asdict(waiver), "cli.waived", finding=finding, until=waiver.until
    )


@app.command("erase")
def erase_one_person(
    customer: Annotated[
        str, typer.Argument(help="The customer's id, as the operator has it.")
    ],
    why: Why = "",
    by: DecidedBy = None,
    is_rehearsal: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what goes and what stays; touch nothing."),
    ] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Delete a person for good; raise Incomplete where something is out of reach."""
    # Imported here, so that the help does not wait for it.
    from pipelines.cli.screens.record import draw_traces
    from pipelines.core.settings import load_settings
    from pipelines.operations.persons.erasure import (
        Request,
        erase_person,
        find_traces,
        raise_remaining,
    )

    speaker = Speaker(lang, as_json)
    settings = load_settings()
    if is_rehearsal:
        traces = find_traces(home, settings, customer)
    else:
        settings.require_own_key()
        request = Request(customer, why, by or getuser())
        traces = erase_person(home, settings, request)
    content = [asdict(trace) for trace in traces]
    speaker.show_content(content, draw_traces, traces, is_rehearsal)
    if not is_rehearsal:
        raise_remaining(traces)

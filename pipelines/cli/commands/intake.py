"""Commands for a delivery before it is a month: the empty form, proposed names, the check."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang, Source
from pipelines.cli.shared import Speaker, app
from pipelines.core.errors import Incomplete
from pipelines.core.month import Month


@app.command("template")
def write_empty_delivery(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write an empty delivery, an example and a mapping to fill in."""
    from pipelines.catalogue.contract_texts import EXAMPLE_MONTH
    from pipelines.jobs.intake.template import EXAMPLE, write_template

    speaker = Speaker(lang, as_json)
    files = write_template(folder)
    content = {
        "path": str(folder),
        "files": [str(file.relative_to(folder)) for file in files],
    }
    facts = {
        "count": len(files),
        "path": folder,
        "month": EXAMPLE_MONTH,
        "example": folder / EXAMPLE,
    }
    speaker.answer_line(content, "template.written", **facts)


@app.command("map")
def propose_mapping(
    source: Annotated[Path, typer.Argument(metavar="SOURCE")],
    month: Annotated[
        str | None,
        typer.Option("--month", help="The month to look at; the newest three without."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the mapping to this file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Show a mapping proposed for an operator's own names; write it only where `--out` says so."""
    from pipelines.cli.screens.proposal import draw_proposal
    from pipelines.jobs.intake.mapper import map_source, write_mapping

    speaker = Speaker(lang, as_json)
    proposal = map_source(source, month)
    text = draw_proposal(proposal, speaker.language)
    if out is not None:
        write_mapping(out, text, force=force)
    content = {
        "month": proposal.month,
        "months": proposal.months,
        "tables": [asdict(table) for table in proposal.tables],
        "unknown": proposal.unknown,
    }
    if as_json:
        speaker.print_json(content)
    else:
        typer.echo(text, nl=False)

    if out is not None:
        speaker.say_line("map.written", path=out, month=proposal.month, source=source)


@app.command("check")
def judge_delivery(
    month: str,
    source: Source,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Read and judge a delivery, and make no month of it."""
    from pipelines.cli.screens.check import describe_check, draw_check
    from pipelines.jobs.intake.check import STEPS, check_delivery
    from pipelines.jobs.run import Job
    from pipelines.text.progress import show_steps

    speaker = Speaker(lang, as_json)
    with show_steps(STEPS, month, speaker.language, is_quiet=as_json) as progress:
        job = Job(home, Month.parse(month), source, progress=progress)
        check = check_delivery(job)

    content = describe_check(check, speaker.language)
    speaker.show_content(content, draw_check, check)
    if check.stop:
        raise check.stop
    if check.quarantined or check.refused or check.withheld:
        raise Incomplete(
            "intake.not_all",
            month=month,
            rows=check.quarantined,
            tables=check.refused,
            outputs=len(check.withheld),
            source=source,
        )

"""The command for a person's deletion."""

from __future__ import annotations

from dataclasses import asdict
from getpass import getuser
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, DecidedBy, Home, Lang, Why
from pipelines.cli.shared import Speaker, app
from pipelines.core.settings import load_settings


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

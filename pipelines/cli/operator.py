"""The command that makes a synthetic operator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month


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

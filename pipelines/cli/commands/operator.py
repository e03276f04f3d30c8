"""The command that makes a synthetic operator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang, OutFolder
from pipelines.cli.shared import Speaker, app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.text.progress import show_steps


@app.command("twin")
def write_twin(
    out: OutFolder,
    services: Annotated[
        int | None, typer.Option("--services", help="How many services.")
    ] = None,
    months: Annotated[
        int | None, typer.Option("--months", help="How many months.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="The same seed gives the same bytes.")
    ] = None,
    through: Annotated[
        str, typer.Option("--through", help="The newest month.")
    ] = "2026-08",
    faults: Annotated[
        str,
        typer.Option("--faults", help="What to spoil in the newest month: NAME,NAME."),
    ] = "",
    days: Annotated[
        str,
        typer.Option(
            "--days",
            help="Also the state of these days of the months: YYYY-MM-DD,YYYY-MM-DD.",
        ),
    ] = "",
    config: Annotated[
        Path | None,
        typer.Option("--config", help="A YAML file of the twin's parameters."),
    ] = None,
    respond: Annotated[
        Path | None,
        typer.Option(
            "--respond",
            help="The folder of a released month's export: live the next month.",
        ),
    ] = None,
    lang: Lang = None,
    as_json: AsJson = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Write a synthetic operator, or let one live on with its orders."""
    speaker = Speaker(lang, as_json)
    request = _TwinRequest(services, months, seed, through, faults, days, config)
    try:
        if respond is None:
            _generate_twin(out, request, speaker)
        else:
            _refuse_arguments(
                services=services,
                months=months,
                seed=seed,
                config=config,
                faults=faults or None,
                days=days or None,
            )
            _live_on(out, respond, speaker)
    except (ValueError, OSError) as error:
        raise UsageError("twin.bad", why=error) from error


@dataclass(frozen=True)
class _TwinRequest:
    """A twin as the command line asks for it; `faults` and `days` are names with commas between."""

    services: int | None
    months: int | None
    seed: int | None
    through: str
    faults: str
    days: str
    config: Path | None


def _split_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    return [name for name in names if name]


# -- living on -------------------------------------------------------------------------------------


def _refuse_arguments(**given: object) -> None:
    """Refuse what a twin that lives on has from its folder."""
    named = [f"--{name}" for name, value in given.items() if value is not None]
    if named:
        raise ValueError(
            f"with --respond the folder says what the twin is; leave out {', '.join(named)}"
        )


def _live_on(out: Path, dispatch: Path, speaker: Speaker) -> None:
    from twin import respond

    steps = ("twin_again", "twin_answer")
    with show_steps(steps, None, speaker.language, is_quiet=speaker.as_json) as begin:
        begin("twin_again")

        def follow_months(done: int, total: int) -> None:
            if done == total - 1:
                begin("twin_answer")

        month = respond(out, dispatch, follow_months)

    content = {"path": str(out), "month": month}
    speaker.answer_line(content, "cli.twin_lived", **content)


# -- from the beginning ----------------------------------------------------------------------------


def _generate_twin(out: Path, request: _TwinRequest, speaker: Speaker) -> None:
    from pipelines.core.yaml_files import read_yaml
    from twin import TwinConfig, generate

    services = request.services
    months = request.months
    seed = request.seed
    if services is None or months is None or seed is None:
        raise ValueError("--services, --months and --seed are needed")

    newest = Month.parse(request.through)
    lived = [str(newest.plus(number + 1 - months)) for number in range(months)]
    config = None
    if request.config is not None:
        config = TwinConfig.from_mapping(read_yaml(request.config) or {})
    with show_steps(lived, None, speaker.language, is_quiet=speaker.as_json) as begin:

        def follow_months(done: int, total: int) -> None:
            if done < total:
                begin(lived[done])

        follow_months(0, months)
        generate(
            out,
            services=services,
            months=months,
            seed=seed,
            through=str(newest),
            faults=_split_names(request.faults),
            days=_split_names(request.days),
            config=config,
            progress=follow_months,
        )

    content = {"path": str(out), "services": services, "months": months}
    speaker.answer_line(content, "cli.twin_done", **content)

"""The command that makes a synthetic operator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.text.progress import show_steps


@app.command("twin")
def twin(
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")],
    services: Annotated[int | None, typer.Option("--services", help="How many services.")] = None,
    months: Annotated[int | None, typer.Option("--months", help="How many months.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="The same seed gives the same bytes.")
    ] = None,
    through: Annotated[str, typer.Option("--through", help="The newest month.")] = "2026-08",
    faults: Annotated[
        str, typer.Option("--faults", help="What to spoil in the newest month: NAME,NAME.")
    ] = "",
    days: Annotated[
        str,
        typer.Option(
            "--days", help="Also the state of these days of the months: YYYY-MM-DD,YYYY-MM-DD."
        ),
    ] = "",
    config: Annotated[
        Path | None, typer.Option("--config", help="A YAML file of the twin's parameters.")
    ] = None,
    respond: Annotated[
        Path | None,
        typer.Option(
            "--respond", help="The folder of a released month's export: live the next month."
        ),
    ] = None,
    lang: Lang = None,
    as_json: AsJson = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Write a synthetic operator in the contract's form, with the truth beside it; or let it live on with its orders."""
    speaker = Speaker(lang, as_json)
    try:
        if respond is not None:
            _refuse_arguments(
                services=services,
                months=months,
                seed=seed,
                config=config,
                faults=faults or None,
                days=days or None,
            )
            content = _live_on(out, respond, speaker)
            speaker.show(content, lambda: speaker.say("cli.twin_lived", **content))
        else:
            asked = services, months, seed, through, _names(faults), _names(days), config
            content = _make(out, speaker, *asked)
            speaker.show(content, lambda: speaker.say("cli.twin_done", **content))
    except (ValueError, OSError) as error:
        raise UsageError("twin.bad", why=error) from error


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _refuse_arguments(**given: object) -> None:
    """Refuse what a twin that lives on has from its folder."""
    named = [f"--{name}" for name, value in given.items() if value is not None]
    if named:
        raise ValueError(
            f"with --respond the folder says what the twin is; leave out {', '.join(named)}"
        )


def _live_on(out: Path, dispatch: Path, speaker: Speaker) -> dict[str, Any]:
    from twin import respond

    steps = ("twin_again", "twin_answer")
    with show_steps(steps, None, speaker.language, is_quiet=speaker.as_json) as begin:
        begin("twin_again")

        def tell(done: int, total: int) -> None:
            if done == total - 1:
                begin("twin_answer")

        return {"path": str(out), "month": respond(out, dispatch, tell)}


def _make(
    out: Path,
    speaker: Speaker,
    services: int | None,
    months: int | None,
    seed: int | None,
    through: str,
    faults: Sequence[str],
    days: Sequence[str],
    config: Path | None,
) -> dict[str, Any]:
    from pipelines.core.yaml_files import read_yaml
    from twin import TwinConfig, generate

    if services is None or months is None or seed is None:
        raise ValueError("--services, --months and --seed are needed")
    newest = Month.parse(through)
    lived = [str(newest.plus(number + 1 - months)) for number in range(months)]
    with show_steps(lived, None, speaker.language, is_quiet=speaker.as_json) as begin:

        def tell(done: int, total: int) -> None:
            if done < total:
                begin(lived[done])

        tell(0, months)
        generate(
            out,
            services=services,
            months=months,
            seed=seed,
            through=str(newest),
            faults=faults,
            days=days,
            config=TwinConfig.from_mapping(read_yaml(config) or {}) if config else None,
            progress=tell,
        )
    return {"path": str(out), "services": services, "months": months}

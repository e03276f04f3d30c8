"""Commands for who keeps the office running: metrics and health, lineage for a catalogue."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang, OtherVersion
from pipelines.cli.shared import Speaker, app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.operations.deadlines import local_today
from pipelines.operations.metrics import draw_metrics, write_metrics
from pipelines.operations.serving import (
    STALE_DAYS,
    HomeApplication,
    is_beyond,
    open_server,
)
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import fill_label


@app.command("metrics")
def give_metrics(
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write FILE.prom for node_exporter's textfiles."),
    ] = None,
    serve: Annotated[
        str | None,
        typer.Option("--serve", metavar="HOST:PORT", help="Answer over HTTP."),
    ] = None,
    stale_days: Annotated[
        int,
        typer.Option(
            "--stale-days", min=1, help="The newest month older than this is not ready."
        ),
    ] = STALE_DAYS,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Print the home's Prometheus metrics, write them, or serve them with /healthz and /readyz."""
    speaker = Speaker(lang, as_json)
    if out is not None and serve is not None:
        raise UsageError("metrics.one_of")
    if serve is not None:
        _serve_home(speaker, HomeApplication(home, stale_days), serve)
    elif out is not None:
        count = write_metrics(home, local_today(), out)
        content = {"path": str(out), "series": count}
        speaker.answer_line(content, "cli.metrics", path=out, count=count)
    else:
        typer.echo(draw_metrics(home, local_today()), nl=False)


def _serve_home(speaker: Speaker, application: HomeApplication, address: str) -> None:
    """Answer until somebody stops the program."""
    with open_server(application, address) as server, suppress(KeyboardInterrupt):
        where = f"{server.server_name}:{server.server_port}"
        if is_beyond(address):
            typer.echo(
                fill_label(speaker.language, "cli.serving_beyond", address=where),
                err=True,
            )
        speaker.answer_line({"address": where}, "cli.serving", address=where)
        server.serve_forever()


@app.command("lineage")
def write_lineage(
    month: str,
    out: Annotated[
        Path, typer.Option("--out", help="Write FILE.ndjson, one event a line.")
    ],
    version: OtherVersion = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write what a month is made of as OpenLineage events."""
    from pipelines.operations.events import write_events

    speaker = Speaker(lang, as_json)
    found = MonthFolder(home, Month.parse(month)).version(version)
    count = write_events(found, out)
    content = {"path": str(out), "events": count}
    speaker.answer_line(content, "cli.lineage", path=out, count=count)

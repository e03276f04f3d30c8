"""The command that sends a released month or day to its receivers."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang
from pipelines.cli.screens.deliveries import describe_report, draw_report
from pipelines.cli.shared import Speaker, app
from pipelines.core.settings import load_settings


@app.command("deliver")
def send_letters(
    month: Annotated[
        str,
        typer.Argument(
            metavar="MONTH", help="YYYY-MM, or YYYY-MM-DD for a day after it."
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")
    ] = False,
    again: Annotated[
        list[str] | None,
        typer.Option("--again", help="Send this letter once more (its id)."),
    ] = None,
    received: Annotated[
        list[str] | None,
        typer.Option("--received", help="This letter has arrived (its id)."),
    ] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Send a released month or day, each letter once, and show what became of the letters."""
    from pipelines.delivery.post import Wishes, deliver_letters, raise_open

    speaker = Speaker(lang, as_json)
    wishes = Wishes(tuple(again or ()), tuple(received or ()))
    report = deliver_letters(home, month, load_settings(), wishes, is_dry=dry_run)
    content = describe_report(report, speaker.language)
    speaker.show_content(content, draw_report, report)
    if not dry_run:
        raise_open(report)

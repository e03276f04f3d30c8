"""Commands behind the console: what was asked for on its pages, and who is told what each day."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang
from pipelines.cli.shared import Speaker, app
from pipelines.core.settings import load_settings
from pipelines.operations.deadlines import local_today

_WATCH_SECONDS = 5


@app.command("errands")
def do_errands_asked_for(
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on looking until it is stopped.")
    ] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Do what was asked for in the console and say what came of it."""
    from console.database import open_console

    speaker = Speaker(lang, as_json)
    settings = load_settings()
    open_console(home, settings)
    # Its tables are Django's, which is started by now.
    from console.errands.work import do_errands

    while True:
        for errand in do_errands(home, settings):
            subject = errand.month or "–"
            content = {"kind": errand.kind, "month": subject, "state": errand.state}
            speaker.answer_line(content, f"cli.errand_{errand.state}", **content)
        if not watch:
            return
        time.sleep(_WATCH_SECONDS)


@app.command("notices")
def send_daily_notices(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be told; send nothing.")
    ] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Send today's notices, each once, and show what became of them."""
    from console.database import open_console
    from pipelines.cli.screens.deliveries import describe_report, draw_report
    from pipelines.delivery.post import raise_open

    speaker = Speaker(lang, as_json)
    settings = load_settings()
    open_console(home, settings)
    from console.notices.daily import send_notices

    report = send_notices(home, settings, local_today(), is_dry=dry_run)
    content = describe_report(report, speaker.language)
    speaker.show_content(content, draw_report, report)
    if not dry_run:
        raise_open(report, "notice.open")

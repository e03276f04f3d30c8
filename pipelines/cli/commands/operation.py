"""Commands for who keeps the office running: metrics and health, lineage, the web console."""

from __future__ import annotations

import time
from contextlib import suppress
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang, OtherVersion
from pipelines.cli.shared import Speaker, app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
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

_WATCH_SECONDS = 5
_DEED = typer.Argument(
    help="add, move (to another manager or branch), reset (a new first password), address, "
    "disable, enable or list."
)


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


# -- the web console ---------------------------------------------------------------------------


@app.command("console")
def serve_console(
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen.")
    ] = "127.0.0.1:8000",
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes, of eight threads each.")
    ] = 1,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
) -> None:
    """Serve the web console until it is stopped."""
    speaker = Speaker(lang, as_json=False)
    settings = load_settings()
    settings.require_own_key()

    from console.database import open_console
    from console.server import ConsoleServer, check_address, refuse_taken_address

    address = check_address(listen, is_in_service=bool(settings.console_hosts))
    refuse_taken_address(address)
    open_console(home, settings)
    _prepare_sessions()

    def tell_address(url: str) -> None:
        speaker.say_line("cli.console", url=url)

    ConsoleServer(address, workers, tell_address).run()


def _prepare_sessions() -> None:
    """Forget the sessions that are over, and leave no connection to the processes that follow."""
    from django.core.management import call_command
    from django.db import connections

    call_command("clearsessions")
    connections.close_all()


@app.command("account")
def change_accounts(
    deed: Annotated[str, _DEED],
    name: Annotated[str, typer.Argument(help="What somebody logs in as.")] = "",
    role: Annotated[
        str,
        typer.Option(
            "--role", help="manager, head, analyst, quality or administrator."
        ),
    ] = "",
    manager_id: Annotated[
        str, typer.Option("--manager-id", help="Of a manager: the operator's id.")
    ] = "",
    branch_id: Annotated[
        str, typer.Option("--branch-id", help="Of a head: the branch.")
    ] = "",
    email: Annotated[
        str, typer.Option("--email", help="Where notices go; nowhere without.")
    ] = "",
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Say who may come into the console; a first password is printed once."""
    from console.database import open_console

    speaker = Speaker(lang, as_json)
    open_console(home, load_settings())
    # Its tables are Django's, which is started by now.
    from console.accounts.register import (
        NewAccount,
        find_account,
        list_accounts,
        make_account,
        move_account,
    )

    actor = getuser()
    if deed == "list":
        for shown in list_accounts():
            content = shown._asdict()
            speaker.answer_line(content, "cli.account", **content)
    elif deed == "add":
        wanted = NewAccount(name, role, manager_id, branch_id, email)
        password = make_account(wanted, actor)
        _tell_password(speaker, name, password)
        _warn_of_unknown_manager(speaker, home, wanted.role, manager_id)
    elif deed == "move":
        account = find_account(name)
        move_account(account, manager_id, branch_id, actor)
        works_as = account.manager_id or account.branch_id
        content = {"name": name, "works_as": works_as}
        speaker.answer_line(content, "cli.account_moved", **content)
        _warn_of_unknown_manager(speaker, home, account.role, manager_id)
    else:
        _change_account(speaker, deed, name, email, actor)


def _change_account(
    speaker: Speaker, deed: str, name: str, email: str, actor: str
) -> None:
    """Do what an account and a deed are enough for."""
    from console.accounts.register import (
        find_account,
        reset_account,
        set_active,
        set_email,
    )

    if deed == "reset":
        account = find_account(name)
        password = reset_account(account, actor)
        _tell_password(speaker, name, password)
    elif deed == "address":
        account = find_account(name)
        set_email(account, email, actor)
        content = {"name": name, "email": email}
        speaker.answer_line(content, "cli.account_address", **content)
    elif deed in ("disable", "enable"):
        is_active = deed == "enable"
        account = find_account(name)
        set_active(account, is_active, actor)
        said = {"name": name, "is_active": is_active}
        speaker.answer_line(said, f"cli.account_{deed}d", name=name)
    else:
        raise UsageError("account.unknown_deed", deed=deed)


def _warn_of_unknown_manager(
    speaker: Speaker, home: Path, role: str, manager_id: str
) -> None:
    """Say of a manager whom no held month knows that the account will see no orders."""
    from console.accounts.register import knows_manager

    if role == "manager" and knows_manager(home, manager_id) is False:
        facts = {"manager_id": manager_id, "home": home}
        note = fill_label(speaker.language, "cli.account_unknown_manager", **facts)
        typer.echo(note, err=True)


def _tell_password(speaker: Speaker, name: str, password: str) -> None:
    content = {"name": name, "password": password}
    speaker.answer_line(content, "cli.account_password", **content)


# -- behind the console ------------------------------------------------------------------------


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
            content = {
                "kind": errand.kind,
                "month": errand.month or "–",
                "state": errand.state,
            }
            sentence = f"cli.errand_{errand.state}"
            speaker.answer_line(content, sentence, **content)
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

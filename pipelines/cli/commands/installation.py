"""Commands about the installation itself: is it sound, its backups, and what lies in it longer than it must."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.shared import DEFAULT_HOME, AsJson, Home, Lang, Speaker, app
from pipelines.core.settings import load_settings
from pipelines.operations.deadlines import local_today
from pipelines.operations.guard import find_pressing, raise_pressing
from pipelines.operations.tidy import Removal, find_removable
from pipelines.operations.tidy import tidy as remove
from pipelines.text.texts import label

if TYPE_CHECKING:
    from pipelines.operations.doctor import Check

_MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


@app.command("doctor")
def doctor(home: Home = DEFAULT_HOME, lang: Lang = None, as_json: AsJson = False) -> None:
    """Say whether this installation is sound, and how to mend what is not; nothing is changed."""
    from pipelines.operations.doctor import (
        examine,
        raise_worst,
    )  # here: no other command asks the office's database

    speaker = Speaker(lang, as_json)
    checks = examine(home)
    told = [asdict(check) | {"message": tell(check, speaker.language)} for check in checks]
    speaker.show(told, lambda: _draw(checks, speaker.language))
    raise_worst(checks)


def tell(check: Check, language: str) -> str:
    """Say what a check found and, where it is not well, what to do."""
    ending = "" if check.state == "ok" else ".mend"
    return label(language, f"doctor.{check.finding}{ending}", **check.facts)


def _draw(checks: list[Check], language: str) -> None:
    for check in checks:
        typer.echo(
            f"{_MARKS[check.state]} {label(language, f'doctor.name.{check.name}')}: {tell(check, language)}"
        )


@app.command("backup")
def backup(
    to: Annotated[Path, typer.Option("--to", help="The folder of the archives, outside the home.")],
    keep: Annotated[
        int | None, typer.Option("--keep", min=1, help="Keep the newest archives alone.")
    ] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write the home and the office into one archive, which only its owner can read."""
    from pipelines.operations.backup import back_up

    speaker = Speaker(lang, as_json)
    made = back_up(home, to, load_settings(), datetime.now(UTC), keep)
    speaker.show(asdict(made), lambda: speaker.say("cli.backed_up", **asdict(made)))


@app.command("restore")
def restore(
    archive: Annotated[Path, typer.Argument(help="An archive of `retention backup`.")],
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Make a home of an archive, where there is none; the office goes into the database that the settings name."""
    from pipelines.operations.backup import restore as make_home

    speaker = Speaker(lang, as_json)
    made = make_home(archive, home, load_settings())
    speaker.show(asdict(made), lambda: speaker.say("cli.restored", **asdict(made)))


@app.command("tidy")
def tidy(
    is_rehearsal: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and touch nothing.")
    ] = False,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Remove what lies in the home longer than it must: old drafts, superseded versions, months beyond those kept."""
    speaker = Speaker(lang, as_json)
    found = (find_removable if is_rehearsal else remove)(home, load_settings(), datetime.now(UTC))
    speaker.show(
        [asdict(removal) for removal in found], lambda: _list_removals(speaker, found, is_rehearsal)
    )


def _list_removals(speaker: Speaker, found: list[Removal], is_rehearsal: bool) -> None:
    key = "cli.would_go" if is_rehearsal else "cli.gone"
    for removal in found:
        speaker.say(key, path=removal.path, size=f"{removal.size / 2**20:.1f}")
    if not found:
        speaker.say("cli.nothing_to_tidy")


@app.command("due")
def due(home: Home = DEFAULT_HOME, lang: Lang = None, as_json: AsJson = False) -> None:
    """Say what is owed by the next working day and is not done; ends with 12 then, so that any clock can watch."""
    speaker = Speaker(lang, as_json)
    found = find_pressing(home, local_today())
    told = [row | {"due_on": row["due_on"].isoformat()} for row in found]
    speaker.show(told, lambda: _list_duties(speaker, found))
    raise_pressing(found)


def _list_duties(speaker: Speaker, found: list[dict[str, Any]]) -> None:
    for row in found:
        what, state = (
            label(speaker.language, f"cli.{kind}")
            for kind in (f"deadline.{row['name']}", f"duty.{row['state']}")
        )
        typer.echo(f"{row['due_on']}  {state}  {row['month']}  {what}")
    if not found:
        speaker.say("cli.nothing_due")

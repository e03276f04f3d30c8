"""Commands about the installation itself: is it sound, backups, tidying, what is owed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang
from pipelines.cli.screens.deadlines import draw_pressing
from pipelines.cli.screens.installation import (
    describe_checks,
    draw_checks,
    draw_removals,
)
from pipelines.cli.shared import Speaker, app
from pipelines.core.settings import load_settings
from pipelines.operations.deadlines import local_today
from pipelines.operations.guard import find_pressing, raise_pressing
from pipelines.operations.tidy import find_removable, tidy_home
from pipelines.operations.tidy_exports import find_old_exports, remove_old_exports
from pipelines.operations.tidy_office import find_old_rows, tidy_office
from pipelines.store.persons.keys import PersonKeys


@app.command("doctor")
def examine_installation(
    home: Home = DEFAULT_HOME, lang: Lang = None, as_json: AsJson = False
) -> None:
    """Say whether this installation is sound, and how to mend what is not; nothing is changed."""
    # Imported here, because no other command asks the office's database.
    from pipelines.operations.doctor import examine, raise_worst

    speaker = Speaker(lang, as_json)
    checks = examine(home)
    content = describe_checks(checks, speaker.language)
    speaker.show_content(content, draw_checks, checks)
    raise_worst(checks)


@app.command("backup")
def back_up_home(
    to: Annotated[
        Path, typer.Option("--to", help="The folder of the archives, outside the home.")
    ],
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, help="Keep the newest archives alone."),
    ] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write the home and the office into one archive, which only its owner can read."""
    from pipelines.operations.backup import back_up

    speaker = Speaker(lang, as_json)
    made = asdict(back_up(home, to, load_settings(), datetime.now(UTC), keep))
    speaker.answer_line(made, "cli.backed_up", **made)


@app.command("restore")
def restore_archive(
    archive: Annotated[Path, typer.Argument(help="An archive of `retention backup`.")],
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Make a home of an archive, where there is none."""
    from pipelines.operations.restoring import restore_home

    speaker = Speaker(lang, as_json)
    made = asdict(restore_home(archive, home, load_settings()))
    speaker.answer_line(made, "cli.restored", **made)
    if not PersonKeys(home).path.exists():
        speaker.say_line("cli.restored_without_keys")


@app.command("tidy")
def remove_old(
    is_rehearsal: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and touch nothing.")
    ] = False,
    exports: Annotated[
        Path | None,
        typer.Option(
            "--exports",
            exists=True,
            file_okay=False,
            help="Also a folder of exported workbooks and papers.",
        ),
    ] = None,
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Remove what lies in the home and in the office longer than it must."""
    speaker = Speaker(lang, as_json)
    settings, now = load_settings(), datetime.now(UTC)
    if is_rehearsal:
        removals = find_removable(home, settings, now)
        if exports is not None:
            removals += find_old_exports(exports, settings, now)
        old_rows = find_old_rows(home, settings, now)
    else:
        removals = tidy_home(home, settings, now)
        if exports is not None:
            removals += remove_old_exports(exports, settings, now)
        old_rows = tidy_office(home, settings, now)
    content = [asdict(removal) for removal in removals]
    content += [asdict(old) for old in old_rows]
    speaker.show_content(content, draw_removals, removals, old_rows, is_rehearsal)


@app.command("due")
def show_due(
    home: Home = DEFAULT_HOME, lang: Lang = None, as_json: AsJson = False
) -> None:
    """Show what is owed by the next working day; raise Incomplete where anything is."""
    speaker = Speaker(lang, as_json)
    pressing = find_pressing(home, local_today())
    content = [asdict(duty) for duty in pressing]
    speaker.show_content(content, draw_pressing, pressing)
    raise_pressing(pressing)

"""What every command has in common: where the months are, the language, text or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.group import LazyGroup
from pipelines.core.errors import UsageError
from pipelines.core.names import show_name
from pipelines.text.texts import LANGUAGES, fill_label, find_local_language

app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _check_home(home: Path) -> Path:
    """Refuse a home whose path is no text: the engine and the office database could not open it."""
    if any("\ud800" <= letter <= "\udfff" for letter in str(home)):
        raise UsageError("home.no_text", home=show_name(str(home)))
    return home


Home = Annotated[
    Path,
    typer.Option("--home", help="Where the months are kept.", callback=_check_home),
]
Lang = Annotated[
    str | None, typer.Option("--lang", help="Language of the answer: zh or en.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable output.")]
DEFAULT_HOME = Path("home")


@app.callback()
def _begin_group() -> None:
    pass  # with it the application is a group before any of its commands is imported


class Speaker:
    """Answers in one language, as text or as JSON."""

    def __init__(self, lang: str | None, as_json: bool) -> None:
        if lang is not None and lang not in LANGUAGES:
            raise UsageError("lang.unknown", lang=lang, allowed=", ".join(LANGUAGES))
        self.language = lang or find_local_language()
        self.as_json = as_json

    def say_line(self, key: str, **facts: object) -> None:
        """Print one line for people; nothing where a program listens."""
        if not self.as_json:
            typer.echo(fill_label(self.language, key, **facts))

    def show_content(self, content: object, draw: Callable[[], None]) -> None:
        """Print content as JSON, or draw it for people."""
        if not self.as_json:
            draw()
            return
        # Imported here, so that the help does not wait for it.
        from pipelines.documents.table_files import make_json_value

        typer.echo(json.dumps(content, ensure_ascii=False, default=make_json_value))

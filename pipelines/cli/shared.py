"""What every command has in common: the application, and answers as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVarTuple, Unpack

import typer

from pipelines.cli.group import LazyGroup
from pipelines.core.errors import UsageError
from pipelines.text.texts import LANGUAGES, fill_label, find_local_language

app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _begin_group() -> None:
    pass  # with it the application is a group before any of its commands is imported


Drawn = TypeVarTuple("Drawn")


class Speaker:
    """Answers in one language, as text or as JSON."""

    def __init__(self, lang: str | None, as_json: bool) -> None:
        if lang is not None and lang not in LANGUAGES:
            raise UsageError("lang.unknown", lang=lang, allowed=", ".join(LANGUAGES))
        self.language = lang or find_local_language()
        self.as_json = as_json

    def say_line(self, key: str, /, **facts: object) -> None:
        """Print one line for people; nothing where a program listens."""
        if not self.as_json:
            typer.echo(fill_label(self.language, key, **facts))

    def show_content(
        self,
        content: object,
        draw: Callable[[Unpack[Drawn], str], None],
        *drawn: *Drawn,
    ) -> None:
        """Print content as JSON, or draw for people what is given, in their language."""
        if self.as_json:
            self.print_json(content)
        else:
            draw(*drawn, self.language)

    def answer_line(self, content: object, key: str, /, **facts: object) -> None:
        """Print content as JSON, or one line for people."""
        if self.as_json:
            self.print_json(content)
        else:
            self.say_line(key, **facts)

    def print_json(self, content: object) -> None:
        """Print content as JSON."""
        # Imported here, so that the help does not wait for it.
        from pipelines.documents.table_files import make_json_value

        typer.echo(json.dumps(content, ensure_ascii=False, default=make_json_value))

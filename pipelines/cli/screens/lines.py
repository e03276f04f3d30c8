"""A line on a screen."""

from __future__ import annotations

import typer

from pipelines.text.texts import fill_label


def print_line(language: str, key: str, /, *, lead: str = "", **facts: object) -> None:
    """Print a text of the locales with its facts filled in; `lead` stands before it."""
    typer.echo(lead + fill_label(language, key, **facts))

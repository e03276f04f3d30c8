"""The command line: `retention …`. Every command ends with a documented exit code and says what to do next."""

from __future__ import annotations

import json
import sys

import typer

from pipelines.cli import (
    day,
    delivery,
    installation,
    model,
    month,
    new,
    operation,
    operator,
    orders,
    outcomes,
    plan,
    quarantine,
    record,
    why,
)
from pipelines.cli.shared import app
from pipelines.core.errors import RetentionError
from pipelines.words.texts import LANGUAGES, describe, local_language

__all__ = [
    "app",
    "day",
    "delivery",
    "installation",
    "main",
    "model",
    "month",
    "new",
    "operation",
    "operator",
    "orders",
    "outcomes",
    "plan",
    "quarantine",
    "record",
    "why",
]


def main() -> None:
    """Run the command line; turn every known failure into its message and exit code."""
    try:
        app()
    except RetentionError as error:
        _fail(error)


def _fail(error: RetentionError) -> None:
    """Say on stderr what, where and what next, in the language asked for."""
    words = sys.argv[1:]
    asked = next((words[i + 1] for i, w in enumerate(words[:-1]) if w == "--lang"), None)
    language = asked if asked in LANGUAGES else local_language()
    message = describe(language, error)
    if "--json" in words:
        facts = {name: str(value) for name, value in error.facts.items()}
        message = json.dumps({"error": error.key, "message": message, "facts": facts}, ensure_ascii=False)
    typer.echo(message, err=True)
    sys.exit(error.exit_code)

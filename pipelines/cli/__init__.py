"""The command line: `retention …`. Every command ends with a documented exit code and says what to do next."""

from __future__ import annotations

import json
import sys
from io import TextIOWrapper

import typer

from pipelines.cli.shared import app
from pipelines.core.errors import RetentionError
from pipelines.store.faults import as_known
from pipelines.store.files import keep_files_private
from pipelines.text.texts import LANGUAGES, describe, local_language

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; turn every known failure into its message and exit code."""
    for stream in (sys.stdout, sys.stderr):  # a path may hold bytes that are no text
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    keep_files_private()
    try:
        app()
    except RetentionError as error:
        _fail(error)
    except Exception as error:
        known = as_known(error)
        if known is None:
            raise  # a fault of this program: its traceback is what mends it
        _fail(known)


def _fail(error: RetentionError) -> None:
    """Say on stderr what, where and what next, in the language asked for."""
    words = sys.argv[1:]
    asked = next((words[i + 1] for i, w in enumerate(words[:-1]) if w == "--lang"), None)
    language = asked if asked in LANGUAGES else local_language()
    message = describe(language, error)
    if "--json" in words:
        facts = {name: str(value) for name, value in error.facts.items()}
        message = json.dumps(
            {"error": error.key, "message": message, "facts": facts}, ensure_ascii=False
        )
    typer.echo(message, err=True)
    sys.exit(error.exit_code)

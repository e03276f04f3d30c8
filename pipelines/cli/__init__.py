"""The command line: `retention …`.

Every command ends with a documented exit code and says what to do next.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import typer

from pipelines.cli.shared import app
from pipelines.core.errors import RetentionError
from pipelines.store.faults import as_known
from pipelines.store.files import keep_files_private
from pipelines.text.texts import LANGUAGES, describe_error, find_local_language

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
        _fail_with(error)
    except Exception as error:
        known = as_known(error)
        if known is None:
            raise  # a fault of this program: its traceback is what mends it
        _fail_with(known)


def _fail_with(error: RetentionError) -> None:
    """Say on stderr what, where and what next, in the language asked for."""
    arguments = sys.argv[1:]
    message = describe_error(_find_language(arguments), error)
    if "--json" in arguments:
        facts = {name: str(value) for name, value in error.facts.items()}
        content = {"error": error.key, "message": message, "facts": facts}
        message = json.dumps(content, ensure_ascii=False)
    typer.echo(message, err=True)
    sys.exit(error.exit_code)


def _find_language(arguments: Sequence[str]) -> str:
    """The language asked for by the first `--lang`, if there is such a one.

    Else that of the shell.
    """
    if "--lang" in arguments[:-1]:
        asked = arguments[arguments.index("--lang") + 1]
        if asked in LANGUAGES:
            return asked
    return find_local_language()

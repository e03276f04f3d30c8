"""The options that mean the same in several commands, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.core.errors import UsageError
from pipelines.core.names import show_name

DEFAULT_HOME = Path("home")


def _check_home(home: Path) -> Path:
    """Refuse a home whose path is no text: the engine and the office database could not open it."""
    if any("\ud800" <= letter <= "\udfff" for letter in str(home)):
        raise UsageError("home.no_text", home=show_name(str(home)))
    return home


# What every command has.
Home = Annotated[
    Path,
    typer.Option("--home", help="Where the months are kept.", callback=_check_home),
]
Lang = Annotated[
    str | None, typer.Option("--lang", help="Language of the answer: zh or en.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable output.")]

# What is read, and what is written.
SOURCE = typer.Option("--source", help="A folder, or a YAML for a database.")
Source = Annotated[str, SOURCE]
SourceIfAny = Annotated[str | None, SOURCE]
OtherVersion = Annotated[
    int | None, typer.Option("--version", help="Another version than the current one.")
]
OutFolder = Annotated[Path, typer.Option("--out", help="The folder to write into.")]

# Decisions, on the record.
Why = Annotated[str, typer.Option("--why", help="The reason, for the record.")]
DecidedBy = Annotated[
    str | None, typer.Option("--by", help="Who decides; by default the user logged in.")
]

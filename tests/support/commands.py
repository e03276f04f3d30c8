"""The commands of the command line, as typer holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperGroup

from pipelines.cli import app


def map_commands() -> Mapping[str, Any]:
    """Every command by its name; typer keeps the class of them to itself."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return group.commands

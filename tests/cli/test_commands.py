"""The table of commands says what is there: each command in its module, with its own first line, and none is forgotten."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import typer.main

from pipelines import cli
from pipelines.cli import commands
from pipelines.cli.command_table import TABLE


def declared() -> dict[str, tuple[str, str]]:
    """Every command that a module of the command line declares: its module, and the first line of its words."""
    for path in Path(commands.__file__).parent.glob("*.py"):
        import_module(f"pipelines.cli.commands.{path.stem}")
    found = {}
    for info in cli.app.registered_commands:
        assert info.callback is not None and info.callback.__doc__ is not None
        module = info.callback.__module__.removeprefix("pipelines.cli.commands.")
        found[info.name or ""] = (module, info.callback.__doc__.splitlines()[0])
    return found


def test_every_command_declared_is_in_the_table_in_its_module_and_with_its_words() -> None:
    assert {command.name: (command.module, command.help) for command in TABLE} == declared()


def test_no_name_is_twice_in_the_table() -> None:
    names = [command.name for command in TABLE]
    assert len(names) == len(set(names)) and len(names) > 20


def test_every_command_of_the_table_is_found_by_its_name() -> None:
    found = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    assert list(found) == [command.name for command in TABLE]
    for name, command in found.items():
        assert command.name == name and command.callback is not None

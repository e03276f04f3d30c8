"""The table of commands says what is there: each command in its module, and none is forgotten."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from pipelines import cli
from pipelines.cli import commands
from pipelines.cli.command_table import TABLE
from tests.support.commands import map_commands


def declared() -> dict[str, str]:
    """The module of every command that a module of the command line declares."""
    for path in Path(commands.__file__).parent.glob("*.py"):
        import_module(f"pipelines.cli.commands.{path.stem}")
    found = {}
    for info in cli.app.registered_commands:
        assert info.name is not None and info.callback is not None
        found[info.name] = info.callback.__module__.removeprefix(
            "pipelines.cli.commands."
        )
    return found


def test_every_command_declared_is_in_the_table_in_its_module() -> None:
    assert {command.name: command.module for command in TABLE} == declared()


def test_every_command_says_of_itself_what_the_table_says() -> None:
    found = map_commands()
    assert {name: command.help for name, command in found.items()} == {
        command.name: command.help for command in TABLE
    }


def test_no_name_is_twice_in_the_table() -> None:
    names = [command.name for command in TABLE]
    assert len(names) == len(set(names)) and len(names) > 20


def test_every_command_of_the_table_is_found_by_its_name() -> None:
    found = map_commands()
    assert list(found) == [command.name for command in TABLE]
    for name, command in found.items():
        assert command.name == name and command.callback is not None

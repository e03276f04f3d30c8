"""The group of all commands: it knows them by their table, and imports one when it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info

from pipelines.cli.command_table import TABLE

_PACKAGE = "pipelines.cli.commands"


class CommandsByName(Mapping[str, Any]):
    """Every command by its name; its module is imported when the command is asked for."""

    def __init__(self) -> None:
        self._commands = {command.name: command for command in TABLE}

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)

    def __getitem__(self, name: str) -> Any:
        command = self._commands[name]
        module = import_module(f"{_PACKAGE}.{command.module}")
        # Every module declares its commands on the one application, and so has it by name.
        for info in module.app.registered_commands:
            if info.name == name:
                info.help = command.help
                return get_command_from_info(
                    info, pretty_exceptions_short=True, rich_markup_mode=None
                )

        raise KeyError(name)


class LazyGroup(TyperGroup):
    """Commands that are imported when they are called; the help is written from their table."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        # The table is added to, not the group.
        self.commands = CommandsByName()  # type: ignore[assignment]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a line a command, as the group would with all of them imported."""
        longest_name = max(len(command.name) for command in TABLE)
        width = formatter.width - 6 - longest_name
        rows = []
        for command in TABLE:
            shown = TyperCommand(command.name, help=command.help)
            rows.append((command.name, shown.get_short_help_str(width)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

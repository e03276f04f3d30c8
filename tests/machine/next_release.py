"""The program as its next release would be: the same commands, and tables made with another library."""

from __future__ import annotations

from importlib.metadata import version
from unittest import mock

from pipelines import cli
from pipelines.jobs import identity


def name_next(library: str) -> str:
    """The version of a library that the next release comes with."""
    return version(library) + ".post1"


def main() -> None:
    """Run a command of the next release."""
    identity.hash_table_code.cache_clear()
    with mock.patch.object(identity, "library_version", name_next):
        cli.main()

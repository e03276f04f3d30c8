"""What all tests of the console stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.console.quality.findings import found, found_folder, waived, waived_folder
from tests.support.console.visitors import (
    Console,
    console,
    crowded,
    crowded_home,
    debtors_home,
)

__all__ = [
    "console",
    "crowded",
    "crowded_home",
    "debtors_home",
    "found",
    "found_folder",
    "settings_of",
    "waived",
    "waived_folder",
]


@pytest.fixture
def settings_of(console: Console) -> Iterator[Callable[..., None]]:
    """Change Django's settings for a test."""
    from django.test import override_settings

    changes = []

    def change(**values: object) -> None:
        override = override_settings(**values)
        override.enable()
        changes.append(override)

    yield change
    for override in reversed(changes):
        override.disable()

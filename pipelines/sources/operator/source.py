"""What every source can do, whether it is a folder or a database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from pipelines.core.month import Month
from pipelines.sources.operator.delivery import Delivery
from pipelines.sources.operator.own_names import NamesMapping

T = TypeVar("T")


class CallEach(Protocol):
    """Has workers call functions, each by itself, and returns what they return, in their order."""

    def __call__(self, tasks: Sequence[Callable[[], T]], /) -> list[T]:
        """Raise what the first of them raises."""


class Source(Protocol):
    """Where a month's tables come from."""

    def fingerprint(self, month: Month) -> str | None:
        """Hash names and content of the month's files; None when known only after reading."""

    def mapping(self, month: Month) -> NamesMapping | None:
        """Return the operator's own names for the month.

        None when there are none; raise SpecError when they cannot be used.
        """

    def unknown_files(self, month: Month) -> tuple[str, ...]:
        """Name what lies in the month but belongs to no contract table."""

    def extract(
        self, month: Month, into: Path, call_each: CallEach | None = None
    ) -> list[Delivery]:
        """Write `into/extract_<table>.parquet` for every delivered table.

        Return one Delivery a contract table, whether it was delivered or not. Workers read them
        where there are some and the source can be read by several.
        """

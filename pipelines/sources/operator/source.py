"""What every source can do, whether it is a folder or a database."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pipelines.core.month import Month
from pipelines.sources.operator.delivery import Delivery
from pipelines.sources.operator.own_names import NamesMapping


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

    def extract(self, month: Month, into: Path) -> list[Delivery]:
        """Write `into/extract_<table>.parquet` for every delivered table.

        Return one Delivery a contract table, whether it was delivered or not.
        """

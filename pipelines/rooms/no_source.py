"""What a room reads deliveries from that reads none."""

from __future__ import annotations

from pathlib import Path

from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.sources.operator.delivery import Delivery
from pipelines.sources.operator.own_names import NamesMapping
from pipelines.sources.operator.source import CallEach


class NoSource:
    """The source of a room that reads none: deliveries were staged by the first room."""

    def fingerprint(self, month: Month) -> str | None:
        """Raise UsageError."""
        raise UsageError("source.none", month=month)

    def mapping(self, month: Month) -> NamesMapping | None:
        """Raise UsageError."""
        raise UsageError("source.none", month=month)

    def unknown_files(self, month: Month) -> tuple[str, ...]:
        """Raise UsageError."""
        raise UsageError("source.none", month=month)

    def extract(
        self, month: Month, into: Path, call_each: CallEach | None = None
    ) -> list[Delivery]:
        """Raise UsageError."""
        raise UsageError("source.none", month=month)

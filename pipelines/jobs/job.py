"""One month to run: where from, where to, and how to tell somebody what is going on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.core.settings import Settings, load_settings
from pipelines.rooms.validate import Judge
from pipelines.rooms.validate.gate import judge
from pipelines.sources import Source, open_source
from pipelines.sources.office.answers import OfficeReading, read_office
from pipelines.store.lake import MonthFolder


@dataclass
class Job:
    """One month to run. `source` is a folder or the YAML of a database.

    None for work that reads no delivery. `judge` gives the verdicts of the gate on what was
    delivered.
    """

    home: Path
    month: Month
    source: str | None = None
    settings: Settings = field(default_factory=load_settings)
    progress: Callable[[str], None] = lambda step: None
    judge: Judge = judge

    @property
    def folder(self) -> MonthFolder:
        """The month's folder in the home."""
        return MonthFolder(self.home, self.month)

    def open_source(self) -> Source:
        """Open what the operator delivered; raise UsageError when the job names no source."""
        if self.source is None:
            raise UsageError("source.none", month=self.month)
        return open_source(self.source)

    def read_office(self) -> OfficeReading:
        """Read what the office says about the month now.

        Raise SourceNotReady when it cannot be reached.
        """
        return read_office(self.settings.office_database(self.home), self.month)

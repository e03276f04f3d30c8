"""One month to run: where from, where to, and how to tell somebody what is going on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.core.settings import Settings, load_settings
from pipelines.jobs.size import MonthSize
from pipelines.sources import Source, open_source
from pipelines.store.lake import MonthFolder

if TYPE_CHECKING:
    from pipelines.rooms.validate import Judge
    from pipelines.sources.office.answers import OfficeReading


@dataclass
class Job:
    """One month to run. `source` is a folder or the YAML of a database.

    None for work that reads no delivery. `judge` gives the verdicts of the gate on what was
    delivered, where it is not Great Expectations. `tell_size` is told once a run what the month
    takes on this machine, before the rooms that need it.
    """

    home: Path
    month: Month
    source: str | None = None
    settings: Settings = field(default_factory=load_settings)
    progress: Callable[[str], None] = lambda step: None
    tell_size: Callable[[MonthSize], None] = lambda size: None
    judge: Judge | None = None

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
        # Imported here: only the first room of a month asks the office.
        from pipelines.sources.office.answers import read_office

        return read_office(self.settings.office_database(self.home), self.month)

"""The bill month (账期): parsed once, then passed to every room."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.core.errors import UsageError

# The periods that are summed up, by their months.
PERIODS = {"quarter": 3, "half": 6, "year": 12}
_PATTERN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month. Its cut-off is 24:00 of its last day, Asia/Shanghai."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read `YYYY-MM`; raise UsageError for anything else."""
        match = _PATTERN.fullmatch(text)
        if not match:
            raise UsageError("month.bad", value=text)
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def plus(self, months: int) -> Month:
        """Return the month that many months later (earlier when negative)."""
        index = self.year * 12 + self.number - 1 + months
        year, number = divmod(index, 12)
        return Month(year, number + 1)

    def since(self, other: Month) -> int:
        """Return how many months lie from `other` to this month."""
        return (self.year - other.year) * 12 + self.number - other.number

    @property
    def closes(self) -> tuple[str, ...]:
        """The periods whose last month this is: none, a quarter, a half-year, a year."""
        closed = [name for name, months in PERIODS.items() if self.number % months == 0]
        return tuple(closed)

    @property
    def first_day(self) -> date:
        """The first day of the month."""
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """The last day of the month: the cut-off's date."""
        next_month = self.plus(1)
        return next_month.first_day - timedelta(days=1)

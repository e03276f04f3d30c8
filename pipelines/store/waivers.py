"""Findings somebody has accepted: who, why and until when, on the record beside the months."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path

from pipelines.catalogue.expectations import all_findings
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.store.files import write_text
from pipelines.store.lake import MONTH_NAME, MonthFolder, held_months
from pipelines.store.torn import read_lines

FILE = "waivers.jsonl"


@dataclass(frozen=True)
class Waiver:
    """A finding that is accepted for every month up to `until` (YYYY-MM), that month included.

    `at` is the instant it was said (UTC, ISO 8601): for the record, never for a decision.
    """

    finding: str
    why: str
    until: str
    by: str
    at: str

    def covers(self, month: Month) -> bool:
        """Whether the finding is accepted in that month."""
        return month <= Month.parse(self.until)

    def meaning(self) -> dict[str, str]:
        """What a month is made of where the waiver covers it: all but the instant."""
        return {name: value for name, value in asdict(self).items() if name != "at"}


def read_waivers(home: Path) -> list[Waiver]:
    """Read every waiver of a home, oldest first."""
    return read_lines(home / FILE, _waiver)


def _waiver(finding: str, why: str, until: str, by: str, at: str) -> Waiver:
    """Take a line of the record; raise ValueError for an end that is no month."""
    if not isinstance(finding, str) or MONTH_NAME.fullmatch(until) is None:
        raise ValueError(until)
    return Waiver(finding, why, until, by, at)


def waivers_for(home: Path, month: Month) -> dict[str, Waiver]:
    """The waivers that cover a month, by finding; the latest said where there are several."""
    return {waiver.finding: waiver for waiver in read_waivers(home) if waiver.covers(month)}


def waive(home: Path, finding: str, why: str, until: str, by: str) -> Waiver:
    """Accept a finding until a month or day, on the record; what was said before stays.

    Raise UsageError for a finding no rule makes, for no reason given, and for an end before every month still open.
    """
    from filelock import FileLock  # here, so that who only reads does not wait for it

    known = all_findings()
    if finding not in known:
        near = (
            get_close_matches(finding, known, n=5, cutoff=0.5)
            or [f for f in known if finding in f][:5]
        )
        raise UsageError("waive.unknown", finding=finding, near=", ".join(near) or "-")
    if not why.strip():
        raise UsageError("waive.no_reason", finding=finding)
    last, first = last_month(until), first_open_month(home)
    if first is not None and last < first:
        raise UsageError("waive.too_early", until=until, first=first)
    waiver = Waiver(
        finding, why.strip(), str(last), by, datetime.now(UTC).isoformat(timespec="seconds")
    )
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / ".waivers.lock"):
        said = [*read_waivers(home), waiver]
        write_text(
            home / FILE, "".join(json.dumps(asdict(w), ensure_ascii=False) + "\n" for w in said)
        )
    return waiver


def last_month(until: str) -> Month:
    """The last month that a waiver covers: of a day, the last one whose cut-off is not after it."""
    try:
        after = date.fromisoformat(until) + timedelta(days=1)
    except ValueError:
        return Month.parse(until)
    return Month(after.year, after.month).plus(-1)


def first_open_month(home: Path) -> Month | None:
    """The earliest month held that is not sealed, else the one after the newest; None in an empty home."""
    held = held_months(home)
    still_open = [month for month in held if MonthFolder(home, month).seal() is None]
    return min(still_open, default=held[-1].plus(1)) if held else None

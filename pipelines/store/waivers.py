"""Findings somebody has accepted: who, why and until when, on the record beside the months."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path

from pipelines.catalogue.expectations import list_findings
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.store.files import write_record
from pipelines.store.lake import MONTH_NAME, MonthFolder, list_held_months
from pipelines.store.torn import read_lines

FILE = "waivers.jsonl"
_MOST_NAMED = 5


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
        return {
            "finding": self.finding,
            "why": self.why,
            "until": self.until,
            "by": self.by,
        }


def read_waivers(home: Path) -> list[Waiver]:
    """Read every waiver of a home, oldest first."""
    return read_lines(home / FILE, _read_waiver)


def _read_waiver(finding: str, why: str, until: str, by: str, at: str) -> Waiver:
    """Take a line of the record; raise ValueError for an end that is no month."""
    if not isinstance(finding, str) or MONTH_NAME.fullmatch(until) is None:
        raise ValueError(until)
    return Waiver(finding, why, until, by, at)


def find_waivers(home: Path, month: Month) -> dict[str, Waiver]:
    """The waivers that cover a month, by finding; the latest said where there are several."""
    covering = [waiver for waiver in read_waivers(home) if waiver.covers(month)]
    return {waiver.finding: waiver for waiver in covering}


def accept_finding(home: Path, finding: str, why: str, until: str, by: str) -> Waiver:
    """Accept a finding until a month or day, on the record; what was said before stays.

    Raise UsageError for a finding no rule makes, for no reason given, and for an end before every
    month still open.
    """
    from filelock import FileLock  # here, so that who only reads does not wait for it

    _check_finding(finding)
    if not why.strip():
        raise UsageError("waive.no_reason", finding=finding)
    last, first = find_last_month(until), find_first_open_month(home)
    if first is not None and last < first:
        raise UsageError("waive.too_early", until=until, first=first)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    waiver = Waiver(finding, why.strip(), str(last), by, at)
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / ".waivers.lock"):
        write_record(home / FILE, [*read_waivers(home), waiver])
    return waiver


def _check_finding(finding: str) -> None:
    """Raise UsageError for a finding that no rule makes, with those that are called like it."""
    known = list_findings()
    if finding not in known:
        near = _find_similar(finding, known)
        raise UsageError("waive.unknown", finding=finding, near=", ".join(near) or "-")


def _find_similar(finding: str, known: Collection[str]) -> list[str]:
    similar = get_close_matches(finding, known, n=_MOST_NAMED, cutoff=0.5)
    if similar:
        return similar
    containing = [name for name in known if finding in name]
    return containing[:_MOST_NAMED]


def find_last_month(until: str) -> Month:
    """The last month that a waiver covers: of a day, the last one whose cut-off is not after it."""
    try:
        after = date.fromisoformat(until) + timedelta(days=1)
    except ValueError:
        return Month.parse(until)
    return Month(after.year, after.month).plus(-1)


def find_first_open_month(home: Path) -> Month | None:
    """The earliest month held that is not sealed, else the one after the newest.

    None in an empty home.
    """
    held = list_held_months(home)
    for month in held:
        if MonthFolder(home, month).read_seal() is None:
            return month
    return held[-1].plus(1) if held else None

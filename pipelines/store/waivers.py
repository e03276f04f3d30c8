"""Findings somebody has accepted: who, why and until when, on the record beside the months."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from pipelines.core.month import Month
from pipelines.store.files import write_text

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


def read_waivers(home: Path) -> list[Waiver]:
    """Read every waiver of a home, oldest first."""
    try:
        lines = (home / FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [Waiver(**json.loads(line)) for line in lines]


def add_waiver(home: Path, waiver: Waiver) -> None:
    """Append a waiver; what was said before stays."""
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / ".waivers.lock"):
        said = [*read_waivers(home), waiver]
        write_text(home / FILE, "".join(json.dumps(asdict(w), ensure_ascii=False) + "\n" for w in said))


def waivers_for(home: Path, month: Month) -> dict[str, Waiver]:
    """The waivers that cover a month, by finding; the latest said where there are several."""
    return {waiver.finding: waiver for waiver in read_waivers(home) if waiver.covers(month)}

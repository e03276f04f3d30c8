"""How a month stands: versions and draft, what was held back, deadlines, open letters."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from pipelines.core.month import Month
from pipelines.documents.findings import FindingText, read_findings
from pipelines.documents.month_view import (
    Outcome,
    read_output_states,
    read_reasons_to_retrain,
    summarise_outcome,
)
from pipelines.operations.deadlines import Deadline, list_deadlines
from pipelines.store.lake import MonthFolder, Version
from pipelines.store.manifest import Seal
from pipelines.store.outbox import OPEN, count_letters
from pipelines.store.releases import Release, find_release


@dataclass(frozen=True)
class DraftState:
    """A run that has not ended: the rooms it has finished, and why it was stopped, if it was."""

    rooms: list[str]
    stopped: str | None


@dataclass(frozen=True)
class MonthState:
    """A month as it stands today.

    `seal`, `release`, `outcome` and `current` are None where there is nothing of the kind.
    """

    month: str
    versions: list[int]
    current: int | None
    seal: Seal | None
    release: Release | None
    draft: DraftState | None
    findings: list[FindingText]
    deadlines: list[Deadline]
    open_letters: dict[str, int]
    has_development_key: bool
    outcome: Outcome | None
    reasons_to_retrain: list[str]

    def as_content(self) -> dict[str, object]:
        """Return the state as a program reads it.

        What a month without a version has not is left out.
        """
        content: dict[str, object] = {
            "month": self.month,
            "versions": self.versions,
            "current": self.current,
            "seal": _describe_seal(self.seal) if self.seal else None,
            "release": asdict(self.release) if self.release else None,
            "draft_rooms": self.draft.rooms if self.draft else None,
            "draft_stopped": self.draft.stopped if self.draft else None,
            "findings": [asdict(finding) for finding in self.findings],
            "deadlines": [asdict(deadline) for deadline in self.deadlines],
            "deliveries": self.open_letters,
            "has_development_key": self.has_development_key,
        }
        if self.outcome is not None:
            content |= self.outcome
            content["retrain"] = self.reasons_to_retrain

        return content


def _describe_seal(seal: Seal) -> dict[str, object]:
    return {"manifest": seal.manifest, "version": seal.version}


def read_month_state(
    home: Path, month: Month, today: date, language: str
) -> MonthState:
    """Return how a month stands today, its findings in a language.

    Raise UsageError where the month has neither a version nor a draft.
    """
    # Takes a third of a second, which only this needs.
    from pipelines.core.settings import load_settings

    folder = MonthFolder(home, month)
    current = folder.current()
    draft = _read_draft_state(folder)
    if current is None and draft is None:
        folder.version()  # which says that the month is not held
    outcome = summarise_outcome(current) if current else None
    held_back = {}
    if outcome:
        held_back = outcome["withheld"] | outcome["not_computed"]
    return MonthState(
        month=str(month),
        versions=[version.number for version in folder.versions()],
        current=current.number if current else None,
        seal=folder.read_seal(),
        release=find_release(folder),
        draft=draft,
        findings=_read_findings(current, language) if current else [],
        deadlines=list_deadlines(folder, held_back, today),
        open_letters=count_open_letters(home, str(month)),
        has_development_key=load_settings().has_development_key,
        outcome=outcome,
        reasons_to_retrain=read_reasons_to_retrain(current) if current else [],
    )


def _read_draft_state(folder: MonthFolder) -> DraftState | None:
    if next(folder.path.glob("v*.partial"), None) is None:
        return None
    draft = folder.draft()
    stopped = draft.stopped_room
    return DraftState(draft.rooms, stopped.why if stopped else None)


def _read_findings(version: Version, language: str) -> list[FindingText]:
    return read_findings(version, read_output_states(version), language)


def count_open_letters(home: Path, occasion: str | None = None) -> dict[str, int]:
    """Count by state the letters of an occasion, or of all, that may not have arrived."""
    occasions = None if occasion is None else [occasion]
    counts = count_letters(home, occasions)
    return {state: counts[state] for state in OPEN if counts[state]}

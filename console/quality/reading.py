"""What the pages of quality show of a month: read from its current version, said in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.catalogue.outputs import OutputState
from pipelines.core.month import Month
from pipelines.documents.findings import (
    OPEN,
    FindingText,
    describe_held_outputs,
    read_findings,
)
from pipelines.documents.month_view import name_outputs, read_output_states
from pipelines.store.lake import MonthFolder, Version, list_held_months
from pipelines.store.releases import Release, find_release
from pipelines.store.waivers import Waiver, read_waivers
from pipelines.text.texts import say_reasons

_RESULT = "validate_result"
_SAMPLE = "validate_sample"
_OFFENDING = "validate_offending"


@dataclass(frozen=True)
class MonthState:
    """A month: its current version, the seal, who released it, how many findings stand open."""

    month: Month
    version: Version
    is_released: bool
    release: Release | None
    open_count: int
    waived_count: int
    restated: int | None

    @property
    def way(self) -> str:
        """By which way it was released; nothing where nobody knows."""
        return self.release.way if self.release else ""


def list_months(home: Path) -> list[MonthState]:
    """Return the months held, the newest first."""
    return [
        read_month(home, month)
        for month in reversed(list_held_months(home))
        if MonthFolder(home, month).current() is not None
    ]


def read_month(home: Path, month: Month) -> MonthState:
    """Return how a month stands; raise UsageError where it is not held."""
    folder = MonthFolder(home, month)
    version = folder.version()
    states = [
        row["state"]
        for row in _read_if_computed(version, _RESULT)
        if row["success"] is False and row["severity"] != "info"
    ]
    return MonthState(
        month=month,
        version=version,
        is_released=folder.read_seal() is not None,
        release=find_release(folder),
        open_count=states.count(OPEN),
        waived_count=states.count("waived"),
        restated=_find_restated(folder),
    )


def _find_restated(folder: MonthFolder) -> int | None:
    """The number of the newest version that restates the released one; None where none does."""
    for version in reversed(folder.versions()):
        if version.is_computed("restate_kpi"):
            return version.number
    return None


# -- findings --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FindingLine:
    """A finding with what it holds back in a sentence."""

    text: FindingText
    holds: str


def list_findings(version: Version, language: str) -> list[FindingLine]:
    """Return a version's findings, those first that hold back most."""
    findings = read_findings(version, read_output_states(version), language)
    return [
        FindingLine(finding, describe_held_outputs(finding, language))
        for finding in findings
    ]


@dataclass(frozen=True)
class Touched:
    """An output that a finding marks or holds back: its title, its status, all its reasons."""

    kind: str
    title: str
    status: str
    reason: str


@dataclass(frozen=True)
class FindingPage:
    """One finding with all that is known of it; the rows that broke the rule are masked."""

    line: FindingLine
    row: Mapping[str, Any]
    touched: Sequence[Touched]
    offending: Sequence[Mapping[str, Any]]
    samples: Sequence[str]
    waivers: Sequence[Waiver]

    @property
    def is_open(self) -> bool:
        """Whether it can be waived: it failed, and is no mere remark."""
        return self.line.text.waive is not None


def read_finding(
    home: Path, version: Version, finding: str, language: str
) -> FindingPage | None:
    """Return a finding of a version; None where the version has none of that name."""
    for line in list_findings(version, language):
        if line.text.finding == finding:
            return _open_finding(home, version, line, language)
    return None


def _open_finding(
    home: Path, version: Version, line: FindingLine, language: str
) -> FindingPage:
    finding = line.text.finding
    wanted = {"finding": finding}
    [row] = version.read_rows(_RESULT, where=wanted)
    states = read_output_states(version)
    touched = [
        _tell_touched(state, finding, language)
        for state in states
        if state.is_held_by(finding)
    ]
    samples = _read_if_computed(version, _SAMPLE, wanted)
    said = [waiver for waiver in read_waivers(home) if waiver.finding == finding]
    return FindingPage(
        line=line,
        row=row,
        touched=touched,
        offending=_read_if_computed(version, _OFFENDING, wanted),
        samples=[sample["sample"] for sample in samples],
        waivers=list(reversed(said)),
    )


def _tell_touched(state: OutputState, finding: str, language: str) -> Touched:
    """An output's own status where the finding is about all of it, else that of its parts."""
    own = OutputState(state.kind, state.name, state.status, state.reason)
    is_own = own.is_held_by(finding)
    status = state.status if is_own else str(state.parts_status)
    reason = state.reason if is_own else state.parts_reason
    title = name_outputs(language)[state.name]
    return Touched(state.kind, title, status, say_reasons(language, reason))


def _read_if_computed(
    version: Version, table: str, where: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    if not version.is_computed(table):
        return []
    return version.read_rows(table, where=where or {})

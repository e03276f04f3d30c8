"""What a verdict means.

Whether somebody has accepted it, what else explains it, and what it does to the outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.catalogue.expectations import Expectation
from pipelines.core.month import Month
from pipelines.rooms.validate.release import Effect
from pipelines.rooms.validate.verdicts import Verdict
from pipelines.store.waivers import Waiver

_OF_FAILED = {"critical": "withheld", "warning": "caveat", "info": "released"}
# What was accepted, or another finding explains, withholds nothing; the figure bears the mark.
_OF_MARKED = {"critical": "caveat", "warning": "caveat", "info": "released"}
_STATUS = {"failed": _OF_FAILED, "waived": _OF_MARKED, "explained": _OF_MARKED}


@dataclass(frozen=True)
class Finding:
    """A verdict, whether somebody has accepted it, and what it does to the outputs.

    `explained_by` names the findings about the other books of a tie, or about the month it is
    compared with, that say why it failed.
    """

    verdict: Verdict
    waiver: Waiver | None = None
    explained_by: tuple[str, ...] = ()

    @property
    def about(self) -> Expectation:
        """The expectation that was judged."""
        return self.verdict.expectation

    @property
    def state(self) -> str:
        """passed, failed, waived or explained."""
        if self.verdict.success:
            return "passed"
        if self.waiver:
            return "waived"
        return "explained" if self.explained_by else "failed"

    @property
    def status(self) -> str:
        """What it does: released, caveat or withheld."""
        return find_status(self.state, self.about.severity)

    @property
    def is_proof(self) -> bool:
        """Whether it shows by itself that its table is wrong.

        What only asks for a reason proves nothing wrong, and one tie does not explain another.
        """
        if self.verdict.success or self.explained_by:
            return False
        about = self.about
        asks_only = about.severity == "info" or about.meta.get("asks") == "reason"
        return not asks_only and not about.explained_by

    def to_effect(self, month: Month) -> Effect:
        """The finding as the lineage follows it."""
        about = self.about
        return Effect(
            about.finding,
            month,
            about.table,
            about.columns,
            self.status,
            self.verdict.branches,
            self.verdict.is_confined,
            self.state == "waived",
        )


def find_status(state: str, severity: str) -> str:
    """Return what a finding in that state does to the outputs: released, caveat or withheld."""
    if state == "passed":
        return "released"
    return _STATUS[state][severity]


def explain_findings(
    findings: Sequence[Finding], before: Sequence[Effect]
) -> list[Finding]:
    """Tell each failed rule what else explains that it failed.

    `before` is what the month before found.

    A comparison with the month before is explained by what withheld the same columns there; then a
    tie by the rules about its other books that failed by themselves.
    """
    withheld = [effect for effect in before if effect.status == "withheld"]
    compared = []
    for finding in findings:
        names = _name_causes_before(finding.about, withheld)
        compared.append(replace(finding, explained_by=names))
    proofs: dict[str, list[str]] = {}
    for finding in compared:
        if finding.is_proof:
            proofs.setdefault(finding.about.table, []).append(finding.about.finding)
    explained = []
    for finding in compared:
        names = (*finding.explained_by, *_name_causes_now(finding.about, proofs))
        explained.append(replace(finding, explained_by=names))
    return explained


def _name_causes_before(
    about: Expectation, withheld: Sequence[Effect]
) -> tuple[str, ...]:
    """Name what withheld, a month ago, the columns that this month's are compared with."""
    names = []
    for effect in withheld:
        if effect.table in about.compares_with and _concerns(effect, about):
            names.append(f"{effect.finding} ({effect.month})")
    return tuple(names)


def _concerns(effect: Effect, about: Expectation) -> bool:
    """Whether an effect is about a rule's columns, another table, or all of its table."""
    if effect.table != about.table or not effect.columns:
        return True
    return bool(set(effect.columns) & set(about.columns))


def _name_causes_now(
    about: Expectation, proofs: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Name what proves that another book of a tie is wrong."""
    names: list[str] = []
    for book in about.explained_by:
        names.extend(proofs.get(book, ()))
    return tuple(names)

"""What a proposed mapping holds: each line with its reason and how sure it is.

What is sure is proposed as a line, what is not as a comment: an ambiguous or doubtful name is for a
person to decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipelines.sources.operator.header import fold_name

HIGH = "high"
MEDIUM = "medium"
LOW = "low"
SURENESS_ORDER = (HIGH, MEDIUM, LOW)


@dataclass(frozen=True)
class ProposalReason:
    """Why something is proposed: a key of `locales/` and its facts, never a customer's data."""

    key: str
    facts: tuple[tuple[str, object], ...] = ()


def make_reason(key: str, **facts: object) -> ProposalReason:
    """Return the reason of a key of `locales/`, with the facts that fill it in."""
    return ProposalReason(key, tuple(facts.items()))


@dataclass(frozen=True)
class ColumnProposal:
    """A header that may be a column; `column` None where nothing is known of it."""

    header: str
    column: str | None
    sureness: str
    reason: ProposalReason

    @property
    def is_line(self) -> bool:
        """Whether it is sure enough to be a line of the mapping."""
        return self.column is not None and self.sureness != LOW

    @property
    def is_named_so(self) -> bool:
        """Whether it is read as it is, without a mapping."""
        return self.column is not None and fold_name(self.header) == self.column


@dataclass(frozen=True)
class CodeProposal:
    """An own code of a column's value; `value` None where nobody knows."""

    column: str
    code: str
    value: str | None
    rows: int


@dataclass(frozen=True)
class TableProposal:
    """The files that may be a table, and what they call its columns and codes."""

    table: str
    files: tuple[str, ...]
    sureness: str
    reason: ProposalReason
    sheet: str | None = None
    columns: tuple[ColumnProposal, ...] = ()
    codes: tuple[CodeProposal, ...] = ()
    lacks: tuple[str, ...] = ()  # required columns that no header was found for

    @property
    def is_named_so(self) -> bool:
        """Whether its files are found as they are called, without a mapping.

        A query is found by its table.
        """
        own_name = re.compile(rf"{self.table}(\..*)?")
        return all(own_name.fullmatch(file.lower()) for file in self.files)


@dataclass(frozen=True)
class Proposal:
    """What is proposed for the files of some months, and those that nothing is known of."""

    months: tuple[str, ...]  # the newest first
    tables: tuple[TableProposal, ...]
    unknown: tuple[str, ...] = ()

    @property
    def month(self) -> str:
        """The newest of the months: the one to check first."""
        return self.months[0]

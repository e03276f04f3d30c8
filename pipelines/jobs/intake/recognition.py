"""Which table a file is, and which column a header is.

By their names, and by the headers that a table must have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipelines.core.contract import Column, Table, load_contract
from pipelines.jobs.intake.proposal import (
    HIGH,
    LOW,
    MEDIUM,
    ProposalReason,
    make_reason,
)
from pipelines.jobs.intake.sample import Sample
from pipelines.jobs.intake.synonyms import column_synonyms, compare_form, table_names
from pipelines.sources.operator.mapping import FILE_KINDS, compose_name

_STAMP = re.compile(
    r"(?<!\d)20\d{2}[-_.年]?(0[1-9]|1[0-2])([-_.月]?([0-2]\d|3[01]))?[日月]?(?!\d)"
)
_SHORT_NAME = 2  # Latin letters: so short a name stands in other words by chance


class RecognisedTable(NamedTuple):
    """The table that a file looks like, how sure that is, and why."""

    table: str
    sureness: str
    reason: ProposalReason


class HeaderMatch(NamedTuple):
    """How well a file's headers are those of a table."""

    required_share: float  # of the columns that the table must have
    matched_columns: int

    @property
    def is_complete(self) -> bool:
        """Whether every required column has a header."""
        return self.required_share == 1


# -- which table -----------------------------------------------------------------------------------


def recognise_table(sample: Sample) -> RecognisedTable | None:
    """Say which table a file looks like, how sure that is and why.

    None where it looks like none.
    """
    matches = {
        name: _match_headers(table, sample) for name, table in load_contract().items()
    }
    named = name_of_table(sample.sheet or sample.file)
    if named is not None and matches[named].is_complete:
        return RecognisedTable(named, HIGH, make_reason("map.by_both", table=named))
    if named is not None and matches[named].matched_columns > 0:
        return RecognisedTable(named, MEDIUM, make_reason("map.by_name", table=named))

    candidates = _rank_complete_tables(matches)
    best = _find_clear_winner(candidates, matches)
    if best is not None:
        return RecognisedTable(best, MEDIUM, make_reason("map.by_headers", table=best))
    if named is not None:
        return RecognisedTable(
            named, LOW, make_reason("map.by_name_alone", table=named)
        )

    if candidates:
        reason = make_reason("map.one_of", tables=", ".join(candidates))
        return RecognisedTable(candidates[0], LOW, reason)

    return None


def _match_headers(table: Table, sample: Sample) -> HeaderMatch:
    headers = {compare_form(header) for header in sample.headers}
    matched = set()
    for column in table.columns:
        if headers & set(column_synonyms(table, column)):
            matched.add(column.name)
    required = [column.name for column in table.columns if column.required]
    found = [name for name in required if name in matched]
    return HeaderMatch(len(found) / len(required), len(matched))


def _rank_complete_tables(matches: dict[str, HeaderMatch]) -> list[str]:
    """Return the tables that a file has all required columns of, those with most columns first."""
    complete = [name for name, match in matches.items() if match.is_complete]
    return sorted(complete, key=lambda name: -matches[name].matched_columns)


def _find_clear_winner(
    candidates: list[str], matches: dict[str, HeaderMatch]
) -> str | None:
    """Return the first candidate where it has more columns than the second.

    None where it has not.
    """
    if not candidates:
        return None
    first = candidates[0]
    if len(candidates) == 1:
        return first
    second = candidates[1]
    is_ahead = matches[first].matched_columns > matches[second].matched_columns
    if is_ahead:
        return first
    return None


def name_of_table(name: str) -> str | None:
    """Return the table that a file or sheet is named after.

    It is the one with the longest name that stands in it; None where none does.
    """
    stem = compare_form(_STAMP.sub("", _strip_ending(name)))
    for table in load_contract():  # a name of the whole file counts before a part of it
        if stem in table_names(table):
            return table
    longest = max(_find_names_inside(stem), key=lambda found: found[0], default=None)
    if longest is None:
        return None
    return longest[1]


def _find_names_inside(stem: str) -> Iterator[tuple[int, str]]:
    """Yield (length of the name, table) for each name of a table that stands in a file's name."""
    for table in load_contract():
        for known in table_names(table):
            is_word_enough = len(known) > _SHORT_NAME or not known.isascii()
            if known in stem and is_word_enough:
                yield len(known), table


def _strip_ending(name: str) -> str:
    """Return a file's name without the ending of a kind that can be read (`csv.gz` before `gz`)."""
    plain = compose_name(name)
    for kind in sorted(FILE_KINDS, key=len, reverse=True):
        ending = f".{kind}"
        if plain.lower().endswith(ending):
            return plain[: -len(ending)]
    return plain


def generalise_file(name: str) -> str:
    """Return a pattern for a file's name that holds in every month.

    `客户资料_202610.csv` is `客户资料_*.csv`.
    """
    return _STAMP.sub("*", compose_name(name))


# -- which column ----------------------------------------------------------------------------------


def recognise_column(table: Table, header: str) -> Column | None:
    """Return the column that a header is a name of.

    The contract's own names count before all others.
    """
    name = compare_form(header)
    for column in table.columns:
        if compare_form(column.name) == name:
            return column
    for column in table.columns:
        if name in column_synonyms(table, column):
            return column
    return None

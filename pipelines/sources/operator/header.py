"""Find the header of a delivered table and match its names to the contract."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pipelines.core.contract import Table
from pipelines.sources.operator.delivery import FAULT, FILE, LINE, FileRefused, Limits

TITLE_ROWS = 5  # rows above the header that may hold a title
# Inside [...]; spelled out where one engine's \s is narrower than another's.
INVISIBLE = (
    r"\s\v\x1c-\x1f\x85"
    + "\u00a0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_OUR_COLUMNS = (FILE, LINE, FAULT)


def fold_name(cell: str) -> str:
    """Strip blanks and invisible characters, fold full-width letters, lower the case."""
    narrow = cell.translate(_FULL_WIDTH)
    name = _INVISIBLE.sub("", narrow).lower()
    if name in _OUR_COLUMNS:
        return f"_{name}"
    return name


def fold_names(cells: Sequence[str | None]) -> list[str]:
    """Fold a row of names; an empty cell gives an empty name."""
    return [fold_name(cell or "") for cell in cells]


def required_names(table: Table) -> tuple[str, ...]:
    """List the columns without which the table is refused."""
    return tuple(column.name for column in table.columns if column.required)


def required_headers(table: Table) -> str:
    """List the headers that a file of the table must have.

    They are the operator's own names where it has some.
    """
    headers = [table.header_of(name) for name in required_names(table)]
    return ", ".join(headers)


def column_names(headers: Sequence[str], table: Table) -> tuple[str, ...]:
    """Return the contract's name of each folded header; one it does not know stays as it is."""
    return tuple(table.name_of(header) for header in headers)


def count_known(names: Sequence[str], table: Table) -> int:
    """Count the names that are columns of the table."""
    return sum(table.column(name) is not None for name in names)


def find_header_row(rows: Sequence[Sequence[str | None]], table: Table) -> int | None:
    """Return which of the first rows names the table's columns; None when none does.

    The first row wins if it has any required column, so that a header with a gap is refused for
    the gap and never passed over as a title.
    """
    required = set(required_names(table))
    scores: list[int] = []
    for row in rows[: TITLE_ROWS + 1]:
        names = column_names(fold_names(row), table)
        scores.append(len(required.intersection(names)))

    if not any(scores):
        return None
    if scores[0]:
        return 0
    return scores.index(max(scores))


def read_header(cells: Sequence[str | None]) -> tuple[str, ...]:
    """Fold the names; a nameless cell at the end is no column, one in between `unnamed_<n>`."""
    names = fold_names(cells)
    while names and not names[-1]:
        names.pop()
    return tuple(name or f"unnamed_{number}" for number, name in enumerate(names, 1))


def folded_names(cells: Sequence[str | None]) -> int:
    """Count the names that were written in another form than the one they are read as."""
    folded = fold_names(cells)
    pairs = zip(cells, folded, strict=True)
    return sum((cell or "") != name for cell, name in pairs)


def check_names(
    names: Sequence[str],
    table: Table,
    file: str,
    line: int = 1,
    most: int = Limits.columns,
) -> None:
    """Refuse a file that has too many columns, names one twice or lacks a required one.

    `line` is where the header stands; `most` is how many columns a file may have.
    """
    if len(names) > most:
        raise refuse_width(file, line, len(names), most)

    counts = Counter(names)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        raise FileRefused(
            "duplicate_header",
            file=file,
            line=line,
            columns=", ".join(twice),
        )

    lost = [name for name in required_names(table) if name not in counts]
    if lost:
        refusal = FileRefused(
            "missing_column",
            file=file,
            line=line,
            columns=", ".join(lost),
        )
        refusal.strangers = tuple(name for name in names if table.column(name) is None)
        raise refusal


def refuse_width(
    file: str,
    line: int,
    columns: int,
    most: int,
) -> FileRefused:
    """Return the refusal of a file whose header at a line has more columns than may be."""
    return FileRefused(
        "too_many_columns",
        file=file,
        line=line,
        columns=f"{columns:,}",
        limit=f"{most:,}",
    )

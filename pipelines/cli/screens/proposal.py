"""A proposed mapping as YAML: what is sure as lines, what is not as comments, all with reasons."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines.cli.screens.check import name_columns
from pipelines.text.texts import fill_label

if TYPE_CHECKING:
    from pipelines.jobs.intake.proposal import (
        CodeProposal,
        ColumnProposal,
        Proposal,
        ProposalReason,
        TableProposal,
    )

# What stands before a line that counts, and before one that does not.
_ON = ""
_OFF = "#"
_PLAIN = re.compile(r"[^\W\d_]([\w .*?-]*\w)?")  # what YAML reads back as it stands


def draw_proposal(proposal: Proposal, language: str) -> str:
    """Return the text of a `mapping.yml`; it can be used as it is."""
    comma = fill_label(language, "intake.comma")
    months = comma.join(reversed(proposal.months))
    head = fill_label(language, "map.head", months=months)
    lines = [f"# {line}" for line in head.splitlines()]
    for table in proposal.tables:
        lines.append("")
        lines += _draw_table(table, language)

    if proposal.unknown:
        files = ", ".join(proposal.unknown)
        unknown = fill_label(language, "map.unknown_files", files=files)
        lines += ["", f"# {unknown}"]

    return "\n".join(lines) + "\n"


def _draw_line(mark: str, depth: int, text: str, note: str = "") -> str:
    """A line of YAML so deep below the table; the mark `#` makes it a comment."""
    indent = "  " * depth
    line = f"{mark}{indent}{text}"
    if note:
        return f"{line}  # {note}"
    return line


def _draw_table(table: TableProposal, language: str) -> Iterator[str]:
    """Yield the lines of a table; all are comments where it is not sure to be that table."""
    mark = _OFF if table.sureness == "low" else _ON
    note = _explain_choice(table.sureness, table.reason, language)
    yield _draw_line(mark, 0, f"{table.table}:", note)

    if not table.is_named_so:
        yield _draw_line(mark, 1, f"file: {_list_files(table)}")
    if table.sheet:
        yield _draw_line(mark, 1, f"sheet: {_quote_text(table.sheet)}")
    if table.lacks:
        columns = name_columns(table.table, table.lacks, language)
        lacks = fill_label(language, "map.lacks", columns=columns)
        yield f"  # {lacks}"

    yield from _draw_columns(table, mark, language)
    yield from _draw_codes(table, mark, language)


def _list_files(table: TableProposal) -> str:
    """The table's file, or the list of its files."""
    files = ", ".join(_quote_text(file) for file in table.files)
    if len(table.files) == 1:
        return files
    return f"[{files}]"


def _draw_columns(table: TableProposal, mark: str, language: str) -> Iterator[str]:
    """Yield a line a column that is not called as in the contract; one not sure is a comment."""
    renamed = [column for column in table.columns if not column.is_named_so]
    if any(column.is_line for column in renamed):
        yield _draw_line(mark, 1, "columns:")
    for column in renamed:
        own_mark = mark if column.is_line else _OFF
        yield _draw_column(column, own_mark, language)


def _draw_column(column: ColumnProposal, mark: str, language: str) -> str:
    header = _quote_text(column.header)
    name = column.column or "?"
    note = _explain_choice(column.sureness, column.reason, language)
    return _draw_line(mark, 2, f"{header}: {name}", note)


def _draw_codes(table: TableProposal, mark: str, language: str) -> Iterator[str]:
    """Yield the codes column by column; those that nobody knows are comments."""
    codes_of: dict[str, list[CodeProposal]] = defaultdict(list)
    known = set()
    for code in table.codes:
        codes_of[code.column].append(code)
        if code.value:
            known.add(code.column)

    if table.codes:
        head_mark = mark if known else _OFF
        yield _draw_line(head_mark, 1, "codes:")
    for name, codes in codes_of.items():
        column_mark = mark if name in known else _OFF
        yield _draw_line(column_mark, 2, f"{name}:")
        for code in codes:
            yield _draw_code(code, mark, language)


def _draw_code(code: CodeProposal, mark: str, language: str) -> str:
    written = _quote_text(code.code)
    if code.value is None:
        note = fill_label(language, "map.unknown_code", rows=code.rows)
        return _draw_line(_OFF, 3, f"{written}: ?", note)

    meant = _quote_text(code.value)
    note = fill_label(language, "map.known_code", rows=code.rows)
    return _draw_line(mark, 3, f"{written}: {meant}", note)


def _explain_choice(sureness: str, reason: ProposalReason, language: str) -> str:
    """How sure a line is, and why."""
    level = fill_label(language, f"map.sure.{sureness}")
    colon = fill_label(language, "map.colon")
    why = fill_label(language, reason.key, **dict(reason.facts))
    return f"{level}{colon}{why}"


def _quote_text(text: str) -> str:
    """Write a text as YAML reads it back."""
    if _PLAIN.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=False)

"""A proposed mapping as YAML: what is sure as lines, what is not as comments, all with reasons."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines.text.texts import label

if TYPE_CHECKING:
    from pipelines.jobs.intake.proposal import (
        CodeProposal,
        ColumnProposal,
        Proposal,
        Reason,
        TableProposal,
    )

_PLAIN = re.compile(r"[^\W\d_]([\w .*?-]*\w)?")  # what YAML reads back as it stands


def draw_proposal(proposal: Proposal, language: str) -> str:
    """Return the text of a `mapping.yml`; it can be used as it is."""
    head = label(language, "map.head", month=proposal.month)
    lines = [f"# {line}" for line in head.splitlines()]
    for table in proposal.tables:
        lines += ["", *_draw_table(table, language)]
    if proposal.unknown:
        files = ", ".join(proposal.unknown)
        lines += ["", f"# {label(language, 'map.unknown_files', files=files)}"]
    return "\n".join(lines) + "\n"


def _draw_table(table: TableProposal, language: str) -> Iterator[str]:
    sign = "" if table.sureness != "low" else "#"
    yield f"{sign}{table.table}:  {_note(table.sureness, table.reason, language)}"
    if not table.is_named_so:
        files = ", ".join(_quote(file) for file in table.files)
        yield f"{sign}  file: {files}" if len(table.files) == 1 else f"{sign}  file: [{files}]"
    if table.sheet:
        yield f"{sign}  sheet: {_quote(table.sheet)}"
    if table.lacks:
        columns = ", ".join(table.lacks)
        yield f"  # {label(language, 'map.lacks', columns=columns)}"
    yield from _draw_columns(table, sign, language)
    yield from _draw_codes(table, sign, language)


def _draw_columns(table: TableProposal, sign: str, language: str) -> Iterator[str]:
    others = [column for column in table.columns if not column.is_named_so]
    if any(column.is_line for column in others):
        yield f"{sign}  columns:"
    for column in others:
        yield _draw_column(column, sign, language)


def _draw_column(column: ColumnProposal, sign: str, language: str) -> str:
    mark = sign if column.is_line else "#"
    line = f"{mark}    {_quote(column.header)}: {column.column or '?'}"
    return f"{line}  {_note(column.sureness, column.reason, language)}"


def _draw_codes(table: TableProposal, sign: str, language: str) -> Iterator[str]:
    known = {code.column for code in table.codes if code.value}
    if table.codes:
        yield f"{sign if known else '#'}  codes:"
    columns = dict.fromkeys(code.column for code in table.codes)  # each once, in their order
    for name in columns:
        yield f"{sign if name in known else '#'}    {name}:"
        for code in table.codes:
            if code.column == name:
                yield _draw_code(code, sign, language)


def _draw_code(code: CodeProposal, sign: str, language: str) -> str:
    if code.value is None:
        note = label(language, "map.unknown_code", rows=code.rows)
        return f"#      {_quote(code.code)}: ?  # {note}"
    note = label(language, "map.known_code", rows=code.rows)
    return f"{sign}      {_quote(code.code)}: {_quote(code.value)}  # {note}"


def _note(sureness: str, reason: Reason, language: str) -> str:
    level = label(language, f"map.sure.{sureness}")
    colon = label(language, "map.colon")
    why = label(language, reason.key, **dict(reason.facts))
    return f"# {level}{colon}{why}"


def _quote(text: str) -> str:
    """Write a text as YAML reads it back."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)

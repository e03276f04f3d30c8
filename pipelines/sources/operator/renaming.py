"""A mapping at work: own codes become the contract's values.

A mapping that names what no file has is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches

import pyarrow as pa

from pipelines.core.contract import Table
from pipelines.core.errors import SpecError
from pipelines.sources.operator.batches.arrays import TEXT, make_text_array
from pipelines.sources.operator.batches.part import Part
from pipelines.sources.operator.batches.values import format_value
from pipelines.sources.operator.delivery import FileRefused
from pipelines.sources.operator.header import fold_name
from pipelines.sources.operator.own_names import Codes, MappedTable


def translate_parts(table: Table, parts: Sequence[Part]) -> Sequence[Part]:
    """Let the parts of a mapped table give the contract's values.

    Raise SpecError when the mapping names what is not there.
    """
    if not isinstance(table, MappedTable):
        return parts

    _check_headers(table, parts)
    mapped = set(table.headers.values())
    for part in parts:
        renamed = sum(name in mapped for name in part.schema.names)
        part.note_count("headers mapped", renamed)
        _translate_part(part, table.codes)
    return parts


def explain_lost_column(table: Table, refusal: FileRefused) -> None:
    """Raise SpecError when a file lacks a column because of the mapping.

    The mapping then names a header that the file does not have.
    """
    if not isinstance(table, MappedTable) or refusal.key != "source.missing_column":
        return
    mapped = set(table.headers.values())
    for column in refusal.facts["columns"].split(", "):
        if column in mapped:
            raise _refuse_header(
                table, column, refusal.facts["file"], refusal.strangers
            )


def _check_headers(table: MappedTable, parts: Sequence[Part]) -> None:
    """Refuse a mapping that names a column which no file of the table has."""
    found: set[str] = set()
    for part in parts:
        found.update(part.schema.names)

    for column in (*table.headers.values(), *table.codes):
        if column not in found:
            files = ", ".join(part.name for part in parts)
            strangers = [name for name in found if table.column(name) is None]
            raise _refuse_header(table, column, files, strangers)


def _refuse_header(
    table: MappedTable,
    column: str,
    files: str,
    strangers: Sequence[str],
) -> SpecError:
    """Say where the mapping names a header that is not there, and which one is like it."""
    mapping = table.mapping
    assert mapping is not None
    header = _find_own_header(mapping.tables[table.name].columns, column)
    path = ("columns", header) if header else ("codes", column)
    looked_for = header or column
    matches = get_close_matches(fold_name(looked_for), sorted(strangers), 1)
    return SpecError(
        "mapping.header_not_there",
        file=mapping.file,
        line=mapping.find_line(table.name, *path),
        table=table.name,
        header=looked_for,
        delivered=files,
        like=matches[0] if matches else "–",
    )


def _find_own_header(columns: Mapping[str, str], column: str) -> str | None:
    """Return the own header that a mapping gives a column; None for none."""
    for header, name in columns.items():
        if name == column:
            return header
    return None


def _translate_part(part: Part, codes: Mapping[str, Codes]) -> None:
    """Put a translation between a part and whoever reads it; the columns become text."""
    delivered = set(part.schema.names)
    wanted = {name: values for name, values in codes.items() if name in delivered}
    if not wanted:
        return

    part.schema = _turn_into_text(part.schema, wanted)
    read = part.read
    part.read = lambda: _translate_batches(part, read(), wanted)


def _turn_into_text(schema: pa.Schema, names: Collection[str]) -> pa.Schema:
    """Return a schema in which the columns of these names are text."""
    fields: list[pa.Field] = []
    for field in schema:
        if field.name in names:
            field = pa.field(field.name, TEXT)
        fields.append(field)
    return pa.schema(fields)


def _translate_batches(
    part: Part, batches: Iterator[pa.RecordBatch], codes: Mapping[str, Codes]
) -> Iterator[pa.RecordBatch]:
    """Yield the batches with their codes translated; note at the end how many cells were."""
    count = 0
    for batch in batches:
        for name, values in codes.items():
            index = batch.schema.get_field_index(name)
            column, changed = _translate_column(batch.column(index), values)
            batch = batch.set_column(index, pa.field(name, TEXT), column)
            count += changed
        yield batch
    part.note_count("codes translated", count)


def _translate_column(column: pa.Array, codes: Codes) -> tuple[pa.Array, int]:
    """Return the column as text with its codes translated, and how many cells were.

    A value that no code names stays.
    """
    is_encoded = pa.types.is_dictionary(column.type)
    encoded = column if is_encoded else column.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    if not values:
        return pa.nulls(len(column), TEXT), 0

    translated: list[str | None] = []
    is_code: list[bool] = []
    for value in values:
        text = format_value(value)
        folded = fold_name(text or "")
        translated.append(codes.get(folded, text))
        is_code.append(folded in codes)

    cells = make_text_array(translated).take(encoded.indices)
    was_changed = pa.array(is_code, pa.bool_()).take(encoded.indices)
    return cells, was_changed.true_count

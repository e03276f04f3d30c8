"""A mapping at work: own codes become the contract's values, and a mapping that names what no file has is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

import pyarrow as pa

from pipelines.core.contract import Table
from pipelines.core.errors import SpecError
from pipelines.sources.operator.batches.part import Part
from pipelines.sources.operator.batches.values import format_value
from pipelines.sources.operator.delivery import FileRefused
from pipelines.sources.operator.header import fold_name
from pipelines.sources.operator.mapping import MappedTable


def translate_parts(table: Table, parts: Sequence[Part]) -> Sequence[Part]:
    """Let the parts of a mapped table give the contract's values; raise SpecError when the mapping names what is not there."""
    if not isinstance(table, MappedTable):
        return parts
    _check_headers(table, parts)
    for part in parts:
        renamed = sum(name in set(table.headers.values()) for name in part.schema.names)
        part.notes += [f"headers mapped: {renamed}"] * bool(renamed)
        _translate_part(part, table.codes)
    return parts


def explain_lost_column(table: Table, refusal: FileRefused) -> None:
    """Raise SpecError when a file lacks a column because the mapping names a header that it does not have."""
    if not isinstance(table, MappedTable) or refusal.key != "source.missing_column":
        return
    lost = refusal.facts["columns"].split(", ")
    mapped = next((column for column in lost if column in table.headers.values()), None)
    if mapped is not None:
        raise _not_there(table, mapped, refusal.facts["file"], refusal.strangers)


def _check_headers(table: MappedTable, parts: Sequence[Part]) -> None:
    """Every column that the mapping names must be in a file of the table."""
    found = {name for part in parts for name in part.schema.names}
    for column in (*table.headers.values(), *table.codes):
        if column not in found:
            files = ", ".join(part.name for part in parts)
            strangers = [name for name in found if table.column(name) is None]
            raise _not_there(table, column, files, strangers)


def _not_there(table: MappedTable, column: str, files: str, found: Sequence[str]) -> SpecError:
    mapping = table.mapping
    assert mapping is not None
    own = mapping.tables[table.name]
    header = next((header for header, name in own.columns.items() if name == column), None)
    path = ("columns", header) if header else ("codes", column)
    line = mapping.line(table.name, *path)
    facts = {"table": table.name, "header": header or column, "delivered": files}
    like = next(iter(get_close_matches(fold_name(facts["header"]), sorted(found), 1)), "–")
    return SpecError("mapping.header_not_there", file=mapping.file, line=line, **facts, like=like)


def _translate_part(part: Part, codes: Mapping[str, Mapping[str, str | None]]) -> None:
    """Put a translation between a part and whoever reads it; the columns become text."""
    names = [name for name in codes if name in part.schema.names]
    if not names:
        return
    read = part.read
    fields = [pa.field(f.name, pa.string()) if f.name in names else f for f in part.schema]
    part.schema = pa.schema(fields)
    part.read = lambda: _translate_batches(part, read(), {name: codes[name] for name in names})


def _translate_batches(
    part: Part, batches: Iterator[pa.RecordBatch], codes: Mapping[str, Mapping[str, str | None]]
) -> Iterator[pa.RecordBatch]:
    count = 0
    for batch in batches:
        for name, values in codes.items():
            place = batch.schema.get_field_index(name)
            column, changed = _translate_column(batch.column(place), values)
            batch = batch.set_column(place, pa.field(name, pa.string()), column)
            count += changed
        yield batch
    part.notes += [f"codes translated: {count}"] * bool(count)


def _translate_column(column: pa.Array, codes: Mapping[str, str | None]) -> tuple[pa.Array, int]:
    """Return the column with its codes translated, as text, and how many cells were; what no code names stays."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    texts = [format_value(value) for value in encoded.dictionary.to_pylist()]
    folded = [fold_name(text or "") for text in texts]
    translated = [codes.get(code, text) for code, text in zip(folded, texts, strict=True)]
    known = pa.array([code in codes for code in folded], pa.bool_())
    changed = known.take(encoded.indices).true_count if len(known) else 0
    if not texts:
        return pa.nulls(len(column), pa.string()), 0
    return pa.array(translated, pa.string()).take(encoded.indices), changed

"""A mapping proposed from names, types and values, for the files of a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pyarrow as pa

from pipelines.core.contract import Column, Table, load_contract
from pipelines.core.settings import load_settings
from pipelines.core.values import MACROS, write_typed_cell
from pipelines.engines.duckdb import DuckEngine
from pipelines.jobs.intake.proposal import (
    HIGH,
    LOW,
    MEDIUM,
    SURENESS_ORDER,
    CodeProposal,
    ColumnProposal,
    Proposal,
    TableProposal,
    make_reason,
)
from pipelines.jobs.intake.recognition import (
    RecognisedTable,
    generalise_file,
    recognise_column,
    recognise_table,
)
from pipelines.jobs.intake.sample import Sample
from pipelines.jobs.intake.synonyms import code_synonyms, column_synonyms, compare_form
from pipelines.sources.operator.header import fold_name
from pipelines.sources.operator.mapping import list_code_values

_MOST_CODES = 20  # more different values than that are no codes
_FITS, _HARDLY = 0.95, 0.5  # shares of values that can be read as a column's kind
_ALIKE = 0.75  # difflib's ratio from which a header looks like a name
# How a yes/no column may be written without a mapping, and what else is readily understood.
_PLAIN_FLAGS = frozenset(
    {"true", "false", "1", "0", "1.0", "0.0", "是", "否", "y", "n", "yes", "no"}
)
_FLAG_CODES = frozenset({"1", "0", "是", "否", "y", "n", "yes", "no"})


class FoundSample(NamedTuple):
    """A sample, and the table that it was recognised as."""

    sample: Sample
    recognised: RecognisedTable


@dataclass(frozen=True)
class ValueReader:
    """Tells how many values of a column are what a contract column holds."""

    engine: DuckEngine

    def __post_init__(self) -> None:
        for macro in MACROS:
            self.engine.execute(f"CREATE OR REPLACE MACRO {macro}")

    def measure_fit(self, column: Column, values: Sequence[str]) -> float | None:
        """Return the share of values that can be read as the column's kind.

        None where there are no values.
        """
        if not values:
            return None
        count = self._count_typed
        if list_code_values(column):
            count = self._count_known_codes
        return count(column, values) / len(values)

    def _count_known_codes(self, column: Column, values: Sequence[str]) -> int:
        known = {fold_name(code) for code, _ in code_synonyms(column)}
        known |= set(list_code_values(column))
        if column.kind == "bool":
            known |= _FLAG_CODES
        return sum(fold_name(value) in known for value in values)

    def _count_typed(self, column: Column, values: Sequence[str]) -> int:
        self.engine.register(
            "raw", pa.table({column.name: pa.array(values, pa.string())})
        )
        expression = write_typed_cell(column, "VARCHAR").value
        answer = self.engine.rows(f"SELECT COUNT({expression}) AS n FROM raw")
        return int(answer[0]["n"])


def propose_mapping(month: str, samples: Sequence[Sample]) -> Proposal:
    """Propose a mapping for the files of a month."""
    by_table: dict[str, list[FoundSample]] = {}
    unknown: list[str] = []
    for sample in samples:
        recognised = recognise_table(sample)
        if recognised is None:
            unknown.append(sample.file)
        else:
            by_table.setdefault(recognised.table, []).append(
                FoundSample(sample, recognised)
            )

    settings = load_settings()
    tables: list[TableProposal] = []
    with (
        TemporaryDirectory(prefix="retention-map-") as scratch,
        DuckEngine(
            Path(scratch), [], settings.memory_limit, settings.threads
        ) as engine,
    ):
        reader = ValueReader(engine)
        for name, table in load_contract().items():
            if name in by_table:
                tables.append(_propose_table(table, by_table[name], reader))

    return Proposal(month, tuple(tables), tuple(unknown))


def _propose_table(
    table: Table, found: Sequence[FoundSample], reader: ValueReader
) -> TableProposal:
    surest = min(found, key=lambda each: SURENESS_ORDER.index(each.recognised.sureness))
    samples = [each.sample for each in found]
    columns = tuple(_propose_columns(table, surest.sample, reader))

    codes: list[CodeProposal] = []
    named: set[str | None] = set()
    for column in columns:
        if column.is_line:
            named.add(column.column)
            codes += _propose_codes(table, column, samples)

    lacks = [c.name for c in table.columns if c.required and c.name not in named]
    files = [generalise_file(sample.file) for sample in samples]
    return TableProposal(
        table=table.name,
        files=tuple(dict.fromkeys(files)),
        sureness=surest.recognised.sureness,
        reason=surest.recognised.reason,
        sheet=surest.sample.sheet,
        columns=columns,
        codes=tuple(codes),
        lacks=tuple(lacks),
    )


# -- columns ---------------------------------------------------------------------------------------


def _propose_columns(
    table: Table, sample: Sample, reader: ValueReader
) -> Iterator[ColumnProposal]:
    columns = [recognise_column(table, header) for header in sample.headers]
    headers_of: dict[str, list[str]] = {}
    for header, column in zip(sample.headers, columns, strict=True):
        if column is not None:
            headers_of.setdefault(column.name, []).append(header)

    for position, (header, column) in enumerate(
        zip(sample.headers, columns, strict=True)
    ):
        if not header:
            continue
        if column is None:
            yield _guess_column(table, header, set(headers_of))
            continue

        twins = headers_of[column.name]
        if len(twins) > 1:
            reason = make_reason("map.ambiguous", headers=" / ".join(twins))
            yield ColumnProposal(header, column.name, LOW, reason)
        else:
            yield _judge_column(column, header, sample.values(position), reader)


def _guess_column(table: Table, header: str, taken: set[str]) -> ColumnProposal:
    """Propose the column whose names look most like an unknown header, for a person to decide."""
    column_of: dict[str, str] = {}
    for column in table.columns:
        if column.name not in taken:
            column_of |= dict.fromkeys(column_synonyms(table, column), column.name)

    alike = get_close_matches(compare_form(header), list(column_of), 1, _ALIKE)
    if not alike:
        return ColumnProposal(header, None, LOW, make_reason("map.unknown_header"))
    name = column_of[alike[0]]
    return ColumnProposal(header, name, LOW, make_reason("map.looks_like", name=name))


def _judge_column(
    column: Column, header: str, values: Sequence[str], reader: ValueReader
) -> ColumnProposal:
    """Say how sure a header's name is, by its values."""
    share = reader.measure_fit(column, values)
    if share is None:
        return ColumnProposal(header, column.name, MEDIUM, make_reason("map.no_values"))

    facts = {
        "fitting": round(share * len(values)),
        "values": len(values),
        "kind": column.kind,
    }
    if share >= _FITS:
        return ColumnProposal(
            header, column.name, HIGH, make_reason("map.fits", **facts)
        )

    is_code = bool(list_code_values(column)) and len(set(values)) <= _MOST_CODES
    if is_code or share >= _HARDLY:
        return ColumnProposal(
            header, column.name, MEDIUM, make_reason("map.fits_partly", **facts)
        )

    return ColumnProposal(
        header, column.name, LOW, make_reason("map.fits_not", **facts)
    )


# -- codes -----------------------------------------------------------------------------------------


def _propose_codes(
    table: Table, proposed: ColumnProposal, samples: Sequence[Sample]
) -> Iterator[CodeProposal]:
    """Yield the values of a column that the contract does not know, with what they may mean."""
    column = table.column(proposed.column or "")
    if column is None or not list_code_values(column):
        return
    counts, spelling = _count_codes(proposed.header, samples)
    meanings = {fold_name(code): value for code, value in code_synonyms(column)}
    by_frequency = sorted(counts.items(), key=lambda counted: (-counted[1], counted[0]))
    for code, rows in by_frequency[:_MOST_CODES]:
        if not is_contract_value(column, code):
            yield CodeProposal(column.name, spelling[code], meanings.get(code), rows)


def _count_codes(
    header: str, samples: Sequence[Sample]
) -> tuple[Counter[str], dict[str, str]]:
    """Count the values below a header as they are compared; and say how each is written."""
    counts: Counter[str] = Counter()
    spelling: dict[str, str] = {}
    for sample in samples:
        if header not in sample.headers:
            continue
        # Within one sample the last way to write a code counts, among several the first sample's.
        spelling_here: dict[str, str] = {}
        for cell in sample.values(sample.headers.index(header)):
            code = fold_name(cell)
            counts[code] += 1
            spelling_here[code] = cell.strip()

        spelling = spelling_here | spelling

    return counts, spelling


def is_contract_value(column: Column, code: str) -> bool:
    """Whether a value is read without a mapping."""
    if column.kind == "bool":
        return code in _PLAIN_FLAGS
    return code in column.values

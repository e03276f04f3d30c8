"""A mapping proposed from names, types and values, for the files of some months."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

import pyarrow as pa

from pipelines.core.contract import Column, Table, load_contract
from pipelines.core.settings import load_settings
from pipelines.core.values import MACROS, write_typed_cell
from pipelines.engines import open_workbench
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
# Shares of values that can be read as a column's kind.
_FITS = 0.95
_HARDLY = 0.5
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
        """Count the values that are codes of the column, or known to stand for one."""
        known = {fold_name(code) for code, _ in code_synonyms(column)}
        known |= set(list_code_values(column))
        if column.kind == "bool":
            known |= _FLAG_CODES
        return sum(fold_name(value) in known for value in values)

    def _count_typed(self, column: Column, values: Sequence[str]) -> int:
        """Count the values that the snapshot can read as the column's kind."""
        cells = pa.array(values, pa.string())
        self.engine.register("raw", pa.table({column.name: cells}))
        expression = write_typed_cell(column, "VARCHAR").value
        answer = self.engine.rows(f"SELECT COUNT({expression}) AS n FROM raw")
        return int(answer[0]["n"])


def propose_mapping(months: Sequence[str], samples: Sequence[Sample]) -> Proposal:
    """Propose a mapping for the files of months, the newest first.

    Of files that are one table in several months the newest says which header is which column, and
    all of them which codes there are.
    """
    by_table: dict[str, list[FoundSample]] = defaultdict(list)
    unknown: dict[str, str] = {}
    for sample in samples:
        recognised = recognise_table(sample)
        if recognised is None:
            unknown.setdefault(generalise_file(sample.file), sample.file)
        else:
            found = FoundSample(sample, recognised)
            by_table[recognised.table].append(found)

    tables: list[TableProposal] = []
    settings = load_settings()
    with open_workbench(settings, []) as engine:
        reader = ValueReader(engine)
        for name, table in load_contract().items():
            if name in by_table:
                tables.append(_propose_table(table, by_table[name], reader))
    return Proposal(tuple(months), tuple(tables), tuple(unknown.values()))


def _propose_table(
    table: Table, found: Sequence[FoundSample], reader: ValueReader
) -> TableProposal:
    """Propose a table's lines: its columns by the file that is surest, its codes by all."""
    surest = min(found, key=_order_by_sureness)
    samples = [each.sample for each in found]
    columns = tuple(_propose_columns(table, surest.sample, reader))

    codes: list[CodeProposal] = []
    named: set[str | None] = set()
    for column in columns:
        if column.is_line:
            named.add(column.column)
            codes += _propose_codes(table, column, samples)

    lacks = []
    for contract_column in table.columns:
        if contract_column.required and contract_column.name not in named:
            lacks.append(contract_column.name)

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


def _order_by_sureness(found: FoundSample) -> int:
    return SURENESS_ORDER.index(found.recognised.sureness)


# -- columns ---------------------------------------------------------------------------------------


def _propose_columns(
    table: Table, sample: Sample, reader: ValueReader
) -> Iterator[ColumnProposal]:
    """Yield a proposal for each header of a sample; two that may be one column decide nothing."""
    headers = sample.headers
    columns = [recognise_column(table, header) for header in headers]
    headers_of: dict[str, list[str]] = defaultdict(list)
    for header, column in zip(headers, columns, strict=True):
        if column is not None:
            headers_of[column.name].append(header)

    for position, header in enumerate(headers):
        column = columns[position]
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
            values = sample.values(position)
            yield _judge_column(column, header, values, reader)


def _guess_column(table: Table, header: str, taken: set[str]) -> ColumnProposal:
    """Propose the column whose names look most like an unknown header, for a person to decide."""
    column_of: dict[str, str] = {}
    for column in table.columns:
        if column.name not in taken:
            column_of |= dict.fromkeys(column_synonyms(table, column), column.name)

    alike = get_close_matches(compare_form(header), list(column_of), 1, _ALIKE)
    if not alike:
        reason = make_reason("map.unknown_header")
        return ColumnProposal(header, None, LOW, reason)

    name = column_of[alike[0]]
    reason = make_reason("map.looks_like", name=name)
    return ColumnProposal(header, name, LOW, reason)


def _judge_column(
    column: Column, header: str, values: Sequence[str], reader: ValueReader
) -> ColumnProposal:
    """Say how sure a header's name is, by its values."""
    share = reader.measure_fit(column, values)
    if share is None:
        reason = make_reason("map.no_values")
        return ColumnProposal(header, column.name, MEDIUM, reason)

    has_few_values = len(set(values)) <= _MOST_CODES
    may_be_code = bool(list_code_values(column)) and has_few_values
    if share >= _FITS:
        sureness = HIGH
        key = "map.fits"
    elif may_be_code or share >= _HARDLY:
        sureness = MEDIUM
        key = "map.fits_partly"
    else:
        sureness = LOW
        key = "map.fits_not"

    reason = make_reason(
        key,
        fitting=round(share * len(values)),
        values=len(values),
        kind=column.kind,
    )
    return ColumnProposal(header, column.name, sureness, reason)


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
    by_frequency = sorted(counts.items(), key=_order_by_frequency)
    for code, rows in by_frequency[:_MOST_CODES]:
        if not is_contract_value(column, code):
            meaning = meanings.get(code)
            yield CodeProposal(column.name, spelling[code], meaning, rows)


def _order_by_frequency(counted: tuple[str, int]) -> tuple[int, str]:
    """What stands in most rows first."""
    code, rows = counted
    return -rows, code


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
        position = sample.headers.index(header)
        for cell in sample.values(position):
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

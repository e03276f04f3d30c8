"""A mapping proposed from names, types and values: each line with its reason and how sure it is.

What is sure is proposed as a line, what is not as a comment: an ambiguous or doubtful name is for a person to decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from pipelines.core.contract import Column, Table, contract
from pipelines.core.settings import load_settings
from pipelines.core.values import MACROS, typed
from pipelines.engines.duckdb import DuckEngine
from pipelines.jobs.intake.sample import Sample
from pipelines.jobs.intake.synonyms import code_synonyms, column_synonyms, compare_form, table_names
from pipelines.sources.operator.header import fold_name
from pipelines.sources.operator.mapping import KINDS, code_values, plain_name

HIGH, MEDIUM, LOW = "high", "medium", "low"
_MOST_CODES = 20  # more different values than that are no codes
_FITS, _HARDLY = 0.95, 0.5
_ALIKE = 0.75
_STAMP = re.compile(r"(?<!\d)20\d{2}[-_.年]?(0[1-9]|1[0-2])([-_.月]?([0-2]\d|3[01]))?[日月]?(?!\d)")


@dataclass(frozen=True)
class Reason:
    """Why something is proposed: a key of `locales/` and its facts, never a customer's data."""

    key: str
    facts: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class ColumnProposal:
    """A header that may be a column; `column` None where nothing is known of it."""

    header: str
    column: str | None
    sureness: str
    reason: Reason

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
    reason: Reason
    sheet: str | None = None
    columns: tuple[ColumnProposal, ...] = ()
    codes: tuple[CodeProposal, ...] = ()
    lacks: tuple[str, ...] = ()  # required columns that no header was found for

    @property
    def is_named_so(self) -> bool:
        """Whether its files are found as they are called, without a mapping; a query is found by its table."""
        return all(re.fullmatch(rf"{self.table}(\..*)?", file.lower()) for file in self.files)


@dataclass(frozen=True)
class Proposal:
    """What is proposed for a month's files, and the files that nothing is known of."""

    month: str
    tables: tuple[TableProposal, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Look:
    """Tells how many values of a column are what a contract column holds."""

    engine: DuckEngine

    def __post_init__(self) -> None:
        for macro in MACROS:
            self.engine.execute(f"CREATE OR REPLACE MACRO {macro}")

    def share(self, column: Column, values: Sequence[str]) -> float | None:
        """Return the share of values that can be read as the column's kind; None where there are no values."""
        if not values:
            return None
        if code_values(column):
            known = {fold_name(code) for code, _ in code_synonyms(column)} | set(
                code_values(column)
            )
            known |= (
                {"1", "0", "是", "否", "y", "n", "yes", "no"} if column.kind == "bool" else set()
            )
            return sum(fold_name(value) in known for value in values) / len(values)
        self.engine.register("raw", pa.table({column.name: pa.array(values, pa.string())}))
        read = self.engine.rows(f"SELECT COUNT({typed(column, 'VARCHAR').value}) AS n FROM raw")[0][
            "n"
        ]
        return float(read) / len(values)


def propose(month: str, samples: Sequence[Sample]) -> Proposal:
    """Propose a mapping for the files of a month."""
    found: dict[str, list[tuple[Sample, str, Reason]]] = {}
    unknown: list[str] = []
    for sample in samples:
        recognised = recognise_table(sample)
        if recognised is None:
            unknown.append(sample.file)
            continue
        table, sureness, reason = recognised
        found.setdefault(table, []).append((sample, sureness, reason))
    settings = load_settings()
    with (
        TemporaryDirectory(prefix="retention-map-") as scratch,
        DuckEngine(Path(scratch), [], settings.memory_limit, settings.threads) as engine,
    ):
        look = Look(engine)
        tables = [
            _propose_table(contract()[name], found[name], look)
            for name in contract()
            if name in found
        ]
    return Proposal(month, tuple(tables), tuple(unknown))


# -- which table -------------------------------------------------------------------------------------------------


def recognise_table(sample: Sample) -> tuple[str, str, Reason] | None:
    """Say which table a file looks like, how sure that is and why; None where it looks like none."""
    called = name_of_table(sample.sheet or sample.file)
    scores = {name: _match_required(table, sample) for name, table in contract().items()}
    complete = [name for name, (share, _) in scores.items() if share == 1]
    if called and scores[called][0] == 1:
        return called, HIGH, _reason("map.by_both", table=called)
    if called and scores[called][1]:
        return called, MEDIUM, _reason("map.by_name", table=called)
    best = sorted(complete, key=lambda name: -scores[name][1])
    is_alone = len(best) == 1 or (len(best) > 1 and scores[best[0]][1] > scores[best[1]][1])
    if best and is_alone:
        return best[0], MEDIUM, _reason("map.by_headers", table=best[0])
    if called:
        return called, LOW, _reason("map.by_name_alone", table=called)
    return (best[0], LOW, _reason("map.one_of", tables=", ".join(best))) if best else None


def name_of_table(name: str) -> str | None:
    """Return the table that a file or sheet is named after: the longest name of one that stands in it."""
    stem = compare_form(_STAMP.sub("", _stem(name)))
    for table in contract():  # a name of the whole file counts before a part of it
        if stem in table_names(table):
            return table
    inside = [
        (len(known), table)
        for table in contract()
        for known in table_names(table)
        if _is_inside(known, stem)
    ]
    return max(inside, key=lambda pair: pair[0])[1] if inside else None


def _is_inside(known: str, stem: str) -> bool:
    return known in stem and (len(known) > 2 or not known.isascii())


def _stem(name: str) -> str:
    plain = plain_name(name)
    ending = next(
        (
            kind
            for kind in sorted(KINDS, key=len, reverse=True)
            if plain.lower().endswith(f".{kind}")
        ),
        "",
    )
    return plain[: -len(ending) - 1] if ending else plain


def _match_required(table: Table, sample: Sample) -> tuple[float, int]:
    """Return the share of required columns that have a header, and how many columns have one."""
    names = {compare_form(header) for header in sample.headers}
    matched = {
        column.name for column in table.columns if names & set(column_synonyms(table, column))
    }
    required = [column.name for column in table.columns if column.required]
    return sum(name in matched for name in required) / len(required), len(matched)


# -- which column ------------------------------------------------------------------------------------------------


def _propose_table(
    table: Table, found: list[tuple[Sample, str, Reason]], look: Look
) -> TableProposal:
    samples = [sample for sample, _, _ in found]
    first, sureness, reason = min(found, key=lambda item: (HIGH, MEDIUM, LOW).index(item[1]))
    columns = tuple(_propose_columns(table, first, look))
    named = {column.column for column in columns if column.is_line}
    codes = [
        code
        for column in columns
        if column.is_line
        for code in _propose_codes(table, column, samples)
    ]
    lacks = tuple(c.name for c in table.columns if c.required and c.name not in named)
    files = tuple(dict.fromkeys(generalise_file(sample.file) for sample in samples))
    return TableProposal(
        table.name, files, sureness, reason, first.sheet, columns, tuple(codes), lacks
    )


def generalise_file(name: str) -> str:
    """Return a pattern for a file's name that holds in every month: `客户资料_202610.csv` is `客户资料_*.csv`."""
    return _STAMP.sub("*", plain_name(name))


def _propose_columns(table: Table, sample: Sample, look: Look) -> Iterator[ColumnProposal]:
    exact = {place: recognise_column(table, header) for place, header in enumerate(sample.headers)}
    times = Counter(column.name for column in exact.values() if column)
    for place, header in enumerate(sample.headers):
        if not header:
            continue
        column = exact[place]
        if column is None:
            yield _guess_column(table, header, set(times))
        elif times[column.name] > 1:
            twins = [
                sample.headers[n]
                for n, other in exact.items()
                if other and other.name == column.name
            ]
            yield ColumnProposal(
                header, column.name, LOW, _reason("map.ambiguous", headers=" / ".join(twins))
            )
        else:
            yield _judge_column(column, header, sample.values(place), look)


def recognise_column(table: Table, header: str) -> Column | None:
    """Return the column that a header is a name of; the contract's own names count before all others."""
    name = compare_form(header)
    own = next((column for column in table.columns if compare_form(column.name) == name), None)
    return own or next(
        (column for column in table.columns if name in column_synonyms(table, column)), None
    )


def _guess_column(table: Table, header: str, taken: set[str]) -> ColumnProposal:
    """Propose the column whose names look most like an unknown header, for a person to decide."""
    names = {
        n: c.name for c in table.columns if c.name not in taken for n in column_synonyms(table, c)
    }
    like = next(iter(get_close_matches(compare_form(header), list(names), 1, _ALIKE)), None)
    if like is None:
        return ColumnProposal(header, None, LOW, _reason("map.unknown_header"))
    return ColumnProposal(header, names[like], LOW, _reason("map.looks_like", name=names[like]))


def _judge_column(column: Column, header: str, values: Sequence[str], look: Look) -> ColumnProposal:
    """Say how sure a header's name is, by its values."""
    share = look.share(column, values)
    if share is None:
        return ColumnProposal(header, column.name, MEDIUM, _reason("map.no_values"))
    facts = {"fitting": round(share * len(values)), "values": len(values), "kind": column.kind}
    if share >= _FITS:
        return ColumnProposal(header, column.name, HIGH, _reason("map.fits", **facts))
    is_code = bool(code_values(column)) and len(set(values)) <= _MOST_CODES
    if is_code or share >= _HARDLY:
        return ColumnProposal(header, column.name, MEDIUM, _reason("map.fits_partly", **facts))
    return ColumnProposal(header, column.name, LOW, _reason("map.fits_not", **facts))


# -- which code --------------------------------------------------------------------------------------------------


def _propose_codes(
    table: Table, proposed: ColumnProposal, samples: Sequence[Sample]
) -> Iterator[CodeProposal]:
    """Yield the values of a column that the contract does not know, with what they may mean."""
    column = table.column(proposed.column or "")
    if column is None or not code_values(column):
        return
    values: Counter[str] = Counter()
    written: dict[str, str] = {}
    for sample in samples:
        if proposed.header in sample.headers:
            cells = sample.values(sample.headers.index(proposed.header))
            values.update(fold_name(cell) for cell in cells)
            written = {fold_name(cell): cell.strip() for cell in cells} | written
    known = {fold_name(code): value for code, value in code_synonyms(column)}
    for code, rows in sorted(values.items(), key=lambda item: (-item[1], item[0]))[:_MOST_CODES]:
        if not is_contract_value(column, code):
            yield CodeProposal(column.name, written[code], known.get(code), rows)


def is_contract_value(column: Column, code: str) -> bool:
    """Whether a value is read without a mapping."""
    plain = {"true", "false", "1", "0", "1.0", "0.0", "是", "否", "y", "n", "yes", "no"}
    return code in (plain if column.kind == "bool" else set(column.values))


def _reason(key: str, **facts: object) -> Reason:
    return Reason(key, tuple(facts.items()))


def month_folder(source: Path, month: str | None) -> Path | None:
    """Return the folder of a month, or of the newest month of a source."""
    if month:
        return source / month
    folders = sorted(
        path
        for path in source.iterdir()
        if re.fullmatch(r"\d{4}-\d{2}", path.name) and path.is_dir()
    )
    return folders[-1] if folders else None

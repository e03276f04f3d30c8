"""Every table that is written, declared once: columns with their types, key, what it is for.

One YAML file a room says it, in this folder. What is said elsewhere is not said again: of a table
that a SQL file makes, title and key are its front matter's; the columns of the delivered tables
are the contract's. `name_{0..12}` stands for thirteen columns.

    declared_tables()["dispatch_order"].types      → {"order_id": "VARCHAR", "month": "VARCHAR", …}
    find_table("extract_bill").is_open             → True: as delivered, with whatever columns came
    check_columns(table, {"order_id": "BIGINT"})   → ["order_id is BIGINT, not VARCHAR", …]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

from pipelines.catalogue.contract_texts import load_contract_texts
from pipelines.catalogue.spec import Spec, load_named_specs
from pipelines.core import contract as delivered
from pipelines.core.values import SQL_TYPES
from pipelines.core.yaml_files import read_yaml

LANGUAGES = ("zh", "en")
ANY = "ANY"  # the type of a delivered column before it is read: whatever the file had
REJECTED = "_rejected"
# What there is more of with every customer: who has one of them in its key is a table that grows.
_GROWING = frozenset(
    {
        "adjustment_id",
        "answer_id",
        "bill_id",
        "card_id",
        "claim_id",
        "customer_id",
        "order_id",
        "payment_id",
        "service_id",
        "ticket_id",
    }
)
_FOLDER = Path(__file__).parent
_NUMBERED = re.compile(r"(?P<stem>.*)\{(?P<first>\d+)\.\.(?P<last>\d+)\}")
# What readers of files put beside the delivered columns; the snapshot, beside rows it rejects.
_READ_FROM = {"_file": "VARCHAR", "_line": "BIGINT", "_fault": "VARCHAR"}
_BROKEN_RULE = {"_rule": "VARCHAR"}


@dataclass(frozen=True)
class Column:
    """A column: its DuckDB type, and whether it says who somebody is."""

    name: str
    type: str
    is_personal: bool = False


@dataclass(frozen=True)
class Table:
    """A table: which room writes it, what it is for by language, its key, its columns in order.

    Without a key no column tells rows apart. One that `is_open` may lack columns and have others.
    """

    name: str
    room: str
    purpose: Mapping[str, str]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    is_open: bool = False

    @property
    def types(self) -> dict[str, str]:
        """The DuckDB type of each column."""
        return {column.name: column.type for column in self.columns}

    @property
    def part_column(self) -> str | None:
        """The column that tells a row's part; None for a table that does not grow with customers.

        It is the first of the key that there is more of with every customer.
        """
        for name in self.key:
            if name in _GROWING:
                return name
        return None


class _ColumnEntry(TypedDict):
    """A column in a YAML file, where its type is not all there is to say."""

    type: str
    personal: bool


class _TableEntry(TypedDict, total=False):
    """A table in a YAML file; without `purpose` and `key` where a SQL file says them."""

    purpose: dict[str, str]
    key: list[str]
    columns: dict[str, str | _ColumnEntry]


@cache
def load_tables() -> Mapping[str, Table]:
    """Return every table that is declared, by name: the delivered ones, then those of each room."""
    tables = {table.name: table for table in _delivered_tables()}
    for path in sorted(_FOLDER.glob("*.yml")):
        tables.update(_room_tables(path.stem))
    return tables


def find_table(name: str) -> Table | None:
    """Return what a table is declared as, reading its room's file alone; None where nobody does."""
    room = name.partition("_")[0]
    of_room = _room_tables(room).get(name)
    return of_room or _delivered_by_name().get(name)


def declaration_file(room: str) -> Path:
    """Return the YAML file in which a room's tables are declared."""
    return _FOLDER / f"{room}.yml"


@cache
def list_tables_of_code() -> frozenset[str]:
    """Return the names of the tables that neither a SQL file nor a delivery makes, but code."""
    names: set[str] = set()
    for path in sorted(_FOLDER.glob("*.yml")):
        for name, entry in _read_entries(path.stem).items():
            if "key" in entry:
                names.add(name)
    return frozenset(names)


def check_columns(table: Table, columns: Mapping[str, str]) -> list[str]:
    """Say in what columns (name to DuckDB type, in their order) differ from those a table declares.

    An empty list says that they are the same.
    """
    differences = _find_wrong_types(table, columns)
    if table.is_open:
        return differences

    for name in table.types:
        if name not in columns:
            differences.append(f"no column {name}")

    for name in columns:
        if name not in table.types:
            differences.append(f"further column {name}")

    is_in_order = list(columns) == list(table.types)
    if not differences and not is_in_order:
        order = ", ".join(columns)
        differences.append(f"columns in the order {order}")
    return differences


def _find_wrong_types(table: Table, columns: Mapping[str, str]) -> list[str]:
    """Say which columns have another type than they are declared with."""
    differences = []
    for column in table.columns:
        written = columns.get(column.name, column.type)
        if column.type not in (written, ANY):
            differences.append(f"{column.name} is {written}, not {column.type}")
    return differences


# -- what a room writes ----------------------------------------------------------------------------


@cache
def _room_tables(room: str) -> dict[str, Table]:
    """The tables that a room declares, by name."""
    made = {}
    for name, entry in _read_entries(room).items():
        if "key" in entry:
            purpose = entry["purpose"]
            key = entry["key"]
        else:
            spec = _find_spec(room, name)
            purpose = _titles(spec)
            key = spec.meta["key"]

        columns = _read_columns(entry["columns"])
        made[name] = Table(name, room, purpose, tuple(key), tuple(columns))

    return made


@cache
def _read_entries(room: str) -> dict[str, _TableEntry]:
    """The entries of a room's YAML file by table; none where there is no such file."""
    path = declaration_file(room)
    if not path.is_file():
        return {}
    entries: dict[str, _TableEntry] = read_yaml(path)
    return entries


def _find_spec(room: str, table: str) -> Spec:
    """The SQL file that makes a room's table."""
    name = table.removeprefix(f"{room}_")
    specs = load_named_specs(room)
    return specs[name]


def _titles(spec: Spec) -> dict[str, str]:
    """A file's title by language."""
    return {language: spec.title(language) for language in LANGUAGES}


def _read_columns(entries: Mapping[str, str | _ColumnEntry]) -> Iterator[Column]:
    """Yield the columns; one written `name_{0..12}` stands for thirteen, `name_0` to `name_12`."""
    for name, entry in entries.items():
        numbered = _NUMBERED.fullmatch(name)
        if numbered is None:
            yield _read_column(name, entry)
            continue

        stem = numbered["stem"]
        first = int(numbered["first"])
        last = int(numbered["last"])
        for number in range(first, last + 1):
            yield _read_column(f"{stem}{number}", entry)


def _read_column(name: str, entry: str | _ColumnEntry) -> Column:
    """Read a column, which may be its type alone."""
    if isinstance(entry, str):
        return Column(name, entry)
    return Column(name, entry["type"], entry["personal"])


# -- what is delivered -----------------------------------------------------------------------------


@cache
def _delivered_by_name() -> dict[str, Table]:
    """The tables of the deliveries, by name."""
    return {table.name: table for table in _delivered_tables()}


def _delivered_tables() -> Iterator[Table]:
    """Yield what becomes of each contract table: as it came, accepted rows, rejected ones."""
    for name, table in delivered.load_contract().items():
        purpose = load_contract_texts()[name].title

        raw = [Column(column.name, ANY, column.personal) for column in table.columns]
        raw += _fixed_columns(_READ_FROM)
        yield Table(f"extract_{name}", "extract", purpose, (), tuple(raw), is_open=True)

        typed = []
        for column in delivered.snapshot_columns(name):
            kind = SQL_TYPES[column.kind]
            typed.append(Column(column.name, kind, column.personal))
        snapshot = f"snapshot_{name}"
        yield Table(snapshot, "snapshot", purpose, table.key, tuple(typed))

        rejected = (*_fixed_columns(_BROKEN_RULE), *typed)
        yield Table(f"{snapshot}{REJECTED}", "snapshot", purpose, (), rejected)


def _fixed_columns(types: Mapping[str, str]) -> list[Column]:
    """Columns that every table of a kind has, with their types."""
    return [Column(name, kind) for name, kind in types.items()]

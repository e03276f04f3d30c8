"""The SQL files, checked before a month is begun.

Every one says what its room knows, reads what is there, and is as it was defined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlglot import exp

from pipelines import ROOMS
from pipelines.catalogue.lineage import ColumnName, list_table_columns, trace_origin
from pipelines.catalogue.outputs import Kpi, hash_meaning, load_kpis
from pipelines.catalogue.spec import EARLIER, Spec, TableName, load_room_specs
from pipelines.catalogue.tables import list_tables_of_code
from pipelines.core.calendar import Calendar
from pipelines.core.contract import load_contract, snapshot_columns
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.core.paths import SQL
from pipelines.core.settings import load_settings
from pipelines.core.written import Written, read_written
from pipelines.jobs.specs.check_outputs import check_kpis, check_lists
from pipelines.jobs.specs.spec_errors import blame_place, find_line
from pipelines.rooms.context import Context
from pipelines.store.lake import Draft

DEFINITIONS = SQL / "kpi" / "definitions.yml"
FOLDERS = (*ROOMS, "daily", "plan")  # a day and a plan read all that their month holds
READS_ITS_OWN = ("features", "feedback", "report", "daily")
# Names, phones and numbers of lines: no SQL file reads them.
_PERSONAL = ("snapshot_person", "snapshot_number")


@cache
def check_specs() -> None:
    """Raise SpecError with file and line for the first SQL file that a month cannot be made of."""
    specs: list[Spec] = []
    for path in sorted(SQL.iterdir()):
        if path.is_dir():
            specs += load_room_specs(path.name)

    known_tables = _list_known_tables(specs)
    delivered = _list_delivered_columns()
    parameters = list_parameters()
    for spec in specs:
        _check_tables_read(spec, known_tables)
        _check_columns_read(spec)
        _check_own_columns(spec)
        _check_needs(spec, delivered)
        _check_parameters(spec, parameters)

    check_lists()
    check_kpis()
    check_definitions()


# -- tables ----------------------------------------------------------------------------------------


def _list_known_tables(specs: Iterable[Spec]) -> set[str]:
    """Return the tables that a SQL file may name.

    Those of the snapshot, of SQL files, of a room's own code.
    """
    of_snapshot = {f"snapshot_{name}" for name in load_contract()}
    of_files = {spec.table for spec in specs}
    return of_snapshot | of_files | set(list_tables_of_code())


def _check_tables_read(spec: Spec, known_tables: set[str]) -> None:
    """What a file reads is there, is nobody's name or number, and is made before it."""
    for table in sorted(spec.reads):
        if table.name not in known_tables or table.name in _PERSONAL:
            raise _describe_bad_table(spec, table, "spec.unknown_table")
        if not may_read(table, spec):
            raise _describe_bad_table(spec, table, "spec.table_of_a_later_room")


def _describe_bad_table(spec: Spec, table: TableName, key: str) -> SpecError:
    tables = spec.find_parts(exp.Table)
    named = (one for one in tables if TableName(one.name, one.db) == table)
    line = find_line(spec, named)
    return SpecError(key, where=spec.where, line=line, table=table)


def may_read(table: TableName, spec: Spec) -> bool:
    """Whether a file may read a table.

    Of an earlier month any, of this month those of rooms before its own.
    """
    if table.era:
        return table.era in EARLIER and table.room in ROOMS
    if table.room == spec.room:
        return spec.room in READS_ITS_OWN
    rooms_before = FOLDERS[: FOLDERS.index(spec.room)]
    return table.room in rooms_before


# -- columns ---------------------------------------------------------------------------------------


def _list_delivered_columns() -> set[str]:
    """Return every column of the snapshot as `table.column`."""
    columns = set()
    for table in load_contract():
        for column in snapshot_columns(table):
            columns.add(f"{table}.{column.name}")
    return columns


def _check_columns_read(spec: Spec) -> None:
    """The columns that a file reads are in the tables that it reads them of."""
    for source in sorted(trace_origin(spec).all()):
        known = list_table_columns(source.table.name)
        if source.column != "*" and source.column not in known:
            raise SpecError(
                "spec.unknown_column",
                where=spec.where,
                line=_find_column_line(spec, source),
                column=f"{source.table}.{source.column}",
                near=", ".join(known) or "–",
            )


def _find_column_line(spec: Spec, source: ColumnName) -> int:
    columns = spec.find_parts(exp.Column)
    named = (found for found in columns if found.name == source.column)
    return find_line(spec, named)


def _check_own_columns(spec: Spec) -> None:
    """The columns that a file gives have names, each once, and its key is among them."""
    names = spec.column_names
    is_each_once = len(set(names)) == len(names)
    if not all(names) or not is_each_once:
        where = spec.where
        raise SpecError("spec.columns_without_names", where=where, line=spec.sql_line)

    own = list_table_columns(spec.table)
    absent = [name for name in spec.meta.get("key", ()) if name not in own]
    if absent:
        raise blame_place(spec, ["key"], "no_column", column=", ".join(absent))


def _check_needs(spec: Spec, delivered: set[str]) -> None:
    """What a file needs is delivered, and what it can do without is something that it reads."""
    for need in spec.meta.get("needs", ()):
        if need not in delivered:
            raise blame_place(spec, ["needs"], "no_column", column=need)
    for tolerated in sorted(spec.tolerates):
        if not _is_read(spec, tolerated, delivered):
            raise blame_place(spec, ["tolerates"], "not_read", what=tolerated)


def _is_read(spec: Spec, tolerated: str, delivered: set[str]) -> bool:
    """Whether a file reads what it can do without.

    That is a table (`bill`, `m1.features_value`), all of a month (`m1.*`), or a column
    (`customer.vip_tier`).
    """
    for table in spec.reads:
        short = str(table).removeprefix("snapshot_")
        if tolerated in (str(table), short):
            return True
        if table.era and tolerated == f"{table.era}.*":
            return True

    if tolerated not in delivered:
        return False
    table_of_column = tolerated.split(".")[0]
    names_read = {table.name for table in spec.reads}
    return f"snapshot_{table_of_column}" in names_read


# -- parameters ------------------------------------------------------------------------------------


def list_parameters() -> frozenset[str]:
    """The names of the `:parameters` that a month has."""
    month = Month(2000, 1)
    nowhere = Draft(month, Path("/nonexistent/v0001.partial"))
    no_engine = cast(Any, None)  # nothing is computed
    context = Context(month, load_settings(), Calendar(), nowhere, no_engine, {})
    return frozenset(context.known_parameters())


def _check_parameters(spec: Spec, known: frozenset[str]) -> None:
    """The parameters that a file names are those a month has, or ask whether a table is there."""
    for name in sorted(spec.parameters):
        if name in known or name.startswith("has_"):
            continue
        raise SpecError(
            "spec.unknown_parameter",
            where=spec.where,
            line=spec.sql_line + _find_parameter_line(spec, name),
            parameter=name,
            known=", ".join(sorted(known)),
        )


def _find_parameter_line(spec: Spec, name: str) -> int:
    """Return which line of the SELECT names a parameter, from 0."""
    for number, text in enumerate(spec.sql.splitlines()):
        if f":{name}" in text:
            return number
    return 0


# -- definitions -----------------------------------------------------------------------------------

# The fingerprints of what a KPI file meant, by the file's version.
Fingerprints = dict[int, str]


def check_definitions() -> None:
    """Raise SpecError, with the line to add, where a KPI is not as it was defined.

    `definitions.yml` has the fingerprint of what each version means.
    """
    written = read_written(DEFINITIONS, "sql/kpi/definitions.yml")
    known = written.hold_to(dict[str, Fingerprints], written.read() or {})
    for kpi in load_kpis():
        version = kpi.spec.meta["version"]
        fingerprints = known.get(kpi.spec.name, {})
        if fingerprints.get(version) == hash_meaning(kpi):
            continue
        raise _describe_other_meaning(written, kpi, known)


def _describe_other_meaning(
    written: Written, kpi: Kpi, known: Mapping[str, Fingerprints]
) -> SpecError:
    """The error of a KPI that means what no line says yet, or another thing than its line says."""
    name = kpi.spec.name
    version = kpi.spec.meta["version"]
    fingerprints = known.get(name, {})
    line = len(written.text.splitlines()) + 1
    if name in known:
        line = written.line_of([name])

    facts = {"file": written.file, "line": line, "kpi": kpi.spec.where}
    as_it_is = definition_line(kpi, fingerprints)
    if version not in fingerprints:
        return SpecError("spec.no_definition", **facts, add=as_it_is)

    following = fingerprints | {version + 1: hash_meaning(kpi)}
    return SpecError(
        "spec.definition_changed",
        **facts,
        version=version + 1,
        add=definition_text(name, following),
        draft=as_it_is,
    )


def definition_line(kpi: Kpi, fingerprints: Fingerprints) -> str:
    """The line of `definitions.yml` that says what a KPI file means now."""
    now = {kpi.spec.meta["version"]: hash_meaning(kpi)}
    return definition_text(kpi.spec.name, fingerprints | now)


def definition_text(name: str, fingerprints: Fingerprints) -> str:
    """A line of `definitions.yml`: what a KPI file means, version by version."""
    listed = []
    for version, fingerprint in sorted(fingerprints.items()):
        listed.append(f'{version}: "{fingerprint}"')
    versions = ", ".join(listed)
    return f"{name}: {{{versions}}}"

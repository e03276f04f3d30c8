"""Before a month is begun: every SQL file says what its room knows, reads what is there, and is as it was defined."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlglot import exp

from pipelines import ROOMS
from pipelines.catalogue.lineage import EXTRA_COLUMNS, ColumnName, origin, table_columns
from pipelines.catalogue.outputs import Kpi, kpis, lists, meaning
from pipelines.catalogue.spec import EARLIER, Spec, TableName, room_specs
from pipelines.core.calendar import Calendar
from pipelines.core.contract import contract, snapshot_columns
from pipelines.core.errors import Phrase, SpecError
from pipelines.core.month import Month
from pipelines.core.paths import SQL
from pipelines.core.settings import load_settings
from pipelines.core.written import Place, Written, read_written
from pipelines.rooms.context import Context
from pipelines.rooms.dispatch import FIXED as LIST_COLUMNS
from pipelines.store.lake import Draft
from pipelines.text.evidence import FIXED as FACTS
from pipelines.text.evidence import places

DEFINITIONS = SQL / "kpi" / "definitions.yml"
FOLDERS = (*ROOMS, "daily", "plan")  # a day and a plan read all that their month holds
READS_ITS_OWN = ("features", "feedback", "report", "daily")


@cache
def check_specs() -> None:
    """Raise SpecError with file and line for the first SQL file that a month cannot be made of."""
    folders = sorted(path.name for path in SQL.iterdir() if path.is_dir())
    specs = [spec for room in folders for spec in room_specs(room)]
    parameters = parameter_names()
    for spec in specs:
        _check_reads(spec, specs)
        _check_columns(spec)
        _check_parameters(spec, parameters)
    _check_lists()
    _check_kpis()
    check_definitions()


def _wrong(spec: Spec, place: Place, key: str, **facts: object) -> SpecError:
    """The error of a place in a file's block."""
    text = spec.path.read_text(encoding="utf-8").split("--- */")[0].split("\n", 1)[1]
    return Written(spec.where, text, first_line=2).wrong(place, Phrase(f"written.why.{key}", facts))


# -- what it reads -----------------------------------------------------------------------------------------------


def _check_reads(spec: Spec, specs: Iterable[Spec]) -> None:
    known = (
        {f"snapshot_{name}" for name in contract()} | {s.table for s in specs} | set(EXTRA_COLUMNS)
    )
    for table in sorted(spec.reads):
        if table.name not in known or table.name == "snapshot_person":
            raise _bad_table(spec, table, "spec.unknown_table")
        if not is_to_the_left(table, spec):
            raise _bad_table(spec, table, "spec.table_of_a_later_room")


def is_to_the_left(table: TableName, spec: Spec) -> bool:
    """Whether a file may read a table: of an earlier month any, of this month those of rooms before its own."""
    if table.era:
        return table.era in EARLIER and table.room in ROOMS
    if table.room == spec.room:
        return spec.room in READS_ITS_OWN
    return table.room in FOLDERS and FOLDERS.index(table.room) < FOLDERS.index(spec.room)


def _bad_table(spec: Spec, table: TableName, key: str) -> SpecError:
    found = (t for t in spec.tree.find_all(exp.Table) if TableName(t.name, t.db) == table)
    line = next((int(t.this.meta.get("line", 1)) for t in found), 1)
    if key == "spec.unknown_table":
        return SpecError(
            "spec.unknown_table", where=spec.where, line=spec.sql_line + line - 1, table=table
        )
    return SpecError(
        "spec.table_of_a_later_room", where=spec.where, line=spec.sql_line + line - 1, table=table
    )


def _check_columns(spec: Spec) -> None:
    for source in sorted(origin(spec).all()):
        if source.column != "*" and source.column not in table_columns(source.table.name):
            raise _bad_column(spec, source)
    names = spec.tree.named_selects
    if not all(names) or len(set(names)) < len(names):
        raise SpecError("spec.columns_without_names", where=spec.where, line=spec.sql_line)
    absent = [name for name in spec.meta.get("key", ()) if name not in table_columns(spec.table)]
    if absent:
        raise _wrong(spec, ["key"], "no_column", column=", ".join(absent))
    columns = {f"{name}.{c.name}" for name in contract() for c in snapshot_columns(name)}
    for need in spec.meta.get("needs", ()):
        if need not in columns:
            raise _wrong(spec, ["needs"], "no_column", column=need)
    for tolerated in sorted(spec.tolerates):
        if not _is_read(spec, tolerated, columns):
            raise _wrong(spec, ["tolerates"], "not_read", what=tolerated)


def _is_read(spec: Spec, tolerated: str, columns: set[str]) -> bool:
    """Whether what a file can do without is something that it reads."""
    reads = {str(table) for table in spec.reads}
    short = {name.removeprefix("snapshot_") for name in reads} | {
        f"{t.era}.*" for t in spec.reads if t.era
    }
    if tolerated in reads | short:
        return True
    return tolerated in columns and f"snapshot_{tolerated.split('.')[0]}" in {
        t.name for t in spec.reads
    }


def _bad_column(spec: Spec, source: ColumnName) -> SpecError:
    found = (c for c in spec.tree.find_all(exp.Column) if c.name == source.column)
    line = next((int(c.this.meta.get("line", 1)) for c in found), 1)
    near = ", ".join(table_columns(source.table.name)) or "–"
    column = f"{source.table}.{source.column}"
    return SpecError(
        "spec.unknown_column",
        where=spec.where,
        line=spec.sql_line + line - 1,
        column=column,
        near=near,
    )


def parameter_names() -> frozenset[str]:
    """The names of the `:parameters` that a month has."""
    month = Month(2000, 1)
    nowhere = Draft(month, Path("/nonexistent/v0001.partial"))
    context = Context(month, load_settings(), Calendar(), nowhere, cast(Any, None), {})
    return frozenset(context.known_parameters())


def _check_parameters(spec: Spec, known: frozenset[str]) -> None:
    unknown = [
        name
        for name in sorted(spec.parameters)
        if name not in known and not name.startswith("has_")
    ]
    if unknown:
        found = (p for p in spec.sql.splitlines() if f":{unknown[0]}" in p)
        line = spec.sql.splitlines().index(next(found, spec.sql.splitlines()[0]))
        raise SpecError(
            "spec.unknown_parameter",
            where=spec.where,
            line=spec.sql_line + line,
            parameter=unknown[0],
            known=", ".join(sorted(known)),
        )


# -- lists -------------------------------------------------------------------------------------------------------


def _check_lists() -> None:
    priorities: dict[int, Spec] = {}
    for spec in lists():
        other = priorities.setdefault(spec.meta["priority"], spec)
        if other is not spec:
            raise _wrong(spec, ["priority"], "taken", value=spec.meta["priority"], by=other.where)
        wanted = [name for name in LIST_COLUMNS if name != "due_on" or "column" in spec.meta["due"]]
        if spec.tree.named_selects[: len(wanted)] != wanted:
            raise SpecError(
                "spec.list_columns", where=spec.where, line=spec.sql_line, wanted=", ".join(wanted)
            )
        for key in ("evidence", "script"):
            _check_sentence(spec, key)


def _check_sentence(spec: Spec, key: str) -> None:
    """The sentence of a list has, in both languages, the same places, all of them known."""
    known = {*FACTS, "month", "last_day", *spec.tree.named_selects}
    known |= {literal.name for literal in spec.tree.find_all(exp.Literal) if literal.is_string}
    words = spec.meta[key]
    for language in ("zh", "en"):
        unknown = sorted(places(words[language]) - known)
        if unknown:
            raise _wrong(spec, [key, language], "unknown_place", what=", ".join(unknown))
        if words[language].count("[") != words[language].count("]"):
            raise _wrong(spec, [key, language], "brackets")
    other = sorted(places(words["zh"]) ^ places(words["en"]))
    if other:
        raise _wrong(spec, [key], "one_language", what=", ".join(other))


# -- KPIs --------------------------------------------------------------------------------------------------------


def _check_kpis() -> None:
    files = list(kpis())
    seen: dict[tuple[str, str], Kpi] = {}
    for kpi in files:
        for variant in kpi.variants:
            other = seen.setdefault((kpi.name, variant), kpi)
            if other is not kpi:
                raise _wrong(
                    kpi.spec, ["variants", variant], "taken", value=variant, by=other.spec.where
                )
        if "." in kpi.spec.name and kpi.spec.name.split(".")[1] not in kpi.variants:
            raise _wrong(kpi.spec, ["variants"], "not_its_stem", value=kpi.spec.name.split(".")[1])
        _check_parts(kpi)
    for kpi in files:
        if "." not in kpi.spec.name and kpi.meta["default"] not in kpi.variants:
            raise _wrong(kpi.spec, ["default"], "no_variant", value=kpi.meta["default"])


def _check_parts(kpi: Kpi) -> None:
    """A KPI returns its parts by customer, or by scope, under the names that the room sums."""
    is_alone = kpi.meta["unit"] == "count" or kpi.meta.get("value") == "given"
    wanted = {"customer_id", "numerator"} | (set() if is_alone else {"denominator"})
    wanted |= {"variant"} if len(kpi.variants) > 1 else set()
    wanted |= {"part"} if kpi.meta.get("value") == "mean" else set()
    wanted |= {"interval_low", "interval_high"} if kpi.meta.get("interval") == "given" else set()
    found = set(kpi.spec.tree.named_selects)
    if kpi.meta.get("scopes") == "own" or "scope_kind" in found:
        wanted |= {"scope_kind", "scope_id"}
    if found != wanted:
        line = kpi.spec.sql_line
        raise SpecError(
            "spec.kpi_columns",
            where=kpi.spec.where,
            line=line,
            found=", ".join(sorted(found)),
            wanted=", ".join(sorted(wanted)),
        )


def check_definitions() -> None:
    """Raise SpecError, with the line to add, where a KPI is not what `definitions.yml` says of its version."""
    written = read_written(DEFINITIONS, "sql/kpi/definitions.yml")
    known = written.hold_to(dict[str, dict[int, str]], written.read() or {})
    for kpi in kpis():
        name, version = kpi.spec.name, kpi.spec.meta["version"]
        versions = known.get(name, {})
        if versions.get(version) == meaning(kpi):
            continue
        line = written.line_of([name]) if name in known else len(written.text.splitlines()) + 1
        facts = {"file": written.file, "line": line, "kpi": kpi.spec.where}
        if version not in versions:
            raise SpecError("spec.no_definition", **facts, add=definition_line(kpi, versions))
        following = versions | {version + 1: meaning(kpi)}
        changed = {
            "version": version + 1,
            "add": definition_text(name, following),
            "draft": definition_line(kpi, versions),
        }
        raise SpecError("spec.definition_changed", **facts, **changed)


def definition_line(kpi: Kpi, versions: dict[int, str]) -> str:
    """The line of `definitions.yml` that says what a KPI file means now."""
    return definition_text(kpi.spec.name, versions | {kpi.spec.meta["version"]: meaning(kpi)})


def definition_text(name: str, versions: dict[int, str]) -> str:
    """A line of `definitions.yml`: what a KPI file means, version by version."""
    said = ", ".join(f'{version}: "{digest}"' for version, digest in sorted(versions.items()))
    return f"{name}: {{{said}}}"

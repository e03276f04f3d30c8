"""Running a room's steps.

Small results are values that are passed, under names that nobody needs to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pyarrow as pa

from pipelines.catalogue.steps import Step, read_step
from pipelines.engines.duckdb import BatchMaker, select_nothing
from pipelines.rooms.context import Context, find_declared

_NUMBERS = count(1)  # no two relations of a process share a name


@dataclass(frozen=True)
class Relation:
    """A result that the engine holds while it is open; `name` is what the engine calls it."""

    name: str
    is_kept: bool = True


def run_step(
    context: Context,
    room: str,
    step: str,
    parameters: Mapping[str, object] | None = None,
    **inputs: Relation,
) -> Relation:
    """Run a step on the relations it names as inputs, and keep its result.

    `parameters` are those that the month does not have by itself.
    """
    spec = read_step(room, step)
    sql = _bind_inputs(spec, inputs)
    return keep_result(context, step, sql, _fill_parameters(context, spec, parameters))


def read_rows(
    context: Context,
    room: str,
    step: str,
    parameters: Mapping[str, object] | None = None,
    **inputs: Relation,
) -> list[dict[str, Any]]:
    """Run a step and return its rows, in the order that its SELECT gives them."""
    spec = read_step(room, step)
    sql = _bind_inputs(spec, inputs)
    return context.engine.rows(sql, _fill_parameters(context, spec, parameters))


def write_step(
    context: Context,
    room: str,
    step: str,
    table: str,
    key: Iterable[str],
    parameters: Mapping[str, object] | None = None,
    rule: str | None = None,
    **inputs: Relation,
) -> None:
    """Run a step and write its result as a table of the month, in the order of `key`.

    `rule` goes into the manifest.
    """
    spec = read_step(room, step)
    sql = _bind_inputs(spec, inputs)
    values = _fill_parameters(context, spec, parameters)
    context.write(table, sql, key, values, rule=rule)


def write_rows(
    context: Context, table: str, rows: pa.Table, key: Iterable[str]
) -> None:
    """Write rows that code has made as a table of the month, in the order of `key`."""
    write_relation(context, take_rows(context, table, rows), table, key)


def write_relation(
    context: Context, relation: Relation, table: str, key: Iterable[str]
) -> None:
    """Write a relation as a table of the month, in the order of `key`."""
    context.write(table, f"SELECT * FROM {relation.name}", key)


def take_rows(context: Context, label: str, rows: pa.Table) -> Relation:
    """Take rows that code has made into the engine; `label` is for whoever reads a plan."""
    relation = _name_relation(label)
    context.engine.register(relation.name, rows)
    return relation


def keep_result(
    context: Context,
    label: str,
    sql: str,
    parameters: Mapping[str, object] | None = None,
) -> Relation:
    """Keep what a SELECT gives."""
    relation = _name_relation(label)
    context.engine.table(relation.name, sql, parameters)
    return relation


def keep_small(context: Context, label: str, sql: str) -> Relation:
    """Keep what a SELECT gives, which is small however many customers there are."""
    relation = _name_relation(label)
    context.engine.bring(relation.name, sql)
    return relation


def refine_result(
    context: Context,
    label: str,
    sql: str,
    each: str,
    parameters: Mapping[str, object] | None = None,
) -> Relation:
    """Keep what `each`, a SELECT of every row of `answered` by itself, makes of a result."""
    relation = _name_relation(label)
    context.engine.refine(relation.name, sql, each, parameters)
    return relation


def map_rows(
    context: Context,
    label: str,
    selects: Sequence[str],
    make: BatchMaker,
    schema: pa.Schema,
    rows: int,
) -> Relation:
    """Keep what a function makes of results, batch by batch: it is never in memory.

    `make` gives what each batch goes through, on the worker where there are workers; of `rows` at
    most it is given here.
    """
    relation = _name_relation(label)
    context.engine.map_rows(relation.name, selects, make, schema, rows)
    return relation


def map_groups(
    context: Context,
    label: str,
    groups: Relation,
    by: str,
    make: Callable[[pa.Table], pa.Table],
    schema: pa.Schema,
) -> Relation:
    """Keep what a function makes of each group of a rows, on workers where there are some.

    A group has to fit the memory of whoever makes it.
    """
    relation = _name_relation(label)
    sql = f"SELECT * FROM {groups.name}"
    context.engine.map_groups(relation.name, sql, by, make, schema)
    return relation


def begin_relation(context: Context, table: str) -> Relation:
    """Keep nothing yet, under the columns that a table declares, to be filled by `append_step`."""
    return keep_result(context, table, select_nothing(find_declared(table).types))


def append_step(
    context: Context,
    into: Relation,
    room: str,
    step: str,
    parameters: Mapping[str, object] | None = None,
    **inputs: Relation,
) -> None:
    """Run a step and put its rows below those of a relation."""
    spec = read_step(room, step)
    sql = _bind_inputs(spec, inputs)
    values = _fill_parameters(context, spec, parameters)
    context.engine.append(into.name, sql, values)


def drop_relation(context: Context, relation: Relation) -> None:
    """Give a relation up before the engine is closed: one that may be large."""
    if relation.is_kept:
        context.engine.drop(relation.name)
    else:
        context.engine.execute(f"DROP VIEW {relation.name}")


def unite_relations(
    context: Context, label: str, relations: Sequence[Relation]
) -> Relation:
    """Put the rows of relations that have the same columns below each other.

    There must be one at least.
    """
    selects = [f"SELECT * FROM {relation.name}" for relation in relations]
    return keep_result(context, label, " UNION ALL ".join(selects))


def read_raw(
    context: Context, label: str, raw: str, sql: str, macros: Sequence[str]
) -> Relation:
    """Keep what a SELECT makes of the rows of a delivered table, each by itself."""
    relation = _name_relation(label)
    context.engine.read(relation.name, raw, sql, macros)
    return relation


def name_result(context: Context, label: str, sql: str) -> Relation:
    """Name what a SELECT gives, to be worked out anew by whoever asks for it."""
    relation = Relation(_name_relation(label).name, is_kept=False)
    context.engine.view(relation.name, sql)
    return relation


def _name_relation(label: str) -> Relation:
    return Relation(f"kept_{next(_NUMBERS)}_{label}")


def _bind_inputs(step: Step, inputs: Mapping[str, Relation]) -> str:
    names = {name: relation.name for name, relation in inputs.items()}
    return step.bind_inputs(names)


def _fill_parameters(
    context: Context, step: Step, given: Mapping[str, object] | None
) -> dict[str, object]:
    own = dict(given or {})
    wanted = step.parameters - own.keys()
    return context.parameters(wanted) | own

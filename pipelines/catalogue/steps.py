"""Steps: the SELECTs that a room keeps to itself, in `sql/<room>/steps/<name>.sql`.

    /* ---
    title: {zh: …, en: …}
    inputs: [candidate]       # relations that the caller passes; all else is a table of a month
    --- */
    SELECT … FROM candidate AS c JOIN features_owner AS o ON …

No table has a step's name. It has `:parameters` like any SQL file; they, and what it reads, are
taken from its SELECT.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pipelines.catalogue.facts import recall_fact
from pipelines.catalogue.front_matter import Name, Text, Words
from pipelines.catalogue.spec import Spec, TableName
from pipelines.core.errors import SpecError
from pipelines.core.paths import SQL
from pipelines.core.written import Written
from pipelines.core.yaml_files import read_text

STEPS = "steps"  # the folder below a room's
_MARKED = (
    "input__of__step__"  # in front of an input's name, where the engine's is to stand
)
_MARK = re.compile(rf"\b{_MARKED}(?P<input>\w+)")
_FILE = re.compile(r"\A/\* ---\n(?P<yaml>.*?)\n--- \*/\n(?P<sql>.*)\Z", re.DOTALL)


class StepBlock(BaseModel):
    """What the block at the top of a step's file may say."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Words
    owner: Text | None = None
    inputs: list[Name] = []


@dataclass(frozen=True, eq=False)
class Step(Spec):
    """One parsed step. `meta` is its front matter; `inputs` name what it is passed."""

    @property
    def where(self) -> str:
        """The file's path as an error prints it."""
        return _path_in_words(self.path)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the relations that whoever runs the step has to pass."""
        return tuple(self.meta.get("inputs", ()))

    @property
    def tables(self) -> frozenset[TableName]:
        """The tables of this and earlier months that the SELECT reads, its inputs left out."""
        return frozenset(
            table for table in self.reads if table.era or table.name not in self.inputs
        )

    def bind_inputs(self, relations: Mapping[str, str]) -> str:
        """Return the SELECT for DuckDB, reading each input under the engine's name of it.

        Raise ValueError when an input is missing or one is passed that the step does not name.
        """
        different = set(relations) ^ set(self.inputs)
        if different:
            raise ValueError(
                f"{self.where}: given or wanted alone: {', '.join(sorted(different))}"
            )
        return _bind(self, tuple(sorted(relations.items())))


@cache
def read_step(room: str, name: str) -> Step:
    """Read a room's step by its name; raise SpecError when its file is not in the form."""
    return load_step(SQL / room / STEPS / f"{name}.sql")


def load_step(path: Path) -> Step:
    """Read one step's file.

    Raise SpecError when its front matter says what nobody knows, or cannot be read.
    """
    where = _path_in_words(path)
    match = _FILE.match(read_text(path, where))
    if match is None:
        raise SpecError("spec.no_front_matter", where=where)
    block = Written(where, match["yaml"], first_line=2)
    meta = recall_fact("step", [match["yaml"]], lambda: block.read_as(StepBlock))
    sql_line = match.string.count("\n", 0, match.start("sql")) + 1
    return Step(
        path.parent.parent.name, path.stem, path, meta, match["sql"].rstrip(), sql_line
    )


def _path_in_words(path: Path) -> str:
    return "/".join(("sql", *path.parts[-3:]))


def _bind(step: Step, relations: tuple[tuple[str, str], ...]) -> str:
    """The SELECT with the name of each relation where its input's mark stands."""
    names = dict(relations)
    marked: str = step.recall("marked", lambda: _mark_inputs(step), step.inputs)
    return _MARK.sub(lambda mark: names[mark["input"]], marked)


def _mark_inputs(step: Step) -> str:
    """The SELECT for DuckDB, reading a mark in the place of each input."""
    from sqlglot import exp

    tree = step.tree
    for table in tree.find_all(exp.Table):
        if table.db or table.name not in step.inputs:
            continue
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
        table.set("this", exp.to_identifier(f"{_MARKED}{table.name}"))
    return tree.sql(dialect="duckdb", comments=False, copy=False)

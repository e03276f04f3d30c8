"""A .sql file: YAML front matter, then one SELECT. The file is the table, list or KPI of its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.core.errors import SpecError
from pipelines.core.paths import SQL

if TYPE_CHECKING:
    from sqlglot import exp

# Tables of earlier months are named by a prefix: m1, m2 and m3 are the months right before, m12 the same month a year
# before, prior the latest held one before this, base the frozen cohort's base month.
EARLIER = ("m1", "m2", "m3", "m12", "prior", "base")
_FRONT_MATTER = re.compile(r"\A/\* ---\n(?P<yaml>.*?)\n--- \*/\n(?P<sql>.*)\Z", re.DOTALL)


@dataclass(frozen=True, order=True)
class TableName:
    """A table as a SQL file names it: `era` is empty for this month, else one of EARLIER."""

    name: str
    era: str = ""

    def __str__(self) -> str:
        return f"{self.era}.{self.name}" if self.era else self.name

    @property
    def room(self) -> str:
        """The room that writes the table."""
        return self.name.split("_", 1)[0]


@dataclass(frozen=True, eq=False)
class Spec:
    """One parsed SQL file. `meta` is its front matter; `name` its stem; `table` what it writes."""

    room: str
    name: str
    path: Path
    meta: dict[str, Any]
    sql: str

    @property
    def table(self) -> str:
        """The table's name: room and stem."""
        return f"{self.room}_{self.name}"

    @property
    def where(self) -> str:
        """The file's path as an error prints it."""
        return f"sql/{self.room}/{self.path.name}"

    @property
    def tree(self) -> exp.Query:
        """The parsed SELECT (a fresh copy each time, callers may change it)."""
        return _parse(self.sql, self.where).copy()

    @property
    def reads(self) -> frozenset[TableName]:
        """The tables the SELECT reads, its own CTEs left out."""
        from sqlglot import exp

        tree = _parse(self.sql, self.where)
        ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
        tables = (TableName(t.name, t.db) for t in tree.find_all(exp.Table))
        return frozenset(t for t in tables if t.era or t.name not in ctes)

    @property
    def parameters(self) -> frozenset[str]:
        """The names of the `:parameters` in the SELECT."""
        from sqlglot import exp

        return frozenset(str(p.this) for p in _parse(self.sql, self.where).find_all(exp.Placeholder))

    @property
    def tolerates(self) -> frozenset[str]:
        """Tables and columns whose absence has a meaning here: `customer.vip_tier`, `m1.features_value`."""
        return frozenset(self.meta.get("tolerates", ()))

    @property
    def hash(self) -> str:
        """SHA-256 of the file's text: the definition's fingerprint in the manifest."""
        return sha256(self.path.read_bytes()).hexdigest()

    def title(self, language: str) -> str:
        """The title in that language; the name when it has none."""
        return str(self.meta.get("title", {}).get(language, self.name))


@cache
def _parse(sql: str, where: str) -> exp.Query:
    import sqlglot  # here, so that who reads front matters alone does not wait for it
    from sqlglot import exp

    try:
        trees = sqlglot.parse(sql, read="duckdb")
    except sqlglot.errors.ParseError as error:
        raise SpecError("spec.unparsable", where=where, why=str(error).splitlines()[0]) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise SpecError("spec.not_one_select", where=where)
    return trees[0]


def load_spec(path: Path) -> Spec:
    """Read one SQL file; raise SpecError when its front matter or its SELECT cannot be read."""
    where = f"sql/{path.parent.name}/{path.name}"
    match = _FRONT_MATTER.match(path.read_text(encoding="utf-8"))
    if not match:
        raise SpecError("spec.no_front_matter", where=where)
    try:
        meta = yaml.load(match["yaml"], yaml.CSafeLoader) or {}
    except yaml.YAMLError as error:
        raise SpecError("spec.bad_front_matter", where=where, why=str(error).splitlines()[0]) from error
    return Spec(path.parent.name, path.stem, path, meta, match["sql"].strip().rstrip(";"))


@cache
def room_specs(room: str) -> tuple[Spec, ...]:
    """Load a room's SQL files, each after the files of the same room that it reads."""
    return tuple(_in_order({spec.table: spec for spec in named_specs(room).values()}))


@cache
def named_specs(room: str) -> Mapping[str, Spec]:
    """Load a room's SQL files by their names, no SELECT parsed."""
    return {spec.name: spec for spec in map(load_spec, sorted((SQL / room).glob("*.sql")))}


def _in_order(specs: dict[str, Spec]) -> Iterator[Spec]:
    done: set[str] = set()
    while len(done) < len(specs):
        ready = [s for s in specs.values() if s.table not in done and _own_reads(s, specs) <= done]
        if not ready:
            stuck = sorted(set(specs) - done)
            raise SpecError("spec.cycle", where=specs[stuck[0]].where, tables=", ".join(stuck))
        done.update(s.table for s in ready)
        yield from ready


def _own_reads(spec: Spec, specs: dict[str, Spec]) -> set[str]:
    return {t.name for t in spec.reads if not t.era and t.name in specs}

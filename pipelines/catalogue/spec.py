"""A .sql file: YAML front matter, then one SELECT. It is the table, list or KPI of its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pipelines.catalogue.facts import Fact, recall_fact
from pipelines.catalogue.front_matter import Windows, find_block
from pipelines.core.errors import SpecError
from pipelines.core.paths import SQL
from pipelines.core.written import Written
from pipelines.core.yaml_files import mark_wordings, read_text

if TYPE_CHECKING:
    from sqlglot import exp

_Part = TypeVar("_Part", bound="exp.Expr")

# Tables of earlier months are named by a prefix, their era: m1, m2 and m3 are the months right
# before, m12 the same month a year before, prior the latest held one before this, base the frozen
# cohort's base month.
EARLIER = ("m1", "m2", "m3", "m12", "prior", "base")
# Of tables that code makes of a SQL file's table: which.
MADE_OF = {
    "feedback_effect": "feedback_arm",
    "feedback_money": "feedback_ledger",
    "feedback_persuasion": "feedback_segment",
    "daily_money": "daily_ledger",
}
# The era that a file is written for whose table is made once more of another (`again_of`).
_WRITTEN_FOR = "m1"
_FRONT_MATTER = re.compile(
    r"\A/\* ---\n(?P<yaml>.*?)\n--- \*/\n(?P<sql>.*)\Z", re.DOTALL
)


@dataclass(frozen=True, order=True)
class TableName:
    """A table as a SQL file names it: `era` is empty for this month, else one of EARLIER."""

    name: str
    era: str = ""

    def __str__(self) -> str:
        if self.era:
            return f"{self.era}.{self.name}"
        return self.name

    @property
    def room(self) -> str:
        """The room that writes the table."""
        return self.name.split("_", 1)[0]


class Select(NamedTuple):
    """What a SELECT says of itself: its columns in order, its tables, and its `:parameters`."""

    columns: tuple[str, ...]
    tables: frozenset[TableName]
    parameters: frozenset[str]


@dataclass(frozen=True, eq=False)
class Spec:
    """One parsed SQL file. `meta` is its front matter; `name` its stem; `table` what it writes.

    `sql_line` is the line of the file on which its SELECT begins. `again_of` is the era of a table
    that is made once more by the file of another.
    """

    room: str
    name: str
    path: Path
    meta: dict[str, Any]
    sql: str
    sql_line: int = 1
    again_of: str = ""

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
        """The parsed SELECT with the columns of its windows.

        A fresh copy each time, callers may change it. Who only looks asks for `column_names` or
        `find_parts`: a copy costs more than what is looked for.
        """
        return self._shared_tree.copy()

    @cached_property
    def _shared_tree(self) -> exp.Query:
        """The same, which nobody may change."""
        tree = _parse_select(self.sql, self.where, self.sql_line)
        if "windows" not in self.meta:
            return tree
        # Imported here: who remembers what the files say needs none of it.
        from pipelines.catalogue.windows import list_window_columns

        windows = Windows.model_validate(self.meta["windows"])
        return tree.copy().select(*list_window_columns(windows), copy=False)

    @cached_property
    def _select(self) -> Select:
        """What the SELECT says, remembered from an earlier process where one has asked."""
        said = self.recall("select", lambda: _describe_select(self._shared_tree))
        return Select(
            tuple(said["columns"]),
            frozenset(TableName(*names) for names in said["tables"]),
            frozenset(said["parameters"]),
        )

    def recall(self, kind: str, work: Callable[[], Fact], *also: object) -> Fact:
        """Return a fact that follows from the SELECT, and from what else is given, alone."""
        return recall_fact(kind, [self.sql, self.meta.get("windows"), *also], work)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns that the SELECT gives, in their order."""
        return self._select.columns

    def find_parts(self, kind: type[_Part]) -> Iterator[_Part]:
        """Yield the parts of the SELECT that are of a kind; nobody may change them."""
        return self._shared_tree.find_all(kind)

    @property
    def text(self) -> str:
        """The SELECT as it is written; the columns of windows, if it has any, written out."""
        if "windows" not in self.meta:
            return self.sql
        return self.tree.sql("duckdb", pretty=True)

    @cached_property
    def native_sql(self) -> str:
        """The SELECT in DuckDB's own words (`:month` becomes `$month`)."""
        native: str = self.recall("native", lambda: self._shared_tree.sql("duckdb"))
        return native

    @property
    def reads(self) -> frozenset[TableName]:
        """The tables the SELECT reads, its own CTEs left out."""
        return self._select.tables

    @property
    def parameters(self) -> frozenset[str]:
        """The names of the `:parameters` in the SELECT."""
        return self._select.parameters

    @property
    def tolerates(self) -> frozenset[str]:
        """What may be missing, which then means something: `customer.vip_tier`."""
        return frozenset(self.meta.get("tolerates", ()))

    @property
    def hash(self) -> str:
        """SHA-256 of the file's text: the definition's fingerprint in the manifest.

        Of a table that is made once more, of the text and its era.
        """
        content = self.path.read_bytes() + self.again_of.encode()
        return sha256(content).hexdigest()

    def title(self, language: str) -> str:
        """Return the title in that language; the name when it has none."""
        titles = self.meta.get("title")
        return str(titles[language]) if titles else self.name


@cache
def _parse_select(sql: str, where: str, sql_line: int) -> exp.Query:
    """Parse a SELECT; raise SpecError where it is none, or more than one."""
    import sqlglot  # here, so that who reads front matters alone does not wait for it
    from sqlglot import exp

    try:
        trees = sqlglot.parse(sql, read="duckdb")
    except sqlglot.errors.ParseError as error:
        first = error.errors[0] if error.errors else {}
        line_in_sql = int(first.get("line") or 1)
        line = sql_line + line_in_sql - 1
        what = first.get("description") or error
        raise _describe_unparsable(where, line, what) from error
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise _describe_unparsable(where, sql_line, error) from error

    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise SpecError("spec.not_one_select", where=where, line=sql_line)
    return trees[0]


def _describe_unparsable(where: str, line: int, what: object) -> SpecError:
    """The error of a file whose SQL is none, in the first line of the parser's words."""
    why = str(what).splitlines()[0]
    return SpecError("spec.unparsable", where=where, line=line, why=why)


def _describe_select(tree: exp.Query) -> Fact:
    """What a SELECT says of itself, as JSON."""
    from sqlglot import exp

    placeholders = tree.find_all(exp.Placeholder)
    return {
        "columns": tree.named_selects,
        "tables": sorted([table.name, table.era] for table in _find_tables(tree)),
        "parameters": sorted({str(found.this) for found in placeholders}),
    }


def _find_tables(tree: exp.Query) -> set[TableName]:
    """The tables that a SELECT reads; a name of its own CTEs is no table."""
    from sqlglot import exp

    cte_names = {cte.alias for cte in tree.find_all(exp.CTE)}

    found = set()
    for table in tree.find_all(exp.Table):
        name = TableName(table.name, table.db)
        if name.era or name.name not in cte_names:
            found.add(name)

    return found


def load_spec(path: Path) -> Spec:
    """Read one SQL file.

    Raise SpecError when its front matter says what nobody knows, or cannot be read.
    """
    room = path.parent.name
    where = f"sql/{room}/{path.name}"
    match = _FRONT_MATTER.match(read_text(path, where))
    if not match:
        raise SpecError("spec.no_front_matter", where=where)

    block = Written(where, match["yaml"], first_line=2)
    meta = recall_fact(
        "block",
        [room, path.stem, match["yaml"]],
        lambda: block.read_as(find_block(room, path.stem)),
    )

    select = match["sql"].lstrip()
    begins_at = match.end("sql") - len(select)
    lines_before = match.string.count("\n", 0, begins_at)
    return Spec(
        room=room,
        name=path.stem,
        path=path,
        meta=mark_wordings(meta),
        sql=select.rstrip().rstrip(";"),
        sql_line=lines_before + 1,
    )


@cache
def load_room_specs(room: str) -> tuple[Spec, ...]:
    """Load a room's SQL files, each after the files of the same room that it reads."""
    specs = load_named_specs(room).values()
    by_table = {spec.table: spec for spec in specs}
    return tuple(_order_specs(by_table))


@cache
def load_named_specs(room: str) -> Mapping[str, Spec]:
    """Load a room's SQL files by their names, no SELECT parsed.

    A file that says `again_of` is there once more for each era it names.
    """
    written = {}
    for path in sorted((SQL / room).glob("*.sql")):
        spec = load_spec(path)
        if spec.meta.get("variants_of"):
            spec = _add_list_variants(spec)
        written[spec.name] = spec
    specs = {}
    for spec in written.values():
        specs[spec.name] = spec
        for era in spec.meta.get("again_of", {}):
            again = _make_again(spec, era, written.values())
            specs[again.name] = again
    return specs


def _make_again(spec: Spec, era: str, written: Iterable[Spec]) -> Spec:
    """The same SELECT of another era, and of the tables that are made of that era as well."""
    again = [one for one in written if era in one.meta.get("again_of", {})]
    meta = spec.meta | {"title": spec.meta["again_of"][era]}
    del meta["again_of"]
    if "orders_of" in meta:
        meta["orders_of"] = era
    if "tolerates" in meta:
        meta["tolerates"] = [
            _name_again(name, era, again) for name in meta["tolerates"]
        ]
    return replace(
        spec,
        name=f"{spec.name}_{era}",
        meta=meta,
        sql=_name_again(spec.sql, era, again),
        again_of=era,
    )


def _name_again(text: str, era: str, again: Iterable[Spec]) -> str:
    """A text with its tables named as those of another era, where they are made of it."""
    text = re.sub(rf"\b{_WRITTEN_FOR}\.", f"{era}.", text)
    for other in again:
        text = re.sub(rf"\b{other.table}\b", f"{other.table}_{era}", text)
    return text


def _add_list_variants(spec: Spec) -> Spec:
    """Give a KPI a variant for every list that holds somebody out, by the list's name and title."""
    declared = spec.meta["variants"]
    variants = dict(declared)
    lists = load_named_specs("dispatch").values()
    for one in sorted(lists, key=order_lists):
        if one.meta["holdout"]:
            variants.setdefault(one.name, one.meta["title"])

    added = {"variants": variants, "declared_variants": list(declared)}
    return replace(spec, meta=spec.meta | added)


def order_lists(spec: Spec) -> tuple[int, str]:
    """By priority: the lower number wins, ties by name."""
    return spec.meta["priority"], spec.name


def _order_specs(specs: dict[str, Spec]) -> Iterator[Spec]:
    """Yield the files by table, each behind those it reads; raise SpecError where they go round."""
    done: set[str] = set()
    while len(done) < len(specs):
        ready = []
        for spec in specs.values():
            own_tables = set()
            for table in spec.reads:
                if not table.era:
                    own_tables.add(MADE_OF.get(table.name, table.name))
            waits_for = own_tables.intersection(specs) - done
            if spec.table not in done and not waits_for:
                ready.append(spec)

        if not ready:
            stuck = sorted(set(specs) - done)
            where = specs[stuck[0]].where
            raise SpecError("spec.cycle", where=where, tables=", ".join(stuck))

        done.update(spec.table for spec in ready)
        yield from ready

"""Expectations as files: one YAML a table, rows in Great Expectations' own type / kwargs / severity form.

`meta` carries what Great Expectations does not know:
  id: name           what the rule is called, where type and columns do not say it
  rows: quarantine   the same rule, turned into SQL, takes the bad rows out of the snapshot
  columns: [..]      which columns the finding concerns, where the kwargs do not say it (else the whole table)
  needs: [..]        other tables without which the rule says nothing (`previous_bill`: last month's)
  scope: branch      the rule's rows name a branch_id, and it concerns that branch's figures alone
  explained_by: [..] the other books of a tie: while a rule about one of them fails, the tie withholds nothing by itself
                     (`previous_receivable`: last month's, where the rule does not name it in its query)
  asks: reason       whoever accepts it should say why (`retention waive`)
  owner: name        who has to look into it
`{month}`, `{first_day}` and `{last_day}` in a query stand for the month's own values. An installation's gate file
(`finding: {severity: …, mostly: …, …}`) replaces severities and arguments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.catalogue.rule_blocks import ChangeBlock, RuleBlock
from pipelines.core.contract import contract, snapshot_columns
from pipelines.core.errors import Phrase, SpecError
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS
from pipelines.core.quoting import quote_name, quote_names
from pipelines.core.written import Place, Written, read_written

SEVERITIES = ("critical", "warning", "info")
QUERY = "unexpected_rows_query"
PREVIOUS = "previous_"  # in front of a table of the month before


@dataclass(frozen=True)
class Expectation:
    """One row of `expectations/<table>.yml`."""

    table: str
    type: str
    kwargs: dict[str, Any]
    severity: str
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the rule is called in results and in quarantine: its `id`, or type and columns."""
        if "id" in self.meta:
            return str(self.meta["id"])
        columns = "_".join(self.columns)
        return f"{self.type.removeprefix('expect_')}{':' if columns else ''}{columns}"

    @property
    def finding(self) -> str:
        """The rule's name across tables: what people waive and thresholds are set for."""
        return f"{self.table}.{self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the rule is about; empty means the whole table."""
        if "columns" in self.meta:
            return tuple(self.meta["columns"])
        named = [self.kwargs[k] for k in ("column", "column_A", "column_B") if k in self.kwargs]
        return tuple(named or self.kwargs.get("column_list", ()))

    @property
    def explained_by(self) -> tuple[str, ...]:
        """The other tables of a tie, whose own failures explain that it fails."""
        return tuple(
            name for name in self.meta.get("explained_by", ()) if not name.startswith(PREVIOUS)
        )

    @property
    def compares_with(self) -> frozenset[str]:
        """The tables of the month before that this month's are held against."""
        named = [
            *self.meta.get("explained_by", ()),
            *re.findall(rf"\b{PREVIOUS}\w+", self.kwargs.get(QUERY, "")),
        ]
        return frozenset(name.removeprefix(PREVIOUS) for name in named if name.startswith(PREVIOUS))

    @property
    def takes_rows(self) -> bool:
        """Whether rows that break the rule go to quarantine."""
        return self.meta.get("rows") == "quarantine"

    def offending(self) -> str:
        """Return SQL that selects the rows that break the rule from `delivered_<table>`."""
        rows, kwargs = f"delivered_{self.table}", self.kwargs
        if self.type == "unexpected_rows_expectation":
            return str(kwargs[QUERY]).replace("{batch}", rows)
        if self.type == "expect_column_values_to_not_be_null":
            return f"SELECT * FROM {rows} WHERE {quote_name(kwargs['column'])} IS NULL"
        if self.type in (
            "expect_column_values_to_be_unique",
            "expect_compound_columns_to_be_unique",
        ):
            names = quote_names(self.columns)
            return f"SELECT {names}, COUNT(*) AS row_count FROM {rows} GROUP BY {names} HAVING COUNT(*) > 1"
        return f"SELECT * FROM {rows} WHERE {self.bad_row()}"

    def bad_row(self) -> str:
        """Return the SQL condition of a row that breaks the rule (never true for an empty cell)."""
        kwargs, column = self.kwargs, quote_name(self.kwargs.get("column", ""))
        if self.type == "expect_column_values_to_be_between":
            limits = [(kwargs.get("min_value"), "<"), (kwargs.get("max_value"), ">")]
            return " OR ".join(
                f"{column} {sign} {limit}" for limit, sign in limits if limit is not None
            )
        if self.type == "expect_column_pair_values_a_to_be_greater_than_b":
            sign = "<" if kwargs.get("or_equal") else "<="
            return f"{quote_name(kwargs['column_A'])} {sign} {quote_name(kwargs['column_B'])}"
        if self.type == "unexpected_rows_expectation":
            import sqlglot  # here, so that who asks which rules there are does not wait for it
            from sqlglot import exp

            where = sqlglot.parse_one(
                kwargs[QUERY].replace("{batch}", "batch"), read="duckdb"
            ).find(exp.Where)
            if where is not None:
                return str(where.this.sql(dialect="duckdb"))
        raise SpecError("expectation.no_row_rule", table=self.table, name=self.name)


def load_suite(table: str, month: Month, gate_file: Path | None = None) -> list[Expectation]:
    """Load a table's expectations for a month; an empty list when the table has no file.

    Raise SpecError with file and line for a row that is no rule.
    """
    path = EXPECTATIONS / f"{table}.yml"
    if not path.exists():
        return []
    written = read_written(path, f"expectations/{path.name}")
    suite = [_expectation(table, row, month) for row in _rows_of(written, table)]
    changes = _changes_of(gate_file) if gate_file else {}
    return [_changed(e, changes.get(e.finding), gate_file) for e in suite]


def load_suites(month: Month, gate_file: Path | None = None) -> dict[str, list[Expectation]]:
    """Load every table's expectations; raise SpecError when the gate file speaks of a finding that no rule makes."""
    suites = {
        path.stem: load_suite(path.stem, month, gate_file)
        for path in sorted(EXPECTATIONS.glob("*.yml"))
    }
    known = {e.finding for suite in suites.values() for e in suite}
    for finding in _changes_of(gate_file) if gate_file else ():
        if finding not in known:
            near = ", ".join(get_close_matches(finding, known, n=3)) or "–"
            raise _gate_error(
                gate_file, [finding], Phrase("written.why.no_finding", {"near": near})
            )
    return suites


def all_findings() -> list[str]:
    """The names of all rules of all tables."""
    return [e.finding for suite in load_suites(Month(2000, 1)).values() for e in suite]


# -- what a row may say ----------------------------------------------------------------------------


@cache
def _rows_of(written: Written, table: str) -> list[dict[str, Any]]:
    """The rows of a table's file, each checked; the same text is checked once."""
    content = written.read() or []
    written.hold_to(list[RuleBlock], content)
    seen: set[str] = set()
    for place, row in enumerate(content):
        if row["type"] not in known_types():
            near = ", ".join(get_close_matches(row["type"], known_types(), n=3)) or "–"
            raise written.wrong(
                [place, "type"], Phrase("written.why.no_type", {"value": row["type"], "near": near})
            )
        rule = Expectation(
            table, row["type"], row.get("kwargs", {}), "critical", row.get("meta", {})
        )
        _check_rule(written, place, rule)
        if rule.name in seen:
            raise written.wrong(
                [place], Phrase("written.why.taken", {"value": rule.name, "by": written.file})
            )
        seen.add(rule.name)
    return content


def _check_rule(written: Written, place: int, rule: Expectation) -> None:
    """A rule names columns that its table has, and says what a rule of its type must."""
    missing = [name for name in _WANTED.get(_family(rule.type), ()) if name not in rule.kwargs]
    if missing:
        raise written.wrong([place, "kwargs", missing[0]], Phrase("written.why.missing"))
    if rule.type.endswith("_to_be_between") and not {"min_value", "max_value"} & set(rule.kwargs):
        raise written.wrong([place, "kwargs", "min_value"], Phrase("written.why.missing"))
    columns = _columns_of(rule.table)
    unknown = [name for name in rule.columns if columns and name not in columns]
    if unknown:
        where = "meta" if "columns" in rule.meta else "kwargs"
        raise written.wrong(
            [place, where],
            Phrase("written.why.no_column", {"column": f"{rule.table}.{unknown[0]}"}),
        )
    if rule.takes_rows:
        try:
            rule.bad_row()
        except SpecError as error:
            raise written.wrong(
                [place, "meta", "rows"], Phrase("written.why.no_row_rule")
            ) from error


def _columns_of(table: str) -> set[str]:
    known = contract().get(table)
    return {c.name for c in (*known.columns, *snapshot_columns(table))} if known else set()


def _family(kind: str) -> str:
    return next((start for start in _WANTED if kind.startswith(start)), "")


# What a rule cannot do without, by how its type begins.
_WANTED = {
    "expect_column_pair_": ("column_A", "column_B"),
    "expect_column_": ("column",),
    "expect_compound_columns_": ("column_list",),
    QUERY.removesuffix("_query"): (QUERY,),
}


@cache
def known_types() -> frozenset[str]:
    """The expectations that Great Expectations has; told by its files, for its import costs seconds."""
    found = find_spec("great_expectations")
    places = found.submodule_search_locations if found else None
    folders = [Path(place) / "expectations" / "core" for place in places or ()]
    return frozenset(path.stem for folder in folders for path in folder.glob("*expect*.py"))


# -- an installation's own severities --------------------------------------------------------------


def _changes_of(gate_file: Path) -> dict[str, dict[str, Any]]:
    """What an installation's gate file says, by finding."""
    written = read_written(gate_file)
    content = written.read() or {}
    written.hold_to(dict[str, ChangeBlock], content)
    return {str(finding): dict(change or {}) for finding, change in content.items()}


def _gate_error(gate_file: Path | None, place: Place, why: Phrase) -> SpecError:
    assert gate_file is not None
    return read_written(gate_file).wrong(place, why)


def _changed(
    expectation: Expectation, change: dict[str, Any] | None, gate_file: Path | None
) -> Expectation:
    """Apply what an installation's gate file says of a rule."""
    if not change:
        return expectation
    allowed = {"severity", "mostly", *expectation.kwargs}
    unknown = sorted(set(change) - allowed)
    if unknown:
        facts = {"allowed": ", ".join(sorted(allowed))}
        raise _gate_error(
            gate_file, [expectation.finding, unknown[0]], Phrase("written.why.unknown_key", facts)
        )
    kwargs = expectation.kwargs | {
        name: value for name, value in change.items() if name != "severity"
    }
    return replace(
        expectation, severity=change.get("severity", expectation.severity), kwargs=kwargs
    )


def _expectation(table: str, row: dict[str, Any], month: Month) -> Expectation:
    kwargs = dict(row.get("kwargs", {}))
    if QUERY in kwargs:
        kwargs[QUERY] = _filled(kwargs[QUERY], month)
    return Expectation(
        table, row["type"], kwargs, row.get("severity", "critical"), dict(row.get("meta", {}))
    )


def _filled(query: str, month: Month) -> str:
    days = {
        "month": f"'{month}'",
        "first_day": f"DATE '{month.first_day}'",
        "last_day": f"DATE '{month.last_day}'",
    }
    for name, value in days.items():
        query = query.replace("{" + name + "}", value)
    return query

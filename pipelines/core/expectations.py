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
from functools import cache
from pathlib import Path
from typing import Any

import sqlglot
import yaml
from sqlglot import exp

from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS
from pipelines.core.quoting import quote_name, quote_names

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
        return tuple(name for name in self.meta.get("explained_by", ()) if not name.startswith(PREVIOUS))

    @property
    def compares_with(self) -> frozenset[str]:
        """The tables of the month before that this month's are held against."""
        named = [*self.meta.get("explained_by", ()), *re.findall(rf"\b{PREVIOUS}\w+", self.kwargs.get(QUERY, ""))]
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
        if self.type in ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"):
            names = quote_names(self.columns)
            return f"SELECT {names}, COUNT(*) AS row_count FROM {rows} GROUP BY {names} HAVING COUNT(*) > 1"
        return f"SELECT * FROM {rows} WHERE {self.bad_row()}"

    def bad_row(self) -> str:
        """Return the SQL condition of a row that breaks the rule (never true for an empty cell)."""
        kwargs, column = self.kwargs, quote_name(self.kwargs.get("column", ""))
        if self.type == "expect_column_values_to_be_between":
            limits = [(kwargs.get("min_value"), "<"), (kwargs.get("max_value"), ">")]
            return " OR ".join(f"{column} {sign} {limit}" for limit, sign in limits if limit is not None)
        if self.type == "expect_column_pair_values_a_to_be_greater_than_b":
            sign = "<" if kwargs.get("or_equal") else "<="
            return f"{quote_name(kwargs['column_A'])} {sign} {quote_name(kwargs['column_B'])}"
        if self.type == "unexpected_rows_expectation":
            where = sqlglot.parse_one(kwargs[QUERY].replace("{batch}", "batch"), read="duckdb").find(exp.Where)
            if where is not None:
                return str(where.this.sql(dialect="duckdb"))
        raise SpecError("expectation.no_row_rule", table=self.table, name=self.name)


def load_suite(table: str, month: Month, gate_file: Path | None = None) -> list[Expectation]:
    """Load a table's expectations for a month; an empty list when the table has no file."""
    path = EXPECTATIONS / f"{table}.yml"
    if not path.exists():
        return []
    rows = _read(path, list, table)
    suite = [_expectation(table, row, month) for row in rows]
    return [_changed(e, _read(gate_file, dict, table).get(e.finding)) for e in suite] if gate_file else suite


def load_suites(month: Month, gate_file: Path | None = None) -> dict[str, list[Expectation]]:
    """Load every table's expectations; raise SpecError when the gate file speaks of a finding that no rule makes."""
    suites = {path.stem: load_suite(path.stem, month, gate_file) for path in sorted(EXPECTATIONS.glob("*.yml"))}
    changed = _read(gate_file, dict, "*") if gate_file else {}
    unknown = set(changed) - {e.finding for suite in suites.values() for e in suite}
    if unknown:
        raise SpecError("expectation.unknown", file=gate_file, finding=", ".join(sorted(unknown)))
    return suites


def all_findings() -> list[str]:
    """The names of all rules of all tables."""
    return [e.finding for suite in load_suites(Month(2000, 1)).values() for e in suite]


def _read(path: Path, kind: type, table: str) -> Any:
    """Read a list of expectations, or a gate file's mapping of them; every entry is a mapping."""
    try:
        content: Any = _parse(path.read_text(encoding="utf-8")) or kind()
    except (OSError, yaml.YAMLError) as error:
        raise SpecError(
            "expectation.not_yaml", table=table, why=f"{path.name}: {str(error).splitlines()[0]}"
        ) from error
    entries = content.values() if isinstance(content, dict) else content
    if not isinstance(content, kind) or not all(isinstance(entry, dict) for entry in entries):
        raise SpecError("expectation.not_yaml", table=table, why=f"{path.name}: not a {kind.__name__} of expectations")
    return content


@cache
def _parse(text: str) -> Any:
    return yaml.load(text, yaml.CSafeLoader)


def _changed(expectation: Expectation, change: dict[str, Any] | None) -> Expectation:
    """Apply what an installation's gate file says of a rule."""
    if not change:
        return expectation
    severity = change.get("severity", expectation.severity)
    unknown = set(change) - {"severity"} - set(expectation.kwargs) - {"mostly"}
    if severity not in SEVERITIES or unknown:
        raise SpecError("expectation.bad", table=expectation.table, row=str(change)[:80], allowed=", ".join(SEVERITIES))
    kwargs = expectation.kwargs | {name: value for name, value in change.items() if name != "severity"}
    return replace(expectation, severity=severity, kwargs=kwargs)


def _expectation(table: str, row: dict[str, Any], month: Month) -> Expectation:
    severity = row.get("severity", "critical")
    if severity not in SEVERITIES or "type" not in row:
        raise SpecError("expectation.bad", table=table, row=str(row)[:80], allowed=", ".join(SEVERITIES))
    kwargs = dict(row.get("kwargs", {}))
    if QUERY in kwargs:
        kwargs[QUERY] = _filled(kwargs[QUERY], month)
    return Expectation(table, row["type"], kwargs, severity, dict(row.get("meta", {})))


def _filled(query: str, month: Month) -> str:
    days = {"month": f"'{month}'", "first_day": f"DATE '{month.first_day}'", "last_day": f"DATE '{month.last_day}'"}
    for name, value in days.items():
        query = query.replace("{" + name + "}", value)
    return query

"""Expectations as files: one YAML a table, rows in Great Expectations' own type / kwargs / severity form.

`meta` carries what Great Expectations does not know:
  rows: quarantine   the same rule, turned into SQL, takes the bad rows out of the snapshot
  columns: [..]      which columns the finding concerns, where the kwargs do not say it (else the whole table)
`{month}`, `{first_day}` and `{last_day}` in a query stand for the month's own values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlglot
import yaml
from sqlglot import exp

from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS

SEVERITIES = ("critical", "warning", "info")
_QUERY = "unexpected_rows_query"


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
    def columns(self) -> tuple[str, ...]:
        """The columns the rule is about; empty means the whole table."""
        if "columns" in self.meta:
            return tuple(self.meta["columns"])
        named = [self.kwargs[k] for k in ("column", "column_A", "column_B") if k in self.kwargs]
        return tuple(named or self.kwargs.get("column_list", ()))

    @property
    def takes_rows(self) -> bool:
        """Whether rows that break the rule go to quarantine."""
        return self.meta.get("rows") == "quarantine"

    def bad_row(self) -> str:
        """Return the SQL condition of a row that breaks the rule (never true for an empty cell)."""
        kwargs, column = self.kwargs, f'"{self.kwargs.get("column", "")}"'
        if self.type == "expect_column_values_to_be_between":
            limits = [(kwargs.get("min_value"), "<"), (kwargs.get("max_value"), ">")]
            return " OR ".join(f"{column} {sign} {limit}" for limit, sign in limits if limit is not None)
        if self.type == "expect_column_pair_values_a_to_be_greater_than_b":
            sign = "<" if kwargs.get("or_equal") else "<="
            return f'"{kwargs["column_A"]}" {sign} "{kwargs["column_B"]}"'
        if self.type == "unexpected_rows_expectation":
            where = sqlglot.parse_one(kwargs[_QUERY].replace("{batch}", "batch"), read="duckdb").find(exp.Where)
            if where is not None:
                return str(where.this.sql(dialect="duckdb"))
        raise SpecError("expectation.no_row_rule", table=self.table, name=self.name)


def load_suite(table: str, month: Month) -> list[Expectation]:
    """Load a table's expectations for a month; an empty list when the table has no file."""
    path = EXPECTATIONS / f"{table}.yml"
    if not path.exists():
        return []
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as error:
        raise SpecError("expectation.not_yaml", table=table, why=str(error).splitlines()[0]) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SpecError("expectation.not_yaml", table=table, why="not a list of expectations")
    return [_expectation(table, row, month) for row in rows]


def _expectation(table: str, row: dict[str, Any], month: Month) -> Expectation:
    severity = row.get("severity", "critical")
    if severity not in SEVERITIES or "type" not in row:
        raise SpecError("expectation.bad", table=table, row=str(row)[:80], allowed=", ".join(SEVERITIES))
    kwargs = dict(row.get("kwargs", {}))
    if _QUERY in kwargs:
        kwargs[_QUERY] = _filled(kwargs[_QUERY], month)
    return Expectation(table, row["type"], kwargs, severity, dict(row.get("meta", {})))


def _filled(query: str, month: Month) -> str:
    days = {"month": f"'{month}'", "first_day": f"DATE '{month.first_day}'", "last_day": f"DATE '{month.last_day}'"}
    for name, value in days.items():
        query = query.replace("{" + name + "}", value)
    return query

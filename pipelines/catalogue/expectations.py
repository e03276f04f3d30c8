"""Expectations as files: one YAML a table, rows in the form of Great Expectations.

`meta` carries what Great Expectations does not know:
  id: name           what the rule is called, where type and columns do not say it
  rows: quarantine   the same rule, turned into SQL, takes the bad rows out of the snapshot
  columns: [..]      the columns it concerns, where kwargs do not say it (else the whole table)
  needs: [..]        other tables without which it says nothing (`previous_bill`: last month's)
  scope: branch      the rule's rows name a branch_id: it concerns that branch's figures alone
  explained_by: [..] the other books of a tie: while a rule about one of them fails, the tie
  withholds
                     nothing by itself (`previous_receivable`: last month's, where the rule does not
                     name it in its query)
  asks: reason       whoever accepts it should say why (`retention waive`)
  owner: name        who has to look into it
`{month}`, `{first_day}` and `{last_day}` in a query stand for the month's own values. An
installation's gate file (`finding: {severity: …, mostly: …, …}`) replaces severities and arguments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.catalogue.facts import recall_fact
from pipelines.catalogue.rule_blocks import ChangeBlock, RuleEntry, RuleMeta, read_rules
from pipelines.core.contract import load_contract, snapshot_columns
from pipelines.core.errors import Phrase, SpecError
from pipelines.core.month import Month
from pipelines.core.paths import EXPECTATIONS
from pipelines.core.quoting import quote_name, quote_names
from pipelines.core.written import Place, Written, read_written
from pipelines.core.yaml_files import mark_wordings

SEVERITIES = ("critical", "warning", "info")
QUERY = "unexpected_rows_query"
PREVIOUS = "previous_"  # in front of a table of the month before
_PREVIOUS_TABLE = re.compile(rf"\b{PREVIOUS}\w+")
# Types of Great Expectations that we turn into SQL, or that have a text of their own.
QUERY_RULE = "unexpected_rows_expectation"
NOT_NULL = "expect_column_values_to_not_be_null"
BETWEEN = "expect_column_values_to_be_between"
_GREATER = "expect_column_pair_values_a_to_be_greater_than_b"
_UNIQUE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
# What a rule may be about a single column, or a pair of them, by.
_COLUMN_ARGUMENTS = ("column", "column_A", "column_B")


@dataclass(frozen=True)
class Expectation:
    """One row of `expectations/<table>.yml`."""

    table: str
    type: str
    kwargs: dict[str, Any]
    severity: str
    meta: RuleMeta = field(default_factory=RuleMeta)

    @property
    def name(self) -> str:
        """What the rule is called in results and in quarantine: its `id`, or type and columns."""
        if "id" in self.meta:
            return str(self.meta["id"])
        kind = self.type.removeprefix("expect_")
        columns = "_".join(self.columns)
        if columns:
            return f"{kind}:{columns}"
        return kind

    @property
    def finding(self) -> str:
        """The rule's name across tables: what people waive and thresholds are set for."""
        return f"{self.table}.{self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns the rule is about; empty means the whole table."""
        if "columns" in self.meta:
            return tuple(self.meta["columns"])
        named = []
        for argument in _COLUMN_ARGUMENTS:
            if argument in self.kwargs:
                named.append(self.kwargs[argument])
        return tuple(named or self.kwargs.get("column_list", ()))

    @property
    def explained_by(self) -> tuple[str, ...]:
        """The other tables of a tie, whose own failures explain that it fails."""
        books = self.meta.get("explained_by", ())
        return tuple(name for name in books if not name.startswith(PREVIOUS))

    @property
    def compares_with(self) -> frozenset[str]:
        """The tables of the month before that this month's are held against."""
        query = self.kwargs.get(QUERY, "")
        in_query = _PREVIOUS_TABLE.findall(query)
        books = self.meta.get("explained_by", ())
        found = set()
        for name in (*books, *in_query):
            if name.startswith(PREVIOUS):
                found.add(name.removeprefix(PREVIOUS))
        return frozenset(found)

    @property
    def takes_rows(self) -> bool:
        """Whether rows that break the rule go to quarantine."""
        return self.meta.get("rows") == "quarantine"

    def offending(self) -> str:
        """Return SQL that selects the rows that break the rule from `delivered_<table>`."""
        rows = f"delivered_{self.table}"
        if self.type == QUERY_RULE:
            query = str(self.kwargs[QUERY])
            return query.replace("{batch}", rows)
        if self.type == NOT_NULL:
            column = quote_name(self.kwargs["column"])
            return f"SELECT * FROM {rows} WHERE {column} IS NULL"
        if self.type in _UNIQUE:
            names = quote_names(self.columns)
            return (
                f"SELECT {names}, COUNT(*) AS row_count FROM {rows} "
                f"GROUP BY {names} HAVING COUNT(*) > 1"
            )

        return f"SELECT * FROM {rows} WHERE {self.bad_row()}"

    def bad_row(self) -> str:
        """Return the SQL condition of a row that breaks the rule (never true for an empty cell).

        Raise SpecError for a rule that is about more than one row.
        """
        condition = None
        if self.type == BETWEEN:
            condition = self._compare_with_limits()
        elif self.type == _GREATER:
            condition = self._compare_columns()
        elif self.type == QUERY_RULE:
            condition = _find_condition(self.kwargs[QUERY])

        if condition is None:
            raise SpecError("expectation.no_row_rule", table=self.table, name=self.name)
        return condition

    def _compare_with_limits(self) -> str:
        """The condition of a value below the least or above the most that a rule allows."""
        column = quote_name(self.kwargs.get("column", ""))
        least = self.kwargs.get("min_value")
        most = self.kwargs.get("max_value")
        conditions = []
        if least is not None:
            conditions.append(f"{column} < {least}")
        if most is not None:
            conditions.append(f"{column} > {most}")
        return " OR ".join(conditions)

    def _compare_columns(self) -> str:
        """The condition of a row whose first column is not above its second."""
        sign = "<" if self.kwargs.get("or_equal") else "<="
        first = quote_name(self.kwargs["column_A"])
        second = quote_name(self.kwargs["column_B"])
        return f"{first} {sign} {second}"


def _find_condition(query: str) -> str | None:
    """The WHERE condition of a query; None where it has none."""
    condition: str | None = recall_fact(
        "condition", [query], lambda: _parse_condition(query)
    )
    return condition


def _parse_condition(query: str) -> str | None:
    import sqlglot  # here, so that who asks which rules there are does not wait for it
    from sqlglot import exp

    tree = sqlglot.parse_one(query.replace("{batch}", "batch"), read="duckdb")
    where = tree.find(exp.Where)
    if where is None:
        return None
    return str(where.this.sql(dialect="duckdb"))


# -- the rules of a month --------------------------------------------------------------------------


def load_suite(
    table: str, month: Month, gate_file: Path | None = None
) -> list[Expectation]:
    """Load a table's expectations for a month; an empty list when the table has no file.

    Raise SpecError with file and line for a row that is no rule.
    """
    path = EXPECTATIONS / f"{table}.yml"
    if not path.exists():
        return []

    written = read_written(path, f"expectations/{path.name}")
    changes = _read_changes(gate_file)
    suite = []
    for row in _read_checked_rows(written, table):
        expectation = _make_expectation(table, row, month)
        change = changes.get(expectation.finding)
        suite.append(_apply_change(expectation, change, gate_file))

    return suite


def load_suites(
    month: Month, gate_file: Path | None = None
) -> dict[str, list[Expectation]]:
    """Load every table's expectations.

    Raise SpecError when the gate file speaks of a finding that no rule makes.
    """
    suites = {}
    known: set[str] = set()
    for path in sorted(EXPECTATIONS.glob("*.yml")):
        table = path.stem
        suite = load_suite(table, month, gate_file)
        suites[table] = suite
        known.update(expectation.finding for expectation in suite)

    _refuse_unknown_findings(gate_file, known)
    return suites


def _refuse_unknown_findings(gate_file: Path | None, known: set[str]) -> None:
    """Raise SpecError for the first finding of the gate file that no rule makes."""
    for finding in _read_changes(gate_file):
        if finding not in known:
            near = ", ".join(get_close_matches(finding, known, n=3)) or "–"
            why = Phrase("written.why.no_finding", {"near": near})
            raise _describe_gate_error(gate_file, [finding], why)


def list_findings() -> list[str]:
    """Return the names of all rules of all tables."""
    findings = []
    any_month = Month(2000, 1)
    for suite in load_suites(any_month).values():
        findings += [expectation.finding for expectation in suite]
    return findings


def _make_expectation(table: str, row: RuleEntry, month: Month) -> Expectation:
    """Make the rule that a row says, for a month."""
    kwargs = dict(row.get("kwargs", {}))
    if QUERY in kwargs:
        kwargs[QUERY] = _fill_in_month(kwargs[QUERY], month)
    return Expectation(
        table=table,
        type=row["type"],
        kwargs=kwargs,
        severity=row.get("severity", "critical"),
        meta=mark_wordings(row.get("meta", {})),
    )


def _fill_in_month(query: str, month: Month) -> str:
    """Write a month's own values where a query names them."""
    values = {
        "{month}": f"'{month}'",
        "{first_day}": f"DATE '{month.first_day}'",
        "{last_day}": f"DATE '{month.last_day}'",
    }
    for name, value in values.items():
        query = query.replace(name, value)
    return query


# -- what a row may say ----------------------------------------------------------------------------


@cache
def _read_checked_rows(written: Written, table: str) -> list[RuleEntry]:
    """The rows of a table's file, each checked; the same text is checked once."""
    rows = []
    seen: set[str] = set()
    for place, row in enumerate(read_rules(written)):
        kwargs = row.get("kwargs", {})
        meta = row.get("meta", {})
        # How bad it is when it fails does not matter to whether it can be asked.
        rule = Expectation(table, row["type"], kwargs, "critical", meta)
        _check_rule(written, place, rule)
        if rule.name in seen:
            facts = {"value": rule.name, "by": written.file}
            raise written.wrong([place], Phrase("written.why.taken", facts))

        seen.add(rule.name)
        rows.append(row)

    return rows


def _check_rule(written: Written, place: int, rule: Expectation) -> None:
    """Hold a rule to what its type must say and to the columns that its table has."""
    missing = _find_missing_argument(rule)
    if missing is not None:
        why = Phrase("written.why.missing")
        raise written.wrong([place, "kwargs", missing], why)

    unknown = _find_unknown_column(rule)
    if unknown is not None:
        part = "meta" if "columns" in rule.meta else "kwargs"
        column = f"{rule.table}.{unknown}"
        why = Phrase("written.why.no_column", {"column": column})
        raise written.wrong([place, part], why)

    if rule.takes_rows:
        _check_row_rule(written, place, rule)


def _find_missing_argument(rule: Expectation) -> str | None:
    """The first argument that a rule of this type cannot do without and that is not there."""
    for name in _find_needed_arguments(rule.type):
        if name not in rule.kwargs:
            return name

    has_limit = "min_value" in rule.kwargs or "max_value" in rule.kwargs
    if rule.type.endswith("_to_be_between") and not has_limit:
        return "min_value"
    return None


def _find_needed_arguments(rule_type: str) -> tuple[str, ...]:
    """The arguments that rules of a type cannot do without."""
    for start, names in _NEEDED_ARGUMENTS.items():
        if rule_type.startswith(start):
            return names
    return ()


# What a rule cannot do without, by how its type begins.
_NEEDED_ARGUMENTS = {
    "expect_column_pair_": ("column_A", "column_B"),
    "expect_column_": ("column",),
    "expect_compound_columns_": ("column_list",),
    QUERY_RULE.removesuffix("_expectation"): (QUERY,),
}


def _find_unknown_column(rule: Expectation) -> str | None:
    """The first column of a rule that its table does not have; None of an unknown table."""
    table = load_contract().get(rule.table)
    if table is None:
        return None
    known = {column.name for column in table.columns}
    known.update(column.name for column in snapshot_columns(rule.table))
    for name in rule.columns:
        if name not in known:
            return name
    return None


def _check_row_rule(written: Written, place: int, rule: Expectation) -> None:
    """Hold a rule that takes rows to what SQL can say of a single row."""
    try:
        rule.bad_row()
    except SpecError as error:
        why = Phrase("written.why.no_row_rule")
        raise written.wrong([place, "meta", "rows"], why) from error


# -- an installation's own severities --------------------------------------------------------------

Change = Mapping[str, Any]


def _read_changes(gate_file: Path | None) -> dict[str, Change]:
    """What an installation's gate file says, by finding; nothing without one."""
    if gate_file is None:
        return {}
    written = read_written(gate_file)
    content = written.read() or {}
    written.hold_to(dict[str, ChangeBlock], content)
    changes: dict[str, Change] = {}
    for finding, change in content.items():
        changes[str(finding)] = dict(change or {})
    return changes


def _describe_gate_error(
    gate_file: Path | None, place: Place, why: Phrase
) -> SpecError:
    """The error of a place in the gate file."""
    assert gate_file is not None
    return read_written(gate_file).wrong(place, why)


def _apply_change(
    expectation: Expectation, change: Change | None, gate_file: Path | None
) -> Expectation:
    """Apply what an installation's gate file says of a rule."""
    if not change:
        return expectation

    allowed = {"severity", "mostly", *expectation.kwargs}
    unknown = sorted(set(change) - allowed)
    if unknown:
        words = ", ".join(sorted(allowed))
        why = Phrase("written.why.unknown_key", {"allowed": words})
        place = [expectation.finding, unknown[0]]
        raise _describe_gate_error(gate_file, place, why)

    arguments = dict(change)
    severity = arguments.pop("severity", expectation.severity)
    kwargs = expectation.kwargs | arguments
    return replace(expectation, severity=severity, kwargs=kwargs)

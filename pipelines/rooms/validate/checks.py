"""A table's rules: what the engine counts, put to Great Expectations for its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from pipelines.catalogue.expectations import Expectation
from pipelines.rooms.judge.client import JudgeLost, JudgeProcess
from pipelines.rooms.judge.questions import (
    CountQuestion,
    RowsQuestion,
    Ruling,
    describe_error,
)
from pipelines.rooms.validate.counting import (
    Count,
    Counted,
    read_counted,
    write_count,
    write_statement,
)
from pipelines.rooms.validate.on_executors import AskCounts
from pipelines.rooms.validate.verdicts import (
    Verdict,
    close_gate,
    describe_threshold,
)


@dataclass(frozen=True)
class Delivered:
    """The gate's views on what was delivered: the database that has them, and a connection to it.

    `limits` are the engine's settings, the same for whoever opens the database.
    """

    database: Path
    limits: Mapping[str, Any]
    connection: duckdb.DuckDBPyConnection

    def read_row(self, sql: str) -> dict[str, Any]:
        """Return the one row that a SELECT gives."""
        [row] = self.read_rows(sql)
        return row

    def read_rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a SELECT, by the names of its columns."""
        result = self.connection.execute(sql)
        names = [name for name, *_ in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


# -- counted by the engine, judged by Great Expectations -------------------------------------------


class CountedRules(NamedTuple):
    """What the engine counted of a table's rules, by finding, and what those said that crashed."""

    counted: Mapping[str, Counted]
    crashes: Mapping[str, str]


def count_rules(
    ask: AskCounts, table: str, suite: Sequence[Expectation]
) -> CountedRules:
    """Count what breaks each rule of a table that can be counted.

    `ask` gives the row that a counting statement comes to.
    """
    counts = {}
    for rule in suite:
        count = write_count(rule)
        if count is not None:
            counts[rule.finding] = count
    try:
        return CountedRules(_count_together(ask, table, counts), {})
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, ValueError):
        return _count_apart(ask, table, counts)


def judge_suite(
    process: JudgeProcess,
    delivered: Delivered,
    table: str,
    suite: Sequence[Expectation],
    counts: CountedRules,
) -> Iterator[Verdict]:
    """Yield the verdict on each rule of a table, in the suite's order."""
    rules = [rule for rule in suite if rule.finding in counts.counted]
    verdicts = judge_counted(process, rules, counts.counted)
    for rule in suite:
        if rule.finding in counts.crashes:
            yield close_gate(rule, counts.crashes[rule.finding])
        elif rule.finding in verdicts:
            yield verdicts[rule.finding]
        else:
            yield run_check(process, delivered, table, rule)


def _count_apart(
    ask: AskCounts, table: str, counts: Mapping[str, Count]
) -> CountedRules:
    """Count a rule at a time, because one of them breaks the statement."""
    counted: dict[str, Counted] = {}
    crashes = {}
    for finding, count in counts.items():
        try:
            counted |= _count_together(ask, table, {finding: count})
        except duckdb.InterruptException:
            raise
        except (duckdb.Error, ValueError) as error:
            crashes[finding] = describe_error(error)
    return CountedRules(counted, crashes)


def _count_together(
    ask: AskCounts, table: str, counts: Mapping[str, Count]
) -> dict[str, Counted]:
    """Count what breaks each rule, in one statement."""
    if not counts:
        return {}
    row = ask(write_statement(table, list(counts.values())))
    counted = {}
    for number, (finding, count) in enumerate(counts.items()):
        counted[finding] = read_counted(row, number, count)
    return counted


def judge_counted(
    process: JudgeProcess, rules: Sequence[Expectation], counted: Mapping[str, Counted]
) -> dict[str, Verdict]:
    """Let Great Expectations judge the counts of rules; one without a ruling is red."""
    if not rules:
        return {}
    questions = [_ask_about_count(rule, counted[rule.finding]) for rule in rules]
    lost = "no result"
    rulings: dict[str, Ruling] = {}
    try:
        rulings = {ruling.finding: ruling for ruling in process.ask(questions)}
    except JudgeLost as error:
        lost = str(error)
    verdicts = {}
    for rule in rules:
        ruling = rulings.get(rule.finding)
        verdict = _read_count_verdict(rule, counted[rule.finding], ruling, lost)
        verdicts[rule.finding] = verdict
    return verdicts


def _ask_about_count(rule: Expectation, count: Counted) -> CountQuestion:
    """Of a query no row may be found; of the rows considered a share has to keep a rule."""
    if count.considered is None:
        return CountQuestion(rule.finding, rule.severity, count.unexpected or 0)
    least = rule.kwargs.get("mostly", 1.0)
    return CountQuestion(rule.finding, rule.severity, count.kept_share, least)


def _read_count_verdict(
    rule: Expectation, counted: Counted, ruling: Ruling | None, lost: str
) -> Verdict:
    """A rule's verdict; `lost` says why there is no ruling, where there is none."""
    if ruling is None:
        return close_gate(rule, lost)
    if ruling.raised is not None:
        return close_gate(rule, ruling.raised)
    return Verdict(
        rule,
        ruling.is_kept,
        _describe_counted(counted),
        describe_threshold(rule),
        counted.unexpected,
        None if counted.considered is None else counted.elements,
    )


def _describe_counted(counted: Counted) -> str:
    if counted.unexpected is None:
        return ""
    if counted.considered is None:
        return str(counted.unexpected)
    return f"{counted.unexpected} of {counted.elements} rows"


# -- rules that cannot be counted ------------------------------------------------------------------


def run_check(
    process: JudgeProcess, delivered: Delivered, table: str, rule: Expectation
) -> Verdict:
    """Let Great Expectations run a rule on a table's rows."""
    question = RowsQuestion(
        rule.finding,
        rule.severity,
        rule.type,
        rule.kwargs,
        f"delivered_{table}",
        str(delivered.database),
        delivered.limits,
    )
    try:
        rulings = process.ask(question)
    except JudgeLost as error:
        return close_gate(rule, str(error))
    for ruling in rulings:
        if ruling.finding == rule.finding:
            return _read_verdict(rule, ruling)
    return close_gate(rule, "no result")


def _read_verdict(rule: Expectation, ruling: Ruling) -> Verdict:
    if ruling.raised is not None:
        return close_gate(rule, ruling.raised)
    return Verdict(
        rule,
        ruling.is_kept,
        ruling.observed,
        describe_threshold(rule),
        ruling.unexpected,
        ruling.elements,
    )

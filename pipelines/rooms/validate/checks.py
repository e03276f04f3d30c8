"""The verdicts of Great Expectations, on counts and on rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
from sqlalchemy.exc import DBAPIError

from pipelines.catalogue.expectations import Expectation
from pipelines.rooms.validate.counting import (
    Count,
    Counted,
    read_counted,
    write_count,
    write_statement,
)
from pipelines.rooms.validate.gx import load_gx, open_gx_context
from pipelines.rooms.validate.on_executors import AskCounts
from pipelines.rooms.validate.verdicts import (
    Verdict,
    close_gate,
    describe_error,
    describe_threshold,
)

if TYPE_CHECKING:
    from great_expectations.datasource.fluent import SQLDatasource


# -- counted by the engine, judged by Great Expectations -------------------------------------------


def judge_counts(
    ask: AskCounts, table: str, suite: Sequence[Expectation]
) -> dict[str, Verdict]:
    """Judge the rules of a table that can be counted, by their findings.

    `ask` gives the row that a counting statement comes to.
    """
    counts = {}
    for rule in suite:
        count = write_count(rule)
        if count is not None:
            counts[rule.finding] = count
    try:
        counted = _count_together(ask, table, counts)
        crashes: dict[str, str] = {}
    except (DBAPIError, ValueError) as error:
        if _is_interrupted(error):
            raise
        counted, crashes = _count_apart(ask, table, counts)

    rules = [rule for rule in suite if rule.finding in counted]
    verdicts = judge_counted(rules, counted)
    for rule in suite:
        if rule.finding in crashes:
            verdicts[rule.finding] = close_gate(rule, crashes[rule.finding])
    return verdicts


def _count_apart(
    ask: AskCounts, table: str, counts: Mapping[str, Count]
) -> tuple[dict[str, Counted], dict[str, str]]:
    """Count a rule at a time, because one of them breaks the statement.

    Return what was counted, and what those that crashed said.
    """
    counted: dict[str, Counted] = {}
    crashes = {}
    for finding, count in counts.items():
        try:
            counted |= _count_together(ask, table, {finding: count})
        except (DBAPIError, ValueError) as error:
            if _is_interrupted(error):
                raise
            crashes[finding] = describe_error(error)
    return counted, crashes


def _is_interrupted(error: Exception) -> bool:
    return isinstance(getattr(error, "orig", None), duckdb.InterruptException)


def _count_together(
    ask: AskCounts, table: str, counts: Mapping[str, Count]
) -> dict[str, Counted]:
    """Count what breaks each rule, in one statement."""
    if not counts:
        return {}
    statement = write_statement(table, list(counts.values()))
    row = ask(statement)
    counted = {}
    for number, (finding, count) in enumerate(counts.items()):
        counted[finding] = read_counted(row, number, count)
    return counted


def judge_counted(
    rules: Sequence[Expectation], counted: Mapping[str, Counted]
) -> dict[str, Verdict]:
    """Let Great Expectations judge the counts of rules: one row, a column and a check a rule.

    A check's `meta` names the finding its result belongs to: results come in any order. A rule
    without a result is red.
    """
    row: dict[str, float] = {}
    checks = []
    verdicts = {}
    for rule in rules:
        count = counted[rule.finding]
        try:
            checks.append(_build_count_check(rule, count))
        except ValueError as error:  # a threshold that is none
            verdicts[rule.finding] = close_gate(rule, describe_error(error))
            continue
        row[rule.finding] = count.kept_share
        if count.considered is None:
            row[rule.finding] = count.unexpected or 0

    results = _validate_row(row, checks) if checks else {}
    for rule in rules:
        if rule.finding not in verdicts:
            result = results.get(rule.finding)
            verdict = _read_count_verdict(rule, counted[rule.finding], result)
            verdicts[rule.finding] = verdict
    return verdicts


def _build_count_check(rule: Expectation, count: Counted) -> Any:
    """Of a query no row may be found; of the rows considered a share has to keep a rule."""
    checks = load_gx().expectations
    meta = {"finding": rule.finding}
    about = {"column": rule.finding, "severity": rule.severity, "meta": meta}
    if count.considered is None:
        return checks.ExpectColumnMaxToBeBetween(max_value=0, **about)
    mostly = rule.kwargs.get("mostly", 1.0)
    return checks.ExpectColumnMinToBeBetween(min_value=mostly, **about)


def _validate_row(row: Mapping[str, float], checks: Sequence[Any]) -> dict[str, object]:
    """Run checks on a table of one row; return their results by finding."""
    import pandas as pd  # here, so that who only names the gate does not wait for it

    suite = load_gx().ExpectationSuite(name="counts", expectations=list(checks))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch = define_counts().get_batch({"dataframe": pd.DataFrame([row])})
        found = batch.validate(suite, result_format="BASIC")
    results: dict[str, object] = {}
    for result in found.results:
        results[str(result.expectation_config.meta["finding"])] = result
    return results


@cache
def define_counts() -> Any:
    """Where Great Expectations looks for counts: opened once a process, it keeps none."""
    source = open_gx_context().data_sources.add_pandas("counts")
    counts = source.add_dataframe_asset("counts")
    return counts.add_batch_definition_whole_dataframe("one row")


def _read_count_verdict(rule: Expectation, counted: Counted, result: Any) -> Verdict:
    if result is None:
        return close_gate(rule, "no result")
    raised = _find_exception(result)
    if raised:
        return close_gate(rule, raised)
    return Verdict(
        rule,
        bool(result.success),
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


def run_check(datasource: SQLDatasource, table: str, rule: Expectation) -> Verdict:
    """Let Great Expectations run a rule on a table's rows."""
    try:
        built = _build_check(load_gx(), rule)
        asset = datasource.add_table_asset(
            rule.finding, table_name=f"delivered_{table}"
        )
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        result = batch.validate(
            built,
            result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
        )
    except Exception as error:  # noqa: BLE001 - any crash of a check closes the gate
        return close_gate(rule, describe_error(error))
    return _read_verdict(rule, result)


def _build_check(gx: Any, rule: Expectation) -> Any:
    name = "".join(word.capitalize() for word in rule.type.split("_"))
    check = getattr(gx.expectations, name)
    return check(**rule.kwargs, severity=rule.severity)


def _read_verdict(rule: Expectation, result: Any) -> Verdict:
    raised = _find_exception(result)
    if raised:
        return close_gate(rule, raised)
    found = result.result
    return Verdict(
        rule,
        bool(result.success),
        _describe_observed(found),
        describe_threshold(rule),
        _count_unexpected(found),
        found.get("element_count"),
    )


def _find_exception(result: Any) -> str | None:
    """What a check raised, in a line; None of one that came to its end.

    Great Expectations gives one record, or one a metric.
    """
    info: Mapping[str, object] = result.exception_info
    records = [info] if "raised_exception" in info else list(info.values())
    for record in records:
        if isinstance(record, Mapping) and record.get("raised_exception"):
            message = str(record.get("exception_message") or "check raised")
            return message.splitlines()[0][:160]
    return None


def _describe_observed(result: Mapping[str, object]) -> str:
    if result.get("unexpected_count") is not None:
        return f"{result['unexpected_count']} of {result.get('element_count')} rows"
    return str(result.get("observed_value", ""))


def _count_unexpected(result: Mapping[str, object]) -> int | None:
    """How many rows broke the rule; a query that found none observed nothing."""
    count = result.get("unexpected_count", result.get("observed_value"))
    if isinstance(count, int | float):
        return int(count)
    digits = str(count)
    return int(digits) if digits.isdigit() else None

"""Great Expectations' own verdicts, on counts and on rows."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipelines.rooms.judge.gx import load_gx, open_gx_context
from pipelines.rooms.judge.questions import (
    CountQuestion,
    Question,
    RowsQuestion,
    Ruling,
    describe_error,
)

if TYPE_CHECKING:
    from great_expectations.datasource.fluent import SQLDatasource

# GX closes the connection before it fetches, and DuckDB drops an open result on rollback: no
# transaction, no reset.
_ENGINE = {
    "isolation_level": "AUTOCOMMIT",
    "skip_autocommit_rollback": True,
    "pool_reset_on_return": None,
}


def rule_on(question: Question) -> list[Ruling]:
    """Answer a question, whatever it raises."""
    try:
        if isinstance(question, RowsQuestion):
            return [rule_on_rows(question)]
        return rule_on_counts(question)
    except Exception as error:  # noqa: BLE001 - whatever a check raises closes the gate, and is said
        raised = describe_error(error)
        asked = [question] if isinstance(question, RowsQuestion) else question
        return [Ruling(rule.finding, False, raised) for rule in asked]


def get_ready() -> None:
    """Load what answers are made with, before there is a question."""
    rule_on_counts([CountQuestion("ready", "info", 0)])


# -- on counts -------------------------------------------------------------------------------------


def rule_on_counts(questions: Sequence[CountQuestion]) -> list[Ruling]:
    """Judge a table of one row, a column and a check a rule.

    A check's `meta` names the finding its result belongs to: results come in any order. A rule
    without a result has no ruling.
    """
    row: dict[str, float] = {}
    checks = []
    rulings = []
    for question in questions:
        try:
            checks.append(_build_count_check(question))
        except ValueError as error:  # a threshold that is none
            rulings.append(Ruling(question.finding, False, describe_error(error)))
            continue
        row[question.finding] = question.value
    if checks:
        rulings += _validate_row(row, checks)
    return rulings


def _build_count_check(question: CountQuestion) -> Any:
    """Of a query no row may be found; of the rows considered a share has to keep a rule."""
    # With Great Expectations, and not before it.
    from pipelines.rooms.judge import count_checks

    about = {
        "column": question.finding,
        "severity": question.severity,
        "meta": {"finding": question.finding},
    }
    if question.least is None:
        return count_checks.MostAre(max_value=0, **about)
    return count_checks.LeastAre(min_value=question.least, **about)


def _validate_row(row: Mapping[str, float], checks: Sequence[Any]) -> list[Ruling]:
    """Run checks on a table of one row."""
    import pandas as pd  # with Great Expectations, and not before it

    suite = load_gx().ExpectationSuite(name="counts", expectations=list(checks))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch = define_counts().get_batch({"dataframe": pd.DataFrame([row])})
        found = batch.validate(suite, result_format="BASIC")
    rulings = []
    for result in found.results:
        finding = str(result.expectation_config.meta["finding"])
        raised = _find_exception(result)
        rulings.append(Ruling(finding, bool(result.success), raised))
    return rulings


@cache
def define_counts() -> Any:
    """Where Great Expectations looks for counts: opened once a process, it keeps none."""
    source = open_gx_context().data_sources.add_pandas("counts")
    counts = source.add_dataframe_asset("counts")
    return counts.add_batch_definition_whole_dataframe("one row")


# -- on rows ---------------------------------------------------------------------------------------


def rule_on_rows(question: RowsQuestion) -> Ruling:
    """Run a rule on the rows of a view."""
    limits = tuple(sorted(question.limits.items()))
    datasource = _open_datasource(question.database, limits)
    built = _build_check(question)
    asset = datasource.add_table_asset(question.finding, table_name=question.view)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    result = batch.validate(
        built,
        result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
    )
    raised = _find_exception(result)
    if raised:
        return Ruling(question.finding, False, raised)
    found = result.result
    return Ruling(
        question.finding,
        bool(result.success),
        None,
        _describe_observed(found),
        _count_unexpected(found),
        found.get("element_count"),
    )


@lru_cache(maxsize=1)
def _open_datasource(
    database: str, limits: tuple[tuple[str, Any], ...]
) -> SQLDatasource:
    """Open a database with the gate's views for Great Expectations, which may not change it."""
    # A home may be called anything.
    url = f"duckdb:///{quote(os.fsencode(database))}"
    config = {**dict(limits), "access_mode": "READ_ONLY"}
    engine = _ENGINE | {"connect_args": {"config": config}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own deprecations are its own
        sources = open_gx_context().data_sources
        return sources.add_sql("gate", connection_string=url, kwargs=engine)


def _build_check(question: RowsQuestion) -> Any:
    name = "".join(word.capitalize() for word in question.type.split("_"))
    check = getattr(load_gx().expectations, name)
    return check(**question.kwargs, severity=question.severity)


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

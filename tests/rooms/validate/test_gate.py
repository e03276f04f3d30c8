"""The gate: Great Expectations judges what was delivered; what cannot be judged is red."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines.catalogue.expectations import Expectation, load_suite
from pipelines.core.contract import Column, snapshot_columns
from pipelines.core.values import SQL_TYPES
from pipelines.rooms.context import Context
from pipelines.rooms.judge.client import JudgeProcess
from pipelines.rooms.validate.checks import (
    count_rules,
    judge_counted,
    judge_suite,
    run_check,
)
from pipelines.rooms.validate.counting import Counted, read_counted, write_count
from pipelines.rooms.validate.gate import (
    bind_views,
    judge_in_time,
    open_delivered,
)
from pipelines.rooms.validate.verdicts import Verdict
from tests.support.small import MONTH, begin_judge, judge_by_one_process, room_context

TABLES = ("usage", "service", "ownership", "bill", "receivable", "trouble_ticket")
RULES = {t: [e for e in load_suite(t, MONTH) if e.takes_rows] for t in TABLES}


def random_value(dice: random.Random, column: Column, line: int) -> Any:
    """A value of the column's kind, near enough to the limits to break some rules."""
    if column.kind not in ("id", "enum") and dice.random() < 0.2:
        return None
    number = dice.choice([-1, 0, 1, 31, 32, 44640, 44641])
    days = MONTH.last_day + timedelta(dice.randint(-2, 2))
    kinds = {
        "date": days, "timestamp": datetime(days.year, days.month, days.day, 17), "integer": number, "year": 1980,
        "money": Decimal(number), "quantity": Decimal(number), "bool": True,
        "month": dice.choice(["2026-08", "2026-09"]),
    }  # fmt: skip
    return (
        dice.choice(column.values)
        if column.kind == "enum"
        else kinds.get(column.kind, f"x{line}")
    )


def write_delivered(folder: Path, table: str, rejected: bool) -> None:
    """Write two hundred random rows as accepted, or a hundred as quarantined ones."""
    dice, columns = random.Random(f"{table}{rejected}"), snapshot_columns(table)
    rows = [
        [random_value(dice, c, i) for c in columns]
        for i in range(100 if rejected else 200)
    ]
    with duckdb.connect() as connection:
        names = ", ".join(f'"{c.name}" {SQL_TYPES[c.kind]}' for c in columns)
        connection.execute(f"CREATE TABLE t ({names})")
        connection.executemany(
            f"INSERT INTO t VALUES ({', '.join('?' * len(columns))})", rows
        )
        rule = "'some' AS _rule, " if rejected else ""
        rows_out = connection.execute(f"SELECT {rule}* FROM t").to_arrow_table()
    pq.write_table(
        rows_out, folder / f"snapshot_{table}{'_rejected' if rejected else ''}.parquet"
    )


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """A month's delivered rows, random ones."""
    folder = tmp_path_factory.mktemp("gate")
    for table in TABLES:
        write_delivered(folder, table, rejected=False)
        write_delivered(folder, table, rejected=True)
    intake = "SELECT 'usage' AS \"table\", 300 AS rows_in, 100 AS quarantined"
    pq.write_table(
        duckdb.sql(intake).to_arrow_table(), folder / "snapshot_intake.parquet"
    )
    with room_context(folder, {}) as context:
        yield context


@pytest.fixture
def process() -> JudgeProcess:
    """The process of Great Expectations that these tests share."""
    return begin_judge(os.getpid())


@pytest.fixture(scope="module")
def judged(delivered: Context) -> dict[str, list[Verdict]]:
    """Every row rule's verdict, and whole suites of two tables."""
    suites = RULES | {"usage": load_suite("usage", MONTH)}
    verdicts = judge_by_one_process(delivered, suites)
    return {t: [v for v in verdicts if v.expectation.table == t] for t in TABLES}


def bad_rows(context: Context, expectation: Expectation) -> int:
    """Count the rows that break a rule by our own SQL, quarantined rows included."""
    files = [
        str(context.path(f"snapshot_{expectation.table}{part}"))
        for part in ("", "_rejected")
    ]
    row = duckdb.sql(
        f"SELECT COUNT(*) FROM read_parquet({files}, union_by_name=true) WHERE {expectation.bad_row()}"
    ).fetchone()
    assert row is not None
    return int(row[0])


def counted(verdict: Verdict) -> int:
    """What Great Expectations saw: `7 of 300 rows`, or the number of rows of a query."""
    return int(verdict.observed.split(" of ")[0])


@pytest.mark.parametrize("table", TABLES)
def test_our_row_rules_agree_with_great_expectations(
    delivered: Context, judged: dict[str, list[Verdict]], table: str
) -> None:
    rules = [v for v in judged[table] if v.expectation.takes_rows]
    ours = {v.expectation.name: bad_rows(delivered, v.expectation) for v in rules}
    assert {v.expectation.name: counted(v) for v in rules} == ours and any(
        ours.values()
    )


def test_a_verdict_says_what_was_seen_and_the_threshold(
    judged: dict[str, list[Verdict]],
) -> None:
    found = {v.expectation.name: v for v in judged["usage"]}
    calls = found["column_values_to_be_between:voice_calls"]
    assert (
        not calls.success
        and calls.observed.endswith(" of 300 rows")
        and calls.threshold == "min_value 0, mostly 0.99"
    )
    assert found["row_count_jump"].success  # there is no month before
    assert not found["quarantined_share_5"].success  # a hundred of three hundred


@pytest.mark.parametrize("is_empty", [False, True])
def test_counts_say_what_great_expectations_sees_in_the_rows(
    delivered: Context, tmp_path: Path, process: JudgeProcess, is_empty: bool
) -> None:
    """Verdict by verdict, of every rule of six tables that both can run, and of empty tables."""
    for path in delivered.path("snapshot_intake").parent.glob("*.parquet"):
        rows = pq.read_table(path)
        pq.write_table(rows.slice(0, 0) if is_empty else rows, tmp_path / path.name)
    with room_context(tmp_path, {}) as context:
        (tmp_path / "gate").mkdir()
        database = tmp_path / "gate" / "gate.duckdb"
        bind_views(context, database)
    compared, failed = 0, 0
    with open_delivered(context.settings, database) as views:
        for table in TABLES:
            suite = load_suite(table, MONTH)
            counts = count_rules(views.read_row, table, suite)
            verdicts = judge_suite(process, views, table, suite, counts)
            counted = {v.expectation.finding: v for v in verdicts}
            assert len(counts.counted) + len(counts.crashes) == len(suite)
            for rule in suite:
                on_rows = run_check(process, views, table, rule)
                if on_rows.is_crash:
                    assert counted[rule.finding].is_crash
                    continue
                assert counted[rule.finding] == on_rows
                compared += 1
                failed += not on_rows.success
    assert compared > 40 and (failed > 10 or is_empty)


# -- fail closed -------------------------------------------------------------------------------------------------


def one(
    kind: str = "expect_column_values_to_not_be_null", **kwargs: Any
) -> Expectation:
    return Expectation("usage", kind, kwargs or {"column": "service_id"}, "info")


BROKEN = [
    one("expect_the_impossible", column="service_id"),
    one(column="no_such_column"),
    one(
        "unexpected_rows_expectation",
        unexpected_rows_query="SELECT * FROM {batch} WHERE nonsense(1)",
    ),
    one(
        "expect_column_values_to_be_between",
        column="service_id",
        min_value="x",
        max_value=3,
    ),
]


@pytest.fixture
def usage_alone(delivered: Context, tmp_path: Path) -> Iterator[Context]:
    """The same usage in a folder of its own."""
    for name in ("snapshot_usage", "snapshot_usage_rejected", "snapshot_intake"):
        shutil.copy(delivered.path(name), tmp_path)
    with room_context(tmp_path, {}) as context:
        yield context


def test_a_check_that_crashes_is_red_and_critical(usage_alone: Context) -> None:
    *crashed, fine = judge_by_one_process(usage_alone, {"usage": [*BROKEN, one()]})
    assert [(v.success, v.expectation.severity) for v in crashed] == [
        (False, "critical")
    ] * len(BROKEN)
    assert all(v.observed for v in crashed) and (
        fine.success,
        fine.expectation.severity,
    ) == (
        True,
        "info",
    )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_table_that_is_not_there_is_red(usage_alone: Context) -> None:
    lost = Expectation(
        "loyalty",
        "expect_column_values_to_not_be_null",
        {"column": "customer_id"},
        "info",
    )
    verdicts = judge_by_one_process(usage_alone, {"loyalty": [lost], "usage": [one()]})
    assert [(v.success, v.expectation.severity) for v in verdicts] == [
        (False, "critical"),
        (True, "info"),
    ]


def test_a_month_can_be_judged_again(usage_alone: Context) -> None:
    assert [
        judge_by_one_process(usage_alone, {"usage": [one()]})[0].success
        for _ in range(2)
    ] == [
        True,
        True,
    ]


def test_a_check_that_does_not_come_back_is_red() -> None:
    def slow() -> Iterator[Verdict]:
        yield Verdict(one(), True, "", "")
        time.sleep(3)

    found = judge_in_time(1, [one(), one()], slow, lambda: None)
    assert [(v.success, v.expectation.severity, v.observed) for v in found] == [
        (False, "critical", "timeout after 1 s")
    ] * 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_suite_that_breaks_off_is_red_from_there() -> None:
    def breaking() -> Iterator[Verdict]:
        yield Verdict(one(), True, "", "")
        raise MemoryError

    first, second = judge_in_time(5, [one(), one()], breaking, lambda: None)
    assert first.success and (second.success, second.expectation.severity) == (
        False,
        "critical",
    )


def test_a_query_that_does_not_come_back_is_stopped(
    delivered: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = "SELECT a.range FROM range(1000000000) a, range(1000000) b, {batch} WHERE a.range * b.range % 7 = 9"
    rule = one("unexpected_rows_expectation", unexpected_rows_query=endless)
    settings = delivered.settings.model_copy(update={"check_timeout_seconds": 1})
    began = time.monotonic()
    verdicts = judge_by_one_process(
        replace(delivered, settings=settings), {"usage": [one(), rule]}
    )
    assert [(v.success, v.observed) for v in verdicts] == [
        (False, "timeout after 1 s")
    ] * 2
    assert time.monotonic() - began < 60  # closing waits for what still runs


@pytest.mark.parametrize(
    ("unexpected", "considered", "elements"),
    [(-1, 5, 5), (3, 2, 5), (3, 9, 5), ("3", 5, 5), (3, None, 5), (0, 5, None)],
)
def test_counts_that_cannot_be_are_refused(
    unexpected: object, considered: object, elements: object
) -> None:
    count = write_count(one())
    assert count is not None
    row = {"u0": unexpected, "c0": considered, "elements": elements}
    with pytest.raises(ValueError, match="rows"):
        read_counted(row, 0, count)


def test_a_query_that_counts_nothing_is_no_verdict() -> None:
    query = "SELECT * FROM {batch} WHERE voice_calls < 0"
    count = write_count(one("unexpected_rows_expectation", unexpected_rows_query=query))
    assert count is not None
    with pytest.raises(ValueError, match="rows"):
        read_counted({"u0": None, "elements": 5}, 0, count)


def test_a_rule_that_nobody_counted_is_judged_on_the_rows(
    usage_alone: Context,
) -> None:
    """What says more than we count goes to Great Expectations as it stands."""
    strict = one(
        "expect_column_values_to_be_between",
        column="voice_calls",
        min_value=0,
        strict_min=True,
    )
    assert write_count(strict) is None
    (verdict,) = judge_by_one_process(usage_alone, {"usage": [strict]})
    assert not verdict.is_crash and verdict.observed.endswith(" of 300 rows")


def test_a_check_without_a_result_is_red(process: JudgeProcess) -> None:
    counted = {one().finding: Counted(1, 4, 4)}
    fine = judge_counted(process, [one()], counted)[one().finding]
    assert (fine.success, fine.observed) == (False, "1 of 4 rows")
    nonsense = one(column="service_id", mostly="most")
    found = judge_counted(process, [nonsense], {nonsense.finding: Counted(0, 4, 4)})
    assert found[nonsense.finding].is_crash


def test_no_suite_is_no_verdict(delivered: Context) -> None:
    assert judge_by_one_process(delivered, {}) == []

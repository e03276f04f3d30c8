"""A number opened: the rows behind every computed figure add up to it, and the command says what it means."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.catalogue.outputs import load_kpis
from pipelines.core.errors import UsageError, VerificationError
from pipelines.jobs import figure
from pipelines.jobs.figure import Figure, open_figure, open_figure_page, parse_name
from pipelines.rooms.kpi.parts import read_source_rows
from tests.support.scored import scored_operator
from tests.support.small import MONTH, Row, job, read

UNITS = {(k.name, v): k for k in load_kpis() for v in k.variants}
SCORE_CAP = 1.07


def opened(name: str) -> Figure:
    operator = scored_operator()
    return open_figure(job(operator.home, None, operator.months[-1]), name)


@cache
def computed() -> tuple[Row, ...]:
    """Each computed variant's row of the company, and of one branch where it has one."""
    rows = read(scored_operator().version, "kpi_monthly")
    branch = min(
        r["scope_id"]
        for r in rows
        if r["scope_kind"] == "branch" and r["scope_id"] != "unclaimed"
    )
    scopes = {("company", "company"), ("branch", branch), ("branch", "unclaimed")}
    return tuple(
        r
        for r in rows
        if r["status"] != "not_computed" and (r["scope_kind"], r["scope_id"]) in scopes
    )


def quotient(rows: list[Row]) -> float:
    return float(
        sum(r["numerator"] for r in rows) / sum(r["denominator"] for r in rows)
    )


def of_its_parts(rows: list[Row]) -> float:
    """The mean of the quotients of the parts."""
    parts = {r["part"] for r in rows}
    return sum(
        quotient([r for r in rows if r["part"] == part]) for part in parts
    ) / len(parts)


WAYS: dict[str, Callable[[list[Row]], float]] = {
    "mean": of_its_parts,
    "score": lambda rows: 10 * min(quotient(rows), SCORE_CAP),
    "given": lambda rows: float(rows[0]["numerator"]),
}


def test_the_rows_of_every_computed_figure_add_up_to_it() -> None:
    checked: dict[str, int] = {"sum": 0, "mean": 0, "score": 0, "given": 0}
    for row in computed():
        kpi = UNITS[row["kpi"], row["variant"]]
        rows = opened(
            f"{row['kpi']}.{row['variant']}:{row['scope_kind']}:{row['scope_id']}"
        ).rows.to_pylist()
        way = kpi.meta.get("value", "sum")
        if way == "sum":
            for side in ("numerator", "denominator"):
                assert (
                    row[side] is None
                    or sum((r[side] for r in rows), Decimal(0)) == row[side]
                ), row
        elif row["value"] is not None:
            assert WAYS[way](rows) == pytest.approx(row["value"], abs=1e-9), row
        checked[way] += 1
    assert checked["sum"] > 100 and checked["mean"] == 3, checked


def test_rows_are_customers_in_order_and_none_is_of_another_branch() -> None:
    rows = [r for r in computed() if r["kpi"] == "arrears_rate" and r["is_default"]]
    owners = {
        r["customer_id"]: r["branch_id"]
        for r in read(scored_operator().version, "features_owner")
    }
    branch = next(
        r["scope_id"]
        for r in rows
        if r["scope_kind"] == "branch" and r["scope_id"] != "unclaimed"
    )
    found = opened(f"arrears_rate:branch:{branch}").rows
    ids = found["customer_id"].to_pylist()
    assert len(ids) > 20 and ids == sorted(ids) and {owners[i] for i in ids} == {branch}
    assert found.schema.names == ["customer_id", "part", "numerator", "denominator"]


@pytest.mark.parametrize(
    ("written", "topic", "kind", "scope", "month"),
    [
        ("arrears_rate", "arrears_rate", "company", "company", "2026-08"),
        (
            "arrears_rate.services:manager:M:1",
            "arrears_rate.services",
            "manager",
            "M:1",
            "2026-08",
        ),
        (
            "value:arrears_rate.t1_amount:branch:B1:2026-07",
            "arrears_rate.t1_amount",
            "branch",
            "B1",
            "2026-07",
        ),
        (
            "rank:churn_rate.start_base:branch:B1:2026-08",
            "churn_rate.start_base",
            "branch",
            "B1",
            "2026-08",
        ),
    ],
)
def test_a_figure_is_named_as_documents_or_as_people_name_it(
    written: str, topic: str, kind: str, scope: str, month: str
) -> None:
    name = parse_name(written, MONTH)
    assert (name.topic, name.scope_kind, name.scope_id, str(name.month)) == (
        topic,
        kind,
        scope,
        month,
    )


def test_a_figure_of_an_earlier_month_is_opened_in_that_month() -> None:
    month = scored_operator().months[-2]
    found = opened(f"value:churn_rate.start_base:company:company:{month}")
    assert found.version.month == month and found.row["month"] == str(month)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("no_such_rate", "figure.unknown"),
        ("arrears_rate.no_such", "figure.unknown"),
        ("arrears_rate:branch:nowhere", "figure.no_scope"),
        (f"check_count:gate:company:company:{MONTH}", "figure.of_a_table"),
        ("revenue_growth", "figure.not_computed"),
    ],
)
def test_what_cannot_be_opened_says_why(name: str, key: str) -> None:
    with pytest.raises(UsageError) as caught:
        opened(name)
    assert caught.value.key == key


def test_rows_that_no_longer_add_up_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def less_one(*args: Any) -> pa.Table:
        return read_source_rows(*args).slice(1)

    monkeypatch.setattr(figure, "read_source_rows", less_one)
    with pytest.raises(VerificationError):
        opened("churn_rate")


def test_the_pages_of_a_figure_are_its_rows_the_biggest_first() -> None:
    operator = scored_operator()
    of_month = job(operator.home, None, operator.months[-1])
    name = "arrears_rate.t1_amount"
    whole = opened(name)
    pages = [open_figure_page(of_month, name, begin, 300) for begin in (0, 300, 600)]
    assert {page.row_count for page in pages} == {whole.rows.num_rows}
    rows = [row for page in pages for row in page.rows]
    assert len(pages[0].rows) == 300 and 300 < len(rows) <= 900

    def by_all(row: Row) -> list[str]:
        return [str(cell) for cell in row.values()]

    if len(rows) == whole.rows.num_rows:
        assert sorted(map(by_all, rows)) == sorted(map(by_all, whole.rows.to_pylist()))
    sizes = [abs(row["numerator"] or 0) for row in rows]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 0


def test_the_home_is_only_read(tmp_path: Path) -> None:
    operator = scored_operator()
    shutil.copytree(operator.home, tmp_path / "home")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "home").rglob("*")}
    open_figure(job(tmp_path / "home", None, operator.months[-1]), "churn_rate")
    assert {
        path: path.stat().st_mtime_ns for path in (tmp_path / "home").rglob("*")
    } == before

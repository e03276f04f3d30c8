"""Lineage: what an output is made of, worked out by hand on small SELECTs and known of the real outputs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from pipelines.catalogue import select_origin
from pipelines.catalogue.lineage import (
    CARRY_MONTHS,
    Delivered,
    list_table_columns,
    trace_delivered_columns,
    trace_origin,
    trace_sources,
    trace_sources_of,
)
from pipelines.catalogue.origins import ColumnName, Origin
from pipelines.catalogue.outputs import load_kpis, load_lists
from pipelines.catalogue.spec import Spec, load_room_specs
from pipelines.core.contract import load_contract, snapshot_columns

BILL, SERVICE, CUSTOMER = "snapshot_bill", "snapshot_service", "snapshot_customer"


def trace(sql: str) -> tuple[dict[str, set[str]], set[str]]:
    """The sources of each column and of the rows of a SELECT, as `table.column`."""
    made = trace_origin(Spec("features", "made", Path("made.sql"), {"key": []}, sql))

    def names(columns: Iterable[ColumnName]) -> set[str]:
        return {f"{c.table}.{c.column}".replace("snapshot_", "") for c in columns}

    return {name: names(sources) for name, sources in made.columns.items()}, names(
        made.rows
    )


def test_a_column_and_its_filter() -> None:
    columns, rows = trace(
        f"SELECT bill_id, billed_amount * 2 AS twice FROM {BILL} WHERE due_on < DATE '2026-01-01'"
    )
    assert columns == {
        "bill_id": {"bill.bill_id"},
        "twice": {"bill.billed_amount"},
    } and rows == {"bill.due_on"}


def test_grouping_and_having_decide_rows() -> None:
    columns, rows = trace(
        f"SELECT customer_id, SUM(billed_amount) AS s FROM {BILL} GROUP BY customer_id "
        "HAVING MAX(adjustment_amount) < 0"
    )
    assert columns["s"] == {"bill.billed_amount"} and rows >= {"bill.adjustment_amount"}


def test_a_left_join_depends_on_its_condition() -> None:
    columns, rows = trace(
        f"SELECT s.service_id, b.billed_amount FROM {SERVICE} AS s LEFT JOIN {BILL} AS b "
        "ON b.service_id = s.service_id AND b.bill_month = '2026-08'"
    )
    assert columns["billed_amount"] == {"bill.billed_amount"}
    assert rows == {"bill.service_id", "service.service_id", "bill.bill_month"}


def test_a_cte_is_looked_through() -> None:
    columns, rows = trace(
        f"WITH a AS (SELECT customer_id AS k, billed_amount AS x, due_on AS unused FROM {BILL} WHERE bill_id <> ''), "
        "b AS (SELECT k, x + 1 AS y FROM a) SELECT k, y FROM b WHERE y > 0"
    )
    assert columns == {"k": {"bill.customer_id"}, "y": {"bill.billed_amount"}}
    assert rows == {"bill.bill_id", "bill.billed_amount"}


def test_a_union_adds_up_column_by_column() -> None:
    columns, rows = trace(
        f"SELECT customer_id, plan_fee AS n FROM {SERVICE} WHERE status = 'active' UNION ALL "
        f"SELECT customer_id, billed_amount FROM {BILL}"
    )
    assert columns["n"] == {"service.plan_fee", "bill.billed_amount"}
    assert columns["customer_id"] == {
        "service.customer_id",
        "bill.customer_id",
    } and rows == {"service.status"}


def test_a_union_of_three_in_a_cte() -> None:
    parts = " UNION ALL ".join(
        f"SELECT {c} AS c FROM {CUSTOMER}"
        for c in ("customer_type", "vip_tier", "customer_id")
    )
    columns, _ = trace(f"WITH u AS ({parts}) SELECT c FROM u")
    assert columns["c"] == {
        "customer.customer_type",
        "customer.vip_tier",
        "customer.customer_id",
    }


@pytest.mark.parametrize(
    "where",
    [
        f"service_id IN (SELECT service_id FROM {BILL} WHERE billed_amount > 0)",
        f"EXISTS (SELECT 1 FROM {BILL} AS b WHERE b.service_id = s.service_id AND b.billed_amount > 0)",
        f"plan_fee > (SELECT AVG(billed_amount) FROM {BILL} WHERE service_id <> '')",
    ],
    ids=["in", "exists", "scalar"],
)
def test_a_subquery_decides_rows(where: str) -> None:
    columns, rows = trace(f"SELECT s.customer_id FROM {SERVICE} AS s WHERE {where}")
    assert {"bill.service_id", "bill.billed_amount"} <= rows and columns == {
        "customer_id": {"service.customer_id"}
    }


def test_a_window_is_part_of_its_column() -> None:
    columns, _ = trace(
        f"SELECT ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY due_on) AS n FROM {BILL}"
    )
    assert columns["n"] == {"bill.customer_id", "bill.due_on"}


def test_a_derived_table_with_a_wider_join() -> None:
    columns, rows = trace(
        f"SELECT t.s FROM (SELECT customer_id, SUM(billed_amount) AS s FROM {BILL} GROUP BY customer_id) AS t "
        f"JOIN {CUSTOMER} AS c ON c.customer_id = t.customer_id AND c.vip_tier = 'gold'"
    )
    assert (
        columns == {"s": {"bill.billed_amount"}}
        and {"customer.vip_tier", "bill.customer_id"} <= rows
    )


def test_earlier_months_are_named_by_their_era() -> None:
    columns, rows = trace(
        f"SELECT b.billed_amount FROM m1.{BILL} AS b JOIN {SERVICE} AS s ON s.service_id = b.service_id"
    )
    assert (
        columns == {"billed_amount": {"m1.bill.billed_amount"}}
        and "service.service_id" in rows
    )


def test_counting_rows_depends_on_the_table() -> None:
    made = trace_origin(
        Spec(
            "features",
            "counted",
            Path("x.sql"),
            {"key": []},
            f"SELECT COUNT(*) AS n FROM {BILL}",
        )
    )
    assert any(c.table.name == BILL for c in made.all())


# -- the real outputs --------------------------------------------------------------------------------------------


def made_of(name: str) -> set[str]:
    """The delivered columns of a KPI file or a list, as `table.column`."""
    spec = next(
        s
        for s in (*load_room_specs("kpi"), *load_room_specs("dispatch"))
        if s.name == name
    )
    return {
        f"{c.table.name.removeprefix('snapshot_')}.{c.column}"
        for c in trace_delivered_columns(spec)
    }


@pytest.mark.parametrize(
    ("output", "on", "not_on"),
    [
        (
            "churn_rate.voluntary",
            {"service.status", "service.termination_reason", "service.is_excluded"},
            {"bill", "usage", "ownership"},
        ),
        (
            "vip_card_holding_rate",
            {"vip_card.delivered_on", "vip_card.expires_on", "customer.vip_tier"},
            {"bill", "usage"},
        ),
        (
            "arrears_rate.services",
            {"receivable.due_on", "service.status"},
            {"usage", "vip_card"},
        ),
        (
            "arrears_rate.current_amount",
            {"receivable.open_amount", "bill.billed_amount"},
            {"usage", "ownership"},
        ),
        (
            "zero_usage_rate",
            {"usage.voice_calls", "usage.sms_count", "usage.data_mb"},
            {"bill", "receivable"},
        ),
        (
            "arpu",
            {"bill.billed_amount", "bill.adjustment_amount"},
            {"usage", "receivable"},
        ),
        (
            "complaint_rate",
            {"trouble_ticket.category", "trouble_ticket.opened_on"},
            {"bill"},
        ),
        (
            "unclaimed_rate",
            {"ownership.manager_id", "ownership.valid_to", "bill.billed_amount"},
            {"usage"},
        ),
        (
            "arrears",
            {
                "receivable.due_on",
                "receivable.open_amount",
                "bill.billed_amount",
                "customer.vip_tier",
            },
            {"usage"},
        ),
        (
            "vip_zero_usage",
            {"usage.data_mb", "bill.billed_amount", "service.status"},
            {"receivable", "vip_card"},
        ),
        (
            "points_redemption",
            {"loyalty.points_balance", "loyalty.is_barred"},
            {"bill", "usage", "service"},
        ),
        ("card_issue", {"vip_card.tier", "vip_card.card_status"}, {"usage"}),
    ],
)
def test_what_outputs_are_and_are_not_made_of(
    output: str, on: set[str], not_on: set[str]
) -> None:
    found = made_of(output)
    assert on <= found and not {c for c in found if c.split(".")[0] in not_on}


OUTPUTS = [kpi.spec for kpi in load_kpis()] + load_lists()


@pytest.mark.parametrize("spec", OUTPUTS, ids=lambda s: s.where)
def test_every_output_is_traced_to_delivered_columns(spec: Spec) -> None:
    found = trace_delivered_columns(spec)
    # Who was reached is made of orders and answers; nothing that is delivered this month can spoil it.
    assert bool(found) != (spec.name == "contact_rate") and all(
        not c.table.era and c.table.room == "snapshot" for c in found
    )
    for column in found:
        known = {
            c.name
            for c in snapshot_columns(column.table.name.removeprefix("snapshot_"))
        }
        assert column.column in known, column


@pytest.mark.parametrize(
    "spec",
    [s for r in ("features", "dispatch", "kpi") for s in load_room_specs(r)],
    ids=lambda s: s.where,
)
def test_every_table_read_is_in_the_lineage(spec: Spec) -> None:
    """Nothing is read for its rows alone: a finding on it would not reach the output."""
    assert spec.reads == {c.table for c in trace_origin(spec).all()}


def test_snapshot_tables_hold_no_personal_data_and_a_day_for_each_instant() -> None:
    assert not {"name", "phone"} & set(list_table_columns("snapshot_customer"))
    assert {"opened_at", "opened_on", "closed_on"} <= set(
        list_table_columns("snapshot_trouble_ticket")
    )
    assert all(
        set(t.key) <= set(list_table_columns(f"snapshot_{t.name}"))
        for t in load_contract().values()
    )


def test_a_carried_history_has_thirteen_months_of_each_measure() -> None:
    names = list_table_columns("features_history")
    assert names[:3] == ("service_id", "last_month", "customer_id") and {
        "revenue_0",
        "revenue_12",
    } <= set(names)
    assert "revenue_13" not in names and trace_sources_of("features_history")


def test_every_column_of_a_history_has_its_sources() -> None:
    spec = next(s for s in load_room_specs("features") if s.name == "history")
    made = trace_origin(spec)
    assert {str(c.table) for c in made.columns["revenue_3"]} == {
        "features_service_revenue"
    }
    assert made.columns["is_zero_usage_0"] and all(
        made.columns[f"past_due_amount_{i}"] for i in range(13)
    )


def kpi_sources(name: str, variant: str) -> set[Delivered]:
    spec = next(k.spec for k in load_kpis() if k.name == name and variant in k.variants)
    return set(trace_sources(spec))


def test_a_table_of_the_month_before_is_followed_into_that_month() -> None:
    of_m1 = {
        (s.table, s.column)
        for s in kpi_sources("dynamic_retention_rate", "rolling")
        if s.months == 1
    }
    assert ("snapshot_customer", "vip_tier") in of_m1 and not any(
        table == "snapshot_bill" for table, _ in of_m1
    )


def test_a_carried_value_was_delivered_that_many_months_ago() -> None:
    ago = {
        s.months
        for s in kpi_sources("arrears_rate", "rolling_12m")
        if s.column == "billed_amount"
    }
    assert ago == set(range(1, CARRY_MONTHS))


def test_the_cohort_is_followed_to_its_base_month() -> None:
    anchors = {
        s.anchor
        for s in kpi_sources("cohort_retention_rate", "billed")
        if s.column == "vip_tier"
    }
    assert anchors == {"base"}


def test_what_an_earlier_month_may_lack_is_not_followed_there() -> None:
    assert {(s.months, s.anchor) for s in trace_sources_of("features_owner")} == {
        (0, "")
    }


def test_a_query_is_worked_out_once_however_many_read_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A chain of CTEs, each read twice by the next, would be walked two to the power of its length."""
    spec = next(s for s in load_room_specs("feedback") if s.table == "feedback_promise")
    seen: list[int] = []
    work_out = select_origin._trace_select

    def counted(scope: Scope, known: dict[int, Origin]) -> Origin:
        seen.append(id(scope))
        return work_out(scope, known)

    monkeypatch.setattr(select_origin, "_trace_select", counted)
    select_origin.trace_select(spec)
    assert len(seen) == len(set(seen)) <= len(list(spec.tree.find_all(exp.Select)))

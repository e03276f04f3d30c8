"""The pipeline's KPIs of the company are the true ones, variant by variant and month by month."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from pipelines.store.lake import MonthFolder
from tests.support.small import twin_operator

# KPIs, and one variant, that rest on orders and outcomes or are a value without parts: the truth of orders is `order_truth`'s.
WITHOUT_TRUTH = {
    "composite_retention_rate", "private_line_score", "points_redemption_rate", "contact_rate", "success_rate",
    "promise_kept_rate", "incremental_retention", "ytd_annualised",
}  # fmt: skip
FEWEST = {0: 8, 1: 26, 2: 27}  # variants at least to compare, by months held before


@pytest.mark.parametrize("place", sorted(FEWEST))
def test_every_kpi_equals_the_truth(place: int) -> None:
    operator = twin_operator()
    month = operator.months[place]
    rows = pq.read_table(operator.source / "truth" / "kpi.parquet").to_pylist()
    true = {
        (r["kpi"], r["variant"]): (r["numerator"], r["denominator"])
        for r in rows
        if r["month"] == str(month)
    }
    table = pq.read_table(
        MonthFolder(operator.home, month).version().table("kpi_monthly")
    ).to_pylist()
    company = [
        row
        for row in table
        if row["scope_kind"] == "company" and row["status"] != "not_computed"
    ]
    found = {
        (row["kpi"], row["variant"]): (row["numerator"], row["denominator"])
        for row in company
    }
    both = found.keys() & true.keys()
    assert {key: found[key] for key in both} == {key: true[key] for key in both}
    assert {
        key for key in found.keys() - true.keys() if WITHOUT_TRUTH.isdisjoint(key)
    } == set()
    assert len(both) >= FEWEST[place]

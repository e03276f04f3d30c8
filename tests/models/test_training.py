"""Judging a challenger: on months whose labels it did not see, and not at all where there is nothing to go by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.core.month import Month
from pipelines.jobs.training.judging import judge_recipe
from pipelines.rooms.score.samples import Samples
from tests.support.scored import small_recipe

MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04"]


def make_samples(leavers: dict[str, int], services: int = 240) -> Samples:
    """Services of which so many leave in each month; who leaves has used less."""
    random = np.random.default_rng(0)
    parts = []
    for month, count in leavers.items():
        is_leaver = np.arange(services) < count
        part = pd.DataFrame(
            {"service_id": [f"s{n}" for n in range(services)], "month": month}
        )
        part = part.assign(
            customer_id=part["service_id"],
            service_type="mobile",
            tenure_months=random.integers(1, 90, services),
        )
        part = part.assign(
            voice_change_rate=random.normal(size=services) - is_leaver,
            branch_id="B1",
            plan_id="P1",
            value=50.0,
        )
        parts.append(part.assign(outcome=np.where(is_leaver, "voluntary", "stay")))
    rows = pd.concat(parts, ignore_index=True)
    names = ["service_type", "tenure_months", "voice_change_rate"]
    return Samples(
        Month.parse("2026-06"), rows, rows[rows["month"] == max(leavers)], names, {}, {}
    )


def test_the_last_months_are_judged_by_a_fit_that_did_not_see_them() -> None:
    judged = judge_recipe(small_recipe(), make_samples(dict.fromkeys(MONTHS, 40)), 0.1)
    assert (
        judged is not None
        and judged["months"] == ["2026-03", "2026-04"]
        and judged["rows"] == 480
    )
    line, logistic, rule = judged["outcomes"]["voluntary"]["makers"]
    assert line["auc"] > 0.65 and logistic["auc"] > 0.65 and rule["auc"] > 0.65
    assert set(judged["outcomes"]) == {"voluntary"}  # nobody was cut off


@pytest.mark.parametrize(
    "leavers",
    [
        {
            "2026-01": 0,
            "2026-02": 40,
            "2026-03": 40,
        },  # when March was scored nobody was known to have left
        {"2026-01": 40, "2026-02": 40},  # no label of January is known before March
    ],
)
def test_where_nothing_can_be_seen_nothing_is_judged(leavers: dict[str, int]) -> None:
    assert judge_recipe(small_recipe(), make_samples(leavers), 0.1) is None


def test_months_that_are_not_held_leave_a_gap_and_no_error() -> None:
    judged = judge_recipe(
        small_recipe(), make_samples({"2026-01": 40, "2026-04": 40}), 0.1
    )
    assert judged is not None and judged["months"] == ["2026-04"]

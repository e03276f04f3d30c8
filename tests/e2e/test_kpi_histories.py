"""A few of the random histories of `tests.proof.kpi_histories`, whose whole million takes longer than a test may."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.catalogue.outputs import load_lists
from tests.proof.kpi_histories import Tally, compare_batch

# What the hold-out shows is told from thirty orders of each arm on; the other lists are too short here, and no model is
# trained on these histories, so that nobody is ever on `churn_risk`.
TOO_FEW = (
    "activity_invite",
    "churn_risk",
    "cohort_at_risk",
    "down_migration",
    "group_zero_usage",
    "vip_zero_usage",
)


def compared(folder: Path, histories: int, seed: int) -> Tally:
    tally = Tally()
    compare_batch(folder, histories, seed=seed, tally=tally)
    assert tally.differing == 0, "\n".join(tally.samples)
    assert len(tally.variants) == 64
    return tally


@pytest.mark.slow
def test_a_few_random_histories_agree(tmp_path: Path) -> None:
    tally = compared(tmp_path, 300, seed=5)
    assert tally.rows > 10_000
    lists = {spec.name for spec in load_lists()}
    assert set(tally.on_lists) == lists - {"churn_risk"}
    assert {
        name for name in tally.empty if not name.startswith("incremental_retention.")
    } == set()


@pytest.mark.slow
@pytest.mark.long
def test_random_histories_agree_and_leave_no_variant_empty(tmp_path: Path) -> None:
    tally = compared(tmp_path, 3_000, seed=21)
    assert set(tally.empty) <= {f"incremental_retention.{name}" for name in TOO_FEW}
    assert tally.rows > 20_000

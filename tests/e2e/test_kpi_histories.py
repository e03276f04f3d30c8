"""A few of the random histories of `benchmarks.proof.kpi_histories`, whose whole million takes longer than a test may."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.proof.kpi_histories import Tally, compare_batch


@pytest.mark.slow
def test_random_histories_agree_and_leave_no_variant_empty(tmp_path: Path) -> None:
    tally = Tally()
    compare_batch(tmp_path, 300, seed=20, tally=tally)
    assert tally.differing == 0, "\n".join(tally.samples)
    assert tally.empty == []
    assert len(tally.variants) == 45
    assert tally.rows > 10_000

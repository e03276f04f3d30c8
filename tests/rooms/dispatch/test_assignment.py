"""The whole assignment on made candidates, checked by SQL over its tables that knows nothing of the solver."""

from __future__ import annotations

import pytest

from benchmarks.assignment import BROKEN, run_rule


@pytest.mark.parametrize("rule", ["priority", "value"])
def test_no_order_breaks_a_rule_and_the_gap_is_proved(rule: str) -> None:
    found = run_rule(rule, services=30_000, managers=15)
    assert found["broken"] == dict.fromkeys(BROKEN, 0)
    assert (
        0 < found["used_count"] <= found["capacity"] < found["wanted_count"]
        and found["value"] <= found["bound"]
    )
    if rule == "value":
        assert found["gap_rate"] < 0.001

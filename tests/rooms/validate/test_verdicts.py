"""What a check found: its threshold in words, whose figures it concerns, and a gate that is closed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipelines.catalogue.expectations import Expectation
from pipelines.rooms.validate.verdicts import Verdict, close_gate, describe_threshold

LIMITS = {"column": "amount", "min_value": 0, "max_value": 9, "mostly": 0.99}
RULE = Expectation("bill", "expect_x", LIMITS, "info", {"id": "amount_in_range"})


def test_a_threshold_names_the_limits_in_their_order_and_nothing_else() -> None:
    assert describe_threshold(RULE) == "min_value 0, max_value 9, mostly 0.99"
    without = replace(RULE, kwargs={"column": "amount"})
    assert describe_threshold(without) == ""


def test_a_check_that_could_not_look_closes_the_gate() -> None:
    threshold = "min_value 0, max_value 9, mostly 0.99"
    assert close_gate(RULE, "no such table") == Verdict(
        expectation=replace(RULE, severity="critical"),
        success=False,
        observed="no such table",
        threshold=threshold,
        is_crash=True,
    )


@pytest.mark.parametrize(
    ("meta", "is_confined"), [({}, False), ({"scope": "branch"}, True)]
)
def test_a_rule_that_names_branches_concerns_these_alone(
    meta: Any, is_confined: bool
) -> None:
    verdict = Verdict(replace(RULE, meta=meta), False, "7 rows", "")
    assert verdict.is_confined is is_confined

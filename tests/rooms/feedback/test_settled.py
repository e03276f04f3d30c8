"""Ledgers settled order by order: quickly, on entries by hand (`test_money.py` goes through real months)."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.rooms.feedback import money
from pipelines.rooms.feedback.money import write_money
from tests.cases.bench import run_case
from tests.cases.form import CASES, Case, differences, read_cases
from tests.support.small import room_context

SETTLED = list(read_cases(CASES / "feedback" / "money.yml"))


@pytest.mark.parametrize("batch", [2, 10_000])
@pytest.mark.parametrize("case", SETTLED, ids=str)
def test_orders_are_settled_alike_in_few_batches_and_in_many(
    case: Case, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(money, "_BATCH_ROWS", batch)
    assert differences(case.expect, run_case("duckdb", case, tmp_path)) == []


def test_without_a_ledger_nothing_is_settled_and_it_says_why(tmp_path: Path) -> None:
    with room_context(tmp_path, {"feedback_ledger": "absent: payment"}) as context:
        write_money(context, "feedback_ledger", "feedback_money")
        entry = context.entries["feedback_money"].to_json()
    assert (entry["status"], entry["reasons"]) == ("not_computed", ["absent: payment"])

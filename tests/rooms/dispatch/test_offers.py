"""Offers that the operator delivers: which goes out with whose order, what it says, and what it costs; without the table, nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.catalogue.spec import load_named_specs
from pipelines.store.lake import Version
from pipelines.text.evidence import write_evidence, write_script
from pipelines.text.texts import LANGUAGES
from tests.support.small import Row, Town, read, run_town, yuan

LIST = "vip_zero_usage"
NAMES = {"zh": "“流量包”", "en": "流量包"}


def town(*offers: Row) -> Town:
    """Two of high value who use nothing, one of whom pays twice as much; and what may be offered."""
    made = Town()
    made.person("ann", calls=0, revenue="100.00")
    made.person("bob", calls=0, revenue="200.00")
    for offer in offers:
        made.add("offer", list=LIST, name="流量包", **offer)
    return made


def offer(name: str, monthly: str, months: int, **more: object) -> Row:
    """A row of `offer`."""
    return {
        "offer_id": name,
        "monthly_cost": monthly,
        "months": str(months),
        **more,
    }


def orders_of(version: Version) -> dict[str, Row]:
    return {
        row["customer_id"]: row for row in read(version, "dispatch_order", list=LIST)
    }


def test_the_cheapest_offer_that_pays_goes_out_with_an_order(tmp_path: Path) -> None:
    without = run_town(tmp_path / "without", town(), holdout_share=0)
    made = run_town(
        tmp_path / "home",
        town(
            offer("F1", "3.00", 2),
            offer("F2", "2.00", 2),
            offer("F3", "90.00", 12),
            offer("F4", "0.50", 1, lowest_value="150.00"),
        ),
        holdout_share=0,
    )
    offered = {row["customer_id"]: row for row in read(made, "dispatch_offer")}
    assert {who: row["offer_id"] for who, row in offered.items()} == {
        "ann": "F2",
        "bob": "F4",
    }
    before, after = orders_of(without), orders_of(made)
    gain = before["ann"]["expected_value"] + yuan("5.00")  # a contact costs 5
    assert after["ann"]["expected_value"] == 2 * gain - yuan("5.00") - yuan("4.00")
    assert offered["ann"]["value_without_offer"] == before["ann"]["expected_value"]

    sums = {row["scope_id"]: row for row in read(made, "report_offer")}
    assert sums["company"]["offer_count"] == 2
    assert (
        sums["company"]["offer_cost_amount"]
        == yuan("4.50")
        == sums["B1"]["offer_cost_amount"]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_stands_in_script_and_evidence(language: str, tmp_path: Path) -> None:
    made = run_town(tmp_path / "home", town(offer("F2", "2.00", 2)), holdout_share=0)
    row = orders_of(made)["ann"]
    spec = load_named_specs("dispatch")[LIST]
    assert NAMES[language] in write_script(spec, language, row)
    evidence = write_evidence(spec, language, row)
    assert "F2" in evidence and "4.00" in evidence and "{" not in evidence


def test_none_goes_out_where_none_pays_or_none_is_delivered(tmp_path: Path) -> None:
    without = run_town(tmp_path / "without", town(), holdout_share=0)
    dear = run_town(tmp_path / "dear", town(offer("F3", "90.00", 12)), holdout_share=0)
    assert read(dear, "dispatch_offer") == []
    assert not without.is_computed("dispatch_offer")
    assert orders_of(dear) == orders_of(without)
    assert Decimal(0) < orders_of(without)["ann"]["expected_value"]

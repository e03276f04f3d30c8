"""Every order of a synthetic operator against an independent check in plain Python that shares no SQL with the pipeline."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest

from pipelines.catalogue.outputs import list_outcomes
from pipelines.catalogue.spec import load_named_specs
from pipelines.jobs.run import release_month, run_month
from pipelines.store.lake import MonthFolder, Version
from tests.oracle.feedback import Two, read_book, shares
from tests.support.office import taken
from tests.support.small import Row, job, only, read, twin_operator, ungated_job


def _list_codes(order: Row) -> list[str]:
    """What may be answered to an order with a code alone."""
    spec = load_named_specs("dispatch")[order["list"]]
    return sorted(set(list_outcomes(spec)) - {"promised", "do_not_contact"})


def _fen(order: Row) -> Row:
    return order | {
        "amount": None if order["amount"] is None else int(order["amount"] * 100)
    }


@pytest.fixture(scope="module")
def answered(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Version, dict[str, str]]:
    """The twin's newest month after all treated orders of the one before but every seventh were answered."""
    operator = twin_operator()
    before = operator.months[-2]
    home = tmp_path_factory.mktemp("feedback") / "home"
    shutil.copytree(operator.home, home)
    release_month(job(home, None, before))
    orders = read(MonthFolder(home, before).version(), "dispatch_order", arm="treated")
    orders.sort(key=lambda order: order["order_id"])
    said = {}
    for place, order in enumerate(orders):
        codes = _list_codes(order)
        if place % 7:
            said[order["order_id"]] = codes[place % len(codes)]
    lines = [
        "order_id,outcome",
        *(f"{order_id},{code}" for order_id, code in said.items()),
    ]
    (home / "back.csv").write_text("\n".join(lines), encoding="utf-8")
    receipt = taken(home, home / "back.csv")
    assert (receipt.accepted, len(receipt.refused)) == (len(said), 0)
    return run_month(ungated_job(home, operator.source, operator.months[-1])), said


@pytest.fixture(scope="module")
def expected(
    answered: tuple[Version, dict[str, str]],
) -> dict[str, tuple[Row, bool | None]]:
    """Each order and what the oracle says of it."""
    operator = twin_operator()
    before, after = operator.months[-2:]
    book_before = read_book(operator.source, str(before))
    book_after = read_book(operator.source, str(after))
    two = Two(book_before, book_after, after.last_day)
    orders = read(MonthFolder(operator.home, before).version(), "dispatch_order")
    return {order["order_id"]: (order, two.verified(_fen(order))) for order in orders}


def test_every_order_is_verified_as_the_definitions_say(
    answered: tuple[Version, dict[str, str]],
    expected: dict[str, tuple[Row, bool | None]],
) -> None:
    version, said = answered
    found = {row["order_id"]: row for row in read(version, "feedback_outcome")}
    assert found.keys() == expected.keys() and len(found) > 20
    wrong = [
        (o["list"], key, v, found[key]["is_verified"])
        for key, (o, v) in expected.items()
        if found[key]["is_verified"] != v
    ]
    assert wrong == []
    assert {key: row["outcome"] for key, row in found.items() if row["outcome"]} == said
    verdicts = Counter((order["list"], verdict) for order, verdict in expected.values())
    assert len({name for name, _ in verdicts}) >= 4 and {True, False} <= {
        verdict for _, verdict in verdicts
    }


def test_the_rates_are_those_of_the_orders(
    answered: tuple[Version, dict[str, str]],
    expected: dict[str, tuple[Row, bool | None]],
) -> None:
    version, said = answered
    wanted = shares(
        (order, said.get(key), verdict) for key, (order, verdict) in expected.items()
    )
    for name, parts in wanted.items():
        kpi, variant = name.split(".")
        row = only(
            read(version, "kpi_monthly", kpi=kpi, variant=variant, scope_kind="company")
        )
        assert (row["numerator"], row["denominator"]) == parts, name


def test_points_are_redeemed_as_the_loyalty_table_says(
    answered: tuple[Version, dict[str, str]],
    expected: dict[str, tuple[Row, bool | None]],
) -> None:
    listed = [
        v
        for o, v in expected.values()
        if o["list"] == "points_redemption" and o["arm"] == "treated"
    ]
    rows = read(
        answered[0], "kpi_monthly", kpi="points_redemption_rate", scope_kind="company"
    )
    assert (only(rows)["numerator"], only(rows)["denominator"]) == (
        sum(map(bool, listed)),
        len(listed),
    )

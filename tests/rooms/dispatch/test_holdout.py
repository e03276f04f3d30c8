"""The hold-out: about its share in every stratum and over all, the same on every run, unforeseeable without the key."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import Counter, defaultdict
from decimal import Decimal

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.rooms.dispatch.holdout import MEMBER, DrawStratum
from tests.support.small import Row

KEY = b"a key of the tests' own, 32 bytes"
TENTH = Decimal("0.10")


def people(stratum: str, count: int, start: int = 0) -> list[Row]:
    return [
        {"customer_id": f"{stratum}-{i}", "stratum": stratum}
        for i in range(start, start + count)
    ]


def choose_held_out(
    key: bytes, share: Decimal, old: list[Row], new: list[Row]
) -> set[str]:
    """Who of the new is held out, stratum by stratum."""
    draw = DrawStratum(key, share)
    by_stratum: dict[str, list[Row]] = defaultdict(list)
    for row in old + new:
        by_stratum[row["stratum"]].append(row)
    chosen = set()
    for members in by_stratum.values():
        found = draw(pa.Table.from_pylist(members, schema=MEMBER))
        chosen |= {row["customer_id"] for row in found.to_pylist() if row["is_drawn"]}
    return chosen - {row["customer_id"] for row in old}


def kept(rows: list[Row], chosen: set[str]) -> list[Row]:
    return [row | {"is_drawn": row["customer_id"] in chosen} for row in rows]


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 80)),
    st.sampled_from(["0", "0.05", "0.10", "0.33", "0.9"]),
)
def test_each_stratum_is_within_one_customer_of_its_share(
    sizes: dict[str, int], share: str
) -> None:
    rows = [row for stratum, size in sizes.items() for row in people(stratum, size)]
    chosen = choose_held_out(KEY, Decimal(share), [], rows)
    held = Counter(customer.split("-")[0] for customer in chosen)
    assert all(abs(held[s] - Decimal(share) * n) <= 1 for s, n in sizes.items())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_the_share_stays_right_as_customers_come_month_by_month(
    arrivals: list[int],
) -> None:
    known: list[Row] = []
    for count in arrivals:
        new = people("a", count, start=len(known))
        known += kept(new, choose_held_out(KEY, TENTH, known, new))
    assert abs(sum(row["is_drawn"] for row in known) - TENTH * len(known)) <= 1


def test_over_many_small_strata_the_share_is_right_as_well() -> None:
    rows = [row for i in range(1000) for row in people(f"s{i}", 3)]
    assert 250 <= len(choose_held_out(KEY, TENTH, [], rows)) <= 350


def test_the_draw_does_not_depend_on_the_order_of_rows() -> None:
    rows = people("a", 50) + people("b", 50)
    assert choose_held_out(KEY, TENTH, [], rows) == choose_held_out(
        KEY, TENTH, [], rows[::-1]
    )


def test_another_key_draws_others_and_no_share_nobody() -> None:
    rows = people("a", 500)
    assert choose_held_out(KEY, TENTH, [], rows) != choose_held_out(
        b"another key of the tests, 32 byte", TENTH, [], rows
    )
    assert (
        choose_held_out(KEY, Decimal(0), [], rows) == set()
        and choose_held_out(KEY, TENTH, rows_drawn(rows), []) == set()
    )


def rows_drawn(rows: list[Row]) -> list[Row]:
    return kept(rows, {row["customer_id"] for row in rows})


def test_a_stratum_with_too_many_drawn_draws_nobody_more() -> None:
    assert (
        choose_held_out(
            KEY, TENTH, rows_drawn(people("a", 10)), people("a", 50, start=10)
        )
        == set()
    )


def test_over_many_keys_everybody_s_chance_is_the_share() -> None:
    """Also of who comes later, into a stratum of an awkward size."""
    hits, keys = Counter[str](), 600
    for i in range(keys):
        key = f"key number {i} of the tests' own".encode()
        first = people("a", 7) + people("b", 1)
        known = kept(first, choose_held_out(key, TENTH, [], first))
        later = people("a", 4, start=7)
        hits.update(row["customer_id"] for row in known if row["is_drawn"])
        hits.update(choose_held_out(key, TENTH, known, later))
    # Four standard errors of a share of a tenth among so many keys are 0.049.
    chances = {
        row["customer_id"]: hits[row["customer_id"]] / keys
        for row in people("a", 11) + people("b", 1)
    }
    assert len(chances) == 12 and all(
        abs(chance - 0.1) < 0.05 for chance in chances.values()
    ), chances


def test_who_is_drawn_is_what_anybody_with_the_key_can_work_out() -> None:
    """By other means than the program's: a draw is for good, and must come out the same after an upgrade."""

    def draw(*parts: str) -> bytes:
        return hmac.new(KEY, "\x1f".join(parts).encode(), hashlib.sha256).digest()

    sizes = {"a": 25, "b": 7} | {f"small{i}": 2 for i in range(20)}
    rows = [row for stratum, size in sizes.items() for row in people(stratum, size)]
    wanted: set[str] = set()
    for stratum, count in sizes.items():
        start = int.from_bytes(draw("stratum", stratum)[:4], "big") / 2**32
        places = math.floor(0.33 * count + start)
        names = [row["customer_id"] for row in people(stratum, count)]
        wanted |= set(sorted(names, key=lambda n: draw("holdout", n))[:places])
    assert choose_held_out(KEY, Decimal("0.33"), [], rows) == wanted

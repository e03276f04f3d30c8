"""KPIs: parts add up to the whole to the fen, the unclaimed are always there, ranks and targets by rule."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.text.texts import say_reasons
from tests.rooms.kpi.conftest import Computed, a_kpi, by_scope, owners, parts
from tests.support.small import MONTH, none_of, only, yuan


def test_sums_over_sums_at_every_level(computed: Computed) -> None:
    rows = computed(
        a_kpi(
            parts(
                ("a", 1, 4), ("b", 3, 4), ("c", 0, 2), ("e", 1, 1), ("stranger", 1, 1)
            )
        )
    )
    assert by_scope(rows, "company") == {"company": 0.5}
    assert by_scope(rows, "branch") == {
        "B1": 0.25,
        "B2": 0.75,
        "B3": 0.0,
        "unclaimed": 1.0,
    }
    assert by_scope(rows, "city") == {"T1": 0.5, "T2": 0.0, "unclaimed": 1.0}
    assert by_scope(rows, "manager", "denominator") == {
        "M-B1": 4,
        "M-B2": 4,
        "M-B3": 2,
        "unclaimed": 2,
    }
    assert {r["scope_kind"] for r in rows} == {
        "company",
        "city",
        "branch",
        "unit",
        "manager",
    }


def test_ties_share_the_smaller_rank(computed: Computed) -> None:
    rates = (("a", 1, 10), ("b", 2, 10), ("c", 2, 10), ("d", 5, 10), ("e", 0, 10))
    lower = computed(a_kpi(parts(*rates)))
    assert by_scope(lower, "branch", "rank") == {
        "B1": 1,
        "B2": 2,
        "B3": 2,
        "B4": 4,
        "unclaimed": None,
    }
    assert by_scope(lower, "company", "rank") == {"company": None}
    higher = computed(a_kpi(parts(*rates), better="higher"))
    assert by_scope(higher, "branch", "rank") == {
        "B4": 1,
        "B2": 2,
        "B3": 2,
        "B1": 4,
        "unclaimed": None,
    }


def test_small_denominators_are_marked_and_not_ranked(computed: Computed) -> None:
    rows = computed(
        a_kpi(parts(("a", 0, 29), ("b", 9, 30), ("c", 1, 31))), small_denominator=30
    )
    assert by_scope(rows, "branch", "rank") == {
        "B1": None,
        "B2": 2,
        "B3": 1,
        "unclaimed": None,
    }
    reasons = by_scope(rows, "branch", "reason")
    assert reasons["B1"] == "small_denominator" and reasons["B2"] is None


def test_yuan_are_small_by_the_customers_who_have_a_part_of_them(
    computed: Computed,
) -> None:
    owned = owners(a="B1", a2="B1", b="B2", b2="B2", b3="B2")
    made = parts(("a", 0, 900), ("a2", 0, 900), ("b", 1, 1), ("b2", 1, 2), ("b3", 1, 0))
    settings = {"more": {"features_owner": owned}, "small_denominator": 2}
    rows = computed(a_kpi(made, denominator="yuan"), **settings)
    assert by_scope(rows, "branch", "reason") == {
        "B1": None,
        "B2": None,
        "unclaimed": "small_denominator",
    }
    rows = computed(
        a_kpi(made, denominator="yuan"), **settings | {"small_denominator": 3}
    )
    assert by_scope(rows, "branch", "reason")["B2"] == "small_denominator"
    rows = computed(
        a_kpi(made, denominator="count"), **settings | {"small_denominator": 3}
    )
    assert by_scope(rows, "branch", "reason")["B1"] is None
    rows = computed(
        a_kpi(made, denominator="target"), **settings | {"small_denominator": 9999}
    )
    assert set(by_scope(rows, "branch", "reason").values()) == {None}


def test_a_kind_of_scope_that_cannot_be_told_has_one_row_that_says_why(
    computed: Computed,
) -> None:
    absent = {"snapshot_organisation": "absent: organisation"}
    rows = computed(a_kpi(parts(("a", 1, 4))), more=absent)
    (city,) = [row for row in rows if row["scope_kind"] == "city"]
    said = [city[name] for name in ("scope_id", "status", "reason", "value", "rank")]
    assert said == [
        "unclaimed",
        "not_computed",
        "absent: organisation.parent_id",
        None,
        None,
    ]
    assert {row["status"] for row in rows if row is not city} == {"released"}


def test_the_unclaimed_are_there_even_when_nobody_is(computed: Computed) -> None:
    rows = computed(a_kpi(parts(("a", 1, 4))))
    for kind in ("city", "branch", "unit", "manager"):
        unclaimed = only(
            [
                r
                for r in rows
                if r["scope_kind"] == kind and r["scope_id"] == "unclaimed"
            ]
        )
        assert (
            unclaimed["numerator"],
            unclaimed["denominator"],
            unclaimed["value"],
        ) == (
            0,
            0,
            None,
        )


def test_each_of_two_kpis_of_nobody_has_its_rows(computed: Computed) -> None:
    nobody = parts(("a", 1, 4)) + " LIMIT 0"
    rows = computed(a_kpi(nobody), a_kpi(nobody, "other"))
    for name in ("made", "other"):
        kinds = {row["scope_kind"] for row in rows if row["kpi"] == name}
        assert kinds == {"company", "city", "branch", "unit", "manager"}


def test_a_kpi_of_its_own_scopes_does_not_hide_what_others_cannot_tell(
    computed: Computed,
) -> None:
    sql = "SELECT NULL AS customer_id, 'touch_point' AS scope_kind, 'hall' AS scope_id, 5 AS numerator, 50 AS denominator"
    absent = {"snapshot_organisation": "absent: organisation"}
    own = a_kpi(sql, "own", scopes="own")
    rows = computed(own, a_kpi(parts(("a", 1, 4))), more=absent)
    cities = [row for row in rows if row["scope_kind"] == "city"]
    assert [(city["kpi"], city["status"]) for city in cities] == [
        ("made", "not_computed")
    ]


def test_a_kpi_of_nobody_has_no_value_and_is_no_zero(computed: Computed) -> None:
    rows = computed(a_kpi(parts(("a", 1, 4)) + " LIMIT 0"))
    assert by_scope(rows, "company") == {"company": None} and by_scope(
        rows, "branch"
    ) == {"unclaimed": None}


def test_a_count_has_no_denominator(computed: Computed) -> None:
    count = a_kpi("SELECT 'a' AS customer_id, 3 AS numerator", unit="count", target=0)
    rows = computed(count, small_denominator=30)
    company = only([r for r in rows if r["scope_kind"] == "company"])
    assert (
        company["value"],
        company["denominator"],
        company["gap"],
        company["reason"],
    ) == (
        3.0,
        None,
        3.0,
        None,
    )
    nothing = {"B1": None, "unclaimed": None}
    assert by_scope(rows, "branch", "denominator") == nothing
    assert (
        by_scope(rows, "branch") == {"B1": 3.0, "unclaimed": 0.0}
        and by_scope(rows, "branch", "rank")["B1"] == 1
    )


def test_targets_stand_at_their_scope_and_belong_to_the_default(
    computed: Computed,
) -> None:
    target = {
        "kpi": "made",
        "scope_kind": "branch",
        "scope_id": "B1",
        "target_value": yuan("0.05"),
    }
    sql = " UNION ALL ".join(
        f"SELECT '{c}' AS customer_id, 1 AS numerator, 4 AS denominator, '{v}' AS variant"
        for c, v in (("a", "plain"), ("b", "plain"), ("a", "other"))
    )
    made = a_kpi(sql, variants={"plain": {}, "other": {}}, target=0.02)
    rows = computed(made, targets=[target])
    plain = [r for r in rows if r["variant"] == "plain"]
    assert by_scope(plain, "branch", "target") == {
        "B1": 0.05,
        "B2": 0.02,
        "unclaimed": 0.02,
    }
    assert by_scope(plain, "branch", "gap")["B1"] == pytest.approx(0.2) and by_scope(
        plain, "company", "target"
    ) == {"company": 0.02}
    assert {r["target"] for r in rows if r["variant"] == "other"} == {None}
    assert {r["is_default"] for r in plain} == {True}


def test_a_target_of_a_touch_point_is_that_of_the_variant_that_has_them(
    computed: Computed,
) -> None:
    sql = (
        "SELECT 'a' AS customer_id, NULL AS scope_kind, NULL AS scope_id, 1 AS numerator, 4 AS denominator, "
        "'plain' AS variant UNION ALL SELECT NULL, 'touch_point', 'hall', 3, 4, 'touch_point'"
    )
    made = a_kpi(
        sql, variants={"plain": {}, "touch_point": {}}, scopes="own", target=0.02
    )
    target = {
        "kpi": "made",
        "scope_kind": "touch_point",
        "scope_id": "hall",
        "target_value": yuan("0.50"),
    }
    rows = [
        r for r in computed(made, targets=[target]) if r["variant"] == "touch_point"
    ]
    assert by_scope(rows, "touch_point", "target") == {"hall": 0.5}
    assert by_scope(rows, "touch_point", "gap") == {"hall": 0.25}


def test_what_is_missing_is_said_once_and_is_no_zero(computed: Computed) -> None:
    rows = computed(
        a_kpi(
            "SELECT customer_id, 1 AS numerator, 1 AS denominator FROM m1.features_owner"
        )
    )
    row = only(rows)
    assert (row["status"], row["reason"], row["scope_kind"]) == (
        "not_computed",
        "not held: 2026-07",
        "company",
    )
    assert row["value"] is None and row["numerator"] is None and row["rank"] is None


def test_company_and_parts_have_their_own_release(computed: Computed) -> None:
    common = {"kind": "kpi", "output": "made.plain"}
    release = [
        common | {"scope": "company", "status": "caveat", "reason": "usage.overlap"},
        common
        | {"scope": "parts", "status": "withheld", "reason": "ownership.overlap"},
    ]
    rows = computed(a_kpi(parts(("a", 1, 4))), release=release)
    found = {(r["scope_kind"] == "company", r["status"], r["reason"]) for r in rows}
    assert found == {
        (True, "caveat", "usage.overlap"),
        (False, "withheld", "ownership.overlap"),
    }
    assert by_scope(rows, "company") == {
        "company": 0.25
    }  # computed, but not to be used


def test_fen_are_not_lost(computed: Computed) -> None:
    rows = computed(
        a_kpi(
            parts(*((c, "0.10::DECIMAL(18,2)", "0.30::DECIMAL(18,2)") for c in "abcde"))
        )
    )
    company = only([r for r in rows if r["scope_kind"] == "company"])
    assert (company["numerator"], company["denominator"]) == (
        Decimal("0.5"),
        Decimal("1.5"),
    )


# -- values that are no sum over a sum ---------------------------------------------------------------------------


def test_a_mean_is_of_the_quotients_and_shows_no_parts(computed: Computed) -> None:
    both = parts(("a", 1, 4), ("b", 1, 1))
    sql = f"SELECT customer_id, 'x' AS part, numerator, denominator FROM ({both}) UNION ALL SELECT 'a', 'y', 3, 4"
    rows = computed(a_kpi(sql, value="mean"))
    company = only([r for r in rows if r["scope_kind"] == "company"])
    assert (company["numerator"], company["denominator"], company["value"]) == (
        None,
        None,
        (2 / 5 + 3 / 4) / 2,
    )


@pytest.mark.parametrize(
    ("made", "value"), [("900.00", 9.0), ("2000.00", 10.7), (None, 0.0)]
)
def test_a_score_is_ten_for_the_target_and_capped(
    computed: Computed, made: str | None, value: float
) -> None:
    sql = (
        f"SELECT 'a' AS customer_id, NULL AS scope_kind, NULL AS scope_id, {made or 0} AS numerator, NULL AS denominator "
        "UNION ALL SELECT NULL, 'branch', 'B1', 0, 1000"
    )
    rows = computed(a_kpi(sql, unit="score", value="score"))
    found = {(r["scope_kind"], r["scope_id"]): r["value"] for r in rows}
    assert (
        found["branch", "B1"] == pytest.approx(value)
        and found["company", "company"] is None
    )


def test_what_belongs_to_no_customer_stands_in_its_own_scopes(
    computed: Computed,
) -> None:
    sql = "SELECT NULL AS customer_id, 'touch_point' AS scope_kind, 'hall' AS scope_id, 5 AS numerator, 50 AS denominator"
    rows = computed(a_kpi(sql, scopes="own"))
    assert [(r["scope_kind"], r["scope_id"], r["value"]) for r in rows] == [
        ("touch_point", "hall", 0.1)
    ]


def test_a_share_has_its_interval(computed: Computed) -> None:
    rows = computed(a_kpi(parts(("a", 40, 50)), interval="wilson"))
    company = only([r for r in rows if r["scope_kind"] == "company"])
    # Newcombe 1998 (Stat. Med. 17), method 3, by hand: (2·50·0.8 + z² ± z √(z² + 4·50·0.8·0.2)) / (2 (50 + z²)).
    assert (round(company["interval_low"], 4), round(company["interval_high"], 4)) == (
        0.6696,
        0.8876,
    )


def test_months_that_are_not_held_are_named(computed: Computed) -> None:
    rows = computed(a_kpi(parts(("a", 1, 4)), window="six_months"))
    assert only(rows)["status"] == "not_computed"
    assert only(rows)["reason"] == "; ".join(
        f"not held: {MONTH.plus(-ago)}" for ago in (5, 4, 3, 2, 1)
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_month_of_an_older_release_is_a_reason_in_words(
    computed: Computed, language: str
) -> None:
    """What needs a table that an earlier month's program did not make yet says so, and names no table."""
    made = a_kpi(
        "SELECT customer_id, 1 AS numerator, 1 AS denominator FROM m1.features_open_bill"
    )
    rows = computed(made, more={"m1.features_arrears": none_of("customer_id")})
    row = only(rows)
    assert row["status"] == "not_computed"
    assert row["reason"] == f"older release: {MONTH.plus(-1)}"
    told = say_reasons(language, row["reason"])
    assert str(MONTH.plus(-1)) in told
    assert "features" not in told and told != row["reason"]

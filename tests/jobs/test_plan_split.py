"""A plan split: parts add up to the whole at every level for any tree, and what cannot be split is refused by name."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.catalogue.outputs import load_kpis
from pipelines.core.apportion import apportion_parts
from pipelines.core.errors import SpecError
from pipelines.core.paths import ROOT, SQL
from pipelines.jobs.plan.form import read_plan
from pipelines.jobs.plan.split import (
    UNCLAIMED,
    Part,
    Splitter,
    Tree,
    list_months,
    split_year,
)
from pipelines.jobs.plan.targets import list_summed_targets

YEAR = 2027
EVEN = dict.fromkeys(list_months(YEAR), Decimal(1))

weight = st.decimals(min_value=0, max_value=10**6, places=2)
positive = st.decimals(min_value="0.01", max_value=10**6, places=2)


def scopes(letter: str, weights: Any = weight) -> Any:
    """Some scopes of one kind with weights, one of them above zero, perhaps the unclaimed among them."""
    some = st.dictionaries(
        st.sampled_from([*(f"{letter}{n}" for n in range(1, 8)), UNCLAIMED]),
        weights,
        max_size=6,
    )
    return some.flatmap(
        lambda found: st.builds(lambda w: {**found, f"{letter}1": w}, positive)
    )


@st.composite
def trees(draw: Any) -> tuple[Decimal, int, Tree]:
    places = draw(st.integers(0, 3))
    total = Decimal(draw(st.integers(0, 10**9))).scaleb(-places)
    months = {month: draw(weight) for month in list_months(YEAR)} | {
        f"{YEAR}-05": draw(positive)
    }
    branches = draw(scopes("B"))
    managers = {branch: draw(scopes("M")) for branch in branches if branch != UNCLAIMED}
    return total, places, Tree(months, branches, managers)


def split(total: Decimal, places: int, tree: Tree) -> list[Part]:
    return list(split_year(YEAR, total, places, tree, "key"))


def sums(parts: list[Part], level: str, *keys: str) -> dict[tuple[Any, ...], Decimal]:
    found: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for part in parts:
        if part.level == level:
            found[tuple(getattr(part, key) for key in keys)] += part.amount
    return dict(found)


@settings(deadline=None)
@given(trees())
def test_parts_add_up_to_the_whole_at_every_level(
    made: tuple[Decimal, int, Tree],
) -> None:
    total, places, tree = made
    parts = split(total, places, tree)
    months = {(p.month,): p.amount for p in parts if p.level == "month"}
    branches = {(p.month, p.scope_id): p.amount for p in parts if p.level == "branch"}
    assert len(months) == 12 and sum(months.values()) == total
    assert sums(parts, "branch", "month") == months
    assert sums(parts, "manager", "month", "branch_id") == branches


@settings(deadline=None)
@given(trees())
def test_a_part_is_never_further_from_its_share_than_a_unit(
    made: tuple[Decimal, int, Tree],
) -> None:
    total, places, tree = made
    parts = split(total, places, tree)
    months = {p.month: Fraction(p.amount) for p in parts if p.level == "month"}
    whole = sum(map(Fraction, (tree.branches or {}).values()))
    for part in parts:
        assert part.amount >= 0 and part.amount == round(part.amount, places)
        assert part.weight != 0 or part.amount == 0
        if part.level == "branch" and part.weight is not None:
            share = months[part.month] * Fraction(part.weight) / whole
            assert abs(Fraction(part.amount) - share) < Fraction(1, 10**places)


@settings(deadline=None)
@given(trees())
def test_the_unclaimed_stand_apart(made: tuple[Decimal, int, Tree]) -> None:
    total, places, tree = made
    parts = split(total, places, tree)
    nobody = {
        (p.month, p.level): p.amount
        for p in parts
        if UNCLAIMED in (p.scope_id, p.branch_id) and p.branch_id in (None, UNCLAIMED)
    }
    assert {p.scope_id for p in parts if p.branch_id == UNCLAIMED} <= {UNCLAIMED}
    for (month, level), amount in nobody.items():
        assert level == "branch" or amount == nobody[month, "branch"]


@settings(deadline=None)
@given(trees(), st.randoms())
def test_the_order_of_the_key_does_not_matter(
    made: tuple[Decimal, int, Tree], chance: Any
) -> None:
    total, places, tree = made

    def shuffled(weights: Any) -> dict[str, Any]:
        names = list(weights)
        chance.shuffle(names)
        return {name: weights[name] for name in names}

    managers = {
        branch: shuffled(weights) for branch, weights in shuffled(tree.managers).items()
    }
    assert split(
        total, places, Tree(tree.months, shuffled(tree.branches), managers)
    ) == split(total, places, tree)


def test_a_plan_worked_out_by_hand() -> None:
    tree = Tree(
        EVEN | {"2027-01": Decimal(2)},
        {"B2": Decimal(1), "B1": Decimal(2), UNCLAIMED: Decimal(1)},
    )
    january = [p for p in split(Decimal("1300.01"), 2, tree) if p.month == "2027-01"]
    # 1300.01 over 13 parts is 100.00077 each: the odd fen goes to January, then to the branch with half of it.
    assert [(p.scope_id, str(p.amount)) for p in january] == [
        ("company", "200.01"),
        ("B1", "100.01"),
        ("B2", "50.00"),
        ("unclaimed", "50.00"),
    ]


def test_a_small_plan_goes_round_over_the_year() -> None:
    """Five new members a month for twenty equal branches: largest remainder alone would give the same five each month."""
    branches = {f"B{n:02d}": Decimal(1) for n in range(20)}
    parts = split(Decimal(60), 0, Tree(EVEN, branches))
    assert set(sums(parts, "branch", "scope_id").values()) == {Decimal(3)}
    assert {p.amount for p in parts if p.level == "branch"} == {Decimal(0), Decimal(1)}


@settings(deadline=None)
@given(trees())
def test_what_rounding_owes_is_paid_within_the_year(
    made: tuple[Decimal, int, Tree],
) -> None:
    total, places, tree = made
    parts = split(total, places, tree)
    whole = sum(map(Fraction, (tree.branches or {}).values()))
    for (branch,), amount in sums(parts, "branch", "scope_id").items():
        share = Fraction(total) * Fraction((tree.branches or {})[branch]) / whole
        assert abs(Fraction(amount) - share) < Fraction(2, 10**places)


def test_what_is_owed_gives_no_unit_to_a_part_that_needs_no_rounding() -> None:
    thirds = [Fraction(1, 3), Fraction(2, 3), Fraction(0)]
    assert apportion_parts(thirds, 0) == [0, 1, 0]
    assert apportion_parts(thirds, 0, [Fraction(1), Fraction(0), Fraction(0)]) == [
        1,
        0,
        0,
    ]
    assert apportion_parts(thirds, 0, [Fraction(-1), Fraction(-1), Fraction(5)]) == [
        0,
        1,
        0,
    ]


@pytest.mark.parametrize(
    ("weights", "error"),
    [
        ({"B1": "1", "B2": "-0.01"}, "plan.negative_weight"),
        ({"B1": "0", "B2": "0"}, "plan.no_weight"),
        ({}, "plan.no_weight"),
    ],
)
def test_weights_that_split_nothing_are_refused(
    weights: dict[str, str], error: str
) -> None:
    with pytest.raises(SpecError) as caught:
        Splitter(
            {name: Decimal(w) for name, w in weights.items()}, 2, "key.by_branch"
        ).split_amount(Decimal(1))
    assert caught.value.key == error and caught.value.facts["where"] == "key.by_branch"


def test_nothing_is_split_by_no_weight_at_all() -> None:
    assert Splitter({"B1": Decimal(0)}, 2, "key").split_amount(Decimal(0)) == {"B1": 0}


# -- the file ----------------------------------------------------------------------------------------------------


def plan_of(**changes: Any) -> dict[str, Any]:
    key = {
        "version": "1",
        "by_month": {"weights": [1] * 12},
        "by_branch": {"weights": {"007": 1}},
    }
    revenue = {"total": "1200.00", "key": key | changes.pop("key", {})} | changes.pop(
        "revenue", {}
    )
    return {
        "year": YEAR,
        "month": "2026-12",
        "measures": {"revenue": revenue},
    } | changes


def written(folder: Path, plan: object) -> Path:
    path = folder / "plan.yml"
    path.write_text(yaml.safe_dump(plan, allow_unicode=True), encoding="utf-8")
    return path


def test_ids_keep_their_zeros_and_amounts_their_fen(tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text(
        "year: 2027\nmonth: 2026-12\nmeasures:\n  revenue:\n    total: 123456789012.10\n    key:\n      version: 1.10\n"
        "      by_month: {weights: {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1, 10: 1, 11: 1, 12: 0.50}}\n"
        "      by_branch: {weights: {007: 2, yes: 1}}\n",
        encoding="utf-8",
    )
    measure = read_plan(tmp_path / "plan.yml").measures["revenue"]
    assert (measure.total, measure.key.version, measure.key.month) == (
        Decimal("123456789012.1"),
        "1.10",
        "2026-12",
    )
    assert measure.key.by_branch is not None and measure.key.by_branch.weights == {
        "007": Decimal(2),
        "yes": Decimal(1),
    }
    assert measure.key.by_month.list_given_weights(2027, "key")["2027-12"] == Decimal(
        "0.5"
    )


def test_a_number_written_otherwise_is_the_same_key(tmp_path: Path) -> None:
    def hash_of(**key: Any) -> str:
        return (
            read_plan(written(tmp_path, plan_of(key=key))).measures["revenue"].key.hash
        )

    plain = hash_of()
    assert (
        hash_of(by_branch={"weights": {"007": "1.00"}}) == plain == hash_of(version="2")
    )
    assert (
        hash_of(by_branch={"weights": {"007": "2"}})
        != plain
        != hash_of(month="2026-11")
    )


@pytest.mark.parametrize(
    ("plan", "where"),
    [
        (plan_of(year="next"), "year"),
        (plan_of(month="2026-13"), "month"),
        (plan_of(revenue={"total": "-1"}), "measures.revenue.total"),
        (plan_of(revenue={"total": "NaN"}), "measures.revenue.total"),
        (plan_of(revenue={"total": "1e12"}), "measures.revenue.total"),
        (plan_of(revenue={"total": "1.005"}), "measures.revenue"),
        (plan_of(revenue={"total": "0.5", "places": 0}), "measures.revenue"),
        (plan_of(revenue={"colour": "red"}), "measures.revenue.colour"),
        (plan_of(key={"version": ""}), "measures.revenue.key.version"),
        (
            plan_of(key={"by_branch": {"weights": {"B1": 1}, "measure": "revenue"}}),
            "measures.revenue.key.by_branch",
        ),
        (plan_of(key={"by_month": {}}), "measures.revenue.key.by_month"),
        ({"year": YEAR, "month": "2026-12", "measures": {}}, "–"),
        (
            plan_of(handed_down=[{"kpi": "churn_rate", "scope_kind": "company"}]),
            "handed_down.0",
        ),
        (
            plan_of(
                handed_down=[
                    {"kpi": "churn_rate", "scope_kind": "touch_point", "value": 1}
                ]
            ),
            "handed_down.0",
        ),
        (
            plan_of(
                handed_down=[
                    {"kpi": "churn_rate", "scope_kind": "company", "values": [1]}
                ]
            ),
            "handed_down.0.values",
        ),
        ([1, 2], "–"),
    ],
    ids=str,
)
def test_a_plan_that_is_not_in_the_form_is_refused_where_it_is_wrong(
    tmp_path: Path, plan: object, where: str
) -> None:
    with pytest.raises(SpecError) as caught:
        read_plan(written(tmp_path, plan))
    assert caught.value.key == "plan.bad" and caught.value.facts["where"] == where


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("year: [", 1),
        ("year: 2027\n\tmonth: x", 2),
        ("a:\n  B1: 1\n  B2: 1\n  B1: 2", 4),
    ],
)
def test_what_is_no_yaml_or_says_a_thing_twice_is_refused(
    tmp_path: Path, text: str, line: int
) -> None:
    (tmp_path / "plan.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read_plan(tmp_path / "plan.yml")
    assert (caught.value.key, caught.value.facts["line"]) == ("yaml.bad", line)


def test_the_example_of_the_docs_is_in_the_form(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
    (tmp_path / "plan.yml").write_text(
        text.split("```yaml\n")[1].split("```")[0], encoding="utf-8"
    )
    plan = read_plan(tmp_path / "plan.yml")
    assert (
        plan.measures["vnet_members"].key.month == "2026-11"
        and plan.measures["revenue"].key.month == "2026-12"
    )
    named = {path.stem for path in (SQL / "plan").glob("*.sql")}
    assert {name for name in named if f"| `{name}` |" in text} == named


@pytest.mark.parametrize("name", ["another.yml", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError, match="yaml.no_file"):
        read_plan(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["complaint_rate", "arpu", "private_line_score", "vnet_rate"]
)
def test_a_rate_is_not_split(tmp_path: Path, name: str) -> None:
    plan = plan_of()
    plan["measures"] = {name: plan["measures"]["revenue"]}
    with pytest.raises(SpecError) as caught:
        read_plan(written(tmp_path, plan))
    assert caught.value.key == "plan.rate" and caught.value.facts["measure"] == name


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (plan_of(key={"by_branch": {"measure": "luck"}}), "plan.unknown_measure"),
        (plan_of(key={"by_month": {"year_before": "luck"}}), "plan.unknown_measure"),
        (
            plan_of(handed_down=[{"kpi": "luck", "scope_kind": "company", "value": 1}]),
            "plan.unknown_kpi",
        ),
    ],
)
def test_names_nobody_knows_are_refused(
    tmp_path: Path, plan: object, error: str
) -> None:
    with pytest.raises(SpecError) as caught:
        read_plan(written(tmp_path, plan))
    assert caught.value.key == error and "luck" in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "missing"),
    [
        ([1] * 11, "12"),
        ({1: 1, 3: 1}, "2, 4, 5, 6, 7, 8, 9, 10, 11, 12"),
        ([1] * 13, "1–12"),
    ],
)
def test_a_year_has_twelve_months(
    tmp_path: Path, weights: object, missing: str
) -> None:
    plan = read_plan(written(tmp_path, plan_of(key={"by_month": {"weights": weights}})))
    with pytest.raises(SpecError) as caught:
        plan.measures["revenue"].key.by_month.list_given_weights(YEAR, "key")
    assert (caught.value.key, caught.value.facts["months"]) == (
        "plan.months_missing",
        missing,
    )


def test_the_sums_that_kpis_read_are_no_kpis_themselves() -> None:
    assert list_summed_targets() == {"revenue", "private_line_revenue"}
    assert not list_summed_targets() & {kpi.name for kpi in load_kpis()}

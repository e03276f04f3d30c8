"""What a hold-out tells by when stands in the same words on a screen and on the pages."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from models.holdout.effects import WHOLE_LIST
from models.holdout.planner import HoldoutPlan
from pipelines.catalogue.outputs import name_lists
from pipelines.documents.holdout_view import (
    HoldoutView,
    read_holdout_views,
    say_holdout,
    say_shares,
)
from pipelines.documents.pages.review import write_review
from pipelines.store.files import write_parquet
from pipelines.store.manifest import TableEntry
from pipelines.store.versions import Draft
from pipelines.text.texts import LANGUAGES, fill_label
from tests.documents.test_review import card, look
from tests.support.scored import scored_operator
from tests.support.small import MONTH

VIEW = HoldoutView(
    list="churn_risk",
    order_count=1234,
    persuadability=0.15,
    low=-0.05,
    high=0.35,
    difference=0.2,
    plans=(
        HoldoutPlan(0.05, math.inf, 50.0),
        HoldoutPlan(0.1, 11.2, 100.4),
        HoldoutPlan(0.2, 0.0, 1200.0),
    ),
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_view_is_said_in_whole_months_and_yuan(language: str) -> None:
    said = say_holdout(VIEW, language)
    assert said.title == name_lists(language)["churn_risk"]
    assert said[1:] == (
        "1,234",
        "15% [-5%, 35%]",
        ">120 / 12 / 0",
        "50 / 100 / 1,200",
    )
    assert say_shares([VIEW]) == "5% / 10% / 20%" and say_shares([]) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_review_tells_of_the_hold_outs_of_the_month(
    language: str, tmp_path: Path
) -> None:
    heading = fill_label(language, "review.holdouts")
    page = tmp_path / "page.html"
    write_review(page, MONTH, language, card())
    assert heading not in look(page).text
    write_review(page, MONTH, language, card(), holdouts=[VIEW])
    text = look(page).text
    assert heading in text and ">120 / 12 / 0" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scored_month_s_own_review_has_its_lists(language: str) -> None:
    version = scored_operator().version
    views = read_holdout_views(version)
    assert views
    text = look(version.path / "outbox" / f"review.{language}.html").text
    for view in views:
        said = say_holdout(view, language)
        assert said.title in text and said.months in text


def plan_with(folder: Path, squares: int | None) -> tuple[HoldoutPlan, ...]:
    """The plans of a list of which 60 lines were lost, whose orders lost so many in squares."""
    sums: dict[str, object] = {
        "order_count": 900,
        "lost_count": 30,
        "foreseen_sum": Decimal(30),
    }
    if squares is not None:
        sums["lost_square_sum"] = squares
    learnt: dict[str, object] = {"list": "renewal", "segment": WHOLE_LIST}
    for arm in ("treated", "holdout"):
        learnt |= {f"{arm}_{name}": value for name, value in sums.items()}
    learnt |= {"persuadability": 0.1}
    learnt |= {"persuadability_low": -0.2, "persuadability_high": 0.4}
    order = {"list": "renewal", "customer_id": "c1", "expected_value": Decimal(9)}
    folder.mkdir()
    draft = Draft(MONTH, folder)
    tables = {
        "feedback_persuasion": learnt,
        "dispatch_segment": {"customer_id": "c1", "risk": Decimal("0.02")},
        "dispatch_order": order,
    }
    for name, row in tables.items():
        batches = pa.Table.from_pylist([row]).to_reader()
        written = write_parquet(folder / f"{name}.parquet", batches)
        draft.finished[name] = TableEntry.computed(None, written)
    [view] = read_holdout_views(draft)
    assert (view.low, view.high) == (-0.2, 0.4)
    return view.plans


def test_where_lines_leave_together_it_takes_longer(tmp_path: Path) -> None:
    """Thirty lines that two or three orders lost are as good as so few chances.

    Months that were made before squares were counted are taken to lose each by itself.
    """
    alone = plan_with(tmp_path / "alone", 30)
    together = plan_with(tmp_path / "together", 360)
    before = plan_with(tmp_path / "before", None)
    assert before == alone
    for one, of_many in zip(alone, together, strict=True):
        assert of_many.months > 8 * one.months
        assert of_many.cost == one.cost

"""Measured effects in the loop: orders of both arms become a history, a model that wins scores, and dispatch uses it."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines.catalogue.outputs import load_lists
from pipelines.core.errors import ModelError
from pipelines.jobs.run import release_month, run_month
from pipelines.jobs.training import shelf
from pipelines.jobs.training import uplift as uplift_training
from pipelines.jobs.training.history import History, gather_history
from pipelines.jobs.training.uplift import train_uplift
from pipelines.jobs.verify import verify_month
from pipelines.rooms.score.samples import gather_samples
from pipelines.rooms.score.uplift import RISK
from pipelines.store.champions import models_folder, uplift_shelf
from tests.support.scored import scored_operator
from tests.support.small import MONTH, Operator, job, own_settings, read, ungated_job
from twin import generate

FEATURE = "tenure_months"
HELD_OUT = {spec.name for spec in load_lists() if spec.meta["holdout"]}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of one's own, its newest month scored."""
    shutil.copytree(scored_operator().home, tmp_path / "home")
    return tmp_path / "home"


@cache
def newest() -> pd.DataFrame:
    """The newest month's services with their numbers and their risk."""
    operator = scored_operator()
    risk = pq.read_table(
        operator.version.table("score_churn"), columns=["service_id", RISK]
    ).to_pandas()
    return gather_samples(operator.home, MONTH, own_settings()).newest.merge(
        risk, on="service_id"
    )


def history(effect: float) -> History:
    """Six months of those services, three in ten held out by chance; a call keeps the old and drives off the new."""
    random, base = np.random.default_rng(3), newest()
    rows = pd.concat(
        [base.assign(month=str(MONTH.plus(-back))) for back in range(6, 0, -1)],
        ignore_index=True,
    )
    treated, old = (
        random.random(len(rows)) > 0.3,
        rows[FEATURE] > rows[FEATURE].median(),
    )
    chance = 0.75 + np.where(treated, np.where(old, effect, -effect), 0.0)
    rows = rows.assign(
        list="renewal", is_treated=treated, is_kept=random.random(len(rows)) < chance
    )
    return History(MONTH, rows, [RISK, FEATURE], {})


def trained(home: Path, effect: float) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            uplift_training,
            "gather_history",
            lambda home, through, settings: history(effect),
        )
        return train_uplift(home, MONTH, own_settings(uplift_holdout_orders=500))


def run_again(home: Path) -> Any:
    return run_month(ungated_job(home, scored_operator().source))


def test_a_model_that_wins_is_promoted_scores_and_says_what_an_order_is_worth(
    home: Path,
) -> None:
    before = {
        (r["list"], r["customer_id"]): r["expected_value"]
        for r in read(run_again(home), "dispatch_candidate")
    }
    card = trained(home, 0.2)
    assert (
        card.judged["wins"]
        and card.judged["low"] > 0
        and card.outcomes["holdout"] > 500
    )
    shelf.promote_version(home, card.version, "Wang", "it sorts better", own_settings())
    version = run_again(home)
    lifted = {row["customer_id"]: row for row in read(version, "score_uplift")}
    tenure = newest().set_index("service_id")[FEATURE]
    up = [tenure[row["service_id"]] for row in lifted.values() if row["uplift"] > 0]
    down = [tenure[row["service_id"]] for row in lifted.values() if row["uplift"] < 0]
    assert np.mean(up) > np.mean(down) and up and down
    rows = read(version, "features_high_value")
    value = {
        r["customer_id"]: float(r["value_at_risk"])
        for r in rows
        if r["value_at_risk"] is not None
    }
    opted_out = {
        row["customer_id"]
        for row in read(version, "features_consent", is_opted_out=True)
    }
    groups = {
        r["customer_id"]
        for r in read(version, "snapshot_customer", customer_type="group")
    }
    told = 0
    for row in read(version, "dispatch_candidate"):
        who, place = row["customer_id"], (row["list"], row["customer_id"])
        if (
            row["list"] not in HELD_OUT
            or who in opted_out | groups
            or who not in lifted
        ):
            assert row["expected_value"] == before[place]
        # On renewals, what a contract binds comes on top.
        elif who in value and row["list"] != "renewal":
            worth = value[who] * 12 * lifted[who]["uplift"] - 5
            assert float(row["expected_value"]) == pytest.approx(worth, abs=0.011)
            told += 1
    assert told > 20 and any(
        row["list"] not in HELD_OUT for row in read(version, "dispatch_candidate")
    )
    assert verify_month(ungated_job(home, None)).differences == []


def test_a_model_that_does_not_beat_the_risk_is_kept_and_never_used(home: Path) -> None:
    card = trained(home, 0.0)
    assert not card.judged["wins"]
    with pytest.raises(ModelError) as refused:
        shelf.promote_version(home, card.version, "Wang", "let us try", own_settings())
    assert refused.value.key == "model.lost_to_risk"
    assert "score_uplift" not in run_again(home).manifest["tables"]
    (seen,) = shelf.list_versions(uplift_shelf(home), own_settings())
    assert (seen.version, seen.is_champion) == (card.version, False)


def test_a_model_that_was_tampered_with_measures_nothing(home: Path) -> None:
    card = trained(home, 0.2)
    shelf.promote_version(home, card.version, "Wang", "it sorts better", own_settings())
    (models_folder(uplift_shelf(home)) / card.version / "model.skops").write_bytes(
        b"other"
    )
    entry = run_again(home).manifest["tables"]["score_uplift"]
    assert entry["reasons"] == ["champion refused: tampered"]


def test_too_few_held_out_teach_nothing(home: Path) -> None:
    with pytest.raises(ModelError) as few:
        train_uplift(home, MONTH, own_settings())
    assert (few.value.key, few.value.facts["held_out"]) == ("model.few_held_out", 0)


# -- the history -------------------------------------------------------------------------------------------------


def lived_on(folder: Path) -> Operator:
    """The scored operator with its newest month released and the month after it run."""
    operator = scored_operator()
    shutil.copytree(operator.home, folder / "home")
    last = MONTH.plus(1)
    generate(folder / "source", services=500, months=7, seed=3, through=str(last))
    release_month(job(folder / "home", None))
    run_month(ungated_job(folder / "home", folder / "source", last))
    return Operator(folder / "source", folder / "home", (*operator.months, last))


def test_orders_of_both_arms_become_a_history(tmp_path: Path) -> None:
    operator = lived_on(tmp_path)
    found = gather_history(operator.home, MONTH.plus(1), own_settings())
    orders = [
        r
        for r in read(scored_operator().version, "dispatch_order")
        if r["list"] in HELD_OUT
    ]
    rows = found.rows.set_index(["list", "customer_id"])
    kept = {
        row["order_id"]: row["is_verified"]
        for row in read(operator.version, "feedback_kept")
    }
    assert 30 < len(rows) <= len(orders) and set(found.rows["month"]) == {str(MONTH)}
    for order in orders:
        if (order["list"], order["customer_id"]) in rows.index:
            row = rows.loc[(order["list"], order["customer_id"])]
            assert (
                row["is_treated"] == (order["arm"] == "treated")
                and row["is_kept"] == kept[order["order_id"]]
            )
            assert order["service_id"] in (None, row["service_id"])
    assert {RISK, FEATURE} <= set(found.names) and found.held_out == int(
        (~rows["is_treated"]).sum()
    ) > 0
    assert gather_history(
        operator.home, MONTH, own_settings()
    ).rows.empty  # its outcome is not known by then

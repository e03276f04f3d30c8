"""The effect of a contact: learnt where there is one to learn, and never preferred to the risk where there is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

import twin
from models.uplift import UpliftRegressor, Verdict, fit_out_of_time, judge_ranking, qini

MONTHS, SERVICES, HELD_OUT = 6, 12_000, 0.2


@parametrize_with_checks([UpliftRegressor()])  # type: ignore[untyped-decorator]  # scikit-learn has no types
def test_keeps_the_contract_of_scikit_learn(
    estimator: BaseEstimator, check: Callable[[BaseEstimator], None]
) -> None:
    check(estimator)


# -- on the twin's potential outcomes ----------------------------------------------------------------------------


@cache
def truth() -> pd.DataFrame:
    """Lines of six months with what a model may see of them, their true hazard, and the draw that decides."""
    config = twin.TwinConfig(voluntary_rate=0.06)
    with TemporaryDirectory() as folder:
        twin.generate(
            Path(folder), services=SERVICES, months=MONTHS, seed=4, config=config
        )
        parts = []
        for place, month in enumerate(sorted(Path(folder).glob("20*"))):
            fate = pq.read_table(
                Path(folder) / "truth" / month.name / "service_truth.parquet"
            ).to_pandas()
            line = pq.read_table(month / "service.parquet").to_pandas()
            line = line[line["status"] == "active"].merge(
                fate.drop(columns="month"), on="service_id"
            )
            parts.append(line.assign(month=place))
    rows: pd.DataFrame = pd.concat(parts, ignore_index=True)
    rows["tenure"] = (
        pd.Timestamp("2026-08-31") - pd.to_datetime(rows["activated_on"])
    ).dt.days
    rows["is_bound"] = rows["contract_end_on"].notna()
    rows["is_mobile"] = rows["service_type"] == "mobile"
    return rows


def history(factor: pd.Series) -> dict[str, np.ndarray]:
    """Hold a share out by chance, and let the fate decide: against the hazard, or for the treated the hazard x factor."""
    rows, random = truth(), np.random.default_rng(3)
    of_customer = pd.Series(rows["customer_id"].unique()).to_frame("customer_id")
    of_customer["treated"] = random.random(len(of_customer)) >= HELD_OUT
    treated = rows[["customer_id"]].merge(of_customer, how="left")["treated"].to_numpy()
    hazard = rows["voluntary_hazard"] * np.where(treated, factor, 1.0)
    seen = rows[
        ["voluntary_hazard", "tenure", "is_bound", "is_mobile", "plan_fee"]
    ].astype(float)
    return {
        "features": seen.to_numpy(), "outcome": (rows["fate"] >= hazard).to_numpy(float), "treated": treated,
        "months": rows["month"].to_numpy(), "risk": rows["voluntary_hazard"].to_numpy(),
        "customer": rows["customer_id"].to_numpy(),
    }  # fmt: skip


def judged(factor: pd.Series) -> Verdict:
    known = history(factor)
    later, effect = fit_out_of_time(
        known["features"], known["outcome"], known["treated"], known["months"], judged=3
    )
    return judge_ranking(
        known["outcome"][later],
        known["treated"][later],
        effect,
        known["risk"][later],
        known["customer"][later],
    )


def test_an_effect_that_is_not_where_the_risk_is_is_found_and_wins() -> None:
    """Who is bound is kept by a call, who is not is driven away: the risk puts the wrong ones first."""
    found = judged(pd.Series(np.where(truth()["is_bound"], 0.2, 1.5)))
    assert found.wins and found.model > 3 * found.risk and found.low > 0


def test_an_effect_that_goes_with_the_risk_is_not_worth_a_model() -> None:
    """The twin's own persuasion shows in nothing one may see: the higher the hazard, the more there is to keep."""
    persuasion = truth()["persuasion"].map(
        {"persuadable": 0.55, "indifferent": 0.95, "sleeping_dog": 1.40}
    )
    assert not judged(persuasion).wins


def test_no_effect_at_all_does_not_win() -> None:
    found = judged(pd.Series(np.ones(len(truth()))))
    assert not found.wins and found.low < 0 < found.high


# -- Qini --------------------------------------------------------------------------------------------------------


def test_qini_is_the_area_of_its_definition() -> None:
    """Counted by hand: of two treated and two not, the first pair shows an effect of one, the second of none."""
    outcome, treated = (
        np.array([1.0, 0.0, 1.0, 1.0]),
        np.array([True, False, True, False]),
    )
    score = np.array([0.9, 0.8, 0.2, 0.1])
    # Q after 1 (no hold-out yet), 2, 3 and 4 rows: 1, 1, 2, 2 - 1 = 1; the random line ends at 1.
    over = np.array([0.0, 1 - 0.25, 1 - 0.5, 2 - 0.75, 1 - 1.0]) / 2
    assert qini(outcome, treated, score) == pytest.approx(
        np.trapezoid(over, [0, 0.25, 0.5, 0.75, 1.0])
    )


def test_a_ranking_of_equals_is_chance_and_rows_of_weight_two_count_twice() -> None:
    random = np.random.default_rng(1)
    outcome, treated = (random.random((2, 200)) < 0.5).astype(float)
    score = random.random(200)
    assert qini(outcome, treated == 1, np.zeros(200)) == pytest.approx(0.0)
    twice = [np.repeat(column, 2) for column in (outcome, treated == 1, score)]
    assert qini(*twice) == pytest.approx(
        qini(outcome, treated == 1, score, np.full(200, 2.0))
    )


def test_one_arm_alone_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="were treated and rows that were not"):
        UpliftRegressor().fit(np.ones((9, 1)), np.ones(9), np.ones(9))

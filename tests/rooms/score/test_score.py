"""The month's champion: scores a person can use, and rules alone wherever the model cannot be trusted."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from models import registry
from models.competing import CompetingClassifier
from models.labels import VOLUNTARY
from models.reasons import group_contributions, top_reasons
from models.registry import load_model
from pipelines.catalogue.lineage import find_feature_columns, trace_sources
from pipelines.catalogue.outputs import load_lists
from pipelines.core.month import Month
from pipelines.documents.month_view import summarise_outcome
from pipelines.jobs.run import Job, release_month, run_month
from pipelines.jobs.training import shelf
from pipelines.jobs.verify import verify_month
from pipelines.rooms import score
from pipelines.rooms.context import Context
from pipelines.rooms.score import champion as at_work
from pipelines.rooms.score import slices
from pipelines.rooms.score.frame import list_feature_groups, list_features, map_reasons
from pipelines.rooms.score.samples import gather_samples
from pipelines.store.champions import find_champion, models_folder, open_version
from pipelines.store.lake import MonthFolder
from pipelines.store.manifest import COMPUTED, TableEntry
from pipelines.text.texts import LANGUAGES, fill_label, say_reasons
from tests.models.test_registry import seal_again
from tests.rooms.score.conftest import better_looking_card, version_of
from tests.support.scored import MONTHS, TRAINED
from tests.support.small import (
    KEY,
    MONTH,
    Operator,
    own_settings,
    read,
    room_context,
)

GROUPS = [spec.table for spec in list_feature_groups()]
NEEDED = ("features_service", "features_high_value", "features_consent", *GROUPS)


@pytest.fixture(scope="module")
def scores(operator: Operator) -> pd.DataFrame:
    path = operator.version.path / "score_churn.parquet"
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame


# -- what a score is ---------------------------------------------------------------------------------------------


def test_every_service_in_the_network_has_one_score(
    operator: Operator, scores: pd.DataFrame
) -> None:
    net = {
        row["service_id"]
        for row in read(operator.version, "features_service", is_in_net=True)
    }
    assert set(scores["service_id"]) == net and len(scores) == len(net) > 400
    chances = scores[["p_voluntary", "p_involuntary", "p_down_migration"]]
    assert ((chances >= 0) & (chances <= 1)).all(axis=None) and (
        chances.sum(axis=1) <= 1 + 1e-6
    ).all()
    assert set(scores["month"]) == {str(MONTH)} and set(scores["model_version"]) == {
        version_of(operator.home).name
    }


def test_deciles_go_by_the_chance_over_all_scored(scores: pd.DataFrame) -> None:
    rank = scores["p_voluntary"].rank(method="min", ascending=False) - 1
    assert (scores["decile"] == rank * 10 // len(scores) + 1).all() and set(
        scores["decile"]
    ) >= {
        1,
        2,
        5,
        10,
    }
    assert (
        scores[scores["decile"] == 1]["p_voluntary"].min()
        > scores[scores["decile"] == 2]["p_voluntary"].max()
    )


def test_scores_and_reasons_are_the_sealed_model_s(
    operator: Operator, scores: pd.DataFrame
) -> None:
    """Scored again from the registry alone, by another way: the newest month as a training sample is read."""
    model, card = load_model(version_of(operator.home), KEY.encode())
    assert isinstance(model, CompetingClassifier)
    frame = gather_samples(operator.home, MONTH, own_settings()).newest.set_index(
        "service_id"
    )[card.features]
    again = model.score_frame(frame).loc[scores["service_id"]]
    np.testing.assert_allclose(scores["p_voluntary"], again["p_voluntary"], atol=1e-9)
    np.testing.assert_allclose(
        scores["p_involuntary"], again["p_involuntary"], atol=1e-9
    )
    explained = scores[scores["reason_1"].notna()].set_index("service_id")
    contributions, base = model.explain(frame.loc[explained.index], VOLUNTARY)
    voluntary = model.models_[list(model.steps_).index(VOLUNTARY)]
    odds = voluntary.decision_function(frame.loc[explained.index])
    np.testing.assert_allclose(contributions.sum(axis=1) + base, odds, atol=1e-9)
    words = top_reasons(
        group_contributions(
            contributions, map_reasons(list_features(list_feature_groups()))
        )
    )
    assert (words["reason_1"] == explained["reason_1"]).all() and len(explained) > 5


def test_reasons_are_for_those_whom_a_list_takes(
    operator: Operator, scores: pd.DataFrame
) -> None:
    explained = set(scores[scores["reason_1"].notna()]["service_id"])
    opted_out = {
        row["customer_id"]
        for row in read(operator.version, "features_consent", is_opted_out=True)
    }
    assert (
        opted_out
        and not set(scores[scores["reason_1"].notna()]["customer_id"]) & opted_out
    )
    orders = read(operator.version, "dispatch_order", list="churn_risk")
    assert orders and {order["service_id"] for order in orders} <= explained
    assert len(explained) <= len(scores) / 10
    codes = {code for order in orders for code in order["reason_codes"].split(";")}
    for language in LANGUAGES:
        assert all(
            fill_label(language, f"reason.{code}") != f"reason.{code}" for code in codes
        )


def test_the_list_s_rank_is_the_loss_to_expect(
    operator: Operator, scores: pd.DataFrame
) -> None:
    chance = scores.groupby("customer_id")["p_voluntary"].max()
    value = {
        row["customer_id"]: row["value_at_risk"]
        for row in read(operator.version, "features_high_value")
    }
    for order in read(operator.version, "dispatch_order", list="churn_risk"):
        who = order["customer_id"]
        assert float(order["rank_value"]) == pytest.approx(
            chance[who] * float(value[who]), abs=0.0051
        )


def test_batches_of_any_size_give_the_same_bytes(
    operator: Operator, tmp_path: Path
) -> None:
    whole = operator.version.manifest["tables"]["score_churn"]["sha256"]
    assert score_alone(operator, tmp_path, rows=97)["sha256"] == whole


@pytest.mark.parametrize("slice_rows", [97, 10_000])
def test_slices_of_any_size_give_the_same_bytes(
    operator: Operator, tmp_path: Path, slice_rows: int
) -> None:
    whole = operator.version.manifest["tables"]["score_churn"]["sha256"]
    found = score_alone(operator, tmp_path, slice_rows=slice_rows)
    assert found["sha256"] == whole


def test_slices_have_every_service_once(tmp_path: Path) -> None:
    ids = [f"S{number:02}" for number in range(10)]
    services = [{"service_id": name} for name in reversed(ids)]
    with (
        room_context(tmp_path, {"features_service": services}) as context,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(slices, "SLICE_ROWS", 3)
        conditions = slices.slice_base(context.engine, TableEntry(COMPUTED, rows=10))
        found = []
        for condition in conditions:
            sql = f"SELECT service_id FROM features_service AS s WHERE {condition}"
            found.append(sorted(row["service_id"] for row in context.engine.rows(sql)))
    assert found == [ids[:2], ids[2:5], ids[5:8], ids[8:]]


# -- what a month is made of -------------------------------------------------------------------------------------


def test_the_month_records_its_champion_and_changes_with_it_alone(copied: Job) -> None:
    version = copied.folder.version()
    champion = find_champion(copied.home, MONTH)
    assert (
        champion is not None
        and version.manifest["inputs"]["champion"] == champion.meaning()
    )
    assert run_month(copied).number == version.number
    shelf.promote_version(
        copied.home, champion.version, "Li", "looked at it again", own_settings()
    )
    assert run_month(copied).number == version.number  # who said so changes no byte
    (champion.path / "page.html").write_text("drawn again")
    assert run_month(copied).number == version.number


def test_a_list_made_by_the_score_is_made_of_what_the_champion_sees(
    operator: Operator,
) -> None:
    champion = find_champion(operator.home, MONTH)
    assert champion is not None and "points_balance" in champion.features
    shown = find_feature_columns(champion.features)
    assert {column.column for column in shown} == champion.features
    risk = next(spec for spec in load_lists() if spec.name == "churn_risk")
    assert "snapshot_loyalty" in {source.table for source in trace_sources(risk, shown)}
    assert "snapshot_loyalty" not in {source.table for source in trace_sources(risk)}


def test_verify_scores_again_with_the_recorded_champion(copied: Job) -> None:
    assert verify_month(copied).differences == []
    (version_of(copied.home) / registry.MODEL).write_bytes(b"other")
    seen = verify_month(copied)
    assert seen.notes == ["champion"] and seen.differences == []


def test_a_changed_champion_makes_a_new_version_by_rules_alone(copied: Job) -> None:
    path = version_of(copied.home) / registry.MODEL
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    version = run_month(copied)
    assert version.number == copied.folder.version().number == 2
    entry = version.manifest["tables"]["score_churn"]
    assert entry == {
        "status": "not_computed",
        "reasons": ["champion refused: tampered"],
        "room": "score",
    }
    told = summarise_outcome(version)
    assert told["not_computed"]["churn_risk"] == "champion refused: tampered"
    assert (
        told["caveat"]["cohort_at_risk"] == "by rules alone: champion refused: tampered"
    )
    assert (
        say_reasons("zh", told["caveat"]["cohort_at_risk"])
        == "仅按规则选取（在用模型不可用：内容或封印不符）"
    )
    assert "not what was sealed" in (
        version.path / "outbox" / "summary.en.html"
    ).read_text(encoding="utf-8")
    assert all(
        "top_risk" not in row["reason_codes"]
        for row in read(version, "dispatch_order", list="cohort_at_risk")
    )


def test_a_sealed_month_is_not_scored_again(copied: Job) -> None:
    sealed = release_month(copied)
    shutil.rmtree(version_of(copied.home))
    assert run_month(copied) == sealed and len(copied.folder.versions()) == 1


def test_a_month_is_not_scored_by_what_was_fitted_later(operator: Operator) -> None:
    assert find_champion(operator.home, MONTHS[0]) is None
    assert (
        MonthFolder(operator.home, MONTHS[0]).version().manifest["inputs"]["champion"]
        is None
    )
    assert find_champion(operator.home, TRAINED) == find_champion(operator.home)


# -- champions that may not score --------------------------------------------------------------------------------


def score_alone(
    operator: Operator,
    folder: Path,
    home: Path | None = None,
    month: Month = MONTH,
    rows: int = 0,
    without: str = "",
    slice_rows: int = 0,
) -> dict[str, Any]:
    """Run the room on the newest month's feature tables; return what it records of score_churn."""
    given = {
        name: pq.read_table(operator.version.table(name))
        for name in NEEDED
        if name != without
    }
    tables: dict[str, Any] = given | ({without: "absent: loyalty"} if without else {})
    (folder / "room").mkdir()
    with (
        room_context(folder / "room", tables, month) as context,
        pytest.MonkeyPatch.context() as patch,
    ):
        if rows:
            patch.setattr(at_work, "BATCH_ROWS", rows)
            patch.setattr(at_work, "REASON_ROWS", 5)
        if slice_rows:
            patch.setattr(slices, "SLICE_ROWS", slice_rows)
            base = TableEntry(COMPUTED, rows=given["features_service"].num_rows)
            context.draft.finished["features_service"] = base
        context.champion = open_version(
            home or operator.home, version_of(home or operator.home).name
        )
        score.run(context)
        return written(context)


def written(context: Context) -> dict[str, Any]:
    return context.entries["score_churn"].to_json()


class Evil:
    """What a pickle may do when it is loaded."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[()]]:
        return (Path("evil").touch, ())


def constant(version: Path) -> None:
    """A model of ours, sealed by us, that gives everybody the same."""
    model, card = load_model(version, KEY.encode())
    for part in model.models_:
        part.slope_ = 0.0
    import skops.io

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.models.test_registry.KEY", KEY.encode())
        seal_again(version, skops.io.dumps(model), features=card.features)


def other_scikit_learn(version: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.models.test_registry.KEY", KEY.encode())
        seal_again(version, sklearn_version="1.8.0")


def foreign_pickle(version: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.models.test_registry.KEY", KEY.encode())
        seal_again(version, pickle.dumps(Evil()))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (
            lambda version: (version / registry.MODEL).write_bytes(b"x"),
            "champion refused: tampered",
        ),
        (better_looking_card, "champion refused: tampered"),
        (foreign_pickle, "champion refused: foreign"),
        (other_scikit_learn, "champion refused: other_version"),
        (
            lambda version: (version / registry.SEAL).unlink(),
            "champion refused: missing",
        ),
        (constant, "collapsed score"),
    ],
    ids=[
        "changed model",
        "changed card",
        "foreign pickle",
        "other scikit-learn",
        "no seal",
        "constant score",
    ],
)
def test_a_champion_that_cannot_be_trusted_scores_nobody(
    operator: Operator, tmp_path: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    shutil.copytree(models_folder(operator.home), models_folder(tmp_path))
    spoil(version_of(tmp_path))
    entry = score_alone(operator, tmp_path, tmp_path)
    assert entry == {"status": "not_computed", "reasons": [reason], "room": "score"}
    assert not Path("evil").exists() and not list(tmp_path.rglob("score_churn.parquet"))
    for language in LANGUAGES:
        assert say_reasons(language, reason) != reason


def test_a_champion_fitted_later_or_lacking_a_table_scores_nobody(
    operator: Operator, tmp_path: Path
) -> None:
    early = score_alone(operator, tmp_path, month=TRAINED.plus(-1))
    assert early["reasons"] == ["champion refused: later_month"]
    shutil.rmtree(tmp_path / "room")
    assert score_alone(operator, tmp_path, without="features_points")["reasons"] == [
        "champion needs: absent: loyalty"
    ]


def test_no_champion_is_said_without_loading_scikit_learn(tmp_path: Path) -> None:
    with room_context(tmp_path, {}) as context:
        score.run(context)
        assert written(context)["reasons"] == ["no champion model"]

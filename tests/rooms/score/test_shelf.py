"""The shelf: what was trained, who promoted it and why, and what is spoilt."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import sklearn

from models import registry
from pipelines.core.errors import ModelError, UsageError
from pipelines.core.month import Month
from pipelines.jobs.run import Job
from pipelines.jobs.training import churn as training
from pipelines.jobs.training import shelf
from pipelines.rooms.score.samples import gather_samples
from pipelines.store.champions import read_promotions
from pipelines.store.lake import MonthFolder, Version
from tests.rooms.score.conftest import better_looking_card, version_of
from tests.support.scored import MONTHS, TRAINED, train_small
from tests.support.small import Operator, only, own_settings


def test_the_shelf_says_who_is_champion_and_what_is_spoilt(copied: Job) -> None:
    seen = only(shelf.list_versions(copied.home, own_settings()))
    assert seen.is_champion and seen.refused is None and seen.card is not None
    assert [(p.by, p.why) for p in seen.promotions] == [("Wang", "the first one")]
    assert (
        seen.card.sklearn_version == sklearn.__version__
        and seen.card.missing_tables == []
    )
    better_looking_card(version_of(copied.home))
    assert only(shelf.list_versions(copied.home, own_settings())).refused == "tampered"


def test_a_promotion_needs_a_sound_model_a_person_and_a_reason(copied: Job) -> None:
    home, version = copied.home, version_of(copied.home).name
    for wrong in ("2026-01-000000000000", "../months", version + "x"):
        with pytest.raises(ModelError, match="unknown"):
            shelf.promote_version(home, wrong, "Li", "why", own_settings())
    with pytest.raises(UsageError, match="no_reason"):
        shelf.promote_version(home, version, "Li", " ", own_settings())
    with pytest.raises(UsageError, match="nobody"):
        shelf.promote_version(home, version, "", "why", own_settings())
    with pytest.raises(ModelError, match="tampered"):
        shelf.promote_version(
            home,
            version,
            "Li",
            "why",
            own_settings(secret_key="another key of the tests"),
        )
    assert len(read_promotions(home)) == 1


def test_the_same_samples_give_the_same_version_and_keep_its_card(copied: Job) -> None:
    version = version_of(copied.home)
    before = {path.name: path.read_bytes() for path in version.iterdir()}
    assert train_small(copied.home) == version.name
    assert {
        path.name: path.read_bytes() for path in version_of(copied.home).iterdir()
    } == before
    (version / registry.MODEL).write_bytes(b"spoilt")
    assert train_small(copied.home) == version.name  # training again mends it
    assert {
        path.name: path.read_bytes() for path in version_of(copied.home).iterdir()
    } == before


def test_a_card_says_what_the_model_was_made_of(operator: Operator) -> None:
    card = asdict(
        only(shelf.list_versions(operator.home, own_settings())).card
        or pytest.fail("no card")
    )
    assert card["trained_through"] == str(TRAINED) and card["months"] == [
        str(month) for month in MONTHS[:3]
    ]
    assert (
        card["outcomes"]["voluntary"] > 10
        and sum(card["outcomes"].values()) == card["rows"]
    )
    assert (
        card["judged"]["months"] == [str(MONTHS[2])]
        and 0 < card["metrics"]["voluntary_log_loss"] < 0.2
    )
    makers = [
        line["maker"] for line in card["judged"]["outcomes"]["voluntary"]["makers"]
    ]
    assert makers == ["model", "logistic", "rule"]
    assert {"branch", "tenure", "plan", "product"} == set(
        card["judged"]["outcomes"]["voluntary"]["slices"]
    )


@pytest.mark.parametrize("through", [MONTHS[0].plus(-1), MONTHS[1]])
def test_training_without_labels_is_refused(operator: Operator, through: Month) -> None:
    with pytest.raises(ModelError) as refused:
        training.train_churn(operator.home, through, own_settings())
    assert refused.value.key == (
        "model.no_months" if through < MONTHS[0] else "model.no_labels"
    )


def test_a_table_that_is_not_there_makes_a_smaller_model(copied: Job) -> None:
    for month in (MONTHS[2], TRAINED):
        forget(MonthFolder(copied.home, month).version(), "features_points")
    samples = gather_samples(copied.home, TRAINED, own_settings())
    assert (
        samples.missing == {"features_points": "absent: loyalty"}
        and "points_balance" not in samples.names
    )
    version = train_small(copied.home)
    seen = next(
        s
        for s in shelf.list_versions(copied.home, own_settings())
        if s.version == version
    )
    assert seen.card is not None and seen.card.missing_tables == ["features_points"]
    assert seen.card.notes["missing features_points"] == "absent: loyalty"


def forget(version: Version, table: str) -> None:
    """As if the table's source had not been delivered."""
    manifest = version.manifest
    manifest["tables"][table] = {
        "status": "not_computed",
        "reasons": ["absent: loyalty"],
        "room": "features",
    }
    (version.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

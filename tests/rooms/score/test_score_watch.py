"""Watching the champion: what has moved since it was trained, whether its chances came true, and when to train again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.judging.drift import store_bins
from pipelines.rooms.context import Context
from pipelines.rooms.score.watch import BinCounter, write_watch
from pipelines.store.manifest import COMPUTED, TableEntry
from pipelines.text.texts import LANGUAGES, say_reasons
from tests.models.test_registry import make_card
from tests.support.scored import TRAINED, scored_operator
from tests.support.small import MONTH, Row, none_of, only, read, room_context

PEOPLE = 4000
RATE = 0.02


def frame(seed: int, moved: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    people = [f"s{number}" for number in range(PEOPLE)]
    return pd.DataFrame(
        {"service_id": people, "use": random.normal(moved, 1, PEOPLE), "kind": "mobile"}
    )


CARD = make_card(
    trained_through=str(MONTH.plus(-1)),
    rows=10_000,
    outcomes={"voluntary": 200, "involuntary": 10, "stay": 9790},
    reference=store_bins(frame(1)[["use", "kind"]]),
)


def status(leavers: int) -> list[Row]:
    """The services of a month, of which so many ask to go."""
    return [
        {
            "service_id": f"s{number}", "customer_id": f"c{number}",
            "status": "pre_terminated" if number < leavers else "active", "termination_reason": None,
        }
        for number in range(PEOPLE)
    ]  # fmt: skip


def given(chance: float) -> list[Row]:
    return [
        {"service_id": f"s{n}", "p_voluntary": chance, "p_involuntary": 0.001}
        for n in range(PEOPLE)
    ]


@contextmanager
def months(
    folder: Path, leavers: int, scored: list[Row] | None = None
) -> Iterator[Context]:
    """Three months in which those leave in the third."""
    tables: dict[str, Any] = {}
    for era, gone in (("m2.", 0), ("m1.", 0), ("", leavers)):
        tables[f"{era}features_service"] = status(gone)
        tables[f"{era}features_line_profile"] = none_of("service_id", "plan_fee")
    if scored:
        import pyarrow as pa

        tables["m2.score_churn"] = pa.Table.from_pylist(scored)
    with room_context(folder, tables) as context:
        yield context


def looks(
    context: Context, now: pd.DataFrame, card: Any = CARD
) -> dict[tuple[str, str], Mapping[str, Any]]:
    counter = BinCounter(card, PEOPLE)
    for part in (now[:1000], now[1000:]):
        counter.add(counter.count(part))
    write_watch(context, card, counter)
    rows = read(context.draft.path, "score_watch")
    assert {row["month"] for row in rows} == {str(MONTH)}
    return {(row["measure"], row["subject"]): row for row in rows}


def test_a_month_like_the_one_trained_through_is_green(tmp_path: Path) -> None:
    with months(tmp_path, leavers=80, scored=given(RATE)) as context:
        seen = looks(context, frame(2))
    assert {row["level"] for row in seen.values()} == {"green"}
    assert (
        seen["label_rate", "voluntary"]["value"]
        == seen["label_rate", "voluntary"]["expected"]
        == RATE
    )
    assert seen["calibration", "voluntary"]["rows"] == PEOPLE
    assert seen["calibration", "voluntary"]["about"] == str(MONTH.plus(-2))
    assert seen["stability", "use"]["value"] < 0.02 and not [
        key for key in seen if key[0] == "retrain"
    ]


def test_a_feature_that_moved_is_red_and_a_reason_to_train_again(
    tmp_path: Path,
) -> None:
    with months(tmp_path, leavers=80) as context:
        seen = looks(context, frame(2, moved=1.0))
    assert (
        seen["stability", "use"]["level"] == "red"
        and seen["stability", "kind"]["level"] == "green"
    )
    assert (
        seen["stability", "use"]["value"] > 0.25
        and seen["retrain", "stability use"]["level"] == "amber"
    )


@pytest.mark.parametrize(
    ("moved", "level"), [(0.1, "green"), (0.4, "amber"), (1.0, "red")]
)
def test_levels_of_the_stability_index(
    tmp_path: Path, moved: float, level: str
) -> None:
    with months(tmp_path, leavers=80) as context:
        assert looks(context, frame(2, moved))["stability", "use"]["level"] == level


def test_more_leavers_than_in_training_or_than_predicted_are_told_apart(
    tmp_path: Path,
) -> None:
    with months(tmp_path, leavers=200, scored=given(0.05)) as context:
        seen = looks(context, frame(2))
    assert (
        seen["label_rate", "voluntary"]["level"] == "red"
    )  # 5 % left, 2 % did in the training months
    assert (
        seen["calibration", "voluntary"]["level"] == "green"
    )  # and the model had said so
    assert ("retrain", "label_rate voluntary") in seen and (
        "retrain",
        "calibration voluntary",
    ) not in seen


def test_chances_that_did_not_come_true_are_red(tmp_path: Path) -> None:
    with months(tmp_path, leavers=80, scored=given(0.06)) as context:
        seen = looks(context, frame(2))
    off = seen["calibration", "voluntary"]
    assert (off["value"], off["expected"], off["level"]) == (
        0.02,
        pytest.approx(0.06),
        "red",
    )
    assert seen["calibration_error", "voluntary"]["value"] == pytest.approx(
        0.04, abs=0.01
    )


def test_a_small_difference_is_chance(tmp_path: Path) -> None:
    with months(tmp_path, leavers=100, scored=given(RATE)) as context:
        seen = looks(context, frame(2))
    row = seen["calibration", "voluntary"]
    assert row["level"] == "green" and row["limit"] == pytest.approx(
        3 * np.sqrt(RATE * (1 - RATE) / PEOPLE)
    )


def test_an_old_model_is_a_reason_to_train_again(tmp_path: Path) -> None:
    old = make_card(
        trained_through=str(MONTH.plus(-6)),
        rows=10_000,
        outcomes=CARD.outcomes,
        reference=CARD.reference,
    )
    with months(tmp_path, leavers=80) as context:
        assert looks(context, frame(2), old)["retrain", "age"]["value"] == 6


def test_without_the_months_between_nothing_is_said_of_outcomes(tmp_path: Path) -> None:
    with room_context(tmp_path, {"features_service": status(0)}) as context:
        assert {measure for measure, _ in looks(context, frame(2))} == {"stability"}


def test_a_month_that_was_scored_is_watched() -> None:
    rows = read(scored_operator().version, "score_watch")
    subjects = {row["subject"] for row in rows if row["measure"] == "stability"}
    assert {"p_voluntary", "p_involuntary", "tenure_months", "service_type"} <= subjects
    rate = only(
        [
            row
            for row in rows
            if (row["measure"], row["subject"]) == ("label_rate", "voluntary")
        ]
    )
    assert (
        rate["about"] == str(TRAINED.plus(-1))
        and 0 < rate["value"] < 0.05
        and rate["rows"] > 400
    )


def test_red_looks_are_a_caveat_on_lists_made_by_the_score() -> None:
    version = scored_operator().version
    red = sorted({row["subject"] for row in read(version, "score_watch", level="red")})
    scored = [
        row
        for row in read(version, "dispatch_list")
        if row["list"] in ("churn_risk", "cohort_at_risk")
    ]
    assert len(scored) == 2
    for row in scored:
        assert (f"score watched: {', '.join(red)}" in (row["reason"] or "")) == bool(
            red
        )
    for language in LANGUAGES:
        assert say_reasons(language, "score watched: use") != "score watched: use"


def test_the_status_says_why_it_is_time_to_train(tmp_path: Path) -> None:
    from pipelines.documents.month_view import read_reasons_to_retrain
    from pipelines.store.lake import Version

    folder = tmp_path / "v0001"
    folder.mkdir()
    with months(folder, leavers=80) as context:
        looks(context, frame(2, moved=1.0))
        tables = {"score_watch": context.entries["score_watch"].to_json()}
        manifest = {"month": str(MONTH), "inputs": {}, "tables": tables}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert read_reasons_to_retrain(Version(MONTH, folder)) == ["stability use"]


def test_what_is_red_is_named_on_the_lists(tmp_path: Path) -> None:
    from pipelines.rooms.dispatch.candidates import find_red_subjects

    rows = [
        {"subject": "use", "level": "red"},
        {"subject": "age", "level": "amber"},
        {"subject": "a", "level": "red"},
    ]
    with room_context(tmp_path, {"score_watch": rows}) as context:
        context.record_entry("score_watch", TableEntry(COMPUTED))
        assert find_red_subjects(context) == ["a", "use"]

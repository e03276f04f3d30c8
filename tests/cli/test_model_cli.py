"""The commands of the models: what they answer in two languages and as JSON, and their exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipelines.jobs.training import churn as training
from pipelines.jobs.training.shelf import read_notes
from pipelines.store.champions import models_folder, read_promotions
from tests.cli.conftest import Retention
from tests.support.scored import TRAINED, scored_operator, small_recipe
from tests.support.small import own_settings

pytestmark = pytest.mark.filterwarnings("ignore:'get_text_stream':DeprecationWarning")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the models and months, to be changed."""
    shutil.copytree(scored_operator().home, tmp_path / "home")
    return tmp_path / "home"


def version_of(home: Path) -> str:
    return next(path.name for path in models_folder(home).iterdir() if path.is_dir())


def test_train_list_and_promote(
    retention: Retention,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "make_recipe", small_recipe)
    shutil.rmtree(models_folder(home))
    assert retention("models", "--home", home).out.startswith("There is no model yet")
    trained = retention("train", "--through", TRAINED, "--home", home, "--json")
    card = json.loads(trained.out)
    assert (
        trained.code == 0
        and card["version"].startswith(f"{TRAINED}-")
        and "judged" not in card
    )
    assert (
        retention("promote", card["version"], "--by", "Wang", "--home", home).code == 0
    )
    listed = json.loads(retention("models", "--home", home, "--json").out)
    assert [(row["version"], row["is_champion"], row["refused"]) for row in listed] == [
        (card["version"], True, None)
    ]
    assert (
        "voluntary_log_loss" in listed[0]["metrics"]
        and listed[0]["promotions"][0]["by"] == "Wang"
    )
    assert read_promotions(home)[0].version == card["version"]


def test_a_quick_training_says_so_from_its_plan_to_its_promotion(
    retention: Retention,
    home: Path,
) -> None:
    shutil.rmtree(models_folder(home))
    trained = retention(
        "train", "--quick", "--through", TRAINED, "--home", home, "--lang", "en"
    )
    assert trained.code == 0 and trained.err.startswith(
        "Quick training: 3 months, about 1,"
    )
    assert (
        "Step 2 of 10: judging: cut off for arrears …\n" in trained.err
        and "Step 10 of 10" in trained.err
    )
    version = version_of(home)
    assert read_notes(home, version, own_settings())["quick"] == "quick: 80000"
    assert not (models_folder(home) / ".steps").exists()
    promoted = retention(
        "promote", version, "--by", "Wang", "--home", home, "--lang", "en"
    )
    assert (
        promoted.code == 0
        and "trained quickly (80000 rows at most, boosted trees alone" in promoted.out
    )
    for language, words in (("en", "80000 rows at most"), ("zh", "样本至多 80000 行")):
        assert words in (
            models_folder(home) / version / f"review.{language}.html"
        ).read_text(encoding="utf-8")


def test_an_interrupted_training_ends_with_130_and_goes_on(
    retention: Retention,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.rmtree(models_folder(home))
    whole = json.loads(
        retention(
            "train", "--quick", "--through", TRAINED, "--home", home, "--json"
        ).out
    )["version"]
    card = (models_folder(home) / whole / "card.json").read_bytes()
    shutil.rmtree(models_folder(home))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "make_card", stop)
        stopped = retention(
            "train", "--quick", "--through", TRAINED, "--home", home, "--lang", "zh"
        )
    assert (
        stopped.code == 130
        and "已完成的部分已保留" in stopped.err
        and "Traceback" not in stopped.err
    )
    assert list((models_folder(home) / ".steps").glob("*.npy"))
    went_on = retention(
        "train", "--quick", "--through", TRAINED, "--home", home, "--json"
    )
    assert json.loads(went_on.out)["version"] == whole
    assert (models_folder(home) / whole / "card.json").read_bytes() == card
    assert not (models_folder(home) / ".steps").exists()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "made champion"), ("zh", "由 Wang 启用")]
)
def test_the_list_speaks_both_languages(
    retention: Retention,
    home: Path,
    language: str,
    words: str,
) -> None:
    answer = retention("models", "--home", home, "--lang", language)
    assert answer.code == 0 and words in answer.out and "✓" in answer.out


def test_a_spoilt_model_is_listed_with_its_reason_and_not_promoted(
    retention: Retention,
    home: Path,
) -> None:
    version = version_of(home)
    (models_folder(home) / version / "model.skops").write_bytes(b"x")
    assert "not what was sealed" in retention("models", "--home", home).out
    refused = retention(
        "promote", version, "--by", "Li", "--why", "better", "--home", home, "--json"
    )
    assert refused.code == 14 and json.loads(refused.err)["error"] == "model.tampered"


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("train", "--through", "2020-01"), 14, "model.no_months"),
        (("train", "--through", "2026-13"), 2, "month.bad"),
        (("promote", "2026-07-000000000000"), 14, "model.unknown"),
        (("promote", "../../etc"), 14, "model.unknown"),
    ],
)
def test_exit_codes(
    retention: Retention,
    tmp_path: Path,
    words: tuple[str, ...],
    code: int,
    error: str,
) -> None:
    answer = retention(*words, "--home", tmp_path / "empty", "--json")
    assert (answer.code, json.loads(answer.err)["error"]) == (code, error)


def test_replacing_the_champion_needs_a_reason(
    retention: Retention, home: Path
) -> None:
    answer = retention("promote", version_of(home), "--by", "Li", "--home", home)
    assert answer.code == 2 and "--why" in answer.err

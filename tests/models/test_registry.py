"""Model files: what was sealed here comes back the same; anything else is refused before it is loaded."""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
import skops.io
from sklearn.linear_model import LogisticRegression

from models import card, registry
from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from models.registry import (
    Card,
    hash_code,
    hash_frame,
    load_model,
    read_card,
    save_model,
)

KEY = b"a key of this test"


def make_rows() -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "use": random.normal(size=900),
            "plan": random.choice(np.array(["x", "y", None]), 900),
        }
    )
    return frame, random.choice(
        ["stay", "voluntary", "involuntary"], 900, p=[0.6, 0.3, 0.1]
    )


def make_card(**changes: object) -> Card:
    known: dict[str, Any] = {
        "trained_through": "2026-08",
        "months": ["2026-07", "2026-08"],
        "rows": 900,
        "outcomes": {"stay": 540},
        "features": ["use", "plan"],
        "missing_tables": ["usage"],
        "choices": {"voluntary": "blend"},
        "metrics": {"auc": 0.5},
        "data_hash": "d",
        "code_hash": "c",
        "text": "what it is",
    }
    return Card(**(known | changes))


@pytest.fixture(scope="module")
def model() -> CompetingClassifier:
    frame, outcome = make_rows()
    return CompetingClassifier(
        ChurnClassifier(max_rounds=25, candidates=("blend",))
    ).fit(frame, outcome)


@pytest.fixture
def version(tmp_path: Path, model: CompetingClassifier) -> Path:
    return tmp_path / save_model(tmp_path, model, make_card(), KEY).version


def seal_again(version: Path, content: bytes | None = None, **changes: object) -> None:
    """What only one who has the key can do: a sealed card around other content."""
    card = asdict(read_card(version, KEY)) | changes
    if content is not None:
        (version / registry.MODEL).write_bytes(content)
        card["model_hash"] = hashlib.sha256(content).hexdigest()
    text = json.dumps(card).encode()
    (version / registry.CARD).write_bytes(text)
    seal = hmac.new(
        KEY, b"retention-office model card v1\0" + text, hashlib.sha256
    ).hexdigest()
    (version / registry.SEAL).write_text(seal)


def test_a_model_comes_back_with_the_same_scores_and_reasons(
    version: Path, model: CompetingClassifier
) -> None:
    frame, _ = make_rows()
    loaded, card = load_model(version, KEY)
    assert isinstance(loaded, CompetingClassifier)
    assert (loaded.predict_proba(frame) == model.predict_proba(frame)).all()
    pd.testing.assert_frame_equal(
        loaded.explain(frame, "voluntary")[0], model.explain(frame, "voluntary")[0]
    )
    assert (
        card.missing_tables == ["usage"] and card.sklearn_version == sklearn.__version__
    )
    assert read_card(version, KEY).version == version.name


def test_every_kind_of_part_is_trusted(tmp_path: Path) -> None:
    frame, outcome = make_rows()
    for candidates in (("boosting",), ("splines",)):
        churn = ChurnClassifier(candidates=candidates, max_rounds=25).fit(
            frame, outcome == "voluntary"
        )
        loaded, _ = load_model(
            tmp_path / save_model(tmp_path, churn, make_card(), KEY).version, KEY
        )
        assert (loaded.predict_proba(frame) == churn.predict_proba(frame)).all()


@pytest.mark.parametrize("name", [registry.MODEL, registry.CARD, registry.SEAL])
def test_a_changed_byte_anywhere_is_tampering(version: Path, name: str) -> None:
    content = bytearray((version / name).read_bytes())
    content[len(content) // 2] ^= 1
    (version / name).write_bytes(content)
    with pytest.raises(registry.ModelTampered):
        load_model(version, KEY)


@pytest.mark.parametrize("name", [registry.MODEL, registry.CARD, registry.SEAL])
def test_a_part_that_is_gone_is_missing(version: Path, name: str) -> None:
    (version / name).unlink()
    with pytest.raises(registry.ModelMissing, match=name):
        load_model(version, KEY)


def test_a_seal_of_another_key_is_tampering(version: Path) -> None:
    with pytest.raises(registry.ModelTampered):
        load_model(version, b"another key")


class Bomb:
    """A pickle that would write a file when loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_is_refused_and_never_run(version: Path, tmp_path: Path) -> None:
    trace = tmp_path / "was here"
    content = pickle.dumps(Bomb(trace))
    (version / registry.MODEL).write_bytes(content)
    with pytest.raises(registry.ModelTampered):
        load_model(version, KEY)
    seal_again(version, content)  # even if it bears the seal
    with pytest.raises(registry.ModelForeign):
        load_model(version, KEY)
    assert not trace.exists()


def test_a_model_of_another_scikit_learn_is_refused(version: Path) -> None:
    seal_again(version, sklearn_version="1.8.0")
    with pytest.raises(registry.ModelOfOtherVersion, match=r"1\.8\.0"):
        load_model(version, KEY)


def test_types_that_are_not_listed_are_refused(version: Path) -> None:
    seal_again(version, skops.io.dumps({"path": Path, "bomb": Bomb}))
    with pytest.raises(registry.ModelForeign, match="Bomb"):
        load_model(version, KEY)


def test_a_trusted_object_that_is_no_model_of_ours_is_refused(version: Path) -> None:
    seal_again(version, skops.io.dumps(LogisticRegression()))
    with pytest.raises(registry.ModelForeign, match="LogisticRegression"):
        load_model(version, KEY)


def test_a_file_too_large_is_not_read(
    version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card, "MOST_BYTES", 5000)
    with pytest.raises(registry.ModelTooLarge):
        load_model(version, KEY)


def test_what_unpacks_to_too_much_is_not_unpacked(
    version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("schema.json", b" " * 2_000_000)
    seal_again(version, (tmp_path / "bomb.zip").read_bytes())
    monkeypatch.setattr(registry, "MOST_BYTES", 1_000_000)
    with pytest.raises(registry.ModelTooLarge, match="unpacks"):
        load_model(version, KEY)


def test_a_failed_save_leaves_nothing(
    tmp_path: Path, model: CompetingClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "seal_card", lambda text, key: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_model(tmp_path, model, make_card(), KEY)
    assert list(tmp_path.iterdir()) == []


def test_only_models_of_ours_are_saved(tmp_path: Path) -> None:
    with pytest.raises(registry.ModelForeign):
        save_model(tmp_path, LogisticRegression(), make_card(), KEY)


def test_the_data_hash_sees_values_names_and_order() -> None:
    frame, _ = make_rows()
    use = frame["use"].to_numpy(copy=True)
    use[5] += 1e-9
    changed = frame.assign(use=use)
    hashes = {
        hash_frame(f)
        for f in (frame, changed, frame[::-1], frame.rename(columns={"use": "used"}))
    }
    assert len(hashes) == 4 and hash_frame(frame.set_index(frame.index + 7)) in hashes
    assert len(hash_code()) == 64


def test_the_same_model_is_the_same_bytes_and_keeps_its_first_card(
    tmp_path: Path, model: CompetingClassifier
) -> None:
    first = save_model(tmp_path, model, make_card(), KEY)
    loaded, _ = load_model(tmp_path / first.version, KEY)
    assert (
        save_model(tmp_path, loaded, make_card(text="other words"), KEY).text
        == first.text
    )
    (tmp_path / first.version / registry.CARD).write_text("spoilt")
    assert (
        save_model(tmp_path, model, make_card(text="other words"), KEY).text
        == "other words"
    )
    assert [path.name for path in tmp_path.iterdir()] == [first.version]

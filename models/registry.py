"""Model files.

Nothing is loaded that was not sealed here, by this version of scikit-learn, of these types.

A version is a folder with `model.skops`, `card.json`, which holds the model file's hash, and
`card.hmac`, which seals the card. Loading reads the model only after both held, and then through
skops, which imports no type that is not listed here.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import sklearn
from sklearn.base import BaseEstimator

from models.card import (
    CARD,
    MOST_BYTES,
    QUICK,
    SEAL,
    Card,
    ModelForeign,
    ModelMissing,
    ModelOfOtherPredictor,
    ModelOfOtherVersion,
    ModelRefused,
    ModelTampered,
    ModelTooLarge,
    read_card,
    read_part,
    seal_card,
)
from models.churn import ChurnClassifier
from models.competing import CompetingClassifier
from models.predictors import PREDICTORS, use_predictor
from models.uplift import UpliftRegressor

# Who loads models finds what is known of them here as well.
__all__ = [
    "CARD",
    "MODEL",
    "MOST_BYTES",
    "QUICK",
    "SEAL",
    "Card",
    "ModelForeign",
    "ModelMissing",
    "ModelOfOtherPredictor",
    "ModelOfOtherVersion",
    "ModelRefused",
    "ModelTampered",
    "ModelTooLarge",
    "describe_choices",
    "hash_code",
    "hash_frame",
    "load_model",
    "read_card",
    "save_model",
]
MODEL = "model.skops"
SCHEMA = "schema.json"
Model = ChurnClassifier | CompetingClassifier | UpliftRegressor
TRUSTED = [
    "functools.partial",
    "models.additive.AdditiveModel",
    "models.additive.Term",
    "models.boosting.Size",
    "models.boosting.TreeModel",
    "models.churn.ChurnClassifier",
    "models.competing.CompetingClassifier",
    "models.frames.FrameCoder",
    "models.uplift.UpliftRegressor",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
]


def save_model(registry: Path, model: BaseEstimator, card: Card, key: bytes) -> Card:
    """Write a sealed version below the registry, all of it or nothing.

    Return its card with the model's hash.

    The same model saved before keeps the card it had.
    """
    import skops.io

    if not isinstance(model, Model):
        raise ModelForeign(f"{type(model).__name__} is no model of this package")
    content = _without_chance(skops.io.dumps(model))
    card = Card(**{**asdict(card), "model_hash": hashlib.sha256(content).hexdigest()})
    text = json.dumps(
        asdict(card), indent=1, sort_keys=True, ensure_ascii=False
    ).encode()
    registry.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=registry))
    try:
        (partial / MODEL).write_bytes(content)
        (partial / CARD).write_bytes(text)
        (partial / SEAL).write_text(seal_card(text, key))
        partial.chmod(0o755)
        return _put(partial, registry / card.version, key)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _without_chance(content: bytes) -> bytes:
    """Pack a skops file anew without the instant and the memory addresses in it.

    The same model, the same bytes.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        schema = json.loads(parts.read(SCHEMA))
        names = _number(schema, {}, {})
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as anew:
            for old, new in sorted(
                {SCHEMA: SCHEMA, **names}.items(), key=lambda pair: pair[1]
            ):
                body = json.dumps(schema).encode() if old == SCHEMA else parts.read(old)
                anew.writestr(zipfile.ZipInfo(new), body, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _number(node: Any, ids: dict[int, int], names: dict[str, str]) -> dict[str, str]:
    """Replace addresses by numbers in the order they come, in place.

    Return the new name of each file.
    """
    if isinstance(node, list):
        for part in node:
            _number(part, ids, names)
    elif isinstance(node, dict):
        if "__id__" in node:
            node["__id__"] = ids.setdefault(node["__id__"], len(ids))
        if "__loader__" in node and isinstance(node.get("file"), str):
            node["file"] = names.setdefault(
                node["file"], f"{len(names)}{Path(node['file']).suffix}"
            )
        for part in node.values():
            _number(part, ids, names)
    return names


def _put(partial: Path, version: Path, key: bytes) -> Card:
    """Give a version its name.

    The same model made again stays as it was, so that nothing made with it changes.
    """
    try:
        load_model(version, key)
    except ModelMissing:
        shutil.rmtree(version, ignore_errors=True)
        partial.rename(version)
    except ModelRefused:  # spoilt: the sound one takes its place
        version.rename(partial.with_suffix(".spoilt"))
        partial.rename(version)
        shutil.rmtree(partial.with_suffix(".spoilt"))
    else:
        shutil.rmtree(partial)
    return read_card(version, key)


def load_model(version: Path, key: bytes) -> tuple[Model, Card]:
    """Load a version's model and card; ModelRefused says why not."""
    import skops.io

    card = read_card(version, key)
    content = read_part(version / MODEL)
    if hashlib.sha256(content).hexdigest() != card.model_hash:
        raise ModelTampered(
            f"{version.name}: the model file is not the one that was sealed"
        )
    if card.sklearn_version != sklearn.__version__:
        raise ModelOfOtherVersion(
            f"{version.name}: fitted by scikit-learn {card.sklearn_version}, "
            f"this is {sklearn.__version__}"
        )
    if card.predictor not in PREDICTORS:
        raise ModelOfOtherPredictor(
            f"{version.name}: its predictor {card.predictor!r} is not known here"
        )
    _check_content(version.name, content)
    model = skops.io.loads(content, trusted=TRUSTED)
    if not isinstance(model, Model):
        raise ModelForeign(f"{version.name}: holds a {type(model).__name__}")
    if not isinstance(model, UpliftRegressor):
        use_predictor(model, card.predictor)
    return model, card


def hash_frame(frame: pd.DataFrame) -> str:
    """Hash what a frame holds, its column names and the order of its rows, but not its index."""
    digest = hashlib.sha256(
        repr([(str(n), str(t)) for n, t in frame.dtypes.items()]).encode()
    )
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def hash_code() -> str:
    """Hash the source of this package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def describe_choices(model: ChurnClassifier | CompetingClassifier) -> Mapping[str, str]:
    """Return which candidate each outcome uses."""
    if isinstance(model, ChurnClassifier):
        return {"churn": model.choice_}
    return {
        str(step): part.choice_
        for step, part in zip(model.steps_, model.models_, strict=True)
    }


def _check_content(name: str, content: bytes) -> None:
    """Refuse what is no skops file, unpacks to too much, or names a type that is not trusted."""
    import skops.io

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > MOST_BYTES:
            raise ModelTooLarge(
                f"{name}: unpacks to {unpacked} bytes, {MOST_BYTES} at most"
            )
        foreign = sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED))
    except (
        zipfile.BadZipFile,
        KeyError,
        TypeError,
        UnicodeDecodeError,
        json.JSONDecodeError,
    ):
        raise ModelForeign(f"{name}: the model file is no skops file") from None
    if foreign:
        raise ModelForeign(
            f"{name}: holds types that no model made here has: {', '.join(foreign)}"
        )

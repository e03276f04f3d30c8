"""The month's uplift model at work: by how much a contact raises each customer's chance to stay and be billed.

There is one only once hold-outs have told enough, it sorted customers better than the risk does on months it had not
seen, and a person promoted it. Without one dispatch keeps the lists' prior persuadability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from pipelines.rooms.context import Context
from pipelines.rooms.score.champion import BATCH_ROWS, PLACES, NoScore, load_shelved, read_batches
from pipelines.rooms.score.frame import Feature, feature_groups, features, frame_sql, to_frame

if TYPE_CHECKING:
    from models.frames import Floats
    from models.registry import Card
    from models.uplift import UpliftRegressor

RISK = (
    "p_voluntary"  # the risk is a feature like any other: a model can only lose by not knowing it
)
_COLUMNS = ("service_id", "customer_id", "uplift")
_SCHEMA = pa.schema(
    [("service_id", pa.string()), ("customer_id", pa.string()), ("uplift", pa.float64())]
)

# A customer is called about his riskiest line; of equals the first by id, as the lists take it.
UPLIFTS = """
    WITH riskiest AS (
        SELECT service_id, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY p_voluntary DESC, service_id) AS choice
        FROM score_churn
    )
    SELECT $month AS month, u.customer_id, u.service_id, u.uplift, $version AS model_version
    FROM lifted AS u JOIN riskiest AS r ON r.service_id = u.service_id AND r.choice = 1
"""


def write_uplift(context: Context) -> None:
    """Write `score_uplift` with the month's uplift model; without a model there is no such table."""
    if context.uplift is None:
        return
    try:
        model, card, known = _load(context)
    except NoScore as error:
        context.record_missing("score_uplift", [error.reason])
        return
    context.progress("score_uplift")
    batches = [
        _lift(model, card, batch) for batch in read_batches(context, _sql(known), BATCH_ROWS)
    ]
    context.engine.register(
        "lifted", pa.Table.from_batches([b for t in batches for b in t.to_batches()], _SCHEMA)
    )
    context.write(
        "score_uplift",
        UPLIFTS,
        ["customer_id"],
        {"month": str(context.month), "version": card.version},
    )


def _lift(model: UpliftRegressor, card: Card, batch: pa.RecordBatch) -> pa.Table:
    frame = to_frame(batch)
    frame["uplift"] = model.predict(numbers(frame, card.features)).round(PLACES)
    return pa.Table.from_pandas(frame[list(_COLUMNS)], _SCHEMA, preserve_index=False)


def _sql(known: Sequence[Feature]) -> str:
    risk = f"SELECT f.*, c.{RISK} FROM ({frame_sql(known)}) AS f JOIN score_churn AS c ON c.service_id = f.service_id"
    return f"{risk} ORDER BY f.service_id"


def _load(context: Context) -> tuple[UpliftRegressor, Card, list[Feature]]:
    """Load the model; NoScore says why it may not be used this month."""
    from models.uplift import UpliftRegressor

    assert context.uplift is not None
    model, card = load_shelved(context, context.uplift, UpliftRegressor)
    found = {feature.name: feature for feature in features(feature_groups())}
    known = [found[name] for name in card.features if name in found]
    needed = sorted({feature.table for feature in known} | {"score_churn"})
    lacking = [name for name in card.features if name not in found and name != RISK]
    lacking += [table for table in needed if not context.is_computed(table)]
    if lacking:
        raise NoScore(f"champion needs: {lacking[0]}")
    return model, card, known


def numbers(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Return those columns as numbers, rows × names; what is missing is NaN."""
    return frame[list(names)].to_numpy(dtype="float64", na_value=float("nan"))

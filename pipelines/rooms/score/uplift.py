"""The month's uplift model at work: by how much a contact raises each customer's chance to stay.

To stay is to stay and be billed. There is a model only once hold-outs have told enough, it sorted
customers better than the risk does on months it had not seen, and a person promoted it. Without one
dispatch keeps the lists' prior persuadability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
from sqlglot import select

from pipelines.engines.duckdb import MakeBatch
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import make_schema
from pipelines.rooms.relations import map_rows, write_step
from pipelines.rooms.score.batches import PLACES
from pipelines.rooms.score.champion import (
    NoScore,
    load_shelved,
    raise_need,
)
from pipelines.rooms.score.frame import (
    BATCH_ROWS,
    Feature,
    index_features,
    select_frame,
    to_frame,
)
from pipelines.rooms.score.slices import BASE, slice_base

if TYPE_CHECKING:
    from models.frames import Floats
    from models.registry import Card
    from models.uplift import UpliftRegressor

# The risk is a feature like any other: a model can only lose by not knowing it.
RISK = "p_voluntary"
_LIFTED = make_schema(service_id="VARCHAR", customer_id="VARCHAR", uplift="DOUBLE")


def write_uplift(context: Context) -> None:
    """Write `score_uplift` with the month's uplift model; without a model there is no such table.

    A row is a customer, by the riskiest line.
    """
    if context.uplift is None:
        return
    try:
        model, card, known = _load_model(context)
    except NoScore as error:
        context.record_missing("score_uplift", [error.reason])
        return

    context.progress("score_uplift")
    make = LiftBatches(model, tuple(card.features))
    base = context.find_entry(BASE)
    selects = [
        _risk_frame_sql(known, in_slice)
        for in_slice in slice_base(context.engine, base)
    ]
    lifted = map_rows(context, "lifted", selects, make, _LIFTED, BATCH_ROWS)
    version = {"version": card.version}
    write_step(
        context,
        "score",
        "uplift",
        "score_uplift",
        ["customer_id"],
        version,
        lifted=lifted,
    )


@dataclass(frozen=True)
class LiftBatches:
    """Gives the services of a batch their uplift; `names` are the features the model is shown."""

    model: UpliftRegressor
    names: tuple[str, ...]

    def __call__(self) -> MakeBatch:
        """Return what each batch goes through."""
        return self.lift_batch

    def lift_batch(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the uplift of each service of a batch, at its places."""
        frame = to_frame(batch)
        known = take_numbers(frame, self.names)
        frame["uplift"] = self.model.predict(known).round(PLACES)
        return pa.Table.from_pandas(frame[_LIFTED.names], _LIFTED, preserve_index=False)


def _risk_frame_sql(known: Sequence[Feature], only: str) -> str:
    """Return SQL for the frame of scored services, the risk of each behind its features."""
    frame = select_frame(known, only).subquery("f")
    query = select("f.*", f"c.{RISK}").from_(frame)
    query = query.join("score_churn AS c", on="c.service_id = f.service_id")
    return query.order_by("f.service_id", dialect="duckdb").sql("duckdb")


def _load_model(context: Context) -> tuple[UpliftRegressor, Card, list[Feature]]:
    """Load the model; NoScore says why it may not be used this month."""
    from models.uplift import UpliftRegressor

    assert context.uplift is not None
    model, card = load_shelved(context, context.uplift, UpliftRegressor)
    shown = index_features()
    known = []
    for name in card.features:
        if name in shown:
            known.append(shown[name])
        elif name != RISK:
            raise_need(name)

    needed = {feature.table for feature in known}
    for table in sorted(needed | {"score_churn"}):
        if not context.is_computed(table):
            raise_need(table)
    return model, card, known


def take_numbers(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Return those columns as numbers, rows × names; what is missing is NaN."""
    return frame[list(names)].to_numpy(dtype="float64", na_value=float("nan"))

"""What a batch of services goes through to be scored: on one machine, or on a worker of Spark.

A worker is sent these as they are, the model in them: the driver has trusted it. With the chances
of a batch comes what was counted of it, in its first row, so that nothing is counted twice where a
task is tried again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.engines.duckdb import MakeBatch
from pipelines.rooms.made_rows import make_schema
from pipelines.rooms.score.frame import KEYS, to_frame

# scikit-learn takes seconds to import, and a month without a champion needs none of it.
if TYPE_CHECKING:
    import pandas as pd

    from models.competing import CompetingClassifier
    from pipelines.rooms.score.watch import BinCounter

# The same model gives the same chance on any processor only up to the last bits: these are not
# kept.
PLACES = 9
CHANCES = ("p_voluntary", "p_involuntary", "p_down_migration")
SCORED = make_schema(
    service_id="VARCHAR",
    customer_id="VARCHAR",
    p_voluntary="DOUBLE",
    p_involuntary="DOUBLE",
    p_down_migration="DOUBLE",
    counted="VARCHAR",
)
REASONED = make_schema(
    service_id="VARCHAR", reason_1="VARCHAR", reason_2="VARCHAR", reason_3="VARCHAR"
)


@dataclass(frozen=True)
class ScoreBatches:
    """Gives the services of a batch their chances, and counts the batch in `counter`'s bins.

    `names` are the features that the model is shown.
    """

    model: CompetingClassifier
    names: tuple[str, ...]
    counter: BinCounter

    def __call__(self) -> MakeBatch:
        """Return what each batch goes through."""
        return self.score_batch

    def score_batch(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the keys of a batch with the chances, at their places."""
        import numpy as np

        known = to_frame(batch.select(list(self.names)))
        chances = self.model.score_frame(known)[list(CHANCES)].round(PLACES)
        ids = batch.column("service_id").to_pandas()
        scored = known.assign(service_id=ids).join(chances)
        finite = np.isfinite(chances["p_voluntary"].to_numpy(dtype=float))
        counts = self.counter.count(scored)
        counted = {
            "odd": int(np.count_nonzero(~finite)),
            "bins": {name: bins.tolist() for name, bins in counts.items()},
        }
        first: list[str | None] = [None] * len(chances)
        first[0] = json.dumps(counted)
        chances["counted"] = first
        return put_keys(batch, chances, SCORED)


@dataclass(frozen=True)
class ExplainBatches:
    """Gives the services of a batch their reasons; `groups` says what each feature stands for."""

    model: CompetingClassifier
    names: tuple[str, ...]
    groups: dict[str, str]

    def __call__(self) -> MakeBatch:
        """Return what each batch goes through."""
        return self.explain_batch

    def explain_batch(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the keys of a batch with the three strongest reasons of each service."""
        from models.labels import VOLUNTARY
        from models.reasons import group_contributions, top_reasons

        known = to_frame(batch.select(list(self.names)))
        contributions, _ = self.model.explain(known, VOLUNTARY)
        by_reason = group_contributions(contributions, self.groups)
        return put_keys(batch, top_reasons(by_reason), REASONED)


def put_keys(batch: pa.RecordBatch, made: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return the keys of a batch with what was made of its rows, in the order of a schema."""
    columns = []
    for field in schema:
        if field.name in KEYS:
            columns.append(batch.column(field.name))
        else:
            columns.append(pa.array(made[field.name], field.type, from_pandas=True))
    return pa.Table.from_arrays(columns, schema=schema)

"""The month's champion at work: loaded only if everything about it holds, scoring in batches, giving reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.catalogue.spec import TableName
from pipelines.core.month import Month
from pipelines.rooms.context import Context
from pipelines.rooms.score.frame import (
    KEYS,
    Feature,
    feature_groups,
    features,
    frame_sql,
    reasons,
    to_frame,
)
from pipelines.store.champions import Champion

if (
    TYPE_CHECKING
):  # scikit-learn takes seconds to import, and a month without a champion needs none of it
    import pandas as pd

    from models.competing import CompetingClassifier
    from models.registry import Card

NO_CHAMPION = "no champion model"
COLLAPSED = "collapsed score"
BATCH_ROWS = 100_000
REASON_ROWS = 20_000
# The same model gives the same chance on any processor only up to the last bits: these are not kept.
PLACES = 9
CHANCES = ("p_voluntary", "p_involuntary", "p_down_migration")
_SCORED = pa.schema(
    [(key, pa.string()) for key in KEYS] + [(name, pa.float64()) for name in CHANCES]
)
_REASONED = pa.schema(
    [("service_id", pa.string()), *((f"reason_{place}", pa.string()) for place in (1, 2, 3))]
)


_Model = TypeVar("_Model")


class NoScore(Exception):
    """The month cannot be scored; `reason` says why, in a code that has words in every language."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Scorer:
    """A champion that may score the month, and the features it was fitted on."""

    def __init__(
        self, context: Context, model: CompetingClassifier, card: Card, known: list[Feature]
    ) -> None:
        self.context = context
        self.model = model
        self.card = card
        self.known = known
        self.seen: list[
            Callable[[pd.DataFrame], None]
        ] = []  # who else looks at each batch and its chances

    def score_base(self) -> None:
        """Score every service in the network into the table `scored`; NoScore where it tells nobody apart."""
        import numpy as np

        from models.scoring import has_collapsed

        self.context.progress("score_churn")
        voluntary = [np.empty(0)]

        def chances(frame: pd.DataFrame) -> pa.Table:
            scored = self.model.score_frame(frame.drop(columns=list(KEYS)))[list(CHANCES)].round(
                PLACES
            )
            voluntary.append(scored["p_voluntary"].to_numpy())
            for look in self.seen:
                look(frame.join(scored))
            return pa.Table.from_pandas(
                frame[list(KEYS)].join(scored), _SCORED, preserve_index=False
            )

        self._write("scored", frame_sql(self.known), BATCH_ROWS, chances, _SCORED)
        if has_collapsed(np.concatenate(voluntary)):
            raise NoScore(COLLAPSED)

    def explain(self, listed: str) -> None:
        """Give the services of a table their reasons, into the table `reasoned`."""
        from models.labels import VOLUNTARY
        from models.reasons import group_contributions, top_reasons

        groups = reasons(self.known)

        def words(frame: pd.DataFrame) -> pa.Table:
            contributions, _ = self.model.explain(frame.drop(columns=list(KEYS)), VOLUNTARY)
            found = frame[["service_id"]].join(
                top_reasons(group_contributions(contributions, groups))
            )
            return pa.Table.from_pandas(found, _REASONED, preserve_index=False)

        sql = frame_sql(self.known, f"s.service_id IN (SELECT service_id FROM {listed})")
        self._write("reasoned", sql, REASON_ROWS, words, _REASONED)

    def _write(
        self,
        table: str,
        sql: str,
        rows: int,
        make: Callable[[pd.DataFrame], pa.Table],
        schema: pa.Schema,
    ) -> None:
        """Turn a result into another, batch by batch, on disk, so that the base is never in memory."""
        path = self.context.draft.scratch / f"{table}.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            for batch in read_batches(self.context, sql, rows):
                writer.write_table(make(to_frame(batch)))
        self.context.engine.bind(TableName(table), path)


def read_batches(context: Context, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Read a result batch by batch; none of them is empty."""
    batches = context.engine.execute(sql).to_arrow_reader(rows)
    yield from (batch for batch in batches if batch.num_rows)


def load_scorer(context: Context) -> Scorer:
    """Load the month's champion; NoScore says why it may not score this month."""
    if context.champion is None:
        raise NoScore(NO_CHAMPION)
    from models.competing import CompetingClassifier

    model, card = load_shelved(context, context.champion, CompetingClassifier)
    known = {feature.name: feature for feature in features(feature_groups())}
    unknown = [name for name in card.features if name not in known]
    if unknown:
        raise NoScore(f"champion needs: {unknown[0]}")
    wanted = [known[name] for name in card.features]
    missing = [
        why for table in sorted({f.table for f in wanted}) for why in _missing(context, table)
    ]
    if missing:
        raise NoScore(f"champion needs: {missing[0]}")
    return Scorer(context, model, card, wanted)


def load_shelved(context: Context, champion: Champion, kind: type[_Model]) -> tuple[_Model, Card]:
    """Load a promoted model of a kind; NoScore where it cannot be trusted or knows of later months."""
    from models.registry import ModelRefused, load_model

    try:
        model, card = load_model(champion.path, context.settings.key)
    except ModelRefused as error:
        raise NoScore(f"champion refused: {error.reason}") from error
    if not isinstance(model, kind):
        raise NoScore("champion refused: foreign")
    if Month.parse(card.trained_through) > context.month:
        raise NoScore("champion refused: later_month")
    return model, card


def _missing(context: Context, table: str) -> list[str]:
    """Why a feature table of the champion is not there."""
    entry = context.entry(TableName(table))
    if entry is None:
        return [f"absent: {table}"]
    return list(entry["reasons"]) if entry["status"] != "computed" else []

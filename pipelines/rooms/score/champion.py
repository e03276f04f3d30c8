"""The month's champion at work: trusted before it is loaded, scoring in batches, with reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.catalogue.spec import TableName
from pipelines.core.month import Month
from pipelines.core.reasons import Reason, ReasonKind
from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation
from pipelines.rooms.score.frame import (
    KEYS,
    Feature,
    frame_sql,
    list_feature_groups,
    list_features,
    map_reasons,
    to_frame,
)
from pipelines.store.champions import Champion

# scikit-learn takes seconds to import, and a month without a champion needs none of it.
if TYPE_CHECKING:
    import pandas as pd

    from models.competing import CompetingClassifier
    from models.registry import Card

NO_CHAMPION = str(ReasonKind.NO_CHAMPION)
COLLAPSED = "collapsed score"
BATCH_ROWS = 100_000
REASON_ROWS = 20_000
# The same model gives the same chance on any processor only up to the last bits: these are not
# kept.
PLACES = 9
CHANCES = ("p_voluntary", "p_involuntary", "p_down_migration")
_SCORED = pa.schema(
    [
        ("service_id", pa.string()),
        ("customer_id", pa.string()),
        ("p_voluntary", pa.float64()),
        ("p_involuntary", pa.float64()),
        ("p_down_migration", pa.float64()),
    ]
)
_REASONED = pa.schema(
    [
        ("service_id", pa.string()),
        ("reason_1", pa.string()),
        ("reason_2", pa.string()),
        ("reason_3", pa.string()),
    ]
)

_Model = TypeVar("_Model")


class NoScore(Exception):
    """The month cannot be scored; `reason` says why, a code that has words in every language."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Scorer:
    """A champion that may score the month, and the features it was fitted on.

    `seen` are others who look at each batch and its chances.
    """

    def __init__(
        self,
        context: Context,
        model: CompetingClassifier,
        card: Card,
        known: list[Feature],
    ) -> None:
        self.context = context
        self.model = model
        self.card = card
        self.known = known
        self.seen: list[Callable[[pd.DataFrame], None]] = []

    def score_base(self) -> Relation:
        """Score every service in Net; raise NoScore where the model tells nobody apart."""
        import numpy as np

        from models.scoring import has_collapsed

        self.context.progress("score_churn")
        voluntary = [np.empty(0)]

        def score_batch(frame: pd.DataFrame) -> pa.Table:
            chances = self._score_frame(frame)
            voluntary.append(chances["p_voluntary"].to_numpy())
            for look in self.seen:
                look(frame.join(chances))
            scored = frame[list(KEYS)].join(chances)
            return pa.Table.from_pandas(scored, _SCORED, preserve_index=False)

        sql = frame_sql(self.known)
        scored = self._transform("scored", sql, BATCH_ROWS, score_batch, _SCORED)
        if has_collapsed(np.concatenate(voluntary)):
            raise NoScore(COLLAPSED)
        return scored

    def explain(self, listed: Relation) -> Relation:
        """Give the services of a relation their reasons."""
        from models.labels import VOLUNTARY
        from models.reasons import group_contributions, top_reasons

        groups = map_reasons(self.known)

        def explain_batch(frame: pd.DataFrame) -> pa.Table:
            contributions, _ = self.model.explain(
                frame.drop(columns=list(KEYS)), VOLUNTARY
            )
            top = top_reasons(group_contributions(contributions, groups))
            reasoned = frame[["service_id"]].join(top)
            return pa.Table.from_pandas(reasoned, _REASONED, preserve_index=False)

        sql = frame_sql(
            self.known, f"s.service_id IN (SELECT service_id FROM {listed.name})"
        )
        return self._transform("reasoned", sql, REASON_ROWS, explain_batch, _REASONED)

    def _score_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the chances of a batch, at their places."""
        chances = self.model.score_frame(frame.drop(columns=list(KEYS)))
        return chances[list(CHANCES)].round(PLACES)

    def _transform(
        self,
        name: str,
        sql: str,
        rows: int,
        make_batch: Callable[[pd.DataFrame], pa.Table],
        schema: pa.Schema,
    ) -> Relation:
        """Turn a result into another, batch by batch, on disk: the base is never in memory."""
        path = self.context.draft.scratch / f"{name}.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            for batch in read_batches(self.context, sql, rows):
                writer.write_table(make_batch(to_frame(batch)))
        self.context.engine.bind(TableName(name), path)
        return Relation(name)


def read_batches(context: Context, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Read a result batch by batch; none of them is empty."""
    for batch in context.engine.execute(sql).to_arrow_reader(rows):
        if batch.num_rows:
            yield batch


def load_scorer(context: Context) -> Scorer:
    """Load the month's champion; NoScore says why it may not score this month."""
    if context.champion is None:
        raise NoScore(NO_CHAMPION)
    from models.competing import CompetingClassifier

    model, card = load_shelved(context, context.champion, CompetingClassifier)
    known = _find_features(card.features)
    needs_missing = _missing_tables(context, {feature.table for feature in known})
    if needs_missing:
        raise_need(needs_missing[0])
    return Scorer(context, model, card, known)


def _find_features(names: Sequence[str]) -> list[Feature]:
    """Return the features of those names; NoScore where one is not known."""
    known = {feature.name: feature for feature in list_features(list_feature_groups())}
    found = []
    for name in names:
        if name not in known:
            raise_need(name)
        found.append(known[name])
    return found


def raise_need(need: str) -> NoReturn:
    """Raise NoScore: the champion needs a column or a table that is not there."""
    raise NoScore(str(Reason(ReasonKind.CHAMPION_NEEDS, need)))


def load_shelved(
    context: Context, champion: Champion, kind: type[_Model]
) -> tuple[_Model, Card]:
    """Load a promoted model of a kind; NoScore where it is not trusted or knows of later months."""
    from models.registry import ModelRefused, load_model

    try:
        model, card = load_model(champion.path, context.settings.key)
    except ModelRefused as error:
        raise NoScore(_refuse(error.reason)) from error
    if not isinstance(model, kind):
        raise NoScore(_refuse("foreign"))
    if Month.parse(card.trained_through) > context.month:
        raise NoScore(_refuse("later_month"))
    return model, card


def _refuse(why: str) -> str:
    return str(Reason(ReasonKind.CHAMPION_REFUSED, why))


def _missing_tables(context: Context, tables: Iterable[str]) -> list[str]:
    """Say why feature tables of the champion are not there; nothing of those that are."""
    reasons_found: list[str] = []
    for table in sorted(tables):
        if context.is_computed(table):
            continue
        told = context.missing_reasons(table) or (Reason.absent(table),)
        reasons_found.extend(str(reason) for reason in told)
    return reasons_found

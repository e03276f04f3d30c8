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
from pipelines.rooms.made_rows import make_schema
from pipelines.rooms.relations import Relation
from pipelines.rooms.score.frame import (
    KEYS,
    Feature,
    frame_sql,
    index_features,
    map_reasons,
    to_frame,
)
from pipelines.rooms.score.slices import slice_base
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
_SCORED = make_schema(
    service_id="VARCHAR",
    customer_id="VARCHAR",
    p_voluntary="DOUBLE",
    p_involuntary="DOUBLE",
    p_down_migration="DOUBLE",
)
_REASONED = make_schema(
    service_id="VARCHAR", reason_1="VARCHAR", reason_2="VARCHAR", reason_3="VARCHAR"
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

        def score_batch(batch: pa.RecordBatch) -> pa.Table:
            known = self._read_features(batch)
            chances = self._score_frame(known)
            voluntary.append(chances["p_voluntary"].to_numpy())
            if self.seen:
                ids = batch.column("service_id").to_pandas()
                scored = known.assign(service_id=ids).join(chances)
                for look in self.seen:
                    look(scored)
            return _put_keys(batch, chances, _SCORED)

        scored = self._transform("scored", "TRUE", BATCH_ROWS, score_batch, _SCORED)
        if has_collapsed(np.concatenate(voluntary)):
            raise NoScore(COLLAPSED)
        return scored

    def explain(self, listed: Relation) -> Relation:
        """Give the services of a relation their reasons."""
        from models.labels import VOLUNTARY
        from models.reasons import group_contributions, top_reasons

        groups = map_reasons(self.known)

        def explain_batch(batch: pa.RecordBatch) -> pa.Table:
            known = self._read_features(batch)
            contributions, _ = self.model.explain(known, VOLUNTARY)
            by_reason = group_contributions(contributions, groups)
            return _put_keys(batch, top_reasons(by_reason), _REASONED)

        is_listed = f"s.service_id IN (SELECT service_id FROM {listed.name})"
        return self._transform(
            "reasoned", is_listed, REASON_ROWS, explain_batch, _REASONED
        )

    def _read_features(self, batch: pa.RecordBatch) -> pd.DataFrame:
        """Return the features of a batch as the model takes them; its keys stay where they are."""
        return to_frame(batch.select([feature.name for feature in self.known]))

    def _score_frame(self, known: pd.DataFrame) -> pd.DataFrame:
        """Return the chances of a batch, at their places."""
        chances = self.model.score_frame(known)
        return chances[list(CHANCES)].round(PLACES)

    def _transform(
        self,
        name: str,
        only: str,
        rows: int,
        make_batch: Callable[[pa.RecordBatch], pa.Table],
        schema: pa.Schema,
    ) -> Relation:
        """Turn the frame of some services into rows of another form, batch by batch, on disk.

        The base is never in memory; `only` is a condition on the service `s`.
        """
        path = self.context.draft.scratch / f"{name}.parquet"
        base = self.context.find_entry(TableName("features_service"))
        with pq.ParquetWriter(path, schema) as writer:
            for in_slice in slice_base(self.context.engine, base):
                sql = frame_sql(self.known, f"({only}) AND ({in_slice})")
                for batch in read_batches(self.context, sql, rows):
                    writer.write_table(make_batch(batch))
        self.context.engine.bind(TableName(name), path)
        return Relation(name)


def _put_keys(batch: pa.RecordBatch, made: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return the keys of a batch with what was made of its rows, in the order of a schema."""
    columns = []
    for field in schema:
        if field.name in KEYS:
            columns.append(batch.column(field.name))
        else:
            columns.append(pa.array(made[field.name], field.type, from_pandas=True))
    return pa.Table.from_arrays(columns, schema=schema)


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
    tables = {feature.table for feature in known}
    _require_tables(context, tables)
    return Scorer(context, model, card, known)


def _find_features(names: Sequence[str]) -> list[Feature]:
    """Return the features of those names; NoScore where one is not known."""
    known = index_features()
    found = []
    for name in names:
        if name not in known:
            raise_need(name)
        found.append(known[name])
    return found


def raise_need(need: str) -> NoReturn:
    """Raise NoScore: the champion needs a column or a table that is not there."""
    reason = Reason(ReasonKind.CHAMPION_NEEDS, need)
    raise NoScore(str(reason))


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


def _require_tables(context: Context, tables: Iterable[str]) -> None:
    """Raise NoScore where a feature table of the champion is not there, and say why."""
    for table in sorted(tables):
        if context.is_computed(table):
            continue
        reasons = context.missing_reasons(table) or (Reason.absent(table),)
        raise_need(str(reasons[0]))

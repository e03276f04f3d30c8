"""Is the champion still right? What has moved since its training, and what came of its chances.

The month is held against the month it was trained through. A row of `score_watch` is one look: how
far, how far is still fine, and whether a person should look (amber) or the lists made by the score
carry a caveat (red). Rows `retrain` say why it is time for a challenger.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import ArrayLike

from models.frames import Floats
from models.judging.drift import Bins, Drift, load_bins
from models.judging.evaluate import auc, calibration_error
from models.labels import INVOLUNTARY, LABELLED, VOLUNTARY, keep_ids, make_labels
from models.registry import Card
from pipelines.catalogue.spec import TableName
from pipelines.catalogue.steps import read_step
from pipelines.core.month import Month
from pipelines.engines.duckdb import MakeBatch
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import map_rows, write_step
from pipelines.rooms.score.frame import BATCH_ROWS, to_frame
from pipelines.rooms.score.samples import (
    GAP,
    GRACE,
    MUST,
    WINDOW,
    mark_down_migration,
    status_sql,
)

GREEN = "green"
AMBER = "amber"
RED = "red"
# Watched: an index over more rows is not more exact than anybody needs.
MOST_ROWS = 200_000
WATCH = "watch"  # by which the hash of an id is salted
# The usual limits of the stability index.
MOVED = 0.10
SHIFTED = 0.25
STRANGE = 3.0  # standard deviations that chance passes once in four hundred looks
OLD_MONTHS = 6  # a model that has not seen half a year
ERAS = {0: "", 1: "m1", 2: "m2"}  # a label is known after GAP months
WATCHED = (VOLUNTARY, INVOLUNTARY)
KEY = ("measure", "subject", "about")


@dataclass(frozen=True)
class Look:
    """One look: `subject` is a feature, a chance or an outcome; `about` the month it speaks of."""

    measure: str
    subject: str
    about: str
    value: float | None
    expected: float | None
    limit: float | None
    rows: int
    level: str


_LOOK = make_schema(
    measure="VARCHAR",
    subject="VARCHAR",
    about="VARCHAR",
    value="DOUBLE",
    expected="DOUBLE",
    limit="DOUBLE",
    rows="BIGINT",
    level="VARCHAR",
)


class BinCounter:
    """Counts the scored base in the bins of the training month, batch by batch."""

    def __init__(self, card: Card, base_rows: int) -> None:
        self.bins: dict[str, Bins] = load_bins(card.reference)
        self.counts: dict[str, Floats] = {}
        for name, bins in self.bins.items():
            self.counts[name] = np.zeros(len(bins.counts))
        self.share = _watched_share(base_rows)

    def count(self, frame: pd.DataFrame) -> dict[str, Floats]:
        """Count a batch of features and chances; `add` takes what is counted."""
        kept = _keep_watched(frame, self.share)
        counts = {}
        for name, bins in self.bins.items():
            if name in kept:
                counts[name] = bins.count(kept[name])
        return counts

    def add(self, counts: Mapping[str, ArrayLike]) -> None:
        """Add what was counted of a batch."""
        for name, counted in counts.items():
            self.counts[name] += np.asarray(counted, dtype=np.float64)

    def judge_stability(self, month: Month) -> Iterator[Look]:
        """Yield a look a feature and chance: the population stability index."""
        for name, bins in self.bins.items():
            counts = self.counts[name]
            drift = bins.compare(counts)
            yield Look(
                measure="stability",
                subject=name,
                about=str(month),
                value=drift.index,
                expected=None,
                limit=max(MOVED, drift.limit),
                rows=int(counts.sum()),
                level=_level_of_drift(drift),
            )


def _level_of_drift(drift: Drift) -> str:
    """Return how bad a drift is; one that chance explains is fine."""
    if not drift.is_beyond_chance:
        return GREEN
    if drift.index >= SHIFTED:
        return RED
    return AMBER if drift.index >= MOVED else GREEN


def _watched_share(base_rows: int) -> float:
    """Return the share of services that is watched of a base."""
    return min(1.0, MOST_ROWS / max(1, base_rows))


def _keep_watched(frame: pd.DataFrame, share: float) -> pd.DataFrame:
    """Keep the services of a frame that are watched, the same on every run."""
    if share >= 1.0:
        return frame
    is_watched = keep_ids(frame["service_id"], share, WATCH)
    return frame[is_watched]


def write_watch(context: Context, card: Card, counter: BinCounter) -> None:
    """Write `score_watch` for a month that was scored."""
    context.progress("score_watch")
    looks = list(counter.judge_stability(context.month))
    looks.extend(_judge_outcomes(context, card))
    looks.extend(_find_reasons_to_retrain(context.month, card, looks))
    rows = [asdict(look) for look in looks]
    relation = take_made_rows(context, "looks", rows, _LOOK)
    write_step(context, "score", "watch", "score_watch", KEY, look=relation)


# -- what has come of the scores of two months ago -------------------------------------------------


def _judge_outcomes(context: Context, card: Card) -> Iterator[Look]:
    """Yield the rate of each outcome against the training months', and chances against it."""
    labels = _label_services(context)
    if labels is None:
        return
    month = context.month.plus(-GAP)
    about = str(month)
    for outcome in WATCHED:
        is_outcome = _flag_outcome(labels, outcome)
        trained_rate = card.outcomes.get(outcome, 0) / card.rows
        expected = np.full(len(is_outcome), trained_rate)
        yield _compare_rates("label_rate", outcome, about, is_outcome, expected)
    yield from _judge_calibration(context, labels, about)


def _judge_calibration(
    context: Context, labels: pd.DataFrame, about: str
) -> Iterator[Look]:
    """Yield how the chances given two months ago did against what came."""
    if not context.is_computed("score_churn", "m2"):
        return
    sql = read_step("score", "given").bind_inputs({})
    given = _sample_rows(context, sql)
    known = labels.merge(given, on="service_id", how="inner")
    rows = len(known)
    if not rows:
        return
    for outcome in WATCHED:
        is_outcome = _flag_outcome(known, outcome)
        chance = known[f"p_{outcome}"].to_numpy(np.float64)
        yield _compare_rates("calibration", outcome, about, is_outcome, chance)
        error = calibration_error(is_outcome, chance)
        yield _show_value("calibration_error", outcome, about, error, rows)
        if 0 < is_outcome.mean() < 1:
            area = auc(is_outcome, chance)
            yield _show_value("auc", outcome, about, area, rows)


def _show_value(
    measure: str, outcome: str, about: str, value: float, rows: int
) -> Look:
    """Return a look that is shown and never alarms: nothing is expected of its value."""
    return Look(
        measure=measure,
        subject=outcome,
        about=about,
        value=value,
        expected=None,
        limit=None,
        rows=rows,
        level=GREEN,
    )


def _flag_outcome(labels: pd.DataFrame, outcome: str) -> Floats:
    """Return 1 for the rows of an outcome, 0 for the others."""
    return np.asarray(labels["outcome"] == outcome, dtype=np.float64)


def _compare_rates(
    measure: str, outcome: str, about: str, is_outcome: Floats, chance: Floats
) -> Look:
    """Compare how many had an outcome with how many were expected to.

    Chance alone explains `limit` either way.
    """
    rows = len(is_outcome)
    value = float(is_outcome.mean())
    expected = float(chance.mean())
    variances = chance * (1.0 - chance)
    variance = float(variances.sum())
    limit = STRANGE * math.sqrt(variance) / rows
    miss = abs(value - expected)
    return Look(
        measure=measure,
        subject=outcome,
        about=about,
        value=value,
        expected=expected,
        limit=limit,
        rows=rows,
        level=_level_of_miss(miss, limit, expected),
    )


def _level_of_miss(miss: float, limit: float, expected: float) -> str:
    """Return how bad a miss is; half as many again, or half as few, is red."""
    if miss <= limit:
        return GREEN
    return RED if miss > expected / 2.0 else AMBER


def _label_services(context: Context) -> pd.DataFrame | None:
    """Label the snapshot of two months ago by the months since, as training samples are."""
    for table in MUST:
        for era in ERAS.values():
            if not context.is_computed(table, era):
                return None
    parts = [_read_status(context, months_ago) for months_ago in ERAS]
    panel = pd.concat(parts, ignore_index=True)
    labels = make_labels(mark_down_migration(panel), GRACE, WINDOW)

    labelled_month = context.month.plus(-GAP)
    is_labelled = labels["state"] == LABELLED
    is_of_month = labels["month"] == str(labelled_month)
    known = labels[is_labelled & is_of_month]
    return known if len(known) else None


def _read_status(context: Context, months_ago: int) -> pd.DataFrame:
    """Read who was in Net in the month so long ago, as training panels have it."""
    rows = _sample_rows(context, status_sql(ERAS[months_ago]))
    month = context.month.plus(-months_ago)
    return rows.assign(month=str(month), is_billed=None)


@dataclass(frozen=True)
class KeepWatched:
    """Keeps the watched services of a batch, in the columns of a schema."""

    share: float
    schema: pa.Schema

    def __call__(self) -> MakeBatch:
        """Return what each batch goes through."""
        return self.keep_batch

    def keep_batch(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the watched rows of a batch."""
        rows = pa.Table.from_batches([batch]).cast(self.schema)
        if self.share >= 1.0:
            return rows
        ids = rows.column("service_id").to_pandas()
        return rows.filter(pa.array(keep_ids(ids, self.share, WATCH)))


def _sample_rows(context: Context, sql: str) -> pd.DataFrame:
    """Read the watched services of a result, by their ids: the base is never in memory."""
    entry = context.find_entry(TableName("features_service"))
    base_rows = entry.rows if entry else None
    nothing = context.engine.execute(f"SELECT * FROM ({sql}) LIMIT 0")
    schema = nothing.to_arrow_table().schema
    make = KeepWatched(_watched_share(base_rows or 0), schema)
    watched = map_rows(context, "watched", [sql], make, schema, BATCH_ROWS)
    ordered = f"SELECT * FROM {watched.name} ORDER BY service_id"
    return to_frame(context.engine.execute(ordered).to_arrow_table())


# -- time for a challenger -------------------------------------------------------------------------


def _find_reasons_to_retrain(month: Month, card: Card, looks: list[Look]) -> list[Look]:
    """Return a look for each reason: what is red, and a model that has grown old."""
    found = []
    for look in looks:
        if look.level == RED:
            subject = f"{look.measure} {look.subject}"
            found.append(replace(look, measure="retrain", subject=subject, level=AMBER))

    trained_through = Month.parse(card.trained_through)
    age = month.since(trained_through)
    if age >= OLD_MONTHS:
        look = Look(
            measure="retrain",
            subject="age",
            about=str(month),
            value=float(age),
            expected=None,
            limit=float(OLD_MONTHS),
            rows=0,
            level=AMBER,
        )
        found.append(look)
    return found

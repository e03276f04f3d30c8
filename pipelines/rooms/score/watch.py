"""Is the champion still right? The month against the month it was trained through, and its chances against what came.

A row of `score_watch` is one look: how far, how far is still fine, and whether a person should look (amber) or the
lists made by the score carry a caveat (red). Rows `retrain` say why it is time for a challenger.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from models.frames import Floats
from models.judging.drift import Bins, load_bins
from models.judging.evaluate import auc, calibration_error
from models.labels import INVOLUNTARY, LABELLED, VOLUNTARY, keep_ids, make_labels
from models.registry import Card
from pipelines.catalogue.spec import TableName
from pipelines.core.month import Month
from pipelines.rooms.context import Context
from pipelines.rooms.score.champion import BATCH_ROWS, read_batches
from pipelines.rooms.score.frame import to_frame
from pipelines.rooms.score.samples import GAP, GRACE, MUST, STATUS, WINDOW, mark_down_migration

GREEN, AMBER, RED = "green", "amber", "red"
MOST_ROWS = 200_000  # watched: an index over more rows is not more exact than anybody needs
MOVED, SHIFTED = 0.10, 0.25  # the usual limits of the stability index
STRANGE = 3.0  # standard deviations that chance passes once in four hundred looks
OLD_MONTHS = 6  # a model that has not seen half a year
ERAS = {0: "", 1: "m1", 2: "m2"}  # a label is known after GAP months
WATCHED = (VOLUNTARY, INVOLUNTARY)


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


SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("measure", "subject", "about")),
        *((name, pa.float64()) for name in ("value", "expected", "limit")),
        ("rows", pa.int64()),
        ("level", pa.string()),
    ]
)


class Counter:
    """Counts the scored base in the bins of the training month, batch by batch."""

    def __init__(self, card: Card, base_rows: int) -> None:
        self.bins: dict[str, Bins] = load_bins(card.reference)
        self.counts = {name: np.zeros(len(bins.counts)) for name, bins in self.bins.items()}
        self.share = min(1.0, MOST_ROWS / max(1, base_rows))

    def add(self, frame: pd.DataFrame) -> None:
        """Count a batch of features and chances."""
        kept = frame[keep_ids(frame["service_id"], self.share, "watch")]
        for name, bins in self.bins.items():
            if name in kept:
                self.counts[name] += bins.count(kept[name])

    def looks(self, month: Month) -> Iterator[Look]:
        """Yield a look a feature and chance: the population stability index."""
        for name, bins in self.bins.items():
            drift, rows = bins.compare(self.counts[name]), int(self.counts[name].sum())
            level = AMBER if drift.index >= MOVED else GREEN
            level = RED if drift.index >= SHIFTED else level
            level = level if drift.is_beyond_chance else GREEN
            limit = max(MOVED, drift.limit)
            yield Look("stability", name, str(month), drift.index, None, limit, rows, level)


def watch(context: Context, card: Card, counter: Counter) -> None:
    """Write `score_watch` for a month that was scored."""
    context.progress("score_watch")
    looks = [*counter.looks(context.month), *_outcome_looks(context, card)]
    looks += _reasons_to_retrain(context.month, card, looks)
    context.engine.register("looks", pa.Table.from_pylist([asdict(look) for look in looks], SCHEMA))
    order = ["measure", "subject", "about"]
    context.write(
        "score_watch", "SELECT $month AS month, * FROM looks", order, {"month": str(context.month)}
    )


# -- what has come of the scores of two months ago ---------------------------------------------------------------


def _outcome_looks(context: Context, card: Card) -> Iterator[Look]:
    """Yield the rate of each outcome against the training months', and the chances given against what came."""
    about = str(context.month.plus(-GAP))
    labels = _labels(context)
    if labels is None:
        return
    for outcome in WATCHED:
        is_outcome = _flags(labels, outcome)
        trained = card.outcomes.get(outcome, 0) / card.rows
        yield _rate("label_rate", outcome, about, is_outcome, np.full(len(is_outcome), trained))
    yield from _calibration(context, labels, about)


def _calibration(context: Context, labels: pd.DataFrame, about: str) -> Iterator[Look]:
    if not context.is_computed("score_churn", "m2"):
        return
    scored = _sample(context, _GIVEN)
    known = labels.merge(scored, on="service_id", how="inner")
    for outcome in WATCHED if len(known) else ():
        is_outcome, chance = _flags(known, outcome), known[f"p_{outcome}"].to_numpy(np.float64)
        yield _rate("calibration", outcome, about, is_outcome, chance)
        error = calibration_error(is_outcome, chance)
        yield Look("calibration_error", outcome, about, error, None, None, len(known), GREEN)
        if 0 < is_outcome.mean() < 1:
            yield Look(
                "auc", outcome, about, auc(is_outcome, chance), None, None, len(known), GREEN
            )


def _flags(labels: pd.DataFrame, outcome: str) -> Floats:
    return np.asarray(labels["outcome"] == outcome, dtype=np.float64)


def _rate(measure: str, outcome: str, about: str, is_outcome: Floats, chance: Floats) -> Look:
    """Compare how many left with how many were expected; chance alone explains `limit` either way."""
    rows = len(is_outcome)
    value, expected = float(is_outcome.mean()), float(chance.mean())
    limit = STRANGE * math.sqrt(float((chance * (1.0 - chance)).sum())) / rows
    off = abs(value - expected)
    is_far = off > expected / 2.0  # half as many again, or half as few
    level = GREEN if off <= limit else RED if is_far else AMBER
    return Look(measure, outcome, about, value, expected, limit, rows, level)


def _labels(context: Context) -> pd.DataFrame | None:
    """Label the snapshot of two months ago by the months since, as the training samples are."""
    if not all(context.is_computed(table, era) for table in MUST for era in ERAS.values()):
        return None
    panel = pd.concat([_status(context, back) for back in ERAS], ignore_index=True)
    labels = make_labels(mark_down_migration(panel), GRACE, WINDOW)
    known = labels[
        (labels["state"] == LABELLED) & (labels["month"] == str(context.month.plus(-GAP)))
    ]
    return known if len(known) else None


def _status(context: Context, back: int) -> pd.DataFrame:
    era = f"{ERAS[back]}." if ERAS[back] else ""
    rows = _sample(context, STATUS.format(era=era))
    return rows.assign(month=str(context.month.plus(-back)), is_billed=None)


def _sample(context: Context, sql: str) -> pd.DataFrame:
    """Read the watched services of a result, batch by batch, so that the base is never in memory."""
    rows = (context.entry(TableName("features_service")) or {}).get("rows", 0)
    share = min(1.0, MOST_ROWS / max(1, int(rows)))
    frames = (to_frame(batch) for batch in read_batches(context, sql, BATCH_ROWS))
    return pd.concat(
        [frame[keep_ids(frame["service_id"], share, "watch")] for frame in frames],
        ignore_index=True,
    )


_GIVEN = "SELECT service_id, p_voluntary, p_involuntary FROM m2.score_churn ORDER BY service_id"


# -- time for a challenger ---------------------------------------------------------------------------------------


def _reasons_to_retrain(month: Month, card: Card, looks: list[Look]) -> list[Look]:
    """Return a look for each reason: what is red, and a model that has grown old."""
    reasons = [look for look in looks if look.level == RED]
    found = [
        Look(
            "retrain",
            f"{r.measure} {r.subject}",
            r.about,
            r.value,
            r.expected,
            r.limit,
            r.rows,
            AMBER,
        )
        for r in reasons
    ]
    age = month.since(Month.parse(card.trained_through))
    if age >= OLD_MONTHS:
        found.append(
            Look("retrain", "age", str(month), float(age), None, float(OLD_MONTHS), 0, AMBER)
        )
    return found

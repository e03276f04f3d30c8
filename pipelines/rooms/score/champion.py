"""The month's champion at work: trusted before it is loaded, scoring in batches, with reasons."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar

from pipelines.core.month import Month
from pipelines.core.reasons import Reason, ReasonKind
from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation, map_rows, read_rows
from pipelines.rooms.score.batches import (
    REASONED,
    SCORED,
    ExplainBatches,
    ScoreBatches,
)
from pipelines.rooms.score.frame import (
    BATCH_ROWS,
    Feature,
    frame_sql,
    index_features,
    map_reasons,
)
from pipelines.rooms.score.slices import BASE, slice_base
from pipelines.store.champions import Champion

# scikit-learn takes seconds to import, and a month without a champion needs none of it.
if TYPE_CHECKING:
    from models.competing import CompetingClassifier
    from models.registry import Card
    from pipelines.rooms.score.watch import BinCounter

NO_CHAMPION = str(ReasonKind.NO_CHAMPION)
COLLAPSED = "collapsed score"
REASON_ROWS = 20_000

_Model = TypeVar("_Model")


class NoScore(Exception):
    """The month cannot be scored; `reason` says why, a code that has words in every language."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Scorer:
    """A champion that may score the month, and the features it was fitted on."""

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

    def score_base(self, counter: BinCounter) -> Relation:
        """Score every service in Net; raise NoScore where the model tells nobody apart.

        `counter` counts the base in its bins.
        """
        self.context.progress("score_churn")
        make = ScoreBatches(self.model, self._names, counter)
        selects = self._select_frames("TRUE")
        scored = map_rows(self.context, "scored", selects, make, SCORED, BATCH_ROWS)
        self._read_counts(scored, counter)
        return scored

    def _read_counts(self, scored: Relation, counter: BinCounter) -> None:
        """Add up what was counted of each batch; raise NoScore for chances that mean nothing."""
        from models.scoring import are_too_many_equal

        odd = 0
        for row in read_rows(self.context, "score", "counted", scored=scored):
            counted = json.loads(row["counted"])
            odd += counted["odd"]
            counter.add(counted["bins"])

        [found] = read_rows(self.context, "score", "equals", scored=scored)
        if odd or are_too_many_equal(found["equals"], found["services"]):
            raise NoScore(COLLAPSED)

    def explain(self, listed: Relation) -> Relation:
        """Give the services of a relation their reasons."""
        make = ExplainBatches(self.model, self._names, map_reasons(self.known))
        is_listed = f"s.service_id IN (SELECT service_id FROM {listed.name})"
        selects = self._select_frames(is_listed)
        return map_rows(self.context, "reasoned", selects, make, REASONED, REASON_ROWS)

    def _select_frames(self, only: str) -> list[str]:
        """Return the SELECT of each slice's frame; `only` is a condition on the service `s`."""
        base = self.context.find_entry(BASE)
        return [
            frame_sql(self.known, f"({only}) AND ({in_slice})")
            for in_slice in slice_base(self.context.engine, base)
        ]

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.known)


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

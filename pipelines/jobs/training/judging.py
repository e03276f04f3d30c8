"""A recipe judged on months that the judged fit does not see, beside what it has to beat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

import numpy as np
import pandas as pd

from models.competing import CompetingClassifier
from models.folds import month_numbers
from models.frames import Flags
from models.judging.backtest import roll_origin
from models.judging.judgement import (
    PlainLogistic,
    Table,
    arrears_rule,
    compare,
    describe_maker,
    tenure_groups,
    usage_rule,
)
from models.labels import INVOLUNTARY, VOLUNTARY
from models.registry import Card, ModelRefused, load_model
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.rooms.score.samples import GAP, Samples
from pipelines.store.champions import find_champion
from pipelines.store.lake import MonthFolder

JUDGED_MONTHS = 3
A_TENTH = 0.1
RULES = {VOLUNTARY: usage_rule, INVOLUNTARY: arrears_rule}
Progress = Callable[[str], None]


class JudgedChampion(TypedDict):
    """The champion that a recipe was held against, and the rows that neither was fitted on."""

    version: str
    months: list[str]
    rows: int


class JudgedOutcome(TypedDict):
    """How well one outcome was foreseen.

    A line a maker, deciles and slices of the recipe, and the champion beside it.
    """

    makers: Table
    base_rate: float
    deciles: Table
    slices: dict[str, Table]
    contest: NotRequired[Table]


class Judgement(TypedDict):
    """How a recipe did on months that it did not see, as a card keeps it."""

    months: list[str]
    rows: int
    capacity_share: float
    outcomes: dict[str, JudgedOutcome]
    champion: NotRequired[JudgedChampion]


@dataclass(frozen=True)
class Rival:
    """The champion that a challenger is held against."""

    version: str
    model: CompetingClassifier
    card: Card

    def select_fair_rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of months that the champion was not fitted on.

        None where it knows what they do not hold.
        """
        if not set(self.card.features) <= set(rows.columns):
            return rows[:0]
        return rows[rows["month"] > max(self.card.months)]

    def score_outcome(self, rows: pd.DataFrame, outcome: str) -> pd.Series:
        """Return the champion's chances of an outcome."""
        scored = self.model.score_frame(rows[self.card.features])
        return scored[f"p_{outcome}"]


def find_rival(home: Path, settings: Settings) -> Rival | None:
    """Load the champion to be held against; None where there is none that may be used."""
    champion = find_champion(home)
    if champion is None:
        return None
    try:
        model, card = load_model(champion.path, settings.key)
    except ModelRefused:
        return None

    if not isinstance(model, CompetingClassifier):
        return None
    return Rival(champion.version, model, card)


# -- the back-test ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Window:
    """How far back the back-test goes.

    The last months are scored by one fit on what was known before them.
    """

    fewest: int  # months that the first fit must have
    every: int  # months that one fit scores


def _choose_window(month: pd.Series) -> _Window | None:
    """Judge the last JUDGED_MONTHS labelled months.

    Fewer where the history is short, none where it is too short.
    """
    numbers = month_numbers(month)
    span = int(numbers.max() - numbers.min()) + 1
    judged = min(JUDGED_MONTHS, span - GAP)
    if judged <= 0:
        return None
    return _Window(fewest=span - judged - GAP + 1, every=judged)


def _mark_seen(samples: Samples, window: _Window) -> Flags:
    """Mark the rows that the judged fit sees.

    Whose labels were known in the first month it scores.
    """
    numbers = month_numbers(samples.rows["month"])
    scored = numbers > numbers.max() - window.every
    first_scored = numbers[scored].min()
    return np.asarray(numbers <= first_scored - GAP)


def _score_unseen(
    recipe: Any, samples: Samples, outcome: pd.Series, window: _Window
) -> pd.DataFrame:
    """Return the chances that fits of a recipe give to months they have not seen."""
    return roll_origin(
        recipe,
        samples.features,
        outcome,
        samples.rows["month"],
        gap=GAP,
        fewest=window.fewest,
        every=window.every,
    )


def judge_recipe(
    recipe: CompetingClassifier,
    samples: Samples,
    share: float,
    rival: Rival | None = None,
    progress: Progress = lambda step: None,
) -> Judgement | None:
    """Say how the recipe does beside the logistic model and the managers' rules.

    It is judged on the last labelled months; beside the champion, on those of them that the
    champion has not seen either. `share` of the services is
    what managers can work off. None where there is nothing to go by.
    """
    outcome = samples.rows["outcome"]
    window = _choose_window(samples.rows["month"])
    if window is None or outcome[_mark_seen(samples, window)].nunique() < 2:
        return None

    scored = _score_unseen(recipe, samples, outcome, window)
    progress("train_compare")

    rows = samples.rows.loc[scored.index]
    judgement = Judgement(
        months=sorted(set(rows["month"])),
        rows=len(rows),
        capacity_share=share,
        outcomes={},
    )
    contest = None
    if rival is not None:
        contest = _Contest(rival, rival.select_fair_rows(rows), share)
        judgement["champion"] = contest.describe()

    for side in _list_sides(samples, scored, window):
        judgement["outcomes"][side.outcome] = _judge_outcome(side, rows, share, contest)
    return judgement


class _SideBySide(NamedTuple):
    """The judged rows of an outcome, with a column of scores a maker."""

    outcome: str
    table: pd.DataFrame


def _list_sides(
    samples: Samples, scored: pd.DataFrame, window: _Window
) -> Iterator[_SideBySide]:
    """Yield each outcome's scores side by side; not of an outcome that never, or always, came."""
    rows = samples.rows.loc[scored.index]
    is_seen = _mark_seen(samples, window)
    for outcome, rule in RULES.items():
        is_outcome = (samples.rows["outcome"] == outcome).astype(int)
        judged = is_outcome[rows.index]
        if not 0 < judged.mean() < 1:
            continue
        table = rows[["customer_id", "value"]].assign(
            outcome=judged, model=pick_chances(scored, outcome), rule=rule(rows)
        )
        if is_outcome[is_seen].any():
            logistic = _score_unseen(PlainLogistic(), samples, is_outcome, window)
            table["logistic"] = pick_chances(logistic, "1")

        yield _SideBySide(outcome, table)


@dataclass(frozen=True)
class _Contest:
    """The recipe beside the champion, on the rows that neither was fitted on."""

    rival: Rival
    fair: pd.DataFrame
    share: float

    def describe(self) -> JudgedChampion:
        months = sorted(set(self.fair["month"]))
        return JudgedChampion(
            version=self.rival.version, months=months, rows=len(self.fair)
        )

    def compare_makers(self, side: _SideBySide) -> Table | None:
        """Return a line for the recipe and one for the champion.

        None where the outcome never, or always, came.
        """
        table = side.table.loc[self.fair.index]
        if not 0 < table["outcome"].mean() < 1:
            return None
        both = table.assign(champion=self.rival.score_outcome(self.fair, side.outcome))
        return compare(both, ["model", "champion"], ["rule"], self.share)


def _judge_outcome(
    side: _SideBySide, rows: pd.DataFrame, share: float, contest: _Contest | None
) -> JudgedOutcome:
    makers = [name for name in ("model", "logistic") if name in side.table]
    details = describe_maker(side.table, "model", list_slices(rows))
    judged = JudgedOutcome(
        makers=compare(side.table, makers, ["rule"], share),
        base_rate=details["base_rate"],
        deciles=details["deciles"],
        slices=details["slices"],
    )
    beside_champion = None
    if contest is not None:
        beside_champion = contest.compare_makers(side)
    if beside_champion is not None:
        judged["contest"] = beside_champion
    return judged


def pick_chances(scored: pd.DataFrame, outcome: str) -> pd.Series:
    """Return the chances of an outcome, 0 where the model never saw it."""
    never = pd.Series(0.0, index=scored.index)
    return scored.get(f"p_{outcome}", never)


def list_slices(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Return by what the judged rows are cut, to see unequal treatment."""
    return {
        "branch": rows["branch_id"],
        "tenure": tenure_groups(rows["tenure_months"]),
        "plan": rows["plan_id"],
        "product": rows["service_type"],
    }


# -- what managers can work off --------------------------------------------------------------------


class _Capacity(NamedTuple):
    capacity: int
    is_active: bool


def find_capacity_share(home: Path, month: Month) -> float:
    """Return the orders that managers can take in a month as a share of the services.

    A tenth where nobody says.
    """
    version = MonthFolder(home, month).current()
    if version is None or not version.is_computed("snapshot_account_manager"):
        return A_TENTH
    managers = version.read_as(_Capacity, "snapshot_account_manager")
    orders = sum(manager.capacity for manager in managers if manager.is_active)
    services = version.find_entry("features_service")
    service_count = services.rows if services is not None else None
    if not orders or not service_count:
        return A_TENTH
    return min(1.0, orders / service_count)

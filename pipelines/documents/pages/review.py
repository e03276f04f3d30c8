"""The review of a model as one offline HTML page: a person who was not there can decide by it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

from pipelines.core.month import Month
from pipelines.documents.holdout_view import (
    HoldoutView,
    say_holdout,
    say_shares,
)
from pipelines.documents.pages.page import fill_page, write_page
from pipelines.text.texts import fill_label

# Of a plot, in user units.
WIDTH = 320.0
HEIGHT = 220.0
FEWEST_SLICE_HITS = 5.0  # expected; below, a slice that is off says nothing
STRANGE = 3.0  # standard errors
_TICKS = 4
_LEVELS = {"red": 0, "amber": 1, "green": 2}


class MakerRow(TypedDict):
    """How well one maker of scores ranks; the gain is that of the first maker over this one."""

    maker: str
    auc_gain: float
    auc_gain_low: float
    auc_gain_high: float


class DecileRow(TypedDict):
    """A tenth of the scored, the highest risk first, with its predicted and observed rate."""

    decile: int
    gain: float
    predicted_rate: float
    observed_rate: float


class SliceRow(TypedDict):
    """A slice of the scored: how many, and its predicted and observed rate."""

    rows: int
    predicted_rate: float
    observed_rate: float


class MarkedSlice(SliceRow):
    """A slice, and whether its rate is further from the prediction than chance explains."""

    is_off: bool


class JudgedOutcome(TypedDict):
    """What a card says of one outcome."""

    makers: list[MakerRow]
    contest: NotRequired[list[MakerRow]]
    deciles: list[DecileRow]
    base_rate: float
    slices: dict[str, list[SliceRow]]


class Tick(NamedTuple):
    """A mark on an axis: where, and what is written there."""

    position: float
    text: str


class ReliabilityPoint(NamedTuple):
    """A decile in the plot of reliability, and the words that are shown for it."""

    x: float
    y: float
    tip: str


class Note(NamedTuple):
    """A note of a card: what it is about, the subject, and the text."""

    about: str
    subject: str
    text: str


@dataclass(frozen=True)
class Reliability:
    """Predicted against observed rates on one scale for both axes."""

    points: list[ReliabilityPoint]
    x_ticks: list[Tick]
    y_ticks: list[Tick]


@dataclass(frozen=True)
class DrawnOutcome:
    """What is drawn of one outcome: verdict, figures, gain, reliability and slices."""

    makers: list[MakerRow]
    contest: list[MakerRow] | None
    verdict: list[str]
    contest_verdict: list[str]
    deciles: list[DecileRow]
    base_rate: float
    gain: list[tuple[float, float]]
    capacity: float
    reliability: Reliability
    slices: dict[str, list[MarkedSlice]]


def write_review(
    path: Path,
    month: Month,
    language: str,
    card: Mapping[str, Any],
    looks: Sequence[Mapping[str, Any]] = (),
    listed: Sequence[Mapping[str, Any]] = (),
    is_challenger: bool = False,
    holdouts: Sequence[HoldoutView] = (),
) -> None:
    """Write the page of a model's card.

    `looks` are the month's `score_watch`, `listed` its reasons by count, `holdouts` what its
    hold-outs will tell.
    """
    content = _gather_content(language, card, looks, listed, is_challenger, holdouts)
    write_page(path, "review.html.j2", month, language, **content)


def draw_review(
    month: Month,
    language: str,
    card: Mapping[str, Any],
    looks: Sequence[Mapping[str, Any]] = (),
    is_challenger: bool = False,
) -> str:
    """Return what stands on the same page of a card and its looks, to stand inside another one."""
    content = _gather_content(language, card, looks, (), is_challenger, ())
    return fill_page("review_body.html.j2", month, language, **content)


def _gather_content(
    language: str,
    card: Mapping[str, Any],
    looks: Sequence[Mapping[str, Any]],
    listed: Sequence[Mapping[str, Any]],
    is_challenger: bool,
    holdouts: Sequence[HoldoutView],
) -> dict[str, object]:
    """What the template is filled with."""
    judged = card["judged"]
    outcomes = {}
    for name, judged_outcome in _sort_by_outcome(judged.get("outcomes", {})):
        capacity_share = judged["capacity_share"]
        outcomes[name] = _draw_outcome(judged_outcome, capacity_share, language)

    calm: list[Mapping[str, Any]] = []
    others: list[Mapping[str, Any]] = []
    for look in sorted(looks, key=_sort_key_of_look):
        is_calm = look["measure"] == "stability" and look["level"] == "green"
        if is_calm:
            calm.append(look)
        else:
            others.append(look)

    return {
        "card": card,
        "judged": {"months": [], "champion": None} | judged,
        "outcomes": outcomes,
        "weights": _sort_reasons(judged["reasons"]),
        "notes": _split_notes(card["notes"]),
        "looks": others,
        "calm": calm,
        "listed": listed,
        "is_challenger": is_challenger,
        "holdouts": [say_holdout(view, language) for view in holdouts],
        "shares": say_shares(holdouts),
    }


def _sort_by_outcome(by_outcome: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what is held by outcome, voluntary before involuntary."""
    return sorted(by_outcome.items(), reverse=True)


def _sort_key_of_look(look: Mapping[str, Any]) -> tuple[int, str, float, str]:
    """The worst level first; of a measure the highest value."""
    level = _LEVELS[look["level"]]
    value = look["value"] or 0
    return level, look["measure"], -value, look["subject"]


def _sort_reasons(
    weights: Mapping[str, Mapping[str, float]],
) -> dict[str, list[tuple[str, float]]]:
    """Sort each outcome's reasons by their share, the heaviest first."""
    in_order = {}
    for name, shares in _sort_by_outcome(weights):
        in_order[name] = sorted(shares.items(), key=_order_reasons)
    return in_order


def _order_reasons(weighed: tuple[str, float]) -> tuple[float, str]:
    reason, share = weighed
    return -share, reason


def _draw_outcome(
    judged: JudgedOutcome, capacity_share: float, language: str
) -> DrawnOutcome:
    """Return what is drawn of one outcome; `capacity_share` is of the scored, 0 to 1."""
    makers = judged["makers"]
    contest = judged.get("contest")
    deciles = judged["deciles"]

    gain = [(0.0, 0.0)]
    for row in deciles:
        x = row["decile"] / 10 * WIDTH
        y = round(row["gain"] * HEIGHT, 1)
        gain.append((x, y))

    verdicts = [_give_verdict(makers[0], other, language) for other in makers[1:]]
    contest_verdict = []
    if contest:
        contest_verdict.append(_give_verdict(contest[0], contest[1], language))

    slices = {}
    for title, rows in judged["slices"].items():
        slices[title] = [_mark_slice(row) for row in rows]

    return DrawnOutcome(
        makers=makers,
        contest=contest,
        verdict=verdicts,
        contest_verdict=contest_verdict,
        deciles=deciles,
        base_rate=judged["base_rate"],
        gain=gain,
        capacity=round(capacity_share * WIDTH, 1),
        reliability=_draw_reliability(deciles, language),
        slices=slices,
    )


def _give_verdict(first: MakerRow, other: MakerRow, language: str) -> str:
    """Say in a sentence whether a maker ranks better than another, worse, or as chance would."""
    low = other["auc_gain_low"]
    high = other["auc_gain_high"]
    if low > 0:
        kind = "better"
    elif high < 0:
        kind = "worse"
    else:
        kind = "alike"

    gain = other["auc_gain"]
    return fill_label(
        language,
        f"review.verdict.{kind}",
        one=_name_maker(first, language),
        other=_name_maker(other, language),
        gain=f"{gain:+.3f}",
        low=f"{low:+.3f}",
        high=f"{high:+.3f}",
    )


def _name_maker(row: MakerRow, language: str) -> str:
    """What a maker of scores is called."""
    maker = row["maker"]
    return fill_label(language, f"review.maker.{maker}")


def _draw_reliability(deciles: Sequence[DecileRow], language: str) -> Reliability:
    """Place predicted against observed rates on one scale for both axes."""
    rates = []
    for row in deciles:
        rates += [row["predicted_rate"], row["observed_rate"]]
    top = _round_up(max(rates))

    points = []
    for row in deciles:
        predicted = row["predicted_rate"]
        observed = row["observed_rate"]
        tip = fill_label(
            language,
            "review.reliability_point",
            decile=row["decile"],
            predicted=f"{predicted:.2%}",
            observed=f"{observed:.2%}",
        )
        x = round(predicted / top * WIDTH, 1)
        y = round(observed / top * HEIGHT, 1)
        points.append(ReliabilityPoint(x, y, tip))

    ticks = [top * number / _TICKS for number in range(_TICKS + 1)]
    x_ticks = []
    y_ticks = []
    for tick in ticks:
        share = tick / top
        text = f"{tick:.1%}"
        x_ticks.append(Tick(round(share * WIDTH, 1), text))
        y_ticks.append(Tick(round(share * HEIGHT, 1), text))

    return Reliability(points, x_ticks, y_ticks)


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 4, 6, 8 × a power of ten."""
    power = 0.01
    if value > 0:
        power = 10.0 ** math.floor(math.log10(value))

    steps = [step * power for step in (1, 2, 4, 6, 8, 10)]
    return next(step for step in steps if step >= value)


def _mark_slice(row: SliceRow) -> MarkedSlice:
    """Mark a slice whose rate is further from the prediction than chance explains."""
    predicted = row["predicted_rate"]
    count = row["rows"]
    expected_hits = predicted * count
    standard_error = math.sqrt(predicted * (1 - predicted) / count)
    distance = abs(row["observed_rate"] - predicted)
    has_enough = expected_hits >= FEWEST_SLICE_HITS
    is_strange = distance > STRANGE * standard_error
    return {**row, "is_off": has_enough and is_strange}


def _split_notes(notes: Mapping[str, str]) -> list[Note]:
    """Split a card's notes into what they are about, the subject and the text."""
    found = []
    for key, text in sorted(notes.items()):
        about, _, subject = key.partition(" ")
        found.append(Note(about, subject, text))
    return found

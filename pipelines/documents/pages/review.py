"""The review of a model as one offline HTML page, written so that a person who was not there can decide."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.core.month import Month
from pipelines.documents.pages.page import write_page
from pipelines.text.texts import label

Row = Mapping[str, Any]
WIDTH, HEIGHT = 320.0, 220.0  # of a plot, in user units
FEWEST_SLICE_HITS = 5.0  # expected; below, a slice that is off says nothing
STRANGE = 3.0
_LEVELS = {"red": 0, "amber": 1, "green": 2}


def write_review(
    path: Path,
    month: Month,
    language: str,
    card: Row,
    looks: Sequence[Row] = (),
    listed: Sequence[Row] = (),
    is_challenger: bool = False,
) -> None:
    """Write the page of a model's card; `looks` are the month's `score_watch`, `listed` its reasons by count."""
    judged = card["judged"]
    looks = sorted(
        looks, key=lambda r: (_LEVELS[r["level"]], r["measure"], -(r["value"] or 0), r["subject"])
    )
    calm = [look for look in looks if look["measure"] == "stability" and look["level"] == "green"]
    outcomes = dict(
        sorted(judged.get("outcomes", {}).items(), reverse=True)
    )  # voluntary before involuntary
    write_page(
        path,
        "review.html.j2",
        month,
        language,
        card=card,
        judged={"months": [], "champion": None} | judged,
        outcomes={
            name: _outcome(told, judged["capacity_share"], language)
            for name, told in outcomes.items()
        },
        weights=_heaviest_first(judged["reasons"]),
        notes=_notes(card["notes"]),
        looks=[look for look in looks if look not in calm],
        calm=calm,
        listed=listed,
        is_challenger=is_challenger,
    )


def _heaviest_first(
    weights: Mapping[str, Mapping[str, float]],
) -> dict[str, list[tuple[str, float]]]:
    """Sort each outcome's reasons by their share; voluntary before involuntary."""
    by_outcome = sorted(weights.items(), reverse=True)
    return {
        name: sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        for name, shares in by_outcome
    }


def _outcome(told: Row, capacity: float, language: str) -> dict[str, Any]:
    """What is drawn of one outcome: verdict, figures, gain, reliability and slices."""
    makers = told["makers"]
    return {
        "makers": makers,
        "contest": told.get("contest"),
        "verdict": [_verdict(makers[0], other, language) for other in makers[1:]],
        "contest_verdict": [_verdict(told["contest"][0], told["contest"][1], language)]
        if "contest" in told
        else [],
        "deciles": told["deciles"],
        "base_rate": told["base_rate"],
        "gain": [
            (0.0, 0.0),
            *((r["decile"] / 10 * WIDTH, round(r["gain"] * HEIGHT, 1)) for r in told["deciles"]),
        ],
        "capacity": round(capacity * WIDTH, 1),
        "reliability": _reliability(told["deciles"], language),
        "slices": {title: [_slice(row) for row in rows] for title, rows in told["slices"].items()},
    }


def _verdict(first: Row, other: Row, language: str) -> str:
    """Say in a sentence whether a maker ranks better than another, worse, or no different from chance."""
    low, high = other["auc_gain_low"], other["auc_gain_high"]
    kind = "better" if low > 0 else "worse" if high < 0 else "alike"
    names = {
        role: label(language, f"review.maker.{row['maker']}")
        for role, row in (("one", first), ("other", other))
    }
    gain = {"gain": f"{other['auc_gain']:+.3f}", "low": f"{low:+.3f}", "high": f"{high:+.3f}"}
    return label(language, f"review.verdict.{kind}", **names, **gain)


def _reliability(deciles: Sequence[Row], language: str) -> dict[str, Any]:
    """Place predicted against observed rates on one scale for both axes."""
    most = max(max(r["predicted_rate"], r["observed_rate"]) for r in deciles)
    top = _round_up(most)
    points = []
    for row in deciles:
        tip = label(
            language,
            "review.reliability_point",
            decile=row["decile"],
            predicted=f"{row['predicted_rate']:.2%}",
            observed=f"{row['observed_rate']:.2%}",
        )
        x, y = (row[name] / top for name in ("predicted_rate", "observed_rate"))
        points.append((round(x * WIDTH, 1), round(y * HEIGHT, 1), tip))
    ticks = [top * part / 4 for part in range(5)]
    return {
        "points": points,
        "x_ticks": [(round(t / top * WIDTH, 1), f"{t:.1%}") for t in ticks],
        "y_ticks": [(round(t / top * HEIGHT, 1), f"{t:.1%}") for t in ticks],
    }


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 4, 6, 8 × a power of ten."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 0.01
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value)


def _slice(row: Row) -> dict[str, Any]:
    """Mark a slice whose rate is further from the prediction than chance explains."""
    expected = row["predicted_rate"] * row["rows"]
    spread = math.sqrt(row["predicted_rate"] * (1 - row["predicted_rate"]) / row["rows"])
    off = abs(row["observed_rate"] - row["predicted_rate"])
    return dict(row) | {"is_off": expected >= FEWEST_SLICE_HITS and off > STRANGE * spread}


def _notes(notes: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Split a card's notes into what they are about, the subject and the text."""
    return [
        (about.partition(" ")[0], about.partition(" ")[2], text)
        for about, text in sorted(notes.items())
    ]

"""A line over months as small as a word, where the page has no room for a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 96
HEIGHT = 20
_MARGIN = 3  # the last month's dot


@dataclass(frozen=True)
class Spark:
    """What a page draws: the line's corners, and the dot at its end."""

    points: str
    last_x: float
    last_y: float


def make_spark(numbers: Sequence[float]) -> Spark | None:
    """Return the line of some numbers; None where there is only one, which is no line."""
    if len(numbers) < 2:
        return None
    low = min(numbers)
    span = (max(numbers) - low) or 1.0
    step = WIDTH / (len(numbers) - 1)
    corners = []
    x = y = 0.0
    for place, number in enumerate(numbers):
        share = (number - low) / span
        x = _MARGIN + step * place
        y = _MARGIN + HEIGHT * (1 - share)
        corners.append(f"{x:.1f},{y:.1f}")
    return Spark(" ".join(corners), round(x, 1), round(y, 1))

"""What was measured, as a table of Markdown and as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.month.process import Measured
from pipelines import ROOMS

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "month.svg"
_OURS, _THEIRS = "#1f5fa8", "#b8b8b8"
_MB, _GB = 1e6, 1e9


def median_of(runs: Iterable[Measured], name: str) -> float:
    """The median of what runs told under a name; nothing told is 0."""
    return median(run.told.get(name, 0.0) for run in runs)


def print_rooms(services: int, limit: float, runs: Sequence[Measured]) -> None:
    """Print a row a room: CPU seconds, times the limit, peak memory and bytes written."""
    print(f"\n| {services:,} services | CPU s | L | peak, GB | written, MB |")
    print("|---|---|---|---|---|")
    for room in ROOMS:
        spent = median_of(runs, room)
        _print_row(
            room,
            spent,
            limit,
            median_of(runs, f"{room}.peak"),
            median_of(runs, f"{room}.bytes"),
        )
    peak = median_of(runs, "peak_of_rooms")
    _print_row(
        "all rooms", median_of(runs, "rooms"), limit, peak, median_of(runs, "bytes")
    )


def _print_row(
    name: str, spent: float, limit: float, peak: float, written: float
) -> None:
    print(
        f"| {name} | {spent:.2f} | {spent / limit:.1f} | {peak / _GB:.2f} | {written / _MB:.1f} |"
    )


def draw_month(
    services: int, limit: float, ours: Mapping[str, float], theirs: Mapping[str, float]
) -> None:
    """Draw what rooms and rivals cost in L, the dearest first."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "month"
    from matplotlib import pyplot as plt

    bars = []
    for costs, colour in ((ours, _OURS), (theirs, _THEIRS)):
        for name, spent in costs.items():
            if spent:
                bars.append((spent / limit, name, colour))
    bars.sort()
    times, names, colours = zip(*bars, strict=True)
    figure, axis = plt.subplots(figsize=(8, 0.32 * len(bars) + 1))
    axis.barh(names, times, color=colours)
    axis.set_xlabel(
        f"CPU seconds of {services:,} services, in L (decoding the month's files)"
    )
    for place, number in enumerate(times):
        axis.text(number, place, f" {number:.0f}", va="center")
    figure.tight_layout()
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, metadata={"Date": None})

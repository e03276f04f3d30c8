"""Charts as SVG that stands alone: drawn once, shown in the page, set into the PDF, rasterised for Word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from pipelines.documents.reports.model import Part, Table, Wording

WIDTH = 640
_HALO = 'stroke="#FFFFFF" stroke-width="3" paint-order="stroke"'  # over a line or a bar it stays legible
_FONT = "font-family=\"'Noto Sans SC','Noto Sans CJK SC','Microsoft YaHei',sans-serif\" font-size=\"13\""
_BLUE, _GREY, _RED, _GREEN, _INK = "#1F4E79", "#9AA5B1", "#B3261E", "#2E7D32", "#222222"
_LEFT, _RIGHT, _LINE = 150, 90, 26


@dataclass(frozen=True)
class Bar:
    """A bar: what it is called, how long it is, and how its number is printed. Grey ones are not ranked."""

    name: str
    number: float
    shown: str
    is_grey: bool = False
    figure: str | None = None


def bar_of(words: Wording, name: str, figure: str, is_grey: bool = False) -> Bar:
    """Return the bar of a figure, or its point on a line."""
    found = words.figures[figure]
    return Bar(name, float(found["number"]), found["shown"], is_grey, figure)


def figures_of_chart(words: Wording, title: str, what: str, bars: Sequence[Bar]) -> Table:
    """Return the figures of a chart as a table; `what` the bars are is named by its column's key."""
    amount = "amount" if what == "step" else "value"
    header = (words.text(f"column.{what}"), words.text(f"column.{amount}"))
    rows = tuple(((Part(bar.name),), (Part(bar.shown, bar.figure),)) for bar in bars)
    return Table(title, header, rows, frozenset({1}), (60, 40))


def draw_bars(title: str, bars: Sequence[Bar], target: tuple[float, str] | None = None) -> str:
    """Draw a bar a scope, from the top, and a dashed line for the target."""
    most = max([0.0, *(bar.number for bar in bars), *([target[0]] if target else [])]) or 1.0
    least = min([0.0, *(bar.number for bar in bars)])
    scale = (WIDTH - _LEFT - _RIGHT) / (most - least)
    zero = _LEFT - least * scale
    height = 20 + _LINE * len(bars) + (22 if target else 4)
    rows = [_bar(bar, 16 + _LINE * place, zero, scale) for place, bar in enumerate(bars)]
    drawn = [shape for shape, _ in rows]
    if target:
        x = zero + target[0] * scale
        drawn.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="10" y2="{height - 20}" stroke="{_RED}" stroke-dasharray="4 3"/>'
        )
        drawn.append(_text(x, height - 6, target[1], "middle", _RED))
    return _svg(title, height, [*drawn, *(words for _, words in rows)])


def _bar(bar: Bar, y: int, zero: float, scale: float) -> tuple[str, str]:
    """Return the bar, and its words, which stand over the line of the target."""
    length = abs(bar.number) * scale
    start = zero if bar.number >= 0 else zero - length
    fill = _GREY if bar.is_grey else _BLUE
    end = start + length if bar.number >= 0 else zero
    shape = (
        f'<rect x="{start:.1f}" y="{y}" width="{max(length, 0.5):.1f}" height="16" fill="{fill}"/>'
    )
    return shape, _text(_LEFT - 8, y + 13, _short(bar.name), "end") + _text(
        end + 6, y + 13, bar.shown
    )


def draw_trend(title: str, points: Sequence[Bar]) -> str:
    """Draw a line over months, the first, last, highest and lowest with their numbers; a missing month is a gap."""
    low, high = min(p.number for p in points), max(p.number for p in points)
    span = (high - low) or abs(high) or 1.0
    step = (WIDTH - 140) / max(len(points) - 1, 1)
    at = [(70 + step * i, 130 - 90 * (p.number - low) / span) for i, p in enumerate(points)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    drawn = [f'<polyline points="{line}" fill="none" stroke="{_BLUE}" stroke-width="2"/>']
    named = {0, len(points) - 1, *(i for i, p in enumerate(points) if p.number in (low, high))}
    for i, ((x, y), point) in enumerate(zip(at, points, strict=True)):
        drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_BLUE}"/>')
        if i in named:
            drawn.append(
                _text(x, y + (19 if point.number == low < high else -9), point.shown, "middle")
            )
        if len(points) <= 7 or i % 2 == (len(points) - 1) % 2:
            drawn.append(_text(x, 168, point.name, "middle"))
    return _svg(title, 178, drawn)


def draw_bridge(title: str, steps: Sequence[Bar]) -> str:
    """Draw a waterfall: the first and last step stand on the ground, each one between hangs from the one before."""
    levels, bars = 0.0, []
    for place, step in enumerate(steps):
        is_end = place in (0, len(steps) - 1)
        start = 0.0 if is_end else levels
        bars.append((step, start, step.number, is_end))
        levels = start + step.number
    tops = [max(start, start + number) for _, start, number, _ in bars]
    lows = [min(start, start + number) for _, start, number, is_end in bars if not is_end] or [0.0]
    floor = min(0.0, *lows) if min(lows) < 0 else min(lows) * 0.9
    scale = (WIDTH - _LEFT - _RIGHT) / ((max(tops) - floor) or 1.0)
    drawn = [_step(*bar, 16 + _LINE * place, floor, scale) for place, bar in enumerate(bars)]
    return _svg(title, 24 + _LINE * len(steps), drawn)


def _step(
    step: Bar, start: float, number: float, is_end: bool, y: int, floor: float, scale: float
) -> str:
    first, last = max(floor, min(start, start + number)), max(start, start + number)
    fill = _BLUE if is_end else _GREEN if number >= 0 else _RED
    x, width = _LEFT + (first - floor) * scale, max((last - first) * scale, 0.5)
    return (
        _text(_LEFT - 8, y + 13, _short(step.name), "end")
        + f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="16" fill="{fill}"/>'
        + _text(x + width + 6, y + 13, step.shown)
    )


def _short(name: str) -> str:
    """Cut a name to the room there is: a Chinese character takes two of 20 places."""
    taken, kept = 0, ""
    for sign in name:
        taken += 2 if ord(sign) > 0x2E80 else 1
        if taken > 20:
            return f"{kept[:-1]}…"
        kept += sign
    return kept


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = _INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" {_HALO}>{escape(text)}</text>'


def _svg(title: str, height: int, drawn: Sequence[str]) -> str:
    return "".join(_around(title, height, drawn))


def _around(title: str, height: int, drawn: Sequence[str]) -> Iterator[str]:
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
    yield f'role="img" {_FONT}><title>{escape(title)}</title>'
    yield from drawn
    yield "</svg>"

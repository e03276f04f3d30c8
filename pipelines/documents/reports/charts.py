"""Charts as SVG that stands alone: drawn once, for the page, the PDF and Word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from pipelines.documents.reports.model import Part, Table, Wording, make_cell

_QUOTED = {'"': "&quot;"}  # what stands in an attribute
WIDTH = 640
_FONT_FAMILY = "'Noto Sans SC','Noto Sans CJK SC','Microsoft YaHei',sans-serif"
_BLUE = "#1F4E79"
_GREY = "#9AA5B1"
_RED = "#B3261E"
_GREEN = "#2E7D32"
_INK = "#222222"

# Bars, in user units.
_LEFT = 150  # the margin for their names
_RIGHT = 90  # the margin for their numbers
_ROOM = WIDTH - _LEFT - _RIGHT
_LINE = 26  # from one bar to the next
_BAR_HEIGHT = 16
_FIRST_BAR = 16  # where the topmost bar begins
_LEAST_WIDTH = 0.5  # so that a bar of nothing is still seen
_NAME_WIDTH = 20  # letters; a Chinese character takes two
_NAME_GAP = 8  # between a name and its bar
_NUMBER_GAP = 6  # between a bar and its number
_BASE_LINE = 13  # of a bar's texts, below its upper edge

# The line over months.
_FIRST_POINT = 70
_LOWEST_POINT = 130
_TALLEST_POINT = 90
_MONTHS_LINE = 168
_TREND_HEIGHT = 178
_MOST_NAMED = 7  # of more months every second is named
_KEY_LEFT = WIDTH - 118  # the words that say what the dashed line is
_KEY_LINE = 13
_NUMBER_WIDTH = 64  # of two numbers side by side, from middle to middle
_NUMBER_HEIGHT = 16


@dataclass(frozen=True)
class Bar:
    """A bar: what it is called, how long it is, and how its number is printed.

    Grey ones are not ranked. `figure` is the id of the number.
    """

    name: str
    number: float
    shown: str
    is_grey: bool = False
    figure: str | None = None


@dataclass(frozen=True)
class _Step:
    """A step of a waterfall and the level it starts from.

    The first and the last stand on the ground.
    """

    bar: Bar
    start: float
    is_end: bool

    @property
    def end(self) -> float:
        """The level that it leads to."""
        return self.start + self.bar.number

    @property
    def low(self) -> float:
        """The lower end."""
        return min(self.start, self.end)

    @property
    def high(self) -> float:
        """The upper end."""
        return max(self.start, self.end)


def make_bar(words: Wording, name: str, figure: str, is_grey: bool = False) -> Bar:
    """Return the bar of a figure, or its point on a line."""
    row = words.figures[figure]
    return Bar(name, float(row["number"]), row["shown"], is_grey, figure)


Line = tuple[float, str]
"""Where the line of a target or a limit is, and its words."""


def find_target_line(words: Wording, figure: str) -> tuple[Line | None, list[Bar]]:
    """Return the line of a target, and its row for the table; nothing where there is none."""
    target = words.figures.get(figure)
    if target is None:
        return None, []
    shown = words.find_text("chart.target", target=target["shown"])
    line = (float(target["number"]), shown)
    return line, [make_bar(words, words.find_text("column.target"), figure)]


def make_chart_table(
    words: Wording, title: str, what: str, bars: Sequence[Bar]
) -> Table:
    """Return the figures of a chart as a table.

    `what` is the key of the column of the bars' names.
    """
    rows = []
    for bar in bars:
        name = make_cell(bar.name)
        number = Part(bar.shown, bar.figure)
        rows.append((name, (number,)))

    amount = "amount" if what == "step" else "value"
    return Table(
        title=title,
        header=words.find_column_titles((what, amount)),
        rows=tuple(rows),
        numeric=frozenset({1}),
        widths=(60, 40),
    )


# -- bars --------------------------------------------------------------------------------------


def draw_bars(title: str, bars: Sequence[Bar], target: Line | None = None) -> str:
    """Draw a bar a scope, from the top, and a dashed line for the target.

    `target` is its number and its words.
    """
    numbers = [0.0, *(bar.number for bar in bars)]
    least = min(numbers)
    if target:
        numbers.append(target[0])
    most = max(numbers) or 1.0

    scale = _ROOM / (most - least)
    zero = _LEFT - least * scale
    below_bars = 22 if target else 4
    height = 20 + _LINE * len(bars) + below_bars

    shapes = []
    texts = []
    for index, bar in enumerate(bars):
        y = _find_line(index)
        shapes.append(_draw_bar(bar, y, zero, scale))
        texts.append(_write_bar_texts(bar, y, zero, scale))

    if target:
        number, shown = target
        shapes += _draw_target(zero + number * scale, height, shown)
    # The words stand over the target's line.
    return _draw_svg(title, height, [*shapes, *texts])


def _find_line(index: int) -> int:
    """Return where the upper edge of a bar is."""
    return _FIRST_BAR + _LINE * index


def _draw_bar(bar: Bar, y: int, zero: float, scale: float) -> str:
    """Draw a bar from zero, to the left where its number is below."""
    length = abs(bar.number) * scale
    start = zero
    if bar.number < 0:
        start = zero - length
    fill = _GREY if bar.is_grey else _BLUE
    return _draw_rectangle(start, y, length, fill)


def _write_bar_texts(bar: Bar, y: int, zero: float, scale: float) -> str:
    """Write the bar's name before it, and its number behind it.

    The number of a bar below zero stands behind zero.
    """
    end = zero + max(bar.number, 0.0) * scale
    name = _write_name(bar, y)
    number = _write_number(bar, end, y)
    return name + number


def _write_name(bar: Bar, y: int) -> str:
    """Write a name before the bars."""
    name = _shorten_name(bar.name)
    return _draw_text(_LEFT - _NAME_GAP, y + _BASE_LINE, name, "end")


def _write_number(bar: Bar, end: float, y: int) -> str:
    """Write a number behind the end of its bar."""
    return _draw_text(end + _NUMBER_GAP, y + _BASE_LINE, bar.shown)


def _draw_target(x: float, height: int, shown: str) -> list[str]:
    """Draw the line of the target, and its words under it."""
    line = _make_tag(
        "line",
        x1=x,
        x2=x,
        y1=10,
        y2=height - 20,
        stroke=_RED,
        stroke_dasharray="4 3",
    )
    return [line, _draw_text(x, height - 6, shown, "middle", _RED)]


# -- a line over months ------------------------------------------------------------------------


def draw_trend(title: str, points: Sequence[Bar], target: Line | None = None) -> str:
    """Draw a line over months, and a dashed one for the target.

    The first, last, highest and lowest point have their numbers, none over another.
    """
    numbers = [point.number for point in points]
    if target:
        numbers.append(target[0])
    low = min(numbers)
    span = (max(numbers) - low) or abs(low) or 1.0
    step = (WIDTH - 2 * _FIRST_POINT) / max(len(points) - 1, 1)

    places = []
    for index, point in enumerate(points):
        x = _FIRST_POINT + step * index
        places.append((x, _find_height(point.number, low, span)))

    lines = []
    if target:
        level = _find_height(target[0], low, span)
        lines = _draw_level(level, target[1])
    corners = [f"{x:.1f},{y:.1f}" for x, y in places]
    line = _make_tag(
        "polyline",
        points=" ".join(corners),
        fill="none",
        stroke=_BLUE,
        stroke_width=2,
    )
    dots = [_make_tag("circle", cx=x, cy=y, r=3, fill=_BLUE) for x, y in places]
    names = _write_months(points, places)
    numbers_drawn = _write_numbers(points, places)
    drawn = [*lines, line, *dots, *names, *numbers_drawn]
    return _draw_svg(title, _TREND_HEIGHT, drawn)


def _write_months(
    points: Sequence[Bar], places: Sequence[tuple[float, float]]
) -> list[str]:
    """Write the names of the months, of many every second."""
    last = len(points) - 1
    texts = []
    for index, point in enumerate(points):
        is_every_second = index % 2 == last % 2
        if len(points) <= _MOST_NAMED or is_every_second:
            x, _ = places[index]
            texts.append(_draw_text(x, _MONTHS_LINE, point.name, "middle"))
    return texts


def _find_height(number: float, low: float, span: float) -> float:
    """Return how far down a number is drawn."""
    return _LOWEST_POINT - _TALLEST_POINT * (number - low) / span


def _draw_level(y: float, shown: str) -> list[str]:
    """Draw the line of a target across, and in the upper right corner what it is."""
    across = _draw_dashes(_FIRST_POINT - 30, WIDTH - _FIRST_POINT + 30, y)
    sample = _draw_dashes(_KEY_LEFT - 34, _KEY_LEFT - 6, _KEY_LINE - 4)
    return [across, sample, _draw_text(_KEY_LEFT, _KEY_LINE, shown, colour=_RED)]


def _draw_dashes(left: float, right: float, y: float) -> str:
    """Draw a dashed line across."""
    return _make_tag(
        "line",
        x1=left,
        x2=right,
        y1=y,
        y2=y,
        stroke=_RED,
        stroke_dasharray="4 3",
    )


def _write_numbers(
    points: Sequence[Bar], places: Sequence[tuple[float, float]]
) -> list[str]:
    """Write the numbers of the ends, then of the highest and the lowest point.

    One that would stand over another is left out.
    """
    numbers = [point.number for point in points]
    last = len(points) - 1
    wanted = [last, 0, numbers.index(max(numbers)), numbers.index(min(numbers))]
    taken: dict[int, tuple[float, float]] = {}
    for index in dict.fromkeys(wanted):
        x, y = places[index]
        is_below = _runs_above(places, index)
        text_y = y + 19 if is_below else y - 9
        is_free = all(
            abs(x - other_x) > _NUMBER_WIDTH or abs(text_y - other_y) > _NUMBER_HEIGHT
            for other_x, other_y in taken.values()
        )
        if is_free:
            taken[index] = (x, text_y)

    # From the left to the right, as a line of text is read.
    texts = []
    for index, (x, text_y) in sorted(taken.items()):
        texts.append(_draw_text(x, text_y, points[index].shown, "middle"))
    return texts


def _runs_above(places: Sequence[tuple[float, float]], index: int) -> bool:
    """Whether the line beside a point runs above it on the whole, so that there is room below."""
    _, y = places[index]
    beside = []
    for neighbour in (index - 1, index + 1):
        if 0 <= neighbour < len(places):
            beside.append(places[neighbour][1])
    return bool(beside) and sum(beside) / len(beside) < y


# -- a waterfall -------------------------------------------------------------------------------


def draw_bridge(title: str, steps: Sequence[Bar]) -> str:
    """Draw a waterfall: the first and last step stand on the ground.

    Each one between hangs from the one before.
    """
    placed = _place_steps(steps)
    floor = _find_floor(placed)
    top = max(step.high for step in placed)
    scale = _ROOM / ((top - floor) or 1.0)

    drawn = []
    for index, step in enumerate(placed):
        drawn.append(_draw_step(step, _find_line(index), floor, scale))
    height = 24 + _LINE * len(steps)
    return _draw_svg(title, height, drawn)


def _place_steps(steps: Sequence[Bar]) -> list[_Step]:
    """Return each step with the level that it starts from."""
    placed = []
    level = 0.0
    for index, bar in enumerate(steps):
        is_end = index in (0, len(steps) - 1)
        start = 0.0 if is_end else level
        step = _Step(bar, start, is_end)
        placed.append(step)
        level = step.end
    return placed


def _find_floor(steps: Sequence[_Step]) -> float:
    """Return the level at which the drawing begins.

    Below zero, or a little under the lowest step.
    """
    between = [step.low for step in steps if not step.is_end]
    lowest = min(between, default=0.0)
    if lowest < 0:
        return lowest
    return lowest * 0.9


def _draw_step(step: _Step, y: int, floor: float, scale: float) -> str:
    """Draw a step with its name before it and its number behind it."""
    first = max(floor, step.low)
    x = _LEFT + (first - floor) * scale
    width = max((step.high - first) * scale, _LEAST_WIDTH)

    name = _write_name(step.bar, y)
    shape = _draw_rectangle(x, y, width, _choose_fill(step))
    number = _write_number(step.bar, x + width, y)
    return name + shape + number


def _choose_fill(step: _Step) -> str:
    """Return the colour of a step: of what stands on the ground, of a gain, of a loss."""
    if step.is_end:
        return _BLUE
    if step.bar.number >= 0:
        return _GREEN
    return _RED


# -- shapes ------------------------------------------------------------------------------------


def _draw_rectangle(x: float, y: int, width: float, fill: str) -> str:
    """Draw a bar; `x`, `y` is its upper left corner."""
    return _make_tag(
        "rect",
        x=x,
        y=y,
        width=max(width, _LEAST_WIDTH),
        height=_BAR_HEIGHT,
        fill=fill,
    )


def _shorten_name(name: str) -> str:
    """Cut a name to the room there is: a Chinese character takes two of 20 places."""
    taken = 0
    kept = ""
    for sign in name:
        taken += 2 if ord(sign) > 0x2E80 else 1
        if taken > _NAME_WIDTH:
            return f"{kept[:-1]}…"
        kept += sign
    return kept


def _draw_text(
    x: float, y: float, text: str, anchor: str = "start", colour: str = _INK
) -> str:
    """Write a text with a white edge, so that it stays legible over a line or a bar."""
    tag = _open_tag(
        "text",
        x=float(x),
        y=float(y),
        text_anchor=anchor,
        fill=colour,
        stroke="#FFFFFF",
        stroke_width=3,
        paint_order="stroke",
    )
    return f"{tag}>{escape(text)}</text>"


def _draw_svg(title: str, height: int, drawn: Sequence[str]) -> str:
    """Return the whole drawing; its title is read aloud, and not drawn."""
    tag = _open_tag(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        width=WIDTH,
        height=height,
        role="img",
        font_family=_FONT_FAMILY,
        font_size=13,
    )
    shapes = "".join(drawn)
    return f"{tag}><title>{escape(title)}</title>{shapes}</svg>"


def _make_tag(tag: str, **attributes: float | str) -> str:
    """Return a tag without content."""
    return _open_tag(tag, **attributes) + "/>"


def _open_tag(tag: str, **attributes: float | str) -> str:
    """Return a tag as far as its attributes go; of a float one decimal is written."""
    written = [f"<{tag}"]
    for attribute, value in attributes.items():
        shown = escape(str(value), _QUOTED)
        if isinstance(value, float):
            shown = f"{value:.1f}"
        dashed = attribute.replace("_", "-")
        written.append(f'{dashed}="{shown}"')
    return " ".join(written)

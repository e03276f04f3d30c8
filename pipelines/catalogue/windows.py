"""Columns over the last months of a carried history, declared instead of written out.

    windows:
      sum: {months: [3, 6], of: {revenue: "DECIMAL(18, 2)"}}   # revenue_sum_3, revenue_sum_6
      known: {months: [3], of: {usage_known: voice_minutes}}    # usage_known_3
      slope: {months: [6], of: [revenue]}                       # revenue_slope_6
      streak: {months: 13, of: {zero_streak: is_zero}}          # zero_streak

They stand behind the columns of the SELECT: sums, known months, slopes, streaks. What they read is
`<measure>_0` of this month, `<measure>_1` of the month before, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import TYPE_CHECKING

from pipelines.catalogue.front_matter import Windows

if TYPE_CHECKING:
    from sqlglot import exp


def list_window_columns(windows: Windows) -> Iterator[exp.Expr]:
    """Yield the columns that windows declare, under their names."""
    for measure, kind in windows.sum.of.items():
        for months in windows.sum.months:
            yield _add_up(measure, months, kind).as_(f"{measure}_sum_{months}")
    for name, measure in windows.known.of.items():
        for months in windows.known.months:
            yield _count_known(measure, months).as_(f"{name}_{months}")
    for measure in windows.slope.of:
        for months in windows.slope.months:
            yield _fit_slope(measure, months).as_(f"{measure}_slope_{months}")
    for name, measure in windows.streak.of.items():
        yield _count_streak(measure, windows.streak.months).as_(name)


def _add_up(measure: str, months: int, kind: str) -> exp.Expr:
    from sqlglot import exp

    amounts = []
    for column in _list_months(measure, months):
        nothing = exp.Literal.number(0)
        amounts.append(exp.Coalesce(this=column, expressions=[nothing]))
    return exp.cast(_join_by_plus(amounts), kind, dialect="duckdb")


def _count_known(measure: str, months: int) -> exp.Expr:
    from sqlglot import exp

    ones = []
    for column in _list_months(measure, months):
        ones.append(exp.case().when(column.is_(exp.null()), "0").else_("1"))
    return _join_by_plus(ones)


def _fit_slope(measure: str, months: int) -> exp.Expr:
    """The sum of each month's distance from the middle times its value, over that of squares."""
    from sqlglot import exp

    middle = (months - 1) / 2
    terms = []
    squares = 0.0
    for ago, column in enumerate(_list_months(measure, months)):
        distance = middle - ago
        squares += distance * distance
        weight = exp.Literal.number(distance)
        terms.append(exp.Mul(this=weight, expression=exp.cast(column, "DOUBLE")))
    total = exp.paren(_join_by_plus(terms))
    return exp.Div(this=total, expression=exp.Literal.number(squares))


def _count_streak(measure: str, months: int) -> exp.Expr:
    from sqlglot import exp

    streak = exp.case()
    for ago, column in enumerate(_list_months(measure, months)):
        is_over = exp.NullSafeNEQ(this=column, expression=exp.true())
        streak = streak.when(is_over, str(ago))
    return streak.else_(str(months))


def _list_months(measure: str, months: int) -> list[exp.Column]:
    """A measure's columns of the last months, this month's first."""
    from sqlglot import exp

    return [exp.column(f"{measure}_{ago}") for ago in range(months)]


def _join_by_plus(terms: Iterable[exp.Expr]) -> exp.Expr:
    from sqlglot import exp

    return reduce(lambda one, other: exp.Add(this=one, expression=other), terms)

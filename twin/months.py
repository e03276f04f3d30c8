"""Count months and days as whole numbers, and give each month its season."""

from dataclasses import dataclass

import numpy as np

# First day of the Spring Festival (Gregorian), as published with the lunar calendar; a year outside falls back to 5 February.
SPRING_FESTIVAL = {
    2010: "02-14", 2011: "02-03", 2012: "01-23", 2013: "02-10", 2014: "01-31", 2015: "02-19", 2016: "02-08",
    2017: "01-28", 2018: "02-16", 2019: "02-05", 2020: "01-25", 2021: "02-12", 2022: "02-01", 2023: "01-22",
    2024: "02-10", 2025: "01-29", 2026: "02-17", 2027: "02-06", 2028: "01-26", 2029: "02-13", 2030: "02-03",
    2031: "01-23", 2032: "02-11", 2033: "01-31", 2034: "02-19", 2035: "02-08",
}  # fmt: skip
FESTIVAL_DAYS = (
    8  # the eve and seven days after it: the statutory holiday as arranged since 2025
)


@dataclass(frozen=True)
class Span:
    """Hold one month: its number since 1970-01 and its first and last day since 1970-01-01."""

    number: int
    first: int
    last: int

    @property
    def days(self) -> int:
        """Count the days of the month."""
        return self.last - self.first + 1

    @property
    def label(self) -> str:
        """Write the month as YYYY-MM."""
        return str(np.datetime64(self.number, "M"))

    @property
    def compact(self) -> int:
        """Write the month as the number YYYYMM."""
        return int(self.label.replace("-", ""))

    @property
    def calendar_month(self) -> int:
        """Give the calendar month, 1 to 12."""
        return self.number % 12 + 1

    @property
    def year(self) -> int:
        """Give the calendar year."""
        return 1970 + self.number // 12


@dataclass(frozen=True)
class Season:
    """Hold what the time of the year multiplies."""

    voice: float
    data: float
    joining: float
    leaving: float
    skipping: float


def day_number(text: str) -> int:
    """Turn YYYY-MM-DD into days since 1970-01-01."""
    return int(np.datetime64(text, "D").astype(np.int64))


def month_number(text: str) -> int:
    """Turn YYYY-MM into months since 1970-01."""
    return int(np.datetime64(text, "M").astype(np.int64))


def first_day(number: int) -> int:
    """Give the first day of a month."""
    return int(np.datetime64(number, "M").astype("datetime64[D]").astype(np.int64))


def span_of(number: int) -> Span:
    """Build the span of a month from its number."""
    return Span(number, first_day(number), first_day(number + 1) - 1)


def festival_share(span: Span) -> float:
    """Give the share of that year's Spring Festival holiday that lies in the month."""
    eve = day_number(f"{span.year}-{SPRING_FESTIVAL.get(span.year, '02-05')}") - 1
    inside = min(span.last, eve + FESTIVAL_DAYS - 1) - max(span.first, eve) + 1
    return max(0, inside) / FESTIVAL_DAYS


def season_of(span: Span) -> Season:
    """Give the month its multipliers; the sizes are our own assumptions, the directions are common knowledge."""
    festival, before = festival_share(span), festival_share(span_of(span.number - 1))
    length = span.days / 30.4
    summer = span.calendar_month in (7, 8)
    golden_week = {10: 1.0, 5: 0.6}.get(
        span.calendar_month, 0.0
    )  # National Day, Labour Day
    return Season(
        voice=length * (1 + 0.12 * festival + 0.02 * golden_week),
        data=length * (1 + 0.10 * festival + 0.06 * summer + 0.04 * golden_week),
        joining=1
        - 0.20 * festival
        + 0.25 * (span.calendar_month == 9),  # students arrive in September
        leaving=1
        + 0.10 * before
        + 0.08
        * (span.calendar_month in (6, 7)),  # migrants after the festival, graduates
        skipping=1 + 0.30 * festival,  # shops closed, people away
    )

"""Know which days people in China work, as the State Council announced them, and when orders go out."""

import numpy as np

from twin.months import Span

# By year: the weekdays that are free, and the Saturdays and Sundays that are worked in their stead.
FREE = {
    2020: (
        "01-01 01-24 01-27 01-28 01-29 01-30 01-31 04-06 05-01 05-04 05-05 06-25 "
        "06-26 10-01 10-02 10-05 10-06 10-07 10-08"
    ),
    2021: (
        "01-01 02-11 02-12 02-15 02-16 02-17 04-05 05-03 05-04 05-05 06-14 09-20 "
        "09-21 10-01 10-04 10-05 10-06 10-07"
    ),
    2022: (
        "01-03 01-31 02-01 02-02 02-03 02-04 04-04 04-05 05-02 05-03 05-04 06-03 "
        "09-12 10-03 10-04 10-05 10-06 10-07"
    ),
    2023: (
        "01-02 01-23 01-24 01-25 01-26 01-27 04-05 05-01 05-02 05-03 06-22 06-23 "
        "09-29 10-02 10-03 10-04 10-05 10-06"
    ),
    2024: (
        "01-01 02-12 02-13 02-14 02-15 02-16 04-04 04-05 05-01 05-02 05-03 06-10 "
        "09-16 09-17 10-01 10-02 10-03 10-04 10-07"
    ),
    2025: (
        "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 "
        "10-01 10-02 10-03 10-06 10-07 10-08"
    ),
    2026: (
        "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 "
        "06-19 09-25 10-01 10-02 10-05 10-06 10-07"
    ),
}
WORKED = {
    2020: "01-19 04-26 05-09 06-28 09-27 10-10",
    2021: "02-07 02-20 04-25 05-08 09-18 09-26 10-09",
    2022: "01-29 01-30 04-02 04-24 05-07 10-08 10-09",
    2023: "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}

# Of a year that nobody has announced yet: New Year, Labour Day, National Day.
ALWAYS_FREE = "01-01 05-01 05-02 05-03 10-01 10-02 10-03"
SATURDAY = 5


def is_working_day(day: int) -> bool:
    """Say whether people work on a day, counted since 1970."""
    year, _, rest = str(np.datetime64(day, "D")).partition("-")
    free = FREE.get(int(year), ALWAYS_FREE)
    worked = WORKED.get(int(year), "")
    is_weekend = (day + 3) % 7 >= SATURDAY  # 1 January 1970 was a Thursday
    return rest in worked.split() if is_weekend else rest not in free.split()


def working_day(span: Span, number: int) -> int:
    """Give the n-th working day of a month."""
    days = [day for day in range(span.first, span.last + 1) if is_working_day(day)]
    return days[number - 1]

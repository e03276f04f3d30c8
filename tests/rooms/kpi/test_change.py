"""`kpi_change` on a synthetic operator: every sum at every level, and against the month and the year before."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from pipelines.rooms.kpi.change import write_changes
from pipelines.store.lake import MonthFolder
from tests.cases.form import differences, read_grid
from tests.support.small import Row, none_of, only, read, room_context, twin_operator

AMOUNTS, VALUES = ("volume", "mix", "rate"), ("value_mix", "value_rate")
MEASURES = ("numerator_change", "value_change", *AMOUNTS, *VALUES)


def months() -> list[list[Row]]:
    operator = twin_operator()
    return [
        read(MonthFolder(operator.home, m).version(), "kpi_change")
        for m in operator.months[1:]
    ]


def test_every_sum_of_parts_and_effects_is_the_whole() -> None:
    checked = 0
    failing: list[tuple[str, ...]] = []
    for rows in months():
        sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
        whole: dict[tuple[str, ...], Decimal] = {}
        for row in rows:
            key = (
                row["month"],
                row["comparison"],
                row["kpi"],
                row["variant"],
                row["part_kind"],
            )
            checked += 2
            if (
                sum(row[n] for n in AMOUNTS) != row["numerator_change"]
                or sum(row[n] for n in VALUES) != row["value_change"]
            ):
                failing.append(key)
            for name in MEASURES:
                if row["scope_kind"] == "company":
                    whole[*key, name] = row[name]
                else:
                    sums[*key, name] += row[name]
        checked += len(whole)
        failing += [key for key, total in whole.items() if sums[key] != total]
    assert failing == []
    assert checked > 2000


def test_changes_are_those_of_the_published_figures() -> None:
    operator = twin_operator()
    before, now = (
        {
            (r["kpi"], r["variant"], r["scope_kind"], r["scope_id"]): r
            for r in read(MonthFolder(operator.home, m).version(), "kpi_monthly")
        }
        for m in operator.months[-2:]
    )
    rows = months()[-1]
    assert {r["part_kind"] for r in rows} == {"city", "branch", "unit"}
    for row in rows:
        key = (row["kpi"], row["variant"], row["scope_kind"], row["scope_id"])
        figures = [v[key]["numerator"] if key in v else 0 for v in (before, now)]
        assert row["numerator_change"] == figures[1] - figures[0]
        if row["scope_kind"] == "company":
            assert (
                abs(
                    float(row["value_change"])
                    - (now[key]["value"] - before[key]["value"])
                )
                < 1e-9
            )


def a_row(
    scope: str, numerator: int, denominator: int, status: str = "released"
) -> Row:
    kind = "company" if scope == "company" else "branch"
    return {
        "kpi": "made", "variant": "plain", "scope_kind": kind, "scope_id": scope,
        "numerator": numerator, "denominator": denominator, "status": status,
    }  # fmt: skip


def test_a_year_before_and_what_was_withheld_then(tmp_path: Path) -> None:
    now = [a_row("company", 50, 200), a_row("B1", 20, 100), a_row("B2", 30, 100)]
    then = [
        a_row("company", 40, 200),
        a_row("B1", 10, 100, "withheld"),
        a_row("B2", 30, 100),
    ]
    with room_context(
        tmp_path, {"kpi_monthly": now, "m12.kpi_monthly": then}
    ) as context:
        write_changes(context)
    rows = read(tmp_path, "kpi_change")
    assert {(r["comparison"], r["before_month"]) for r in rows} == {
        ("year_before", "2025-08")
    }
    found = {r["scope_id"]: (r["rate"], r["status"]) for r in rows}
    assert found == {
        "company": (10, "released"),
        "B1": (10, "withheld"),
        "B2": (0, "released"),
    }


def test_a_change_is_split_as_by_hand(tmp_path: Path) -> None:
    """A branch better and one smaller, one that opened and one that closed; means of both months."""
    then = [
        a_row("company", 44, 250),
        a_row("B1", 10, 100, "withheld"),
        a_row("B2", 30, 100),
        a_row("B4", 4, 50, "caveat"),
    ]
    now = [
        a_row("company", 50, 200),
        a_row("B1", 20, 100),
        a_row("B2", 25, 50, "caveat"),
        a_row("B3", 5, 50),
    ]
    with room_context(
        tmp_path, {"kpi_monthly": now, "m1.kpi_monthly": then}
    ) as context:
        write_changes(context)
    rows = read(tmp_path, "kpi_change")
    expected = read_grid("""
        scope_kind | scope_id | numerator_change | volume | mix   | rate | value_change | value_mix | value_rate | status
        company    | company  | 6                | -10.9  | -8.1  | 25   | 0.074        | -0.036    | 0.11       | released
        branch     | B1       | 10               | -3.375 | 3.375 | 10   | 0.0387       | -0.0063   | 0.045      | withheld
        branch     | B2       | -5               | -6.5   | -13.5 | 15   | 0.03695      | -0.02805  | 0.065      | caveat
        branch     | B3       | 5                | -0.625 | 5.625 | 0    | -0.02825     | -0.02825  | 0          | released
        branch     | B4       | -4               | -0.4   | -3.6  | 0    | 0.0266       | 0.0266    | 0          | caveat
    """)
    assert differences(expected, rows) == []
    about = ("month", "comparison", "before_month", "kpi", "variant", "part_kind")
    assert {tuple(row[name] for name in about) for row in rows} == {
        ("2026-08", "previous_month", "2026-07", "made", "plain", "branch")
    }


def test_what_has_no_value_before_or_no_company_is_not_split(tmp_path: Path) -> None:
    both = [a_row("company", 50, 200), a_row("B1", 50, 200)]
    young = [row | {"kpi": "young"} for row in both]
    headless = [a_row("B1", 50, 200) | {"variant": "headless"}]
    now, then = [*both, *young, *headless], [*both, *headless]
    with room_context(
        tmp_path, {"kpi_monthly": now, "m1.kpi_monthly": then}
    ) as context:
        write_changes(context)
    rows = read(tmp_path, "kpi_change")
    assert {(row["kpi"], row["variant"]) for row in rows} == {("made", "plain")}


def test_parts_that_are_not_the_whole_are_not_split(tmp_path: Path) -> None:
    now = [a_row("company", 50, 200), a_row("B1", 20, 100)]
    with room_context(tmp_path, {"kpi_monthly": now, "m1.kpi_monthly": now}) as context:
        write_changes(context)
    assert read(tmp_path, "kpi_change") == []


def test_a_first_month_compares_with_nothing(tmp_path: Path) -> None:
    with room_context(tmp_path, {"kpi_monthly": none_of("kpi")}) as context:
        write_changes(context)
        entry = only([context.entries["kpi_change"].to_json()])
    assert entry["status"] == "not_computed" and entry["reasons"] == [
        "not held: 2026-07",
        "not held: 2025-08",
    ]

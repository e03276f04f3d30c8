"""Activities in the summary: figures of the month's guests, cost and answers, and who stayed against the hold-out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.catalogue.figure_rows import FigureRow
from pipelines.core.month import Month
from pipelines.documents.reports.model import Wording, join_parts
from pipelines.documents.reports.summary.activities import draw_activity_tables
from pipelines.documents.reports.write import make_table_reader
from pipelines.rooms.report.activities import gather_activity_figures, tell_activities
from tests.support.scored import scored_operator
from tests.support.small import MONTH, Row, read, room_context

HELD = {
    "activity_id": "A1",
    "name": "spring",
    "branch_id": "B1",
    "held_on": MONTH.last_day,
}
GUESTS = HELD | {
    "cost_amount": None,
    "invited_count": 40,
    "attended_count": 30,
    "answer_count": 8,
    "satisfied_count": 6,
}


def figures_of(folder: Path, **tables: list[Row]) -> dict[str, FigureRow]:
    with room_context(
        folder, {f"report_{name}": typed(rows) for name, rows in tables.items()}
    ) as context:
        return {
            f"{r['measure']}:{r['scope_id']}": r
            for r in gather_activity_figures(context)
        }


def typed(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows)


def test_each_activity_has_its_guests_cost_and_answers(tmp_path: Path) -> None:
    found = figures_of(tmp_path, activity=[GUESTS | {"cost_amount": 900.0}])
    shown = {name: row["shown"] for name, row in found.items()}
    assert (
        shown["invited_count:A1"],
        shown["attended_count:A1"],
        shown["cost_amount:A1"],
    ) == (
        "40",
        "30",
        "900.00",
    )
    assert found["satisfied:A1"]["scope_name"] == "spring · B1"
    assert (shown["guest_cost:A1"], shown["satisfied:A1"]) == ("30.00", "75.00%")
    assert (
        found["satisfied:A1"]["numerator"],
        found["satisfied:A1"]["denominator"],
    ) == (Decimal(6), Decimal(8))
    assert (shown["activity_count:company"], shown["cost_amount:company"]) == (
        "1",
        "900.00",
    )


def test_what_is_not_known_has_no_figure(tmp_path: Path) -> None:
    unknown = GUESTS | {
        "attended_count": 0,
        "answer_count": None,
        "satisfied_count": None,
    }
    found = figures_of(tmp_path, activity=[unknown | {"cost_amount": 900.0}])
    assert not {"guest_cost:A1", "satisfied:A1", "answer_count:A1"} & set(found)


@pytest.mark.parametrize(("holdout", "is_told"), [(29, False), (30, True)])
def test_invited_are_compared_with_the_hold_out_where_both_are_enough(
    holdout: int, is_told: bool, tmp_path: Path
) -> None:
    counts = {
        "attended_count": 4,
        "attended_kept_count": 4,
        "treated_count": 40,
        "treated_kept_count": 30,
    }
    row = HELD | counts | {"holdout_count": holdout, "holdout_kept_count": holdout - 15}
    found = figures_of(tmp_path, activity_follow=[row])
    assert (
        found["treated_kept:A1"]["shown"] == "75.00%"
        and found["attended_kept:A1"]["shown"] == "100.00%"
    )
    assert ("kept_difference:A1" in found) == is_told
    assert not is_told or found["kept_difference:A1"]["shown"] == "25.00"


def test_a_month_without_activities_says_nothing(tmp_path: Path) -> None:
    with room_context(tmp_path, {}) as context:
        assert not list(gather_activity_figures(context))
        assert [
            (section, list(told)) for section, told in tell_activities(context, {})
        ] == [("activity", [])]
    assert not list(draw_activity_tables(Wording("en", {}), MONTH))


def test_the_summary_has_a_row_an_activity() -> None:
    version = scored_operator().version
    held, followed = (
        read(version, "report_activity"),
        read(version, "report_activity_follow"),
    )
    assert held and followed
    rows = make_table_reader(version)("report_figure")
    words = Wording("zh", {row["figure"]: row for row in rows})
    tables = list(draw_activity_tables(words, Month.parse(str(version.month))))
    assert [len(t.rows) for t in tables] == [
        len(held),
        len([r for r in followed if r["attended_count"] or r["treated_count"]]),
    ]
    first = min(held, key=lambda r: r["activity_id"])
    assert [join_parts(cell) for cell in tables[0].rows[0][1:3]] == [
        str(first["invited_count"]),
        str(first["attended_count"]),
    ]

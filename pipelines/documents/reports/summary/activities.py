"""The tables of the month's activities, and of who stayed after those of the month before."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.catalogue.figure_rows import build_figure_id
from pipelines.core.month import Month
from pipelines.documents.reports.model import Table, Wording

# What each table shows of an activity: measures of `report_figure`, in the order of the columns.
TABLES = {
    "held": (
        "invited_count",
        "attended_count",
        "cost_amount",
        "guest_cost",
        "satisfied",
        "answer_count",
    ),
    "followed": ("attended_kept", "treated_kept", "holdout_kept", "kept_difference"),
}
_WIDTHS = {"held": (36, 9, 9, 14, 12, 11, 9), "followed": (40, 15, 15, 15, 15)}


def draw_activity_tables(words: Wording, month: Month) -> Iterator[Table]:
    """Yield a table of the activities held, and one of those of the month before.

    A table of which there is no activity is left out.
    """
    for name, measures in TABLES.items():
        activities = _find_activities(words, month, measures)
        if not activities:
            continue

        rows = []
        for activity in activities:
            title = words.show_scope(activity)
            figures = []
            for measure in measures:
                figure_id = _name_figure(measure, activity, month)
                figures.append(words.show_figure(figure_id))
            rows.append((title, *figures))

        yield words.make_table(
            title=f"table.activity_{name}",
            columns=("activity", *measures),
            rows=rows,
            numeric=range(1, len(measures) + 1),
            widths=_WIDTHS[name],
        )


def _name_figure(measure: str, activity: str, month: Month) -> str:
    """Return how a figure of an activity is called."""
    return build_figure_id(measure, "activity", "activity", activity, month)


def _find_activities(
    words: Wording, month: Month, measures: tuple[str, ...]
) -> list[str]:
    """Return the ids of the month's activities that have one of the measures."""
    found = set()
    for row in words.figures.values():
        is_of_month = row["scope_kind"] == "activity" and row["month"] == str(month)
        if is_of_month and row["measure"] in measures:
            found.add(row["scope_id"])
    return sorted(found)

"""The tables of the month's activities, and of who stayed after those of the month before."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.core.month import Month
from pipelines.documents.reports.model import Part, Table, Wording

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


def activity_tables(words: Wording, month: Month) -> Iterator[Table]:
    """Yield a table of the activities held, and one of those of the month before; neither where there is none."""
    of = [
        r
        for r in words.figures.values()
        if r["scope_kind"] == "activity" and r["month"] == str(month)
    ]
    for name, measures in TABLES.items():
        ids = sorted({r["scope_id"] for r in of if r["measure"] in measures})
        rows = [
            (
                (Part(words.scope(one)),),
                *(
                    words.figure(f"{measure}:activity:activity:{one}:{month}")
                    for measure in measures
                ),
            )
            for one in ids
        ]
        if rows:
            header = (
                words.text("column.activity"),
                *(words.text(f"column.{measure}") for measure in measures),
            )
            title = words.text(f"table.activity_{name}")
            yield Table(title, header, tuple(rows), frozenset(range(1, len(header))), _WIDTHS[name])

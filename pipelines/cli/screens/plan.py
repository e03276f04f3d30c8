"""A year's plan as the command line shows it: totals, keys, and what has changed."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.cli.screens.lines import print_line
from pipelines.cli.screens.tables import draw_grid
from pipelines.documents.plan_view import PlanView
from pipelines.text.texts import fill_label
from pipelines.text.units import write_plain_cell

SCREEN_CHANGES = 20
_MEASURE_COLUMNS = (
    "measure",
    "total",
    "part_count",
    "key_version",
    "key_hash",
    "key_month",
)
_CHANGE_COLUMNS = (
    "measure",
    "month",
    "scope_kind",
    "scope_id",
    "branch_id",
    "amount_before",
    "amount_now",
    "amount_change",
)
_NAMED_VALUES = ("company", "unclaimed")  # ids that have a text of their own


def draw_plan(
    view: PlanView, is_new: bool, files: Sequence[str], path: str, language: str
) -> None:
    """Draw the measures, the first changes, and where the files are."""
    body = []
    for measure in view.measures:
        body.append(
            [str(write_plain_cell(getattr(measure, name))) for name in _MEASURE_COLUMNS]
        )

    draw_grid(_make_titles(_MEASURE_COLUMNS, language), body, {1, 2})
    if view.changes:
        _draw_changes(view, language)
    state = "plan.new" if is_new else "plan.same"
    print_line(language, state, year=view.year, version=view.version)
    print_line(language, "plan.files", count=len(files), path=path)


def _draw_changes(view: PlanView, language: str) -> None:
    count = len(view.changes)
    print_line(language, "plan.changed", count=count, version=view.version)
    body = []
    for row in view.changes[:SCREEN_CHANGES]:
        body.append(
            [_format_cell(name, row[name], language) for name in _CHANGE_COLUMNS]
        )

    draw_grid(_make_titles(_CHANGE_COLUMNS, language), body, {5, 6, 7})
    if count > SCREEN_CHANGES:
        more = count - SCREEN_CHANGES
        print_line(language, "plan.more", count=more, path=view.version_path)


def _make_titles(columns: Sequence[str], language: str) -> list[str]:
    return [fill_label(language, f"plan.{name}") for name in columns]


def _format_cell(name: str, value: object, language: str) -> str:
    if value is None:
        return ""
    if name == "scope_kind" or value in _NAMED_VALUES:
        return fill_label(language, f"scope.{value}")
    return str(write_plain_cell(value))

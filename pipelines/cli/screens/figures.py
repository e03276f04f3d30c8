"""A figure opened, as the command line tells it."""

from __future__ import annotations

from typing import Any

import typer

from pipelines.cli.screens.views import SCREEN_ROWS, draw_first_rows
from pipelines.jobs.figure import Figure
from pipelines.text.texts import label, reason_in_words
from pipelines.text.units import in_words, plain


def figure_content(figure: Figure) -> dict[str, Any]:
    """Return what there is to tell of a figure; of its rows how many there are, and the first."""
    names = (
        "month",
        "scope_kind",
        "scope_id",
        "value",
        "numerator",
        "denominator",
        "status",
        "reason",
    )
    rows = figure.rows.slice(0, SCREEN_ROWS).to_pylist()
    told = {name: figure.row[name] for name in names} | {"version": figure.version.number}
    return {
        "definition": figure.definition,
        "figure": told,
        "row_count": figure.rows.num_rows,
        "rows": rows,
    }


def draw_figure(figure: Figure, language: str) -> None:
    """Print a figure's definition, its numerator and denominator, and the first of its rows."""
    content = figure_content(figure)
    for line in _lines(content, language):
        typer.echo(line)
    draw_first_rows(figure.rows.schema.names, content["rows"], figure.rows.num_rows, language)


def _lines(content: dict[str, Any], language: str) -> list[str]:
    definition, told = content["definition"], content["figure"]
    scope = label(language, f"scope.{told['scope_kind']}")
    if told["scope_id"] != "company":
        scope += f" {told['scope_id']}"
    value = in_words(told["value"], definition["unit"])
    sides = [plain(told[side]) for side in ("numerator", "denominator") if told[side] is not None]
    parts = (
        ("opened.what", {"title": definition["title"][language], "id": definition["id"], "scope": scope, **told}),
        ("opened.meaning", {name: definition[name] for name in ("version", "file", "meaning")}
         | {"words": definition["words"][language]}),
        ("opened.value", {"value": value, "parts": " ÷ ".join(map(str, sides)) or "–",
                          "status": label(language, f"status.{told['status']}")}),
        ("opened.reads", {"tables": ", ".join(definition["reads"])}),
    )  # fmt: skip
    reason = [reason_in_words(language, told["reason"])] if told["reason"] else []
    return [*(label(language, key, **facts) for key, facts in parts), *reason]

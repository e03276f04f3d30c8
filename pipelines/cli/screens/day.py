"""A day as the command line tells it: its bulletins by branch, its orders, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import typer

from pipelines.cli.screens.views import draw_grid
from pipelines.store.lake import Version
from pipelines.store.rows import read_rows
from pipelines.text.texts import label, reason_in_words

BULLETINS = ("suspended", "arrears", "due")
_TABLES = (
    *(f"daily_{name}" for name in BULLETINS),
    "daily_promise",
    "features_arrears",
    "features_complaint",
)


def tell_day(version: Version) -> dict[str, Any]:
    """Return a day's bulletins, orders and why-nots, and what was not computed or withheld, each with its reason."""
    state = _rows(version, "dispatch_list")[0]
    entries = version.manifest["tables"]
    missing = {
        name: entries[name]["reasons"]
        for name in _TABLES
        if entries.get(name, {}).get("status") == "not_computed"
    }
    if state["status"] == "not_computed":
        missing[state["list"]] = [state["reason"]]
    return {
        "day": version.occasion,
        "month": str(version.month),
        "version": version.number,
        **{name: _rows(version, f"daily_{name}") for name in BULLETINS},
        "promises": _rows(version, "daily_promise"),
        "orders": len(_rows(version, "dispatch_order")),
        "why_not": dict(Counter(row["reason"] for row in _rows(version, "dispatch_why_not"))),
        "not_computed": {name: "; ".join(reasons) for name, reasons in missing.items()},
        "withheld": {state["list"]: state["reason"]} if state["status"] == "withheld" else {},
    }


def _rows(version: Version, table: str) -> list[dict[str, Any]]:
    return read_rows(version.table(table)) if version.is_computed(table) else []


def draw_day(content: Mapping[str, Any], language: str) -> None:
    """Draw the bulletins of company and branches, and count the orders."""
    for name in BULLETINS:
        rows = [row for row in content[name] if row["scope_kind"] in ("company", "branch")]
        if rows:
            figures = [column for column in rows[0] if column not in ("scope_kind", "scope_id")]
            titles = [
                label(language, "scope_id"),
                *(label(language, f"day.{figure}") for figure in figures),
            ]
            body = [
                [_place(row, language), *(_figure(row[figure]) for figure in figures)]
                for row in _in_order(rows)
            ]
            typer.echo(label(language, f"day.{name}", day=content["day"]))
            draw_grid(titles, body, set(range(1, len(titles))))
    typer.echo(label(language, "day.orders", count=content["orders"], month=content["month"]))
    for reason, count in sorted(content["why_not"].items()):
        typer.echo(f"  {reason_in_words(language, reason)}: {count}")
    for name, reason in [*content["not_computed"].items(), *content["withheld"].items()]:
        typer.echo(f"{name}: {reason_in_words(language, reason)}")
    state = "day.released" if content["released"] else "day.waits"
    typer.echo(label(language, state, month=content["month"]))


def _in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["scope_kind"] != "company", row["scope_id"]))


def _place(row: Mapping[str, Any], language: str) -> str:
    named = ("company", "unclaimed")
    return (
        label(language, f"scope.{row['scope_id']}")
        if row["scope_id"] in named
        else str(row["scope_id"])
    )


def _figure(value: object) -> str:
    return "" if value is None else f"{value:,}"

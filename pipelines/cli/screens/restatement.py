"""A restatement as the command line shows it: the company's figures by cause, and how many orders differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import typer

from pipelines.catalogue.outputs import kpis
from pipelines.cli.screens.views import draw_grid
from pipelines.text.texts import label
from pipelines.text.units import in_words

COMPANY = ("company", "company")


def draw_restatement(content: dict[str, Any], causes: Sequence[str], language: str) -> None:
    """Draw the company's figures that differ, each with its causes, and the orders by list, change and cause."""
    by_cause = {
        (r["kpi"], r["variant"], r["cause"]): r["value_change"]
        for r in content["causes"]
        if _is_company(r)
    }
    seen = [cause for cause in causes if any(named == cause for *_, named in by_cause)]
    differing = [row for row in content["kpis"] if _is_company(row) and _differs(row)]
    known = {kpi.name: kpi.meta for kpi in kpis()}
    body = []
    for row in differing:
        meta = known[row["kpi"]]
        figures = [row["value_published"], row["value_known"], row["value_difference"]]
        figures += [by_cause.get((row["kpi"], row["variant"], cause)) for cause in seen]
        words = [
            in_words(None if figure is None else float(figure), meta["unit"]) for figure in figures
        ]
        body.append([meta["title"][language], row["variant"], *words])
    names = ["kpi_title", "variant", "restate.published", "restate.known", "restate.difference"]
    titles = [label(language, name) for name in names] + [
        label(language, f"restate.cause.{cause}") for cause in seen
    ]
    if body:
        draw_grid(titles, body, range(2, len(titles)))
    else:
        typer.echo(label(language, "restate.nothing"))
    _draw_orders(content["orders"], language)


def _is_company(row: dict[str, Any]) -> bool:
    return (row["scope_kind"], row["scope_id"]) == COMPANY


def _differs(row: dict[str, Any]) -> bool:
    return bool(row["value_difference"]) or row["status_published"] != row["status_known"]


def _draw_orders(orders: Sequence[dict[str, Any]], language: str) -> None:
    if not orders:
        typer.echo(label(language, "restate.no_orders"))
        return
    counts = Counter((row["list"], row["change"], row["cause"]) for row in orders)
    typer.echo(label(language, "restate.orders"))
    body = [
        [
            name,
            label(language, f"restate.change.{change}"),
            label(language, f"restate.cause.{cause}"),
            str(count),
        ]
        for (name, change, cause), count in sorted(counts.items())
    ]
    titles = [label(language, f"restate.{name}") for name in ("list", "change", "cause", "count")]
    draw_grid(titles, body, {3})

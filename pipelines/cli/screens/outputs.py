"""What a month puts out, as the command line shows it: KPIs, lists, the branches' capacity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import typer

from pipelines.catalogue.outputs import load_kpis, load_lists
from pipelines.cli.screens.lines import print_line
from pipelines.cli.screens.tables import draw_grid
from pipelines.documents.dispatch_view import (
    Capacity,
    read_capacities,
    read_capacity_rule,
)
from pipelines.documents.table_files import TableRow
from pipelines.store.lake import Version
from pipelines.text.texts import fill_label, say_reasons
from pipelines.text.units import format_figure, write_plain_cell

_KPI_TITLES = (
    "kpi_title",
    "variant",
    "scope_id",
    "value",
    "target",
    "gap",
    "rank",
    "numerator",
    "denominator",
    "status",
    "reason",
)
_KPI_FIGURES = ("value", "target", "gap")
_KPI_COUNTS = ("rank", "numerator", "denominator")
_LIST_TITLES = (
    "output",
    "list_title",
    "page.candidates",
    "page.treated",
    "page.heldout",
    "page.left",
    "status",
    "reason",
)
_LIST_COUNTS = ("candidate_count", "treated_count", "holdout_count", "left_out_count")
_CAPACITY_TITLES = (
    "capacity",
    "wanted",
    "used",
    "left",
    "value",
    "bound",
    "gap",
    "price",
)
_NO_RANK = 10**9  # behind every rank there is


# -- KPIs ------------------------------------------------------------------------------------------


def draw_kpis(rows: Iterable[TableRow], language: str) -> None:
    """Draw rows of `kpi_monthly`: title, variant, scope, value, target, gap, rank, status."""
    meta = {kpi.name: kpi.meta for kpi in load_kpis()}
    body = []
    for row in sorted(rows, key=_order_kpis):
        of_kpi = meta[row["kpi"]]
        title = of_kpi["title"][language]
        if row["is_default"]:
            title = f"{title} ●"
        cells = [title, row["variant"], row["scope_id"]]
        cells += [format_figure(row[name], of_kpi["unit"]) for name in _KPI_FIGURES]
        cells += [_format_count(row[name]) for name in _KPI_COUNTS]
        cells.append(fill_label(language, f"status.{row['status']}"))
        cells.append(say_reasons(language, row["reason"]))
        body.append(cells)

    titles = [fill_label(language, name) for name in _KPI_TITLES]
    draw_grid(titles, body, range(3, 9))


def _order_kpis(row: TableRow) -> tuple[str, bool, str, int, str]:
    """By KPI, the default variant first, then by rank."""
    is_further = not row["is_default"]
    rank = row["rank"] or _NO_RANK
    return row["kpi"], is_further, row["variant"], rank, row["scope_id"]


def _format_count(value: object) -> str:
    if value is None:
        return "–"
    return str(write_plain_cell(value))


# -- lists -----------------------------------------------------------------------------------------


def draw_lists(rows: Sequence[TableRow], language: str) -> None:
    """Draw the lists: counts, status, and why people were left out."""
    list_titles = {spec.name: spec.title(language) for spec in load_lists()}
    body = []
    for row in rows:
        reasons = say_reasons(language, row["reason"])
        if not reasons:
            reasons = _count_reasons(row["why_not"], language)
        cells = [row["list"], list_titles[row["list"]]]
        cells += [str(row[name]) for name in _LIST_COUNTS]
        cells.append(fill_label(language, f"status.{row['status']}"))
        cells.append(reasons)
        body.append(cells)

    titles = [fill_label(language, name) for name in _LIST_TITLES]
    draw_grid(titles, body, range(2, 6))


def _count_reasons(why_not: Mapping[str, int], language: str) -> str:
    counts = []
    for reason, count in why_not.items():
        counts.append(f"{say_reasons(language, reason)} {count}")
    return "; ".join(counts)


def draw_capacities(version: Version, language: str) -> None:
    """Draw how many orders each branch could take, what came of it, and what one more was worth."""
    capacities = read_capacities(version)
    if not capacities:
        return
    titles = [fill_label(language, "scope_id")]
    titles += [fill_label(language, f"cap.{name}") for name in _CAPACITY_TITLES]
    body = [_format_capacity(capacity) for capacity in capacities]
    typer.echo()
    draw_grid(titles, body, range(1, len(titles)))
    print_line(language, f"cap.rule.{read_capacity_rule(version)}")


def _format_capacity(capacity: Capacity) -> list[str]:
    return [
        capacity.scope_id,
        str(capacity.capacity),
        str(capacity.wanted_count),
        str(capacity.used_count),
        str(capacity.left_count),
        f"{capacity.value_amount:,.2f}",
        f"{capacity.bound_amount:,.2f}",
        f"{capacity.gap_rate:.2%}",
        f"{capacity.shadow_price_amount:,.2f}",
    ]

"""What a month puts out, as the command line shows it: KPIs, lists, the branches' capacity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import typer

from pipelines.catalogue.outputs import find_multiplier, load_kpis, name_lists
from pipelines.cli.screens.lines import print_line
from pipelines.cli.screens.tables import draw_grid
from pipelines.core.month import Month
from pipelines.documents.dispatch_view import (
    Capacity,
    read_capacities,
    read_capacity_rule,
)
from pipelines.documents.holdout_view import (
    read_holdout_views,
    say_holdout,
    say_shares,
)
from pipelines.documents.table_files import TableRow
from pipelines.store.lake import Version
from pipelines.text.texts import fill_label, say_reasons
from pipelines.text.units import (
    format_figure,
    format_gap,
    join_sides,
    write_plain_cell,
)

_KPI_TITLES = (
    "kpi_title",
    "variant",
    "scope_id",
    "value",
    "target",
    "gap",
    "kpi_rank",
    "numerator",
    "denominator",
    "status",
    "reason",
    "kpi_id",
)
# By the places of the titles: words that may wrap, and what is left out first on a narrow screen.
_KPI_WRAPPED = (0, 1, 10)
_KPI_SPARE = (11, 8, 7, 10, 5, 9, 1)
_LIST_TITLES = (
    "list_title",
    "page.candidates",
    "page.treated",
    "page.heldout",
    "page.left",
    "status",
    "reason",
    "output",
)
_LIST_COUNTS = ("candidate_count", "treated_count", "holdout_count", "left_out_count")
_LIST_WRAPPED = (0, 6)
_LIST_SPARE = (7, 5)
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
_CAPACITY_SPARE = (6, 7, 5)
_HOLDOUT_TITLES = ("list_title", "tell.orders", "tell.risk", "tell.months", "tell.cost")
_NO_RANK = 10**9  # behind every rank there is


# -- KPIs ------------------------------------------------------------------------------------------


@cache
def name_variants(language: str) -> Mapping[tuple[str, str], str]:
    """Return what each KPI's variant counts over what, in words, by KPI and variant."""
    words = {}
    for kpi in load_kpis():
        variants = kpi.spec.meta["variants"]
        for variant, meaning in variants.items():
            words[kpi.name, variant] = str(meaning[language])
    return words


def draw_kpis(
    rows: Iterable[TableRow], names: Mapping[str, str], language: str
) -> None:
    """Draw rows of `kpi_monthly`: title, meaning, scope, value, target, gap, rank, status.

    `names` are what scopes are called, by id.
    """
    meta = {kpi.name: kpi.meta for kpi in load_kpis()}
    meanings = name_variants(language)

    body = []
    for row in sorted(rows, key=_order_kpis):
        of_kpi = meta[row["kpi"]]
        title = of_kpi["title"][language]
        if row["is_default"]:
            title = f"{title} ●"
        scope = ""
        if row["scope_kind"] != "company":
            scope = name_scope(row["scope_id"], names, language)
        meaning = meanings.get((row["kpi"], row["variant"]), row["variant"])
        unit = of_kpi["unit"]
        month = Month.parse(row["month"])
        multiplier = find_multiplier(unit, month)
        numerator = join_sides(row["numerator"], None, multiplier)
        status = f"status.{row['status']}"
        cells = [
            title,
            meaning,
            scope,
            format_figure(row["value"], unit),
            format_figure(row["target"], unit),
            format_gap(row["gap"], unit),
            _format_count(row["rank"]),
            numerator or "–",
            _format_count(row["denominator"]),
            fill_label(language, status),
            say_reasons(language, row["reason"]),
            f"{row['kpi']}.{row['variant']}",
        ]
        body.append(cells)

    titles = [fill_label(language, name) for name in _KPI_TITLES]
    draw_grid(titles, body, range(3, 9), wrapped=_KPI_WRAPPED, spare=_KPI_SPARE)


def name_scope(scope_id: str, names: Mapping[str, str], language: str) -> str:
    """Return what a scope is called; its id where it has no name."""
    if scope_id in ("company", "unclaimed"):
        return fill_label(language, f"scope.{scope_id}")
    return names.get(scope_id) or scope_id


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
    list_titles = name_lists(language)
    body = []
    for row in rows:
        reasons = say_reasons(language, row["reason"])
        if not reasons:
            reasons = _count_reasons(row["why_not"], language)
        cells = [list_titles[row["list"]]]
        cells += [str(row[name]) for name in _LIST_COUNTS]
        cells.append(fill_label(language, f"status.{row['status']}"))
        cells.append(reasons)
        cells.append(row["list"])
        body.append(cells)

    titles = [fill_label(language, name) for name in _LIST_TITLES]
    draw_grid(titles, body, range(1, 5), wrapped=_LIST_WRAPPED, spare=_LIST_SPARE)


def _count_reasons(why_not: Mapping[str, int], language: str) -> str:
    counts = []
    for reason, count in why_not.items():
        counts.append(f"{say_reasons(language, reason)} {count}")
    return "; ".join(counts)


def draw_capacities(version: Version, names: Mapping[str, str], language: str) -> None:
    """Draw how many orders each branch could take, what came of it, and what one more was worth."""
    capacities = read_capacities(version)
    if not capacities:
        return
    titles = [fill_label(language, "scope_id")]
    titles += [fill_label(language, f"cap.{name}") for name in _CAPACITY_TITLES]
    body = []
    for capacity in capacities:
        scope = name_scope(capacity.scope_id, names, language)
        body.append([scope, *_format_capacity(capacity)])
    typer.echo()
    numbers = range(1, len(titles))
    draw_grid(titles, body, numbers, wrapped=(), spare=_CAPACITY_SPARE)
    print_line(language, f"cap.rule.{read_capacity_rule(version)}")


def _format_capacity(capacity: Capacity) -> list[str]:
    return [
        str(capacity.capacity),
        str(capacity.wanted_count),
        str(capacity.used_count),
        str(capacity.left_count),
        f"{capacity.value_amount:,.2f}",
        f"{capacity.bound_amount:,.2f}",
        f"{capacity.gap_rate:.2%}",
        f"{capacity.shadow_price_amount:,.2f}",
    ]


# -- hold-outs -------------------------------------------------------------------------------------


def draw_holdouts(version: Version, language: str) -> None:
    """Draw what is held of each list's orders, when a hold-out tells, and what it costs a month."""
    views = read_holdout_views(version)
    if not views:
        return
    titles = [fill_label(language, name) for name in _HOLDOUT_TITLES]
    body = [list(say_holdout(view, language)) for view in views]
    typer.echo()
    draw_grid(titles, body, range(1, len(titles)), wrapped=(0,))
    print_line(language, "tell.note", shares=say_shares(views))

"""A month's record as the command line shows it: verified, restated, findings accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import typer

from pipelines.catalogue.outputs import Kpi, load_kpis, name_lists
from pipelines.cli.screens.lines import print_line
from pipelines.cli.screens.outputs import name_variants
from pipelines.cli.screens.tables import draw_grid
from pipelines.store.waivers import Waiver
from pipelines.text.texts import fill_label
from pipelines.text.units import format_figure, format_gap

if TYPE_CHECKING:
    from pipelines.jobs.restate import Restatement
    from pipelines.jobs.restate_rows import CauseChange, KpiChange, OrderChange
    from pipelines.jobs.verify import Verification
    from pipelines.operations.persons.erasure import Trace

_COMPANY = ("company", "company")
_RESTATED_TITLES = (
    "kpi_title",
    "variant",
    "restate.published",
    "restate.known",
    "restate.difference",
)


# -- verified --------------------------------------------------------------------------------------


def describe_verification(verification: Verification, month: str) -> dict[str, object]:
    """Return what verifying a month found, as a program reads it."""
    return {
        "month": month,
        "version": verification.version.number,
        "files": verification.files,
        "notes": verification.notes,
        "differences": [asdict(difference) for difference in verification.differences],
        "told": [asdict(difference) for difference in verification.told],
    }


def draw_verification(verification: Verification, language: str) -> None:
    """Say what differs in a month, and what has changed since it was made."""
    for note in verification.notes:
        print_line(language, f"verify.note.{note}")
    for difference in (*verification.differences, *verification.told):
        what = fill_label(language, f"verify.{difference.kind}", what=difference.what)
        typer.echo(f"  {what}")


# -- restated --------------------------------------------------------------------------------------


class _CauseOfKpi(NamedTuple):
    kpi: str
    variant: str
    cause: str


def describe_restatement(restatement: Restatement, month: str) -> dict[str, object]:
    """Return what restating a month found, as a program reads it."""
    return {
        "month": month,
        "version": restatement.version.number,
        "published": restatement.published,
        "kpis": restatement.kpis,
        "causes": restatement.causes,
        "orders": restatement.orders,
    }


def draw_restatement(
    restatement: Restatement, causes: Sequence[str], language: str
) -> None:
    """Draw the company's figures that differ, each with its causes, and the orders that differ.

    `causes` is the order of the causes' columns; those that changed nothing are left out.
    """
    changes = _read_changes_by_cause(restatement.causes)
    shown_causes = _list_seen_causes(changes, causes)
    specs = {kpi.name: kpi for kpi in load_kpis()}
    body = []
    for row in restatement.kpis:
        if _is_company(row) and _differs(row):
            kpi = specs[row["kpi"]]
            body.append(_format_kpi(kpi, row, changes, shown_causes, language))

    if body:
        titles = [fill_label(language, name) for name in _RESTATED_TITLES]
        titles += [
            fill_label(language, f"restate.cause.{cause}") for cause in shown_causes
        ]
        draw_grid(titles, body, range(2, len(titles)))
    else:
        print_line(language, "restate.nothing")

    _draw_orders(restatement.orders, language)


def _list_seen_causes(
    changes: Iterable[_CauseOfKpi], causes: Sequence[str]
) -> list[str]:
    """The causes that changed anything, in the order given."""
    seen = {change.cause for change in changes}
    return [cause for cause in causes if cause in seen]


def _format_kpi(
    kpi: Kpi,
    row: KpiChange,
    changes: Mapping[_CauseOfKpi, Decimal | None],
    causes: Sequence[str],
    language: str,
) -> list[str]:
    """A line of the grid: the KPI, its figures, and by how much each cause changed it."""
    variant = row["variant"]
    unit = kpi.meta["unit"]
    gaps = [row["value_difference"]]
    for cause in causes:
        gaps.append(changes.get(_CauseOfKpi(kpi.name, variant, cause)))
    words = name_variants(language)
    cells = [kpi.meta["title"][language], words.get((kpi.name, variant), variant)]
    for figure in (row["value_published"], row["value_known"]):
        cells.append(format_figure(_as_double(figure), unit))
    cells += [format_gap(_as_double(gap), unit) for gap in gaps]
    return cells


def _read_changes_by_cause(
    rows: Iterable[CauseChange],
) -> dict[_CauseOfKpi, Decimal | None]:
    """By how much each cause changed the company's figures."""
    changes = {}
    for row in rows:
        if _is_company(row):
            key = _CauseOfKpi(row["kpi"], row["variant"], row["cause"])
            changes[key] = row["value_change"]
    return changes


def _is_company(row: KpiChange | CauseChange) -> bool:
    return (row["scope_kind"], row["scope_id"]) == _COMPANY


def _differs(row: KpiChange) -> bool:
    return (
        bool(row["value_difference"]) or row["status_published"] != row["status_known"]
    )


def _as_double(figure: Decimal | None) -> float | None:
    return None if figure is None else float(figure)


def _draw_orders(orders: Sequence[OrderChange], language: str) -> None:
    """Count the orders that differ by list, change and cause."""
    if not orders:
        print_line(language, "restate.no_orders")
        return

    counts = Counter((row["list"], row["change"], row["cause"]) for row in orders)
    names = name_lists(language)
    body = []
    for (name, change, cause), count in sorted(counts.items()):
        change_text = fill_label(language, f"restate.change.{change}")
        cause_text = fill_label(language, f"restate.cause.{cause}")
        body.append([names.get(name, name), change_text, cause_text, str(count)])

    titles = [
        fill_label(language, f"restate.{name}")
        for name in ("list", "change", "cause", "count")
    ]
    print_line(language, "restate.orders")
    draw_grid(titles, body, {3})


# -- accepted --------------------------------------------------------------------------------------


def draw_waivers(waivers: Sequence[Waiver], language: str) -> None:
    """Print a line a waiver, or that there is none."""
    for waiver in waivers:
        print_line(language, "cli.waiver", **asdict(waiver))
    if not waivers:
        print_line(language, "cli.no_waivers")


# -- a person deleted ------------------------------------------------------------------------------


def draw_traces(traces: Sequence[Trace], is_rehearsal: bool, language: str) -> None:
    """Draw traces by their fate, what goes before what stays."""
    # Imported here, because who lists waivers deletes nobody.
    from pipelines.operations.persons.erasure import group_by_fate

    head = "erase.would" if is_rehearsal else "erase.did"
    typer.echo(fill_label(language, head))
    for fate, alike in group_by_fate(traces):
        for trace in alike:
            text = fill_label(language, f"erase.{fate}.{trace.kind}", count=trace.count)
            typer.echo(f"  {fill_label(language, f'erase.fate.{fate}')}  {text}")
            for where in trace.where:
                typer.echo(f"      {where}")

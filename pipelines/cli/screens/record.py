"""A month's record as the command line shows it: verified, restated, findings accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

import typer

from pipelines.catalogue.outputs import Kpi, kpis
from pipelines.cli.screens.lines import print_line
from pipelines.cli.screens.tables import draw_grid
from pipelines.store.waivers import Waiver
from pipelines.text.texts import label
from pipelines.text.units import in_words

if TYPE_CHECKING:
    from pipelines.documents.table_files import TableRow
    from pipelines.jobs.restate import Restatement
    from pipelines.jobs.verify import Verification

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
        what = label(language, f"verify.{difference.kind}", what=difference.what)
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


def draw_restatement(restatement: Restatement, causes: Sequence[str], language: str) -> None:
    """Draw the company's figures that differ, each with its causes, and the orders that differ.

    `causes` is the order of the causes' columns; those that changed nothing are left out.
    """
    changes = _read_changes_by_cause(restatement.causes)
    causes_seen = {seen.cause for seen in changes}
    shown_causes = [cause for cause in causes if cause in causes_seen]
    specs = {kpi.name: kpi for kpi in kpis()}
    body = []
    for row in restatement.kpis:
        if _is_company(row) and _differs(row):
            kpi = specs[row["kpi"]]
            body.append(_format_kpi(kpi, row, changes, shown_causes, language))
    if body:
        titles = [label(language, name) for name in _RESTATED_TITLES]
        titles += [label(language, f"restate.cause.{cause}") for cause in shown_causes]
        draw_grid(titles, body, range(2, len(titles)))
    else:
        print_line(language, "restate.nothing")
    _draw_orders(restatement.orders, language)


def _format_kpi(
    kpi: Kpi,
    row: TableRow,
    changes: Mapping[_CauseOfKpi, float | None],
    causes: Sequence[str],
    language: str,
) -> list[str]:
    """A line of the grid: the KPI, its figures, and by how much each cause changed it."""
    variant = row["variant"]
    figures = [row["value_published"], row["value_known"], row["value_difference"]]
    for cause in causes:
        figures.append(changes.get(_CauseOfKpi(kpi.name, variant, cause)))
    cells = [kpi.meta["title"][language], variant]
    cells += [_format_figure(figure, kpi.meta["unit"]) for figure in figures]
    return cells


def _read_changes_by_cause(rows: Iterable[TableRow]) -> dict[_CauseOfKpi, float | None]:
    """By how much each cause changed the company's figures."""
    changes = {}
    for row in rows:
        if _is_company(row):
            key = _CauseOfKpi(row["kpi"], row["variant"], row["cause"])
            changes[key] = row["value_change"]
    return changes


def _is_company(row: TableRow) -> bool:
    return (row["scope_kind"], row["scope_id"]) == _COMPANY


def _differs(row: TableRow) -> bool:
    return bool(row["value_difference"]) or row["status_published"] != row["status_known"]


def _format_figure(figure: float | None, unit: str) -> str:
    value = None if figure is None else float(figure)
    return in_words(value, unit)


def _draw_orders(orders: Sequence[TableRow], language: str) -> None:
    """Count the orders that differ by list, change and cause."""
    if not orders:
        print_line(language, "restate.no_orders")
        return
    counts = Counter((row["list"], row["change"], row["cause"]) for row in orders)
    body = []
    for (name, change, cause), count in sorted(counts.items()):
        change_text = label(language, f"restate.change.{change}")
        cause_text = label(language, f"restate.cause.{cause}")
        body.append([name, change_text, cause_text, str(count)])
    titles = [label(language, f"restate.{name}") for name in ("list", "change", "cause", "count")]
    print_line(language, "restate.orders")
    draw_grid(titles, body, {3})


# -- accepted --------------------------------------------------------------------------------------


def draw_waivers(waivers: Sequence[Waiver], language: str) -> None:
    """Print a line a waiver, or that there is none."""
    for waiver in waivers:
        print_line(language, "cli.waiver", **asdict(waiver))
    if not waivers:
        print_line(language, "cli.no_waivers")

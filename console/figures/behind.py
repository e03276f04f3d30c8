"""What stands behind a figure: a page of the rows it is the sum of, made anew by its own SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.http import Http404

from console.figures.kpis import Scope, Wanted
from console.figures.names import read_masked_names
from pipelines.catalogue.outputs import find_multiplier
from pipelines.core.errors import RetentionError
from pipelines.jobs.figure import FigurePage, open_figure_page
from pipelines.jobs.run import Job
from pipelines.store.lake import Version
from pipelines.text.texts import fill_label, say_reasons
from pipelines.text.units import format_figure, join_sides

ON_A_PAGE = 50
# An engine that takes all threads computes a figure anew: one at a time in a process.
_ONE_AT_A_TIME = Lock()


class BehindRow(NamedTuple):
    """A row that a figure is the sum of; the name is masked, or nobody's to see."""

    customer_id: str | None
    customer_name: str | None
    part: str | None
    numerator: Any
    denominator: Any


@dataclass(frozen=True)
class Behind:
    """A figure in words, and a page of the rows behind it; `problem` says why there is none."""

    problem: str = ""
    title: str = ""
    meaning: str = ""
    value: str = ""
    sides: str = ""
    file: str = ""
    definition_version: int = 0
    reason: str = ""
    has_names: bool = False
    has_parts: bool = False
    rows: tuple[BehindRow, ...] = ()
    page: Page | None = None


def read_behind(
    home: Path,
    version: Version,
    wanted: Wanted,
    scope: Scope,
    page_number: Any,
    language: str,
    has_names: bool,
) -> Behind:
    """Return the rows behind a KPI of a scope, fifty a page, the biggest first.

    Raise Http404 for a page that is no number; a figure that cannot be opened says why.
    """
    name = f"{wanted.kpi}.{wanted.variant}:{scope.kind}:{scope.id}"
    begin = (_read_page_number(page_number) - 1) * ON_A_PAGE
    job = Job(home, version.month)
    try:
        with _ONE_AT_A_TIME:
            figure = open_figure_page(job, name, begin, ON_A_PAGE, version.number)
    except RetentionError as error:
        return Behind(problem=_say_problem(error, language))
    return _describe(figure, begin, language, has_names)


def _say_problem(error: RetentionError, language: str) -> str:
    facts = dict(error.facts)
    if "reason" in facts:
        facts["reason"] = say_reasons(language, str(facts["reason"]))
    return fill_label(language, f"error.{error.key}", **facts)


def _read_page_number(text: Any) -> int:
    try:
        return max(int(text or 1), 1)
    except ValueError as error:
        raise Http404 from error


def _describe(figure: FigurePage, begin: int, language: str, has_names: bool) -> Behind:
    definition, row = figure.definition, figure.row
    unit = definition["unit"]
    multiplier = find_multiplier(unit, figure.version.month)
    paginator = Paginator(range(figure.row_count), ON_A_PAGE)
    customers = {one["customer_id"] for one in figure.rows if one["customer_id"]}
    names = read_masked_names(figure.version, customers) if has_names else {}
    return Behind(
        title=definition["title"][language],
        meaning=definition["words"][language],
        value=format_figure(row["value"], unit),
        sides=join_sides(row["numerator"], row["denominator"], multiplier) or "–",
        file=definition["file"],
        definition_version=definition["version"],
        reason=say_reasons(language, row["reason"]),
        has_names=has_names,
        has_parts=any(one["part"] for one in figure.rows),
        rows=tuple(_show_row(one, names) for one in figure.rows),
        page=paginator.get_page(begin // ON_A_PAGE + 1),
    )


def _show_row(row: Mapping[str, Any], names: Mapping[str, str | None]) -> BehindRow:
    customer_id = row["customer_id"]
    return BehindRow(
        customer_id=customer_id,
        customer_name=names.get(customer_id),
        part=row["part"],
        numerator=_show_amount(row["numerator"]),
        denominator=_show_amount(row["denominator"]),
    )


def _show_amount(amount: Any) -> str:
    """A decimal with its eight places cut to what it says."""
    return "–" if amount is None else f"{amount.normalize():,f}"

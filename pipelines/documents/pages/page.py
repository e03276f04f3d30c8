"""The month's summary as one offline HTML page: the paper, then the month's intake.

No script, no address outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.catalogue.figure_rows import FigureRow, KpiRow
from pipelines.catalogue.outputs import find_multiplier, load_kpis, name_lists
from pipelines.core.month import Month
from pipelines.documents.pages.compiled import CompiledTemplates
from pipelines.documents.reports.model import Paper, list_figure_ids
from pipelines.documents.reports.shown import Form, show_paper
from pipelines.documents.reports.summary import write_paper
from pipelines.store.files import write_text
from pipelines.text.texts import fill_label, say_reasons
from pipelines.text.units import format_figure, join_sides, write_plain_cell

# The rows of each table that a page is drawn from, by the table's name.
Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def write_page(
    path: Path, template: str, month: Month, language: str, **content: object
) -> None:
    """Fill a template of this folder and write it whole.

    Names of people and tables are escaped.
    """
    write_text(path, fill_page(template, month, language, **content))


def fill_page(template: str, month: Month, language: str, **content: object) -> str:
    """Return a filled template of this folder; names of people and tables are escaped."""
    page = _make_environment(language).get_template(template)
    return page.render(month=str(month), language=language, **content)


@cache
def _make_environment(language: str) -> Environment:
    """Return what fills the templates.

    Kept, since compiling a template takes longer than filling it.
    """
    units = {kpi.name: kpi.meta["unit"] for kpi in load_kpis()}

    def show_value(row: KpiRow) -> str:
        """Write the value of a row of `kpi_monthly` in its unit."""
        return format_figure(row["value"], units[row["kpi"]])

    def show_target(row: KpiRow) -> str:
        """Write the target of a row of `kpi_monthly` in its unit."""
        return format_figure(row["target"], units[row["kpi"]])

    def show_part(part: object) -> str:
        """Write a numerator or a denominator; a dash where there is none."""
        if part is None:
            return "–"
        return f"{write_plain_cell(part)}"

    def show_numerator(row: KpiRow) -> str:
        """Write the numerator of a row of `kpi_monthly` in what it counts."""
        month = Month.parse(row["month"])
        multiplier = find_multiplier(units[row["kpi"]], month)
        return join_sides(row["numerator"], None, multiplier) or "–"

    def find_label(key: str, **facts: object) -> str:
        return fill_label(language, key, **facts)

    def show_reason(reason: str | None) -> str:
        return say_reasons(language, reason)

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        bytecode_cache=CompiledTemplates(language),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = show_reason
    environment.filters["value"] = show_value
    environment.filters["aim"] = show_target
    environment.filters["part"] = show_part
    environment.filters["numerator"] = show_numerator
    environment.globals["label"] = find_label
    return environment


def write_summary(
    path: Path,
    month: Month,
    language: str,
    tables: Tables,
    paper: Paper | None = None,
    dictionary: str | None = None,
) -> None:
    """Write the summary page: the paper of the month, and what came in and was held back.

    The outbox has it beside the quality page, before anybody has released anything; `paper` is one
    that says more. `dictionary` is the page of definitions beside it that its numbers lead to.
    """
    is_outbox = paper is None
    paper = paper or write_paper(tables, month, language, version="", is_draft=False)
    shown = show_paper(paper, Form.PAGE).paper

    kpi_rows: list[Any] = sorted(tables["kpi_monthly"], key=_sort_key)
    variant_titles = {}
    for kpi in load_kpis():
        for variant, meaning in kpi.spec.meta["variants"].items():
            variant_titles[kpi.name, variant] = meaning[language]

    write_page(
        path,
        "summary.html.j2",
        month,
        language,
        paper=shown,
        has_quality=is_outbox,
        numbers=_find_origins(shown, dictionary),
        dictionary=dictionary,
        kpi_rows=kpi_rows,
        kpi_titles={kpi.name: kpi.meta["title"][language] for kpi in load_kpis()},
        variant_titles=variant_titles,
        lists=tables["dispatch_list"],
        list_titles=name_lists(language),
        failed=[row for row in tables["validate_result"] if row["success"] is False],
        intake=tables["snapshot_intake"],
        files=[row for row in tables["extract_delivery"] if row["file"]],
        normalised=tables["snapshot_normalised"],
    )


def write_paper_page(path: Path, month: Month, paper: Paper) -> None:
    """Write a paper as a page of its own, with where each of its numbers comes from."""
    shown = show_paper(paper, Form.PAGE).paper
    write_page(
        path,
        "paper.html.j2",
        month,
        paper.language,
        paper=shown,
        numbers=_find_origins(shown, dictionary=None),
    )


def _sort_key(row: Mapping[str, Any]) -> tuple[str, bool, str]:
    """By KPI, the default variant first."""
    return row["kpi"], not row["is_default"], row["variant"]


@dataclass(frozen=True)
class Origin:
    """Where a number of the paper comes from.

    Its place on the page, its figure, and the address of its entry in the dictionary.
    """

    anchor: str
    figure: FigureRow
    entry: str | None
    multiplier: int = 1

    @property
    def version(self) -> int | None:
        """The definition's version; none of a month that was made before figures had one."""
        return self.figure.get("definition_version")

    @property
    def stated_numerator(self) -> str:
        """The numerator in what it counts; a dash where there is none."""
        return join_sides(self.figure["numerator"], None, self.multiplier) or "–"

    @property
    def parts(self) -> str:
        """Numerator and denominator in words."""
        sides = (self.figure["numerator"], self.figure["denominator"])
        return join_sides(*sides, self.multiplier)


def _find_origins(paper: Paper, dictionary: str | None) -> dict[str, Origin]:
    """Return the figures that the paper shows, in the order it shows them."""
    known_topics = {
        f"{kpi.name}.{variant}" for kpi in load_kpis() for variant in kpi.variants
    }
    month = Month.parse(paper.month)
    units = {kpi.name: kpi.meta["unit"] for kpi in load_kpis()}
    origins: dict[str, Origin] = {}
    for name in list_figure_ids(paper):
        if name in origins:
            continue
        figure = paper.figures[name]
        has_entry = dictionary and figure["topic"] in known_topics
        entry = f"{dictionary}#{figure['topic']}" if has_entry else None
        kpi, _, _ = figure["topic"].partition(".")
        multiplier = find_multiplier(units.get(kpi, ""), month)
        anchor = f"f-{len(origins) + 1}"
        origins[name] = Origin(anchor, figure, entry, multiplier)

    return origins

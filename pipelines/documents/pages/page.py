"""The month's summary as one offline HTML page: the paper, then the month's intake; no script, no address outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.catalogue.outputs import kpis, lists
from pipelines.core.month import Month
from pipelines.documents.reports.model import Paper, figures_of
from pipelines.documents.reports.shown import Form, show_paper
from pipelines.documents.reports.summary import write_paper
from pipelines.store.files import write_text
from pipelines.text.texts import label, reason_in_words
from pipelines.text.units import in_words, plain

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def write_page(path: Path, template: str, month: Month, language: str, **content: Any) -> None:
    """Fill a template of this folder and write it whole; names of people and tables are escaped."""
    page = _environment(language).get_template(template)
    write_text(path, page.render(month=str(month), language=language, **content))


@cache
def _environment(language: str) -> Environment:
    """Return what fills the templates; kept, since compiling a template takes longer than filling it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    units = {kpi.name: kpi.meta["unit"] for kpi in kpis()}
    environment.filters["words"] = lambda reason: reason_in_words(language, reason)
    environment.filters["value"] = lambda row: in_words(row["value"], units[row["kpi"]])
    environment.filters["aim"] = lambda row: in_words(row["target"], units[row["kpi"]])
    environment.filters["part"] = lambda part: "–" if part is None else f"{plain(part)}"
    environment.globals["label"] = lambda key, **facts: label(language, key, **facts)
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

    The outbox has it beside the quality page, before anybody has released anything; `paper` is one that says more.
    `dictionary` is the page of definitions beside it that its numbers lead to.
    """
    is_outbox = paper is None
    paper = paper or write_paper(tables, month, language, version="", is_draft=False)
    paper = show_paper(paper, Form.PAGE).paper
    write_page(
        path,
        "summary.html.j2",
        month,
        language,
        paper=paper,
        has_quality=is_outbox,
        numbers=_origins(paper, dictionary),
        dictionary=dictionary,
        kpi_rows=sorted(tables["kpi_monthly"], key=_order),
        kpi_titles={k.name: k.meta["title"][language] for k in kpis()},
        variant_titles={
            (k.name, v): words[language]
            for k in kpis()
            for v, words in k.spec.meta["variants"].items()
        },
        lists=tables["dispatch_list"],
        list_titles={spec.name: spec.title(language) for spec in lists()},
        failed=[row for row in tables["validate_result"] if row["success"] is False],
        intake=tables["snapshot_intake"],
        files=[row for row in tables["extract_delivery"] if row["file"]],
        normalised=tables["snapshot_normalised"],
    )


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["kpi"], not row["is_default"], row["variant"]


@dataclass(frozen=True)
class Origin:
    """Where a number of the paper comes from: its place on the page, its figure, and its entry in the dictionary."""

    anchor: str
    figure: Mapping[str, Any]
    entry: str | None

    @property
    def version(self) -> int | None:
        """The definition's version; none of a month that was made before figures had one."""
        found: int | None = self.figure.get("definition_version")
        return found

    @property
    def parts(self) -> str:
        """Numerator and denominator in words."""
        sides = [self.figure[name] for name in ("numerator", "denominator")]
        return " ÷ ".join(f"{plain(side)}" for side in sides if side is not None)


def _origins(paper: Paper, dictionary: str | None) -> dict[str, Origin]:
    """The figures that the paper shows, in the order it shows them."""
    known = {f"{kpi.name}.{variant}" for kpi in kpis() for variant in kpi.variants}
    found: dict[str, Origin] = {}
    for name in figures_of(paper):
        figure = paper.figures[name]
        entry = (
            f"{dictionary}#{figure['topic']}" if dictionary and figure["topic"] in known else None
        )
        found.setdefault(name, Origin(f"f-{len(found) + 1}", figure, entry))
    return found

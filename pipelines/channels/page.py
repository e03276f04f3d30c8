"""The month's summary as one offline HTML page: the paper, then the month's intake; no script, no address outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.channels.papers.model import Paper
from pipelines.channels.papers.summary import write_paper
from pipelines.core.month import Month
from pipelines.core.outputs import kpis, lists
from pipelines.store.files import write_text
from pipelines.words.texts import label, reason_in_words
from pipelines.words.units import in_words, plain

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def write_page(path: Path, template: str, month: Month, language: str, **content: Any) -> None:
    """Fill a template of this folder and write it whole; names of people and tables are escaped."""
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
    write_text(path, environment.get_template(template).render(month=str(month), language=language, **content))


def write_summary(path: Path, month: Month, language: str, tables: Tables, paper: Paper | None = None) -> None:
    """Write the summary page: the paper of the month, and what came in and was held back.

    The outbox has it beside the quality page, before anybody has released anything; `paper` is one that says more.
    """
    write_page(
        path,
        "summary.html.j2",
        month,
        language,
        paper=paper or write_paper(tables, month, language, version="", is_draft=False),
        has_quality=paper is None,
        numbers=_numbers(tables, language),
        kpi_rows=sorted(tables["kpi_monthly"], key=_order),
        kpi_titles={k.name: k.meta["title"][language] for k in kpis()},
        variant_titles={(k.name, v): words[language] for k in kpis() for v, words in k.spec.meta["variants"].items()},
        lists=tables["dispatch_list"],
        list_titles={spec.name: spec.title(language) for spec in lists()},
        failed=[row for row in tables["validate_result"] if row["success"] is False],
        intake=tables["snapshot_intake"],
        files=[row for row in tables["extract_delivery"] if row["file"]],
        normalised=tables["snapshot_normalised"],
    )


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["kpi"], not row["is_default"], row["variant"]


# Where the page tells of what is no KPI or list of its own.
_PLACES = {"bridge": "revenue_retention_rate.net"}


def _numbers(tables: Tables, language: str) -> dict[str, tuple[str, str]]:
    """Where the number of a figure comes from: the row to go to, and its numerator and denominator in words."""
    found = {}
    for row in tables["report_figure"]:
        parts = [row[name] for name in ("numerator", "denominator")]
        told = " ÷ ".join(f"{plain(part)}" for part in parts if part is not None)
        said = " · ".join(filter(None, (row["figure"], told)))
        found[row["figure"]] = (f"k-{_PLACES.get(row['topic'], row['topic'])}", said)
    return found

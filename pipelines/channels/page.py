"""The month's summary as one offline HTML page: no script, no address outside the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipelines.core.month import Month
from pipelines.core.outputs import kpis, lists
from pipelines.store.files import write_text
from pipelines.words.texts import label, reason_in_words
from pipelines.words.units import in_words

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
    environment.globals["label"] = lambda key, **facts: label(language, key, **facts)
    write_text(path, environment.get_template(template).render(month=str(month), language=language, **content))


def write_summary(path: Path, month: Month, language: str, tables: Tables) -> None:
    """Write the summary page from the month's tables (`kpi_monthly`, `dispatch_list`, `validate_result`, …)."""
    company = [row for row in tables["kpi_monthly"] if row["scope_kind"] == "company"]
    write_page(
        path,
        "summary.html.j2",
        month,
        language,
        kpis=sorted(company, key=lambda row: (row["kpi"], not row["is_default"], row["variant"])),
        kpi_titles={k.name: k.meta["title"][language] for k in kpis()},
        variant_titles={(k.name, v): words[language] for k in kpis() for v, words in k.spec.meta["variants"].items()},
        lists=tables["dispatch_list"],
        list_titles={spec.name: spec.title(language) for spec in lists()},
        failed=[row for row in tables["validate_result"] if row["state"] in ("failed", "waived")],
        intake=tables["snapshot_intake"],
        files=[row for row in tables["extract_delivery"] if row["file"]],
        normalised=tables["snapshot_normalised"],
    )

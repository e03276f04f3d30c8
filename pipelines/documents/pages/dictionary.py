"""The dictionary of KPIs as one offline page.

Drawn from the front matter of their SQL files, and the SELECT itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.catalogue.outputs import Kpi, hash_meaning, load_kpis
from pipelines.core.month import Month
from pipelines.documents.pages.page import write_page
from pipelines.text.units import format_figure


@dataclass(frozen=True)
class Entry:
    """What the page says of one variant of a KPI; `meaning` is the definition's fingerprint."""

    id: str
    title: str
    other_title: str
    variant: str
    is_default: bool
    words: str
    other_words: str
    owner: str
    version: int
    unit: str
    better: str
    target: str
    lag: int
    window: str | None
    file: str
    meaning: str
    sql: str


def write_dictionary(path: Path, month: Month, language: str) -> None:
    """Write the dictionary: every KPI with its variants.

    In the words of one language beside those of the other.
    """
    entries: list[Entry] = []
    for kpi in sorted(load_kpis(), key=_order_files):
        entries += _make_entries(kpi, language)
    write_page(path, "dictionary.html.j2", month, language, rows=entries)


def _order_files(kpi: Kpi) -> tuple[str, bool, str]:
    """By KPI, the file of the default variant first."""
    stem = kpi.spec.name
    is_further = "." in stem
    return kpi.name, is_further, stem


def _make_entries(kpi: Kpi, language: str) -> Iterator[Entry]:
    """Yield an entry a variant, in the order of the front matter."""
    other = "en" if language == "zh" else "zh"
    for variant, words in kpi.spec.meta["variants"].items():
        is_default = variant == kpi.meta["default"]
        target = kpi.meta.get("target") if is_default else None
        yield Entry(
            id=f"{kpi.name}.{variant}",
            title=kpi.meta["title"][language],
            other_title=kpi.meta["title"][other],
            variant=variant,
            is_default=is_default,
            words=words[language],
            other_words=words[other],
            owner=kpi.meta["owner"],
            version=kpi.spec.meta["version"],
            unit=kpi.meta["unit"],
            better=kpi.meta["better"],
            target=format_figure(target, kpi.meta["unit"]),
            lag=kpi.meta.get("lag", 0),
            window=kpi.meta.get("window"),
            file=kpi.spec.where,
            meaning=hash_meaning(kpi),
            sql=kpi.spec.sql,
        )

"""The dictionary of KPIs as one offline page.

Drawn from the front matter of their SQL files, and the SELECT itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from pipelines.catalogue.outputs import Kpi, hash_meaning, load_kpis
from pipelines.core.month import Month
from pipelines.documents.pages.page import write_page
from pipelines.text.units import format_figure


class DefinitionRow(TypedDict):
    """A row of `kpi_definition`: since which month a version has been in use."""

    kpi: str
    variant: str
    version: int
    meaning: str
    since_month: str


@dataclass(frozen=True)
class Earlier:
    """What an earlier version of a definition was, and since when a month held had it."""

    version: int
    words: str
    other_words: str
    since: str


@dataclass(frozen=True)
class Entry:
    """What the page says of one variant of a KPI; `meaning` is the definition's fingerprint.

    `since` is the month from which its version counts, `earlier` what it was before.
    """

    id: str
    title: str
    other_title: str
    variant: str
    is_default: bool
    words: str
    other_words: str
    owner: str
    version: int
    since: str
    earlier: tuple[Earlier, ...]
    unit: str
    better: str
    target: str
    lag: int
    window: str | None
    file: str
    meaning: str
    sql: str


Since = Mapping[tuple[str, str, int], str]  # the first month by KPI, variant, version


def write_dictionary(
    path: Path, month: Month, language: str, definitions: Iterable[DefinitionRow]
) -> None:
    """Write the dictionary: every KPI with its variants, as it is and as it was before.

    In the words of one language beside those of the other. `definitions` are the rows of
    `kpi_definition`.
    """
    since = {}
    for row in definitions:
        key = (row["kpi"], row["variant"], row["version"])
        since[key] = row["since_month"]
    entries: list[Entry] = []
    for kpi in sorted(load_kpis(), key=_order_files):
        entries += _make_entries(kpi, language, since)
    write_page(path, "dictionary.html.j2", month, language, rows=entries)


def _order_files(kpi: Kpi) -> tuple[str, bool, str]:
    """By KPI, the file of the default variant first."""
    stem = kpi.spec.name
    is_further = "." in stem
    return kpi.name, is_further, stem


def _make_entries(kpi: Kpi, language: str, since: Since) -> Iterator[Entry]:
    """Yield an entry a variant, in the order of the front matter."""
    other = _name_other(language)
    version = kpi.spec.meta["version"]
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
            version=version,
            since=since.get((kpi.name, variant, version), ""),
            earlier=tuple(_list_earlier(kpi, variant, language, since)),
            unit=kpi.meta["unit"],
            better=kpi.meta["better"],
            target=format_figure(target, kpi.meta["unit"]),
            lag=kpi.meta.get("lag", 0),
            window=kpi.meta.get("window"),
            file=kpi.spec.where,
            meaning=hash_meaning(kpi),
            sql=kpi.spec.sql,
        )


def _list_earlier(
    kpi: Kpi, variant: str, language: str, since: Since
) -> Iterator[Earlier]:
    """Yield the earlier versions of a variant that its file tells, the latest first."""
    was = kpi.spec.meta.get("was", {})
    for version in sorted(was, reverse=True):
        yield Earlier(
            version=version,
            words=was[version][language],
            other_words=was[version][_name_other(language)],
            since=since.get((kpi.name, variant, version), ""),
        )


def _name_other(language: str) -> str:
    """The language that stands beside one."""
    return "en" if language == "zh" else "zh"

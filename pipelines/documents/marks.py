"""What of a paper was made under a waiver, and the lines that say so.

A figure whose data somebody has accepted is used like any other, but nobody may take it for one
that nothing was found wrong with. Where the figure itself has no room for its mark (a table of a
period, a workbook of figures) the paper names it above all figures:

    marks = read_marks(read)                        by topic what was accepted
    lines = say_marks(marks, titles, language)      a line a topic that the paper has
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

from pipelines.core.reasons import ReasonKind, join_reasons, split_reasons
from pipelines.text.texts import say_reasons

ReadTable = Callable[[str], Sequence[Any]]  # a table of a month by its name
# The accepted findings by topic: a KPI's variant (`arpu.mean_base`) or a list.
Marks = Mapping[str, list[str]]


class _KpiReason(TypedDict):
    """A row of `kpi_monthly`, as far as it says under what a figure was made."""

    kpi: str
    variant: str
    reason: str | None


class _ListReason(TypedDict):
    """The same of a row of `dispatch_list`."""

    list: str
    reason: str | None


def read_marks(read: ReadTable) -> Marks:
    """Return the findings that were accepted for each KPI and list of a month.

    A KPI has the mark where any of its scopes has it: what is confined to a branch concerns the
    paper in which that branch stands.
    """
    marks: dict[str, list[str]] = {}
    kpi_rows: Iterable[_KpiReason] = read("kpi_monthly")
    for row in kpi_rows:
        topic = f"{row['kpi']}.{row['variant']}"
        _add_marks(marks, topic, row["reason"])

    list_rows: Iterable[_ListReason] = read("dispatch_list")
    for of_list in list_rows:
        _add_marks(marks, of_list["list"], of_list["reason"])
    return marks


def _add_marks(marks: dict[str, list[str]], topic: str, reason: str | None) -> None:
    """Add what was accepted among the reasons of a row, each finding once."""
    for one in split_reasons(reason):
        if one.kind != ReasonKind.WAIVED:
            continue
        text = str(one)
        of_topic = marks.setdefault(topic, [])
        if text not in of_topic:
            of_topic.append(text)


def say_marks(marks: Marks, titles: Mapping[str, str], language: str) -> Iterator[str]:
    """Yield a line a topic that has a mark; `titles` are what the topics of a paper are called."""
    for topic in sorted(marks):
        title = titles.get(topic)
        if title is None:
            continue
        reasons = join_reasons(marks[topic])
        said = say_reasons(language, reasons)
        yield f"{title}: {said}"

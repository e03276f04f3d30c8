"""A paper as every format sees it: sections of text, tables and charts, whose numbers are figures with an id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from string import Formatter
from typing import Any

from pipelines.catalogue.outputs import kpis, lists
from pipelines.text.texts import label, labels, reason_in_words

Row = dict[str, Any]
EMPTY = "–"
NO_BREAK = "\u00a0"
UNSIGNED = ("gap", "change", "year_change")  # places where a word says which way


@dataclass(frozen=True)
class Part:
    """A run of text; one that is a figure carries the figure's id."""

    text: str
    figure: str | None = None


Cell = tuple[Part, ...]


@dataclass(frozen=True)
class Text:
    """A paragraph. What is to be filled in by hand is `is_blank`."""

    parts: Cell
    is_blank: bool = False


@dataclass(frozen=True)
class Table:
    """A table; `numeric` are the places of the columns set to the right, `widths` their shares of the line."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int] = frozenset()
    widths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A drawing as SVG, its title, and its figures as a table of two columns for where it cannot be drawn or seen."""

    title: str
    svg: str
    figures: Table

    @property
    def description(self) -> str:
        """The figures in words."""
        return f"{self.title}: " + "; ".join(
            f"{plain(name)} {plain(value)}" for name, value in self.figures.rows
        )


Block = Text | Table | Chart


@dataclass(frozen=True)
class Section:
    """One section: a key, its title with its number, and its blocks in order."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Paper:
    """The whole document in one language. `said` are the lines under the title, `kind` what its files are called by."""

    language: str
    month: str
    title: str
    said: tuple[str, ...]
    draft: str
    sections: tuple[Section, ...]
    figures: Mapping[str, Row]
    kind: str = "month"


def figures_of(paper: Paper) -> Iterator[str]:
    """Yield the ids of the figures that a paper shows, in its order."""
    for block in (block for section in paper.sections for block in section.blocks):
        cells = [block.parts] if isinstance(block, Text) else []
        cells += [cell for row in block.rows for cell in row] if isinstance(block, Table) else []
        yield from (part.figure for cell in cells for part in cell if part.figure)


@dataclass(frozen=True)
class Wording:
    """Puts figures, titles and sentences into the words of a language."""

    language: str
    figures: Mapping[str, Row]
    scopes: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str, **facts: object) -> str:
        """Return a text of the documents."""
        return label(self.language, f"paper.{key}", **facts)

    def figure(self, name: str | None) -> Cell:
        """Return a figure as it is printed; a dash where there is none."""
        return (
            (Part(self.figures[name]["shown"], name),)
            if name in self.figures and name
            else (Part(EMPTY),)
        )

    def kpi(self, name: str) -> str:
        """Return a KPI's title."""
        return str(_titles(self.language)[name])

    def variant(self, topic: str) -> str:
        """Return a variant's words (`kpi.variant`)."""
        return str(_titles(self.language)[topic])

    def scope(self, scope_id: str) -> str:
        """Return what a scope is called."""
        if scope_id in ("company", "unclaimed"):
            return label(self.language, f"scope.{scope_id}")
        return self.scopes.get(scope_id) or scope_id

    def sentence(self, rules: str, slots: Mapping[str, str]) -> Cell:
        """Fill the rules of a sentence, one behind the other."""
        joined = "".join(self.text_of(rule) for rule in rules.split(";"))
        return tuple(self._fill(joined, slots))

    def text_of(self, rule: str) -> str:
        """Return a rule's text with its places open."""
        return labels(self.language)[f"paper.{rule}"]

    def _fill(self, template: str, slots: Mapping[str, str]) -> Iterator[Part]:
        for before, name, _, _ in Formatter().parse(template):
            if before:
                yield Part(before)
            if name:
                yield from self._slot(slots[name], is_unsigned=name in UNSIGNED)

    def _slot(self, slot: str, is_unsigned: bool = False) -> Cell:
        kind, _, rest = slot.partition(" ")
        join = self.text("and")
        if kind == "figure":
            unit = self.figures[rest]["unit"]
            shown = self._unsigned(rest) if is_unsigned else self.figure(rest)
            return (
                (*shown, Part(self.text(f"unit.{unit}")))
                if f"paper.unit.{unit}" in labels(self.language)
                else shown
            )
        if kind == "reason":
            return (Part(reason_in_words(self.language, rest)),)
        if kind == "scopes":
            return (Part(join.join(map(self.scope, rest.split(" ")))),)
        return (Part(join.join(_titles(self.language)[name] for name in rest.split(" "))),)

    def _unsigned(self, name: str) -> Cell:
        """A difference whose direction a word tells."""
        return (Part(self.figures[name]["shown"].lstrip("-"), name),)


@cache
def _titles(language: str) -> dict[str, str]:
    titles = {spec.name: spec.title(language) for spec in lists()}
    for kpi in kpis():
        titles |= {kpi.name: kpi.meta["title"][language]}
        titles |= {
            f"{kpi.name}.{v}": words[language] for v, words in kpi.spec.meta["variants"].items()
        }
    return titles


def unbroken(cell: Sequence[Part]) -> str:
    """Return the text of a cell or paragraph with its figures in one piece."""
    return "".join(part.text.replace(" ", NO_BREAK) if part.figure else part.text for part in cell)


def plain(cell: Sequence[Part]) -> str:
    """Return the text of a cell or paragraph."""
    return "".join(part.text for part in cell)

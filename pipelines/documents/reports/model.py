"""A paper as every format sees it: sections of text, tables and charts.

Its numbers are figures, each with the id that `report_figure` knows it by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from string import Formatter

from pipelines.catalogue.figure_rows import Figures
from pipelines.catalogue.outputs import load_kpis, name_lists
from pipelines.core.month import Month
from pipelines.documents.reports.rows import SentenceRow
from pipelines.text.texts import fill_label, load_labels, say_reasons

EMPTY = "–"
NO_BREAK = "\u00a0"
UNSIGNED = (
    "gap",
    "change",
    "year_change",
    "contribution",
)  # slots where a word tells the direction


@dataclass(frozen=True)
class Part:
    """A run of text; one that is a figure carries the figure's id."""

    text: str
    figure: str | None = None


Cell = tuple[Part, ...]


def make_cell(text: str) -> Cell:
    """Return a cell of plain words."""
    return (Part(text),)


@dataclass(frozen=True)
class Text:
    """A paragraph. What is to be filled in by hand is `is_blank`."""

    parts: Cell
    is_blank: bool = False


@dataclass(frozen=True)
class Table:
    """A table; `numeric` are the indices of the columns set to the right.

    `widths` are the columns' shares of the line; equal ones where none are given.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int] = frozenset()
    widths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A drawing as SVG and its title.

    `figures` are its numbers as a table of two columns, for where it cannot be drawn or seen.
    """

    title: str
    svg: str
    figures: Table

    @property
    def description(self) -> str:
        """The figures in words."""
        pairs = []
        for name, value in self.figures.rows:
            pairs.append(f"{join_parts(name)} {join_parts(value)}")
        numbers = "; ".join(pairs)
        return f"{self.title}: {numbers}"


Block = Text | Table | Chart


@dataclass(frozen=True)
class Section:
    """One section: a key, its title with its number, and its blocks in order.

    What comes behind one that `ends_page` begins on a page of its own.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    ends_page: bool = False


@dataclass(frozen=True)
class Paper:
    """The whole document in one language.

    `said` are the lines under the title, `draft` the mark of a draft (empty when released), `kind`
    the word that its files are called by.
    """

    language: str
    month: str
    title: str
    said: tuple[str, ...]
    draft: str
    sections: tuple[Section, ...]
    figures: Figures
    kind: str = "month"

    def list_front(self) -> tuple[Section, ...]:
        """Return the sections that have a page of their own in front; none where there is none."""
        for index, section in enumerate(self.sections, start=1):
            if section.ends_page:
                return self.sections[:index]
        return ()


def list_blocks(paper: Paper) -> list[Block]:
    """Return the blocks of all sections, in the paper's order."""
    return [block for section in paper.sections for block in section.blocks]


def list_figure_ids(paper: Paper) -> Iterator[str]:
    """Yield the ids of the figures that a paper shows, in its order; those of charts left out."""
    for block in list_blocks(paper):
        for cell in _list_cells(block):
            for part in cell:
                if part.figure:
                    yield part.figure


def _list_cells(block: Block) -> list[Cell]:
    """Return the cells of a block; none of a chart."""
    if isinstance(block, Text):
        return [block.parts]
    if isinstance(block, Table):
        return [cell for row in block.rows for cell in row]
    return []


@dataclass(frozen=True)
class Wording:
    """Puts figures, titles and sentences into the words of a language.

    `scopes` are the names of branches, managers and other scopes by id.
    """

    language: str
    figures: Figures
    scopes: Mapping[str, str] = field(default_factory=dict)

    def find_text(self, key: str, **facts: object) -> str:
        """Return a text of the documents."""
        return fill_label(self.language, f"paper.{key}", **facts)

    def find_column_titles(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the titles of a table's columns."""
        return tuple(self.find_text(f"column.{name}") for name in names)

    def make_table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[tuple[Cell, ...]],
        numeric: Iterable[int],
        widths: tuple[int, ...] = (),
    ) -> Table:
        """Return a table; `title` is the key of a text, `columns` are the names of columns."""
        return Table(
            title=self.find_text(title),
            header=self.find_column_titles(columns),
            rows=tuple(rows),
            numeric=frozenset(numeric),
            widths=widths,
        )

    def say_state(self, month: Month, version: str) -> tuple[str, str]:
        """Return the lines under a title: which day the paper is of, and which numbers it shows."""
        last_day = month.last_day.isoformat()
        as_of = self.find_text("as_of", last_day=last_day)
        if not version:
            return as_of, ""
        return as_of, self.find_text("version", version=version)

    def mark_draft(self, is_draft: bool) -> str:
        """Return the mark of a draft; the empty string for what is released."""
        if is_draft:
            return fill_label(self.language, "draft")
        return ""

    def show_text(self, key: str) -> Cell:
        """Return a text of the documents as a cell."""
        return make_cell(self.find_text(key))

    def show_kpi(self, name: str) -> Cell:
        """Return the title of a KPI or a list as a cell."""
        return make_cell(self.name_kpi(name))

    def show_scope(self, scope_id: str) -> Cell:
        """Return what a scope is called as a cell."""
        return make_cell(self.name_scope(scope_id))

    def show_status(self, status: str) -> Cell:
        """Return what became of an output as a cell."""
        return make_cell(fill_label(self.language, f"status.{status}"))

    def show_figures(self, names: Iterable[str]) -> list[Cell]:
        """Return figures as they are printed; a dash for each there is none of."""
        return [self.show_figure(name) for name in names]

    def show_figure(self, name: str | None) -> Cell:
        """Return a figure as it is printed; a dash where there is none."""
        if not name or name not in self.figures:
            return make_cell(EMPTY)
        return (Part(self.figures[name]["shown"], name),)

    def show_figure_with_unit(self, name: str) -> Cell:
        """Return a difference of ratios with the word of its unit; all else as it is printed."""
        if name in self.figures and self.figures[name]["unit"] == "points":
            return self._show_figure_with_unit(name, is_unsigned=False)
        return self.show_figure(name)

    def name_kpi(self, name: str) -> str:
        """Return the title of a KPI or a list."""
        return _titles(self.language)[name]

    def name_variant(self, topic: str) -> str:
        """Return what the variant of a KPI means (`kpi.variant`)."""
        return _titles(self.language)[topic]

    def name_scope(self, scope_id: str) -> str:
        """Return what a scope is called; its id where it has no name."""
        if scope_id in ("company", "unclaimed"):
            return fill_label(self.language, f"scope.{scope_id}")
        return self.scopes.get(scope_id) or scope_id

    def write_sentence(self, row: SentenceRow) -> Cell:
        """Return a sentence: the texts of its rules one behind the other, their slots filled in."""
        texts = load_labels(self.language)
        rules = row["rules"].split(";")
        template = "".join(texts[f"paper.{rule}"] for rule in rules)
        slots: Mapping[str, str] = json.loads(row["slots"])
        return tuple(self._fill_template(template, slots))

    def _fill_template(self, template: str, slots: Mapping[str, str]) -> Iterator[Part]:
        """Yield the parts of a text whose places are filled in."""
        for text_before, name, _, _ in Formatter().parse(template):
            if text_before:
                yield Part(text_before)
            if name:
                yield from self._fill_slot(slots[name], is_unsigned=name in UNSIGNED)

    def _fill_slot(self, slot: str, is_unsigned: bool) -> Cell:
        """Return what a slot stands for.

        A slot is a word and what it is about: `figure ID`, `reason CODES`, `text WORDS`,
        `scopes ID ID …`, or any other word before names of KPIs and lists.
        """
        kind, _, rest = slot.partition(" ")
        if kind == "figure":
            return self._show_figure_with_unit(rest, is_unsigned)
        if kind == "reason":
            return make_cell(say_reasons(self.language, rest))
        if kind == "text":
            return make_cell(rest)

        names = rest.split(" ")
        if kind == "scopes":
            titles = [self.name_scope(name) for name in names]
        else:
            titles = [self.name_kpi(name) for name in names]
        joint = self.find_text("and")
        return make_cell(joint.join(titles))

    def _show_figure_with_unit(self, name: str, is_unsigned: bool) -> Cell:
        """Return a figure, and the word of its unit where one is written behind it."""
        figure = self.figures[name]
        shown = figure["shown"]
        if is_unsigned:
            shown = figure["shown"].lstrip("-")
        unit_key = f"unit.{figure['unit']}"
        if f"paper.{unit_key}" not in load_labels(self.language):
            return (Part(shown, name),)
        return (Part(shown, name), Part(self.find_text(unit_key)))


@cache
def _titles(language: str) -> dict[str, str]:
    """Return the titles of lists and KPIs by name, and what variants mean by `kpi.variant`."""
    titles = name_lists(language)
    for kpi in load_kpis():
        titles[kpi.name] = kpi.meta["title"][language]
        for variant, meaning in kpi.spec.meta["variants"].items():
            titles[f"{kpi.name}.{variant}"] = meaning[language]
    return titles


def prune_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Leave out what tells nothing: rows and columns of dashes, tables without a row."""
    for block in blocks:
        if not isinstance(block, Table):
            yield block
            continue
        pruned = _prune_table(block)
        if pruned.rows:
            yield pruned


def _prune_table(table: Table) -> Table:
    """Return a table without the rows, and the numeric columns, that have dashes alone."""
    rows = list(table.rows)
    if table.numeric:
        rows = [row for row in rows if _tells_anything(row, table.numeric)]
    every_row = range(len(rows))

    kept: list[int] = []
    numeric = set()
    for index, column in enumerate(zip(*rows, strict=True)):
        is_numeric = index in table.numeric
        if is_numeric and not _tells_anything(column, every_row):
            continue
        if is_numeric:
            numeric.add(len(kept))
        kept.append(index)
    return _choose_columns(table, rows, kept, frozenset(numeric))


def _choose_columns(
    table: Table,
    rows: Iterable[tuple[Cell, ...]],
    kept: Sequence[int],
    numeric: frozenset[int],
) -> Table:
    """Return some rows and columns of a table; `numeric` are the places that columns have then."""
    widths = table.widths or (1,) * len(table.header)
    chosen = []
    for row in rows:
        cells = tuple(row[index] for index in kept)
        chosen.append(cells)

    return Table(
        title=table.title,
        header=tuple(table.header[index] for index in kept),
        rows=tuple(chosen),
        numeric=numeric,
        widths=tuple(widths[index] for index in kept),
    )


def _tells_anything(cells: Sequence[Cell], places: Iterable[int]) -> bool:
    """Whether one of the cells at those places is no dash."""
    nothing = make_cell(EMPTY)
    return any(cells[place] != nothing for place in places)


def write_sentences(words: Wording, rows: Sequence[SentenceRow]) -> list[Text]:
    """Return the sentences as paragraphs, by their place in the section."""
    in_order = sorted(rows, key=lambda row: row["place"])
    return [Text(words.write_sentence(row)) for row in in_order]


def join_unbroken_parts(cell: Sequence[Part]) -> str:
    """Return the text of a cell or paragraph with its figures in one piece."""
    texts = []
    for part in cell:
        text = part.text
        if part.figure:
            text = text.replace(" ", NO_BREAK)
        texts.append(text)
    return "".join(texts)


def join_parts(cell: Sequence[Part]) -> str:
    """Return the text of a cell or paragraph."""
    return "".join(part.text for part in cell)

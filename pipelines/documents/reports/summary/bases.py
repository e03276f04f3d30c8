"""The absolute bases of the summary: services, who came and who left, revenue."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.catalogue.figure_rows import build_figure_id
from pipelines.documents.reports.model import Cell, Table, make_cell
from pipelines.documents.reports.summary.ranks import sort_branches
from pipelines.documents.reports.summary.source import SummarySource
from pipelines.text.texts import load_labels

_TOPIC = "base"
_MEASURES = ("before_count", "new_count", "lost_count", "base_count", "base_revenue")
# In the order that a reader expects; others come behind them.
_PRODUCTS = ("mobile", "broadband", "fixed_line", "private_line")


def draw_bases(source: SummarySource) -> Iterator[Table]:
    """Yield the bases by product and by branch, the company last; none where there are none."""
    for kind in ("product", "branch"):
        scopes = _list_scopes(source, kind)
        if not scopes:
            continue
        rows = []
        for scope in scopes:
            name = _name_scope(source, kind, scope)
            rows.append(_draw_row(source, kind, scope, name))
        whole = source.words.show_scope("company")
        rows.append(_draw_row(source, "company", "company", whole))
        yield source.words.make_table(
            title=f"table.base_{kind}",
            columns=(kind, *_MEASURES),
            rows=rows,
            numeric=range(1, len(_MEASURES) + 1),
            widths=(24, 15, 13, 13, 15, 20),
        )


def _draw_row(
    source: SummarySource, kind: str, scope: str, name: Cell
) -> tuple[Cell, ...]:
    """Return a scope's row."""
    ids = []
    for measure in _MEASURES:
        ids.append(build_figure_id(measure, _TOPIC, kind, scope, source.month))
    return (name, *source.words.show_figures(ids))


def _list_scopes(source: SummarySource, kind: str) -> list[str]:
    """Return the scopes of a kind that have a base which is not nothing, in order."""
    found = set()
    for figure in source.words.figures.values():
        is_base = figure["topic"] == _TOPIC and figure["scope_kind"] == kind
        if is_base and figure["number"]:
            found.add(figure["scope_id"])
    if kind == "branch":
        return sort_branches(found)
    return sorted(found, key=_order_products)


def _order_products(product: str) -> tuple[int, str]:
    """In the order that a reader expects, others behind by name."""
    place = len(_PRODUCTS)
    if product in _PRODUCTS:
        place = _PRODUCTS.index(product)
    return place, product


def _name_scope(source: SummarySource, kind: str, scope: str) -> Cell:
    """Return what a product or a branch is called."""
    if kind == "branch":
        return source.words.show_scope(scope)
    if f"paper.product.{scope}" in load_labels(source.words.language):
        return source.words.show_text(f"product.{scope}")
    return make_cell(scope)

"""Why a KPI moved: its change against another month, split over the parts of the company.

`kpi_change` has a row a KPI variant, kind of part and scope; `decompose` says how the change is
split into volume, mix and rate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypedDict, cast

from pipelines.core.reasons import Reason
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.decompose import (
    Pair,
    add_pairs,
    decompose_change,
    is_storable,
)
from pipelines.rooms.kpi.queries import select_month_before, sql_of
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.relations import keep_result, read_rows

COMPARISONS = {"previous_month": "m1", "year_before": "m12"}
PART_KINDS = ("city", "branch", "unit")
_STATES = ("released", "caveat", "withheld", "not_computed")


class Sides(TypedDict):
    """A scope's sums and states in both months; NULL where a month has no such row."""

    kpi: str
    variant: str
    scope_kind: str
    scope_id: str
    status: str | None
    status_before: str | None
    n0: Decimal | None
    d0: Decimal | None
    n1: Decimal | None
    d1: Decimal | None


class Variant(NamedTuple):
    """A variant of a KPI."""

    kpi: str
    name: str


SidesByScope = dict[str, dict[str, Sides]]  # kind of scope -> scope -> its sums
ChangeRow = dict[str, str | Decimal]  # by the columns of `kpi_change`


def write_changes(context: Context) -> None:
    """Write `kpi_change` against the month before and the month a year before, where held."""
    is_any_held = False
    rows: list[ChangeRow] = []
    for comparison, era in COMPARISONS.items():
        if context.is_computed("kpi_monthly", era):
            is_any_held = True
            rows.extend(_compare_months(context, comparison, era))

    if not is_any_held:
        months = (context.month.plus(-1), context.month.plus(-12))
        context.record_missing("kpi_change", map(Reason.not_held, months))
        return
    write_made_rows(context, "kpi_change", rows)


def _compare_months(context: Context, comparison: str, era: str) -> Iterator[ChangeRow]:
    """Yield the changes of every KPI variant against the month of an era."""
    version = context.earlier[era]
    assert version is not None
    about: ChangeRow = {
        "month": str(context.month),
        "comparison": comparison,
        "before_month": str(version.month),
    }
    for variant, by_scope in _read_sides(context, era).items():
        about |= {"kpi": variant.kpi, "variant": variant.name}
        for part_kind in PART_KINDS:
            for row in _split_change(by_scope, part_kind):
                yield about | row


def _read_sides(context: Context, era: str) -> dict[Variant, SidesByScope]:
    """Return the sums of both months by KPI variant, kind of scope and scope."""
    before = keep_result(context, "before", sql_of(select_month_before(era)))
    found = read_rows(context, "kpi", "change_sides", before=before)
    sides: dict[Variant, SidesByScope] = {}
    for row in cast("list[Sides]", found):
        variant = Variant(row["kpi"], row["variant"])
        by_scope = sides.setdefault(variant, defaultdict(dict))
        by_scope[row["scope_kind"]][row["scope_id"]] = row
    return sides


def _split_change(by_scope: SidesByScope, part_kind: str) -> list[ChangeRow]:
    """Split a change over the scopes of one kind.

    Nothing comes where a month has no value, the parts are not the whole, or an effect is beyond
    what the table holds (a rate of almost nothing, times a volume without measure).
    """
    if part_kind not in by_scope or "company" not in by_scope["company"]:
        return []
    company = by_scope["company"]["company"]
    whole = _pair_sides(company)
    scopes = by_scope[part_kind]
    parts = {scope_id: _pair_sides(sides) for scope_id, sides in scopes.items()}

    has_values = whole.d0 and whole.d1
    if not has_values:
        return []
    if add_pairs(parts.values()) != whole:
        return []

    effects_by_scope = decompose_change(parts)
    if not all(map(is_storable, effects_by_scope.values())):
        return []

    rows: list[ChangeRow] = []
    for scope_id, effects in effects_by_scope.items():
        is_company = scope_id == "company"
        row: ChangeRow = {
            "part_kind": part_kind,
            "scope_kind": "company" if is_company else part_kind,
            "scope_id": scope_id,
            "status": _worst_status(scopes.get(scope_id, company)),
            "numerator_change": effects.numerator_change,
            "value_change": effects.value_change,
        }
        row |= asdict(effects)
        rows.append(row)
    return rows


def _pair_sides(sides: Sides) -> Pair:
    """Return a scope's sums as exact numbers; what a month does not have is 0."""
    return Pair(
        n0=Fraction(sides["n0"] or 0),
        d0=Fraction(sides["d0"] or 0),
        n1=Fraction(sides["n1"] or 0),
        d1=Fraction(sides["d1"] or 0),
    )


def _worst_status(sides: Sides) -> str:
    """Return the worse of a scope's states in both months."""
    now = sides["status"] or "released"
    before = sides["status_before"] or "released"
    return max(now, before, key=_STATES.index)

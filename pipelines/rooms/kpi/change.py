"""Why a KPI moved: its change against another month split into volume, mix and rate over the parts of the company.

Of a part b with denominator d, numerator n, rate r = n / d and share w = d / D of the whole D, means of both months
marked ~: the numerator's change is volume r~·w~·ΔD, mix r~·D~·Δw and rate, the rest (d~·Δr). The value's change is
mix (r~ − R~)·Δw, against the company's rate R, and rate, the rest (w~·Δr): volume moves no quotient. All in fractions,
so both are exact (Bennet's indicator, 1920); published at fixed places so that parts add up to the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from pipelines.core.apportion import apportion
from pipelines.rooms.context import Context

Row = dict[str, Any]
COMPARISONS = {"previous_month": "m1", "year_before": "m12"}
PART_KINDS = ("city", "branch", "unit")
_AMOUNTS = ("volume", "mix", "rate")
_VALUES = ("value_mix", "value_rate")
_AMOUNT_PLACES, _VALUE_PLACES = (
    8,
    12,
)  # a numerator's own places; more than anybody prints of a quotient
_STATES = ("released", "caveat", "withheld", "not_computed")
_ZERO = Fraction(0)
SCHEMA = pa.schema(
    [
        *((n, pa.string()) for n in ("month", "comparison", "before_month", "kpi", "variant")),
        *((n, pa.string()) for n in ("part_kind", "scope_kind", "scope_id")),
        *((n, pa.decimal128(28, _AMOUNT_PLACES)) for n in ("numerator_change", *_AMOUNTS)),
        *((n, pa.decimal128(28, _VALUE_PLACES)) for n in ("value_change", *_VALUES)),
        ("status", pa.string()),
    ]
)
_KEY = ("comparison", "kpi", "variant", "part_kind", "scope_kind", "scope_id")


@dataclass(frozen=True)
class Pair:
    """A scope's numerator and denominator in the month before and now; nobody there is 0."""

    n0: Fraction
    d0: Fraction
    n1: Fraction
    d1: Fraction

    @property
    def mean_rate(self) -> Fraction:
        """The mean of both months' rates; of the one month that has a denominator where only one has."""
        rates = [n / d for n, d in ((self.n0, self.d0), (self.n1, self.d1)) if d]
        return sum(rates, _ZERO) / len(rates) if rates else _ZERO


def write_changes(context: Context) -> None:
    """Write `kpi_change` against the month before and the same month a year before, where they are held."""
    held = {
        name: era for name, era in COMPARISONS.items() if context.is_computed("kpi_monthly", era)
    }
    if not held:
        months = (context.month.plus(-1), context.month.plus(-12))
        context.record_missing("kpi_change", [f"not held: {month}" for month in months])
        return
    rows = [row for name, era in held.items() for row in _compare(context, name, era)]
    context.engine.register("change", pa.Table.from_pylist(rows, schema=SCHEMA))
    context.write("kpi_change", "SELECT * FROM change", _KEY)


_BOTH = """
SELECT kpi, variant, scope_kind, scope_id, now.status AS status, before.status AS status_before,
    before.numerator AS n0, before.denominator AS d0, now.numerator AS n1, now.denominator AS d1
FROM kpi_monthly AS now FULL JOIN {era}.kpi_monthly AS before USING (kpi, variant, scope_kind, scope_id)
WHERE now.denominator IS NOT NULL OR before.denominator IS NOT NULL
ORDER BY ALL
"""


def _compare(context: Context, comparison: str, era: str) -> Iterator[Row]:
    version = context.earlier[era]
    assert version is not None
    of: dict[tuple[str, str], dict[str, dict[str, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in context.engine.rows(_BOTH.format(era=era)):
        of[row["kpi"], row["variant"]][row["scope_kind"]][row["scope_id"]] = row
    for (kpi, variant), kinds in of.items():
        common = {
            "month": str(context.month),
            "comparison": comparison,
            "before_month": str(version.month),
        }
        for kind in PART_KINDS:
            split = _split(kinds, kind)
            yield from (
                common | {"kpi": kpi, "variant": variant, "part_kind": kind} | row for row in split
            )


def _split(kinds: Mapping[str, dict[str, Row]], kind: str) -> list[Row]:
    """Split over the scopes of one kind; nothing where a month has no value or the parts are not the whole."""
    if kind not in kinds or "company" not in kinds["company"]:
        return []
    whole, parts = (
        _pair(kinds["company"]["company"]),
        {i: _pair(row) for i, row in kinds[kind].items()},
    )
    if not (whole.d0 and whole.d1) or any(
        sum(getattr(part, side) for part in parts.values()) != getattr(whole, side)
        for side in ("n0", "d0", "n1", "d1")
    ):
        return []
    rows = decompose(parts)
    seen = kinds["company"] | kinds[kind]
    return [row | {"scope_kind": "company" if s == "company" else kind, "scope_id": s, "status": _worst(seen[s])}
            for s, row in rows.items()]  # fmt: skip


def _pair(row: Row) -> Pair:
    return Pair(*(Fraction(row[side] or 0) for side in ("n0", "d0", "n1", "d1")))


def _worst(row: Row) -> str:
    return max((row[n] or "released" for n in ("status", "status_before")), key=_STATES.index)


def decompose(parts: Mapping[str, Pair]) -> dict[str, Row]:
    """Return each part's effects and, under `company`, their sums; the company has a denominator in both months."""
    names = list(parts)
    whole = Pair(
        *(
            sum((getattr(p, side) for p in parts.values()), _ZERO)
            for side in ("n0", "d0", "n1", "d1")
        )
    )
    amounts = {name: apportion(_amounts(parts[name], whole), _AMOUNT_PLACES) for name in names}
    cells = apportion(
        [cell for name in names for cell in _values(parts[name], whole)], _VALUE_PLACES
    )
    values = {name: cells[2 * place : 2 * place + 2] for place, name in enumerate(names)}
    rows = {name: _row(amounts[name], values[name]) for name in names}
    return {"company": _row(_sums(amounts.values(), 3), _sums(values.values(), 2)), **rows}


def _amounts(part: Pair, whole: Pair) -> list[Fraction]:
    share = part.d1 / whole.d1 - part.d0 / whole.d0
    mean_share = (part.d1 / whole.d1 + part.d0 / whole.d0) / 2
    volume = part.mean_rate * mean_share * (whole.d1 - whole.d0)
    mix = part.mean_rate * share * (whole.d1 + whole.d0) / 2
    return [volume, mix, part.n1 - part.n0 - volume - mix]


def _values(part: Pair, whole: Pair) -> list[Fraction]:
    share = part.d1 / whole.d1 - part.d0 / whole.d0
    change = part.n1 / whole.d1 - part.n0 / whole.d0 - whole.mean_rate * share
    mix = (part.mean_rate - whole.mean_rate) * share
    return [mix, change - mix]


def _sums(rows: Any, count: int) -> list[Decimal]:
    return [sum((row[place] for row in rows), Decimal(0)) for place in range(count)]


def _row(amounts: list[Decimal], values: list[Decimal]) -> Row:
    changes = {
        "numerator_change": sum(amounts, Decimal(0)),
        "value_change": sum(values, Decimal(0)),
    }
    return (
        changes
        | dict(zip(_AMOUNTS, amounts, strict=True))
        | dict(zip(_VALUES, values, strict=True))
    )

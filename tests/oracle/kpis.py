"""The expected KPI table of a month: every covered variant, at every scope, with its rank."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pandas as pd

from .customer_rules import CUSTOMER_RULES
from .owners import KINDS, NOBODY, owners
from .parts import Part, Rule
from .service_rules import SERVICE_RULES
from .state import Held, MissingError

COLUMNS = ["kpi", "variant", "scope_kind", "scope_id", "numerator", "denominator", "value", "rank", "status"]
RULES: dict[tuple[str, str], Rule] = dict(sorted({**CUSTOMER_RULES, **SERVICE_RULES}.items()))
HIGHER_IS_BETTER = frozenset(
    {
        "vip_card_holding_rate",
        "dynamic_retention_rate",
        "cohort_retention_rate",
        "revenue_retention_rate",
        "renewal_rate",
        "arpu",
    }
)
RANKED_FROM = 30
THETA = Decimal("89.00")


def expected_kpis(source: Path, months: list[str], month: str, theta: Decimal = THETA) -> pd.DataFrame:
    """What the definitions say about `month`, when `months` are held; `attrs["reasons"]` says what is missing."""
    held = Held(source, months, month, theta)
    table = owners(held)
    rows: list[dict[str, object]] = []
    reasons: dict[str, str] = {}
    for (kpi, variant), rule in RULES.items():
        name = {"kpi": kpi, "variant": variant}
        try:
            part = rule(held)
        except MissingError as why:
            rows.append({**name, **_not_computed()})
            reasons[f"{kpi}.{variant}"] = str(why)
            continue
        rows += [{**name, **row} for row in _scoped(part, table, kpi in HIGHER_IS_BETTER)]
    result = pd.DataFrame(rows, columns=COLUMNS).astype(object)
    result = result.where(result.notna(), None)
    result.attrs["reasons"] = reasons
    return result


def _not_computed() -> dict[str, object]:
    return {"scope_kind": "company", "scope_id": "company", "status": "not_computed"}


def _scoped(part: Part, table: pd.DataFrame | None, higher: bool) -> list[dict[str, object]]:
    whole = pd.DataFrame({"company": "company"}, index=pd.Index([], dtype=object))
    rows = _sums(part, whole, "company", "company")
    if table is not None:
        for kind in KINDS:
            if kind in table:
                rows += _ranked(_sums(part, table, kind, NOBODY), higher)
    return rows


def _sums(part: Part, table: pd.DataFrame, kind: str, rest: str) -> list[dict[str, object]]:
    """One row a scope that something belongs to, and always one for the rest."""
    num = _by_scope(part.num, table[kind], rest)
    den = None if part.den is None else _by_scope(part.den, table[kind], rest)
    scopes = {rest, *num, *(den or {})}
    rows: list[dict[str, object]] = []
    for scope in sorted(scopes):
        above = Fraction(num.get(scope, 0), part.num_unit)
        below = None if den is None else Fraction(den.get(scope, 0), part.den_unit)
        exact = above if below is None else above / below if below else None
        rows.append(
            {
                "scope_kind": kind,
                "scope_id": scope,
                "numerator": _decimal(above),
                "denominator": None if below is None else _decimal(below),
                "value": None if exact is None else float(exact),
                "exact": exact,
                "status": "ok",
            }
        )
    return rows


def _by_scope(entries: pd.Series, scopes: pd.Series, rest: str) -> dict[str, int]:
    scope = scopes.astype(object).reindex(entries.index).fillna(rest)
    sums = entries.groupby(scope.to_numpy()).sum()
    return {str(name): int(total) for name, total in sums.items()}


def _decimal(exact: Fraction) -> Decimal:
    """Halves and fen have a finite decimal form."""
    return Decimal(exact.numerator) / Decimal(exact.denominator)


def _ranked(rows: list[dict[str, object]], higher: bool) -> list[dict[str, object]]:
    """Best is 1; ties share the smaller rank; the rest and small denominators have none."""
    fit = [row for row in rows if _can_rank(row)]
    ranks: dict[Fraction, int] = {}
    for place, exact in enumerate(sorted((_exact(row) for row in fit), reverse=higher), start=1):
        ranks.setdefault(exact, place)
    for row in fit:
        row["rank"] = ranks[_exact(row)]
    return rows


def _exact(row: dict[str, object]) -> Fraction:
    exact = row["exact"]
    assert isinstance(exact, Fraction)
    return exact


def _can_rank(row: dict[str, object]) -> bool:
    below = row["denominator"]
    enough = below is None or (isinstance(below, Decimal) and below >= RANKED_FROM)
    return row["scope_id"] != NOBODY and row["exact"] is not None and enough

"""The expected KPI table of a month: every covered variant, at every scope, with its rank."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from .customer_rules import CUSTOMER_RULES
from .further_rules import FURTHER_RULES
from .orders.office import Office
from .orders.rules import ORDER_RULES
from .owners import KINDS, NOBODY, owners
from .parts import Given, Mean, Part, Placed, Rule, Score
from .service_rules import SERVICE_RULES
from .state import Held, MissingError

COLUMNS = [
    "kpi",
    "variant",
    "scope_kind",
    "scope_id",
    "numerator",
    "denominator",
    "value",
    "rank",
    "status",
]
Row = dict[str, Any]
RULES: dict[tuple[str, str], Rule] = dict(
    sorted({**CUSTOMER_RULES, **SERVICE_RULES, **FURTHER_RULES}.items())
)
HIGHER_IS_BETTER = frozenset(
    {
        "vip_card_holding_rate",
        "dynamic_retention_rate",
        "cohort_retention_rate",
        "revenue_retention_rate",
        "renewal_rate",
        "arpu",
        "collection_effectiveness",
        "contact_rate",
        "group_registration_rate",
        "points_redemption_rate",
        "promise_kept_rate",
        "success_rate",
        "composite_retention_rate",
        "perception_rate",
        "private_line_score",
        "reactivation_rate",
        "revenue_completion",
        "revenue_growth",
    }
)
RANKED_FROM = 30
FEN = 100  # of a yuan
THETA = Decimal("89.00")


def expected_kpis(
    source: Path,
    months: list[str],
    month: str,
    theta: Decimal = THETA,
    office: Office | None = None,
) -> pd.DataFrame:
    """What the definitions say about `month`, when `months` are held; `attrs["reasons"]` says what is missing.

    KPIs about orders are in it when there is an office that knows the orders.
    """
    held = Held(source, months, month, theta)
    rules = dict(RULES)
    if office is not None:
        rules |= {
            name: partial(rule, office=office) for name, rule in ORDER_RULES.items()
        }
    table = owners(held)
    rows: list[Row] = []
    reasons: dict[str, str] = {}
    for (kpi, variant), rule in rules.items():
        name = {"kpi": kpi, "variant": variant}
        try:
            part = rule(held)
        except MissingError as why:
            rows.append({**name, **_not_computed()})
            reasons[f"{kpi}.{variant}"] = str(why)
            continue
        rows += [
            {**name, **row} for row in _scoped(part, table, kpi in HIGHER_IS_BETTER)
        ]
    result = pd.DataFrame(rows, columns=COLUMNS).astype(object)
    result = result.where(result.notna(), None)
    result.attrs["reasons"] = reasons
    return result


def _not_computed(kind: str = "company", scope: str = "company") -> Row:
    return {"scope_kind": kind, "scope_id": scope, "status": "not_computed"}


def _scoped(
    part: Part | Placed | Mean | Score | Given, table: pd.DataFrame, higher: bool
) -> list[Row]:
    if isinstance(part, Given):
        told = None if part.value is None else round(part.value, 8)
        return [
            {
                "scope_kind": "company",
                "scope_id": "company",
                "status": "ok",
                **_value(told),
            }
        ]
    if isinstance(part, Placed) and part.part is None:
        kinds = sorted({kind for kind, _ in part.scopes})
        return [
            row
            for kind in kinds
            for row in _ranked(_rows(part, None, kind, NOBODY), higher)
        ]
    whole = pd.DataFrame({"company": "company"}, index=pd.Index([], dtype=object))
    rows = _rows(part, whole, "company", "company")
    for kind in KINDS:
        if kind in table:
            rows += _ranked(_rows(part, table, kind, NOBODY), higher)
        else:
            rows.append(_not_computed(kind, NOBODY))
    return rows


def _rows(
    part: Part | Placed | Mean | Score, table: pd.DataFrame | None, kind: str, rest: str
) -> list[Row]:
    if isinstance(part, Mean):
        return _means([_sums(one, table, kind, rest) for one in part.parts])
    if isinstance(part, Score):
        return [_score(row, part.cap) for row in _rows(part.placed, table, kind, rest)]
    if isinstance(part, Placed):
        return _placed(part, table, kind, rest)
    return _sums(part, table, kind, rest)


def _means(parts: list[list[Row]]) -> list[Row]:
    """The mean of the quotients of each scope; small where one of the denominators is."""
    rows = []
    for same in zip(*parts, strict=True):
        exact = [row["exact"] for row in same]
        mean = None if None in exact else sum(exact, Fraction(0)) / len(exact)
        row = same[0] | _value(mean) | {"numerator": None, "denominator": None}
        rows.append(row | {"counted": min(row["counted"] for row in same)})
    return rows


def _score(row: Row, cap: Fraction) -> Row:
    exact = row["exact"]
    score = None if exact is None else 10 * min(exact, cap)
    return (
        row | _value(score) | {"numerator": None, "denominator": None, "counted": None}
    )


def _placed(
    part: Placed, table: pd.DataFrame | None, kind: str, rest: str
) -> list[Row]:
    num: dict[str, Fraction] = {}
    if part.part is not None and table is not None:
        sums = _by_scope(part.part.num, table[kind], rest)
        num = {
            scope: Fraction(total, part.part.num_unit) for scope, total in sums.items()
        }
    here = {scope: pair for (of, scope), pair in part.scopes.items() if of == kind}
    rows = []
    for scope in sorted({rest, *num, *here}):
        above = num.get(scope, Fraction(0)) + (here[scope][0] if scope in here else 0)
        below = here[scope][1] if scope in here else None
        row = _row(kind, scope, above, below, above / below if below else None)
        counts = part.part is None  # what a part is set against is a target
        rows.append(row | {"counted": below if counts else None})
    return rows


def _sums(part: Part, table: pd.DataFrame | None, kind: str, rest: str) -> list[Row]:
    """One row a scope that something belongs to, and always one for the rest."""
    assert table is not None
    num = _by_scope(part.num, table[kind], rest)
    den = None if part.den is None else _by_scope(part.den, table[kind], rest)
    people = _people_by_scope(part, table[kind], rest)
    rows: list[Row] = []
    for scope in sorted({rest, *num, *(den or {})}):
        above = Fraction(num.get(scope, 0), part.num_unit)
        below = None if den is None else Fraction(den.get(scope, 0), part.den_unit)
        exact = above if below is None else above / below if below else None
        row = _row(kind, scope, above, below, exact)
        counted = below if people is None else Fraction(people.get(scope, 0))
        rows.append(row | {"counted": counted})
    return rows


def _row(
    kind: str,
    scope: str,
    above: Fraction,
    below: Fraction | None,
    exact: Fraction | None,
) -> Row:
    """One row; what is `counted` of its denominator is for others to say: a target is never small."""
    return {
        "scope_kind": kind,
        "scope_id": scope,
        "numerator": _decimal(above),
        "denominator": None if below is None else _decimal(below),
        "counted": None,
        "status": "ok",
        **_value(exact),
    }


def _value(exact: Fraction | None) -> Row:
    return {"value": None if exact is None else float(exact), "exact": exact}


def _people_by_scope(part: Part, scopes: pd.Series, rest: str) -> dict[str, int] | None:
    """The customers whose part of a denominator in yuan is not 0; None where the denominator counts by itself."""
    if part.den is None or part.den_unit != FEN:
        return None
    parts = part.den.groupby(level=0).sum()
    is_part = parts[parts != 0].astype(bool).astype("int64")
    return _by_scope(is_part, scopes, rest)


def _by_scope(entries: pd.Series, scopes: pd.Series, rest: str) -> dict[str, int]:
    scope = scopes.astype(object).reindex(entries.index).fillna(rest)
    sums = entries.groupby(scope.to_numpy()).sum()
    return {str(name): int(total) for name, total in sums.items()}


def _decimal(exact: Fraction) -> Decimal:
    """Halves and fen have a finite decimal form; what has none is told to eight places."""
    told = Decimal(exact.numerator) / Decimal(exact.denominator)
    return told if told == round(told, 8) else round(told, 8)


def _ranked(rows: list[Row], higher: bool) -> list[Row]:
    """Best is 1; ties share the smaller rank; the rest and small denominators have none."""
    fit = [row for row in rows if _can_rank(row)]
    ranks: dict[Fraction, int] = {}
    for place, exact in enumerate(
        sorted((_exact(row) for row in fit), reverse=higher), start=1
    ):
        ranks.setdefault(exact, place)
    for row in fit:
        row["rank"] = ranks[_exact(row)]
    return rows


def _exact(row: Row) -> Fraction:
    exact = row["exact"]
    assert isinstance(exact, Fraction)
    return exact


def _can_rank(row: Row) -> bool:
    enough = row["counted"] is None or row["counted"] >= RANKED_FROM
    return row["scope_id"] != NOBODY and row["exact"] is not None and enough

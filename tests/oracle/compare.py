"""Sets the expected KPI table beside what `retention show kpi_monthly` wrote."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import pandas as pd

KEY = ["kpi", "variant", "scope_kind", "scope_id"]
EXACT = ("numerator", "denominator", "rank")
FIELDS = (*EXACT, "value", "status")
TOLERANCE = 1e-9
SAMPLE = 20

Key = tuple[str, ...]
Row = dict[str, object]


@dataclass(frozen=True)
class Report:
    """Rows on both sides, cells that differ (key, field, expected, actual), and rows only one side has."""

    compared: int
    differing_rows: int
    differing: pd.DataFrame
    missing_in_actual: list[Key]
    missing_in_expected: list[Key]
    repeated_in_actual: list[Key]

    @property
    def ok(self) -> bool:
        wrong = (
            self.missing_in_actual
            or self.missing_in_expected
            or self.repeated_in_actual
        )
        return self.differing_rows == 0 and not wrong

    def __str__(self) -> str:
        lines = [f"{self.compared} rows compared, {self.differing_rows} differ"]
        if self.differing_rows:
            lines.append(self.differing.head(SAMPLE).to_string(index=False))
        for what in ("missing_in_actual", "missing_in_expected", "repeated_in_actual"):
            keys: list[Key] = getattr(self, what)
            lines.append(f"{what.replace('_', ' ')}: {len(keys)}")
            lines += ["  " + " / ".join(key) for key in keys[:SAMPLE]]
        return "\n".join(lines)


def compare(expected: pd.DataFrame, actual: pd.DataFrame) -> Report:
    """Only the KPI variants the oracle covers; `actual` must be of one month."""
    if "month" in actual and actual["month"].nunique() > 1:
        raise ValueError("the actual table holds more than one month")
    covered = set(zip(expected["kpi"], expected["variant"], strict=True))
    ours, _ = _by_key(expected)
    theirs, repeated = _by_key(actual)
    theirs = {key: row for key, row in theirs.items() if key[:2] in covered}
    both = [key for key in ours if key in theirs]
    cells = [
        (*key, field, ours[key][field], theirs[key][field])
        for key in both
        for field in FIELDS
        if not _same(field, ours[key][field], theirs[key][field])
    ]
    return Report(
        compared=len(both),
        differing_rows=len({cell[: len(KEY)] for cell in cells}),
        differing=pd.DataFrame(cells, columns=[*KEY, "field", "expected", "actual"]),
        missing_in_actual=[key for key in ours if key not in theirs],
        missing_in_expected=[key for key in theirs if key not in ours],
        repeated_in_actual=[key for key in repeated if key[:2] in covered],
    )


def _by_key(table: pd.DataFrame) -> tuple[dict[Key, Row], list[Key]]:
    """Rows by key, and the keys that come more than once."""
    rows: dict[Key, Row] = {}
    repeated: list[Key] = []
    for record in table[[*KEY, *FIELDS]].to_dict("records"):
        key = tuple(str(record[name]) for name in KEY)
        if key in rows:
            repeated.append(key)
        rows[key] = {str(name): value for name, value in record.items()}
    return rows, repeated


def _same(field: str, expected: object, actual: object) -> bool:
    if field == "status":
        return (str(expected) == "not_computed") == (str(actual) == "not_computed")
    left, right = _number(expected), _number(actual)
    if left is None or right is None:
        return left is right
    if field in EXACT:
        return left == right
    return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=0.0)


def _number(cell: object) -> Decimal | None:
    """Empty is None; what is not a number cannot equal one."""
    if (
        cell is None
        or cell is pd.NA
        or cell is pd.NaT
        or str(cell).strip().lower() in ("", "nan", "none")
    ):
        return None
    try:
        return Decimal(str(cell).strip())
    except InvalidOperation as error:
        raise ValueError(f"not a number: {cell!r}") from error

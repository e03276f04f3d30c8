"""A case: small tables in, small table out, worked out by hand from the definitions.

    - name: a service without a usage row used nothing
      month: 2026-10                    # the default
      prior: 2026-09                    # month of the `prior.` tables; the default is the month before
      given:
        features_service: |
          service_id | is_active
          S1         | true
      parameters: {is_previous_month_held: true}
      expect: |
        service_id | is_zero_all
        S1         | true
      in_order: true                    # where the rows must come in this order; any will do without

An empty cell is NULL. A column that is not named is NULL, a table that is not given is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from pipelines.catalogue.spec import TableName
from pipelines.core.month import Month

CASES = Path(__file__).parent
_KEYS = {"name", "month", "prior", "given", "parameters", "expect", "in_order"}


@dataclass(frozen=True)
class Grid:
    """A table as it is written in a case: text cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    in_order: bool = False


@dataclass(frozen=True)
class Case:
    """One case of one SQL file."""

    path: Path
    name: str
    month: Month
    prior: Month
    given: Mapping[TableName, Grid]
    expect: Grid
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def room(self) -> str:
        """The SQL file's room."""
        return self.path.parent.name

    @property
    def stem(self) -> str:
        """The SQL file's stem."""
        return self.path.name.removesuffix(".yml")

    def __str__(self) -> str:
        return f"{self.room}/{self.stem}::{self.name}"


def load_cases() -> Iterator[Case]:
    """Yield every case of every file; raise ValueError where one is not in the form."""
    for path in sorted(CASES.glob("*/*.yml")):
        yield from read_cases(path)


def read_cases(path: Path) -> Iterator[Case]:
    """Yield every case of one file; raise ValueError where one is not in the form."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = [body["name"] for body in raw]
    if len(set(names)) < len(names):
        raise ValueError(f"{path}: two cases of one name")
    for body in raw:
        yield _case(path, body)


def _case(path: Path, body: dict[str, Any]) -> Case:
    if unknown := set(body) - _KEYS:
        raise ValueError(
            f"{path}: {body['name']}: unknown {', '.join(sorted(unknown))}"
        )
    month = Month.parse(body.get("month", "2026-10"))
    return Case(
        path=path,
        name=body["name"],
        month=month,
        prior=Month.parse(body["prior"]) if "prior" in body else month.plus(-1),
        given={
            _table_name(name): read_grid(text)
            for name, text in body.get("given", {}).items()
        },
        expect=replace(read_grid(body["expect"]), in_order=body.get("in_order", False)),
        parameters=body.get("parameters", {}),
    )


def _table_name(text: str) -> TableName:
    era, _, name = text.rpartition(".")
    return TableName(name, era)


def read_grid(text: str) -> Grid:
    """Read lines of cells parted by `|`; raise ValueError where a row is longer or shorter than the header."""
    lines = [
        tuple(cell.strip() for cell in line.split("|"))
        for line in text.splitlines()
        if line.strip()
    ]
    for line in lines:
        if len(line) != len(lines[0]):
            raise ValueError(
                f"{len(lines[0])} columns, but a row of {len(line)}: {' | '.join(line)}"
            )
    return Grid(lines[0], tuple(lines[1:]))


def differences(expect: Grid, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which expected rows are not there and which rows nobody expects; also in which order, where that is expected."""
    spare = [[row[name] for name in expect.columns] for row in rows]
    if expect.in_order and len(spare) == len(expect.rows):
        return _compare_in_order(expect, spare)
    found = []
    for line in expect.rows:
        match = next((row for row in spare if all(map(_agree, line, row))), None)
        if match is None:
            found.append(f"missing:    {' | '.join(line)}")
        else:
            spare.remove(match)
    return found + [f"unexpected: {' | '.join(map(_text, row))}" for row in spare]


def _compare_in_order(expect: Grid, given: Sequence[Sequence[object]]) -> list[str]:
    """Say at which places another row stands than is expected there."""
    found = []
    for place, (line, row) in enumerate(zip(expect.rows, given, strict=True), start=1):
        if not all(map(_agree, line, row)):
            found.append(f"row {place}: {' | '.join(map(_text, row))}")
    return found


def _agree(cell: str, value: object) -> bool:
    if isinstance(value, float):
        return _number(cell) is not None and abs(float(cell) - value) <= 1e-9
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _number(cell) == value
    return cell == _text(value)


def _number(cell: str) -> Decimal | None:
    try:
        return Decimal(cell)
    except InvalidOperation:
        return None


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)

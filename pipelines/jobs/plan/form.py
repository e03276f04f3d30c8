"""The file of a year's plan.

Totals that are split by a key, and targets that are handed down as they are.

    year: 2027
    month: 2026-12                    # a held month: whose branches, managers and weights
    measures:
      revenue:
        total: 12000000.00
        places: 2                     # fen; members and other whole things have 0
        key:
          version: 2027-1
          by_month: {year_before: revenue}       # or weights: twelve of them
          by_branch: {measure: revenue}          # or weights: {B001: 3, B002: 2}
          by_manager: {measure: revenue}         # or weights: {B001: {M0001: 1}}
    handed_down:
      - {kpi: complaint_rate, scope_kind: company, value: 26}    # or values: twelve of them

Every scalar is read as text, so that an id keeps its zeros and an amount its fen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from pipelines.catalogue.outputs import load_kpis
from pipelines.catalogue.spec import load_room_specs
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.core.yaml_files import read_yaml
from pipelines.jobs.plan.split import list_months


def _normalise_number(number: Decimal) -> Decimal:
    """Write 3.0 and 3 alike, so that another way to write a number is no other key."""
    return Decimal(f"{number.normalize():f}")


# What a target can hold: twelve digits before the point, six behind it.
Amount = Annotated[
    Decimal,
    Field(ge=0, lt=10**12, decimal_places=6, allow_inf_nan=False),
    AfterValidator(_normalise_number),
]
Weight = Annotated[
    Decimal,
    Field(lt=10**12, decimal_places=6, allow_inf_nan=False),
    AfterValidator(_normalise_number),
]
_MONTH_NUMBERS = range(1, 13)
MonthText = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


F = TypeVar("F", bound="_Form")


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _require_one_way(form: F) -> F:
    """Refuse a part of a key that is given in two ways or in none."""
    given = [name for name, value in form if value is not None]
    if len(given) != 1:
        ways = ", ".join(type(form).model_fields)
        raise ValueError(f"give one of {ways}")
    return form


class ByMonth(_Form):
    """How a year goes to its months.

    Given weights, or a measure in the same months a year before.
    """

    weights: list[Weight] | dict[int, Weight] | None = None
    year_before: str | None = None

    @model_validator(mode="after")
    def _check_one_way(self) -> Self:
        return _require_one_way(self)

    def list_given_weights(self, year: int, where: str) -> dict[str, Decimal]:
        """Return the given weights by YYYY-MM; raise SpecError naming the months that have none."""
        by_number = self._number_weights()
        missing = [str(number) for number in _MONTH_NUMBERS if number not in by_number]
        if missing or len(by_number) > len(_MONTH_NUMBERS):
            months = ", ".join(missing) or "1–12"
            raise SpecError(
                "plan.months_missing", where=f"{where}.by_month", months=months
            )

        months_by_number = enumerate(list_months(year), start=1)
        return {month: by_number[number] for number, month in months_by_number}

    def _number_weights(self) -> dict[int, Decimal]:
        """Return the given weights by the month's number, 1 for January."""
        if isinstance(self.weights, dict):
            return self.weights
        return dict(enumerate(self.weights or (), start=1))


class ByBranch(_Form):
    """How a month goes to branches: given weights, or a measure of the key's month."""

    weights: dict[str, Weight] | None = None
    measure: str | None = None

    @model_validator(mode="after")
    def _check_one_way(self) -> Self:
        return _require_one_way(self)


class ByManager(_Form):
    """How a branch's part goes to its managers.

    Given weights by branch, or a measure of the key's month.
    """

    weights: dict[str, dict[str, Weight]] | None = None
    measure: str | None = None

    @model_validator(mode="after")
    def _check_one_way(self) -> Self:
        return _require_one_way(self)


class Key(_Form):
    """The key a measure is split by.

    Its version names it for people: another key needs another version.
    """

    version: str = Field(min_length=1)
    month: MonthText
    by_month: ByMonth
    by_branch: ByBranch | None = None
    by_manager: ByManager | None = None

    @model_validator(mode="after")
    def _check_managers_have_branches(self) -> Self:
        if self.by_manager and not self.by_branch:
            raise ValueError("by_manager needs by_branch")
        return self

    @property
    def hash(self) -> str:
        """The fingerprint of what the key says, its version left out."""
        text = json.dumps(
            self.model_dump(mode="json", exclude={"version"}), sort_keys=True
        )
        return sha256(text.encode()).hexdigest()[:16]


class Measure(_Form):
    """A year's total and its key; `places` are the decimals that parts are rounded to."""

    title: dict[Literal["zh", "en"], str] = {}
    total: Amount
    places: int = Field(default=2, ge=0, le=6)
    key: Key

    @model_validator(mode="after")
    def _check_places_of_total(self) -> Self:
        if self.total != round(self.total, self.places):
            raise ValueError(f"total has more than {self.places} decimals")
        return self


class HandedDown(_Form):
    """A target that is no sum.

    The same for every scope named and, unless there are twelve, every month.
    """

    kpi: str
    scope_kind: Literal["company", "branch", "manager", "touch_point"]
    scope_ids: list[str] | None = (
        None  # without: all branches or managers of the plan's month
    )
    value: Amount | None = None
    values: Annotated[list[Amount], Field(min_length=12, max_length=12)] | None = None

    @model_validator(mode="after")
    def _check_values_and_scopes(self) -> Self:
        if (self.value is None) == (self.values is None):
            raise ValueError("give one of value, values")
        if self.scope_kind == "touch_point" and not self.scope_ids:
            raise ValueError("touch points are named in scope_ids")
        return self

    def list_values(self, year: int) -> dict[str, Decimal]:
        """Return the value of each month, YYYY-MM."""
        values = self.values or []
        if self.value is not None:
            values = [self.value] * len(_MONTH_NUMBERS)
        return dict(zip(list_months(year), values, strict=True))


class YearPlan(_Form):
    """A year's plan as it is written."""

    year: int = Field(ge=2000, le=2200)
    month: MonthText
    measures: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Measure] = {}
    handed_down: list[HandedDown] = []

    @model_validator(mode="after")
    def _check_something_is_planned(self) -> Self:
        if not self.measures and not self.handed_down:
            raise ValueError("give measures or handed_down")
        return self

    @property
    def held(self) -> Month:
        """The month whose branches and managers the plan is for."""
        return Month.parse(self.month)


def read_plan(path: Path) -> YearPlan:
    """Read a plan's YAML; raise SpecError with the place where it is wrong."""
    raw = read_yaml(path, is_text=True)
    _give_keys_their_month(raw)
    try:
        plan = YearPlan.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "–"
        raise SpecError(
            "plan.bad", file=path.name, where=where, why=first["msg"]
        ) from error

    _refuse_wrong_kinds(plan)
    return plan


def _give_keys_their_month(raw: object) -> None:
    """Give each key the plan's month where it names none of its own, in place.

    What has not the form is left alone.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("measures"), dict):
        return
    for measure in raw["measures"].values():
        key = measure.get("key") if isinstance(measure, dict) else None
        if isinstance(key, dict):
            key.setdefault("month", raw.get("month"))


def _refuse_wrong_kinds(plan: YearPlan) -> None:
    """A rate is no sum of rates, so it is not split.

    What is handed down has a KPI that reads it, once a scope.
    """
    known = {kpi.name for kpi in load_kpis()}
    for name, measure in plan.measures.items():
        if name in known or name.endswith("_rate"):
            raise SpecError("plan.rate", measure=name)
        _refuse_unknown_measures(name, measure.key)

    handed_down = {handed.kpi for handed in plan.handed_down}
    unknown = sorted(handed_down - known)
    if unknown:
        raise SpecError("plan.unknown_kpi", kpi=", ".join(unknown))


def _refuse_unknown_measures(name: str, key: Key) -> None:
    """Raise SpecError where a key weighs by a measure that no file of `sql/plan/` computes."""
    known = {spec.name for spec in load_room_specs("plan")}
    for level, measure in _list_measures(key):
        if measure is not None and measure not in known:
            named = ", ".join(sorted(known))
            where = f"measures.{name}.key.{level}"
            raise SpecError(
                "plan.unknown_measure", where=where, measure=measure, known=named
            )


def _list_measures(key: Key) -> Iterator[tuple[str, str | None]]:
    """Yield the levels of a key, and the measure that each weighs by.

    None where weights are given.
    """
    yield "by_month", key.by_month.year_before
    if key.by_branch is not None:
        yield "by_branch", key.by_branch.measure
    if key.by_manager is not None:
        yield "by_manager", key.by_manager.measure

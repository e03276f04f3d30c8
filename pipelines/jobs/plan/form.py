"""The file of a year's plan: totals that are split by a key, and targets that are handed down as they are.

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
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.catalogue.outputs import kpis
from pipelines.catalogue.spec import room_specs
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.core.yaml_files import read_yaml
from pipelines.jobs.plan.split import months_of


def _plainly(number: Decimal) -> Decimal:
    """Write 3.0 and 3 alike, so that another way to write a number is no other key."""
    return Decimal(f"{number.normalize():f}")


# What a target can hold: twelve digits before the point, six behind it.
Amount = Annotated[
    Decimal, Field(ge=0, lt=10**12, decimal_places=6, allow_inf_nan=False), AfterValidator(_plainly)
]
Weight = Annotated[
    Decimal, Field(lt=10**12, decimal_places=6, allow_inf_nan=False), AfterValidator(_plainly)
]
MonthText = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


F = TypeVar("F", bound="_Form")


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _checked(form: F) -> F:
    """Refuse a part of a key that is given in two ways or in none."""
    if sum(value is not None for _, value in form) != 1:
        raise ValueError(f"give one of {', '.join(type(form).model_fields)}")
    return form


class ByMonth(_Form):
    """How a year goes to its months: given weights, or a measure in the same months a year before."""

    weights: list[Weight] | dict[int, Weight] | None = None
    year_before: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        return _checked(self)

    def given(self, year: int, where: str) -> dict[str, Decimal]:
        """Return the given weights by YYYY-MM; raise SpecError naming the months that have none."""
        known = (
            self.weights
            if isinstance(self.weights, dict)
            else dict(enumerate(self.weights or (), start=1))
        )
        missing = [str(number) for number in range(1, 13) if number not in known]
        if missing or len(known) > 12:
            raise SpecError(
                "plan.months_missing",
                where=f"{where}.by_month",
                months=", ".join(missing) or "1–12",
            )
        return {month: known[number] for number, month in enumerate(months_of(year), start=1)}


class ByBranch(_Form):
    """How a month goes to branches: given weights, or a measure of the key's month."""

    weights: dict[str, Weight] | None = None
    measure: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        return _checked(self)


class ByManager(_Form):
    """How a branch's part goes to its managers: given weights by branch, or a measure of the key's month."""

    weights: dict[str, dict[str, Weight]] | None = None
    measure: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        return _checked(self)


class Key(_Form):
    """The key a measure is split by. Its version names it for people: another key needs another version."""

    version: str = Field(min_length=1)
    month: MonthText
    by_month: ByMonth
    by_branch: ByBranch | None = None
    by_manager: ByManager | None = None

    @model_validator(mode="after")
    def _managers_are_of_branches(self) -> Self:
        if self.by_manager and not self.by_branch:
            raise ValueError("by_manager needs by_branch")
        return self

    @property
    def hash(self) -> str:
        """The fingerprint of what the key says, its version left out."""
        text = json.dumps(self.model_dump(mode="json", exclude={"version"}), sort_keys=True)
        return sha256(text.encode()).hexdigest()[:16]


class Measure(_Form):
    """A year's total and its key; `places` are the decimals that parts are rounded to."""

    title: dict[Literal["zh", "en"], str] = {}
    total: Amount
    places: int = Field(default=2, ge=0, le=6)
    key: Key

    @model_validator(mode="after")
    def _total_has_the_places(self) -> Self:
        if self.total != round(self.total, self.places):
            raise ValueError(f"total has more than {self.places} decimals")
        return self


class HandedDown(_Form):
    """A target that is no sum: the same for every scope named and, unless there are twelve, every month."""

    kpi: str
    scope_kind: Literal["company", "branch", "manager", "touch_point"]
    scope_ids: list[str] | None = None  # without: all branches or managers of the plan's month
    value: Amount | None = None
    values: Annotated[list[Amount], Field(min_length=12, max_length=12)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.value is None) == (self.values is None):
            raise ValueError("give one of value, values")
        if self.scope_kind == "touch_point" and not self.scope_ids:
            raise ValueError("touch points are named in scope_ids")
        return self

    def by_month(self, year: int) -> dict[str, Decimal]:
        """Return the value of each month, YYYY-MM."""
        values = self.values if self.value is None else [self.value] * 12
        return dict(zip(months_of(year), values or (), strict=True))


class YearPlan(_Form):
    """A year's plan as it is written."""

    year: int = Field(ge=2000, le=2200)
    month: MonthText
    measures: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Measure] = {}
    handed_down: list[HandedDown] = []

    @model_validator(mode="after")
    def _plans_something(self) -> Self:
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
    try:
        plan = YearPlan.model_validate(_with_months(raw))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "–"
        raise SpecError("plan.bad", file=path.name, where=where, why=first["msg"]) from error
    _refuse_wrong_kinds(plan)
    return plan


def _with_months(raw: Any) -> Any:
    """Give each key the plan's month where it names none of its own."""
    if isinstance(raw, dict) and isinstance(raw.get("measures"), dict):
        for body in raw["measures"].values():
            if isinstance(body, dict) and isinstance(body.get("key"), dict):
                body["key"].setdefault("month", raw.get("month"))
    return raw


def _refuse_wrong_kinds(plan: YearPlan) -> None:
    """A rate is no sum of rates, so it is not split; what is handed down has a KPI that reads it, once a scope."""
    known = {kpi.name for kpi in kpis()}
    for name, measure in plan.measures.items():
        if name in known or name.endswith("_rate"):
            raise SpecError("plan.rate", measure=name)
        _refuse_unknown_measures(name, measure.key)
    if unknown := sorted({handed.kpi for handed in plan.handed_down} - known):
        raise SpecError("plan.unknown_kpi", kpi=", ".join(unknown))


def _refuse_unknown_measures(name: str, key: Key) -> None:
    known = {spec.name for spec in room_specs("plan")}
    asked = {"by_month": key.by_month.year_before}
    asked |= {"by_branch": key.by_branch.measure if key.by_branch else None}
    asked |= {"by_manager": key.by_manager.measure if key.by_manager else None}
    for level, measure in asked.items():
        if measure is not None and measure not in known:
            where = f"measures.{name}.key.{level}"
            raise SpecError(
                "plan.unknown_measure", where=where, measure=measure, known=", ".join(sorted(known))
            )

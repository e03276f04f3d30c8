"""What a row of `expectations/<table>.yml` may say, and what an installation's gate file may change of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.catalogue.front_matter import Words

Severity = Literal["critical", "warning", "info"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Limit = int | float | str


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Arguments(_Block):
    """The arguments of Great Expectations that a rule may have."""

    column: Name | None = None
    column_A: Name | None = None  # noqa: N815 - Great Expectations' own name
    column_B: Name | None = None  # noqa: N815
    column_list: list[Name] | None = None
    min_value: Limit | None = None
    max_value: Limit | None = None
    strict_min: bool = False
    strict_max: bool = False
    mostly: Share | None = None
    or_equal: bool = False
    value: Limit | None = None
    value_set: list[Any] | None = None
    regex: str | None = None
    like_pattern: str | None = None
    ignore_row_if: str | None = None
    unexpected_rows_query: str | None = None


class About(_Block):
    """What Great Expectations does not know of a rule; `expectations.py` says what each means."""

    id: Name | None = None
    title: Words | None = None
    rows: Literal["quarantine"] | None = None
    columns: list[Name] | None = None
    needs: list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]] = []
    scope: Literal["branch"] | None = None
    explained_by: list[Name] = []
    asks: Literal["reason"] | None = None
    owner: Literal["data", "billing", "retention"] | None = None


class RuleBlock(_Block):
    """One row: an expectation, how bad it is when it fails, and what else is known of it."""

    type: Annotated[str, Field(min_length=1)]
    kwargs: Arguments = Arguments()
    severity: Severity = "critical"
    meta: About = About()


class ChangeBlock(Arguments):
    """What an installation says of a rule of ours: another severity, other arguments."""

    severity: Severity | None = None

"""What the block at the top of a SQL file may say, room by room."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
VariantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Names = list[Name]
_TABLE = r"^[a-z][a-z0-9_]*(\.([a-z][a-z0-9_]*|\*))?$"  # one of an era, or all of it
_COLUMN = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"
TableNames = list[Annotated[str, Field(pattern=_TABLE)]]
ColumnNames = list[Annotated[str, Field(pattern=_COLUMN)]]
Unit = Literal["ratio", "amount", "count", "per_10k", "days", "score"]
Direction = Literal["higher", "lower"]
# By what it is seen that an order was done.
Proof = Literal["payment", "kept", "renewal", "card", "points", "claim"]


class _Block(BaseModel):
    """What is not named here may not stand there."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Words(_Block):
    """A text in both languages."""

    zh: Text
    en: Text


class TableBlock(_Block):
    """What the file of any table says."""

    title: Words
    owner: Text
    key: Annotated[Names, Field(min_length=1)]
    tolerates: TableNames = []
    needs: ColumnNames = []
    version: Count = 1


class Carry(_Block):
    """A carried history: its key, and the columns of which the latest value counts."""

    key: Name
    latest: Names


class FeaturesBlock(TableBlock):
    """A feature table; `model` says which columns a model may be shown."""

    carry: Carry | None = None
    model: dict[Name, dict[str, Any]] | None = None


class FeedbackBlock(TableBlock):
    """What became of orders; `orders_of` names the months whose orders it is about."""

    orders_of: Annotated[str, Field(pattern=r"^m[123]( m[123])*$")] | None = None


class KpiVariantBlock(_Block):
    """A KPI's file of a further variant: what it does not say is as in the default's file."""

    title: None = None
    owner: Text | None = None
    version: Count
    lag: Literal[0, 1, 3] = 0
    unit: Unit | None = None
    better: Direction | None = None
    target: float | None = None
    default: VariantName | None = None
    variants: Annotated[dict[VariantName, Words], Field(min_length=1)]
    variants_of: Literal["holdout"] | None = None
    note: Literal["months_held"] | None = None
    value: Literal["sum", "mean", "score", "given"] | None = None
    interval: Literal["wilson", "given"] | None = None
    scopes: Literal["own"] | None = None
    window: Literal["year", "two_years", "base_year", "six_months"] | None = None
    window_of: Name | None = None
    period: Literal["sum"] | None = None
    tolerates: TableNames = []
    needs: ColumnNames = []

    @model_validator(mode="after")
    def _check_period(self) -> Self:
        """Sums over sums alone can be added up over the months of a period."""
        if self.period and self.value not in (None, "sum"):
            raise ValueError(
                "period: sum is for a KPI that is sums over sums, "
                f"not for value: {self.value}"
            )
        return self


class KpiBlock(KpiVariantBlock):
    """A KPI's file: of its default variant, and of others that share its SELECT."""

    title: Words  # type: ignore[assignment]  # a further variant's file has none
    owner: Text
    unit: Unit
    better: Direction
    default: VariantName


class Due(_Block):
    """When an order is due: exactly one of the three."""

    day: Annotated[int, Field(ge=1, le=31)] | None = None
    working_days: Count | None = None
    column: Literal["due_on"] | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        """Refuse none of the three, and more than one."""
        given = [self.day, self.working_days, self.column]
        if given.count(None) != 2:
            raise ValueError("one of day, working_days, column")
        return self


class Prior(_Block):
    """What an order is worth where no model says it."""

    probability: Share
    persuadability: Share


class ListBlock(_Block):
    """A dispatch list."""

    title: Words
    owner: Text | None = None
    version: Count = 1
    purpose: Literal["service", "marketing", "debt"]
    priority: int
    holdout: bool
    due: Due
    action: Words
    script: Words
    evidence: Words
    prior: Prior
    assign: Literal["manager", "allocate", "branch"] = "manager"
    remember: bool = False
    scored: bool = False
    minimum: bool = False
    verify: Proof | None = None
    tolerates: TableNames = []
    needs: ColumnNames = []


_BLOCKS: dict[str, type[BaseModel]] = {
    "features": FeaturesBlock,
    "feedback": FeedbackBlock,
    "dispatch": ListBlock,
}


def find_block(room: str, name: str) -> type[BaseModel]:
    """The model that the block of a room's file is held to."""
    if room == "kpi":
        if "." in name:
            return KpiVariantBlock
        return KpiBlock
    return _BLOCKS.get(room, TableBlock)

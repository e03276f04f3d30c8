"""What the block at the top of a SQL file may say, room by room."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipelines.core.outcomes import load_outcomes

Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
VariantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Months = Annotated[int, Field(ge=2)]
Names = list[Name]
_TABLE = r"^[a-z][a-z0-9_]*(\.([a-z][a-z0-9_]*|\*))?$"  # one of an era, or all of it
_COLUMN = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"
TableNames = list[Annotated[str, Field(pattern=_TABLE)]]
ColumnNames = list[Annotated[str, Field(pattern=_COLUMN)]]
Unit = Literal["ratio", "amount", "count", "per_10k", "days", "score"]
Direction = Literal["higher", "lower"]
# What a KPI's denominator is: it counts, it is money, or it is a target.
Denominator = Literal["count", "yuan", "target"]
# By what it is seen that an order was done.
Proof = Literal[
    "payment", "kept", "line", "renewal", "card", "points", "claim", "attended"
]


def _check_outcome(code: str) -> str:
    """Refuse a code that nobody knows, and one that every list takes."""
    own = [known for known, outcome in load_outcomes().items() if not outcome.is_common]
    if code not in own:
        raise ValueError(f"one of {', '.join(own)}")
    return code


OutcomeCode = Annotated[str, AfterValidator(_check_outcome)]


class _Block(BaseModel):
    """What is not named here may not stand there."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Words(_Block):
    """A text in both languages."""

    zh: Text
    en: Text


class Sentence(Words):
    """A sentence of what to say: it asks, or it is true `by` facts of the row.

    The facts that it prints need not be named again.
    """

    by: Names = []

    @model_validator(mode="after")
    def _check_claim(self) -> Self:
        """Refuse a sentence that says something by no fact."""
        prints_a_fact = "{" in self.zh
        asks = self.zh.endswith("？") and self.en.endswith("?")
        if not (self.by or prints_a_fact or asks):
            raise ValueError("a sentence asks, or names the facts it is true by (by:)")
        return self


class TableBlock(_Block):
    """What the file of any table says.

    Of the columns in `needs_one_of` one at least must have been delivered.
    """

    title: Words
    owner: Text
    key: Annotated[Names, Field(min_length=1)]
    tolerates: TableNames = []
    needs: ColumnNames = []
    needs_one_of: ColumnNames = []
    version: Count = 1


class Carry(_Block):
    """A carried history: its key, and the columns of which the latest value counts."""

    key: Name
    latest: Names


class Sums(_Block):
    """The sum of each measure, as its type: a month that is not known adds nothing."""

    months: list[Months]
    of: dict[Name, str]


class KnownMonths(_Block):
    """Under each name, in how many of the months a measure is known."""

    months: list[Months]
    of: dict[Name, Name]


class Slopes(_Block):
    """The slope of the least squares line through each measure, a month.

    NULL unless every month is known.
    """

    months: list[Months]
    of: list[Name]


class Streaks(_Block):
    """Under each name, how many of the months in a row have a measure true, this one first."""

    months: Months
    of: dict[Name, Name]


class Windows(_Block):
    """Columns over the last months of a carried history (`catalogue.windows`)."""

    sum: Sums
    known: KnownMonths
    slope: Slopes
    streak: Streaks


class FeaturesBlock(TableBlock):
    """A feature table; `model` says which columns a model may be shown.

    `windows` are columns over the last months of a carried history, behind those of the SELECT.
    """

    carry: Carry | None = None
    windows: Windows | None = None
    model: dict[Name, dict[str, Any]] | None = None


class FeedbackBlock(TableBlock):
    """What became of orders; `orders_of` names the months whose orders it is about.

    `again_of` has the table made once more for each era that it names, under the title it gives:
    as `<table>_m3` of `m3` where the file says m1, and of the `<table>_m3` of each table it reads
    that is made again of m3.
    """

    orders_of: Annotated[str, Field(pattern=r"^m[123]( m[123])*$")] | None = None
    again_of: dict[Literal["m2", "m3"], Words] | None = None


class KpiVariantBlock(_Block):
    """A KPI's file of a further variant: what it does not say is as in the default's file.

    `was` says what each earlier version meant.
    """

    title: None = None
    owner: Text | None = None
    version: Count
    lag: Literal[0, 1, 3] = 0
    unit: Unit | None = None
    denominator: Denominator | None = None
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
    was: dict[Count, Words] = {}

    @model_validator(mode="after")
    def _check_period(self) -> Self:
        """Sums over sums alone can be added up over the months of a period."""
        if self.period and self.value not in (None, "sum"):
            raise ValueError(
                "period: sum is for a KPI that is sums over sums, "
                f"not for value: {self.value}"
            )
        return self


class ShownIn(_Block):
    """Where documents show a KPI, with its place among those that are shown there.

    `overall` tells how it stands, `headline` draws it over time and by branch, `execution` is of
    what was done about orders. The retention quality analysis has variants: of what was `kept`, and
    of what was `done`.
    """

    overall: Count | None = None
    headline: Count | None = None
    execution: Count | None = None
    kept: dict[VariantName, Count] = {}
    done: dict[VariantName, Count] = {}


class KpiBlock(KpiVariantBlock):
    """A KPI's file: of its default variant, and of others that share its SELECT."""

    title: Words  # type: ignore[assignment]  # a further variant's file has none
    owner: Text
    unit: Unit
    better: Direction
    default: VariantName
    shown_in: ShownIn | None = None


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
    renewal: Share = 0


class ListBlock(_Block):
    """A dispatch list.

    `outcomes` are what a manager may answer besides what every list takes. Of the columns in
    `needs_one_of` one at least must have been delivered; each that was not is a caveat.
    """

    title: Words
    owner: Text | None = None
    version: Count = 1
    purpose: Literal["service", "marketing", "debt"]
    priority: int
    holdout: bool
    due: Due
    action: Words
    script: Annotated[list[Sentence], Field(min_length=1)]
    evidence: Words
    prior: Prior
    assign: Literal["manager", "allocate", "branch"] = "manager"
    remember: bool = False
    scored: bool = False
    minimum: bool = False
    verify: Proof | None = None
    outcomes: Annotated[list[OutcomeCode], Field(min_length=1)]
    tolerates: TableNames = []
    needs: ColumnNames = []
    needs_one_of: ColumnNames = []


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

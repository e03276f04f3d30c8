"""What a row of `expectations/<table>.yml` may say, and what a gate file may change of it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from pipelines.catalogue.front_matter import Words
from pipelines.core.errors import Phrase
from pipelines.core.written import Written

Severity = Literal["critical", "warning", "info"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
TableOrColumn = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]
Share = Annotated[float, Field(ge=0, le=1)]
Limit = int | float | str


class _Block(BaseModel):
    """What is not named here may not stand there."""

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
    needs: list[TableOrColumn] = []
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


class RuleMeta(TypedDict, total=False):
    """What is known of a rule besides its arguments, as it is written (`About`)."""

    id: str
    title: dict[str, str]
    rows: str
    columns: list[str]
    needs: list[str]
    scope: str
    explained_by: list[str]
    asks: str
    owner: str


class _RuleType(TypedDict):
    """What no row can do without."""

    type: str


class RuleEntry(_RuleType, total=False):
    """A row as it is written (`RuleBlock`)."""

    kwargs: dict[str, Any]
    severity: str
    meta: RuleMeta


def read_rules(written: Written) -> Iterator[RuleEntry]:
    """Yield a table's rows; raise SpecError with the line of one whose form or type is wrong."""
    rows: list[RuleEntry] = written.read() or []
    written.hold_to(list[RuleBlock], rows)
    for place, row in enumerate(rows):
        _check_type(written, place, row["type"])
        yield row


def _check_type(written: Written, place: int, rule_type: str) -> None:
    """Hold a row's type to the expectations that there are."""
    known = list_known_types()
    if rule_type in known:
        return
    near = ", ".join(get_close_matches(rule_type, known, n=3)) or "–"
    why = Phrase("written.why.no_type", {"value": rule_type, "near": near})
    raise written.wrong([place, "type"], why)


@cache
def list_known_types() -> frozenset[str]:
    """Return the expectations that Great Expectations has, by its files: its import is slow."""
    found = find_spec("great_expectations")
    if found is None:
        return frozenset()

    names: set[str] = set()
    for folder in found.submodule_search_locations or ():
        core = Path(folder) / "expectations" / "core"
        names.update(path.stem for path in core.glob("*expect*.py"))
    return frozenset(names)

"""What a KPI's definition says of each variant, as a table beside the sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from pipelines.catalogue.outputs import Kpi
from pipelines.core.reasons import Reason, ReasonKind, join_reasons
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import Relation, read_rows

_FACT = make_schema(
    kpi="VARCHAR",
    variant="VARCHAR",
    is_default="BOOLEAN",
    is_count="BOOLEAN",
    denominator_kind="VARCHAR",
    way="VARCHAR",
    interval="VARCHAR",
    sign="INTEGER",
    target="DOUBLE",
    missing="VARCHAR",
    note="VARCHAR",
)


@dataclass(frozen=True)
class Fact:
    """How a variant's value is made and judged, and why it could not be.

    `sign` is 1 where the lowest value ranks first and -1 where the highest does.
    """

    kpi: str
    variant: str
    is_default: bool
    is_count: bool
    denominator_kind: str
    way: str
    interval: str | None
    sign: int
    target: float | None
    missing: str | None
    note: str | None


def state_facts(context: Context, kpi: Kpi, reasons: Sequence[Reason]) -> list[Fact]:
    """Return the facts of a KPI's variants; `reasons` say why it is not computed, if it is not."""
    note = None
    if not reasons and kpi.meta.get("note") == "months_held":
        note = _note_months_held(context)
    is_higher_better = kpi.meta["better"] == "higher"

    facts = []
    for variant in kpi.variants:
        fact = Fact(
            kpi=kpi.name,
            variant=variant,
            is_default=variant == kpi.meta["default"],
            is_count=kpi.meta["unit"] == "count",
            denominator_kind=kpi.denominator_kind,
            way=kpi.meta.get("value", "sum"),
            interval=kpi.meta.get("interval"),
            sign=-1 if is_higher_better else 1,
            target=kpi.spec.meta.get("target"),
            missing=join_reasons(reasons) or None,
            note=note,
        )
        facts.append(fact)
    return facts


def keep_facts(context: Context, facts: Iterable[Fact]) -> Relation:
    """Keep the facts, a row a variant."""
    rows = [asdict(fact) for fact in facts]
    return take_made_rows(context, "facts", rows, _FACT)


def _note_months_held(context: Context) -> str:
    """Say how many of the last twelve months are held, as the reason of a caveat."""
    [row] = read_rows(context, "kpi", "months_held")
    return str(Reason(ReasonKind.MONTHS_HELD, f"{row['months']} of 12"))

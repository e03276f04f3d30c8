"""Which outputs may be used: each finding follows the lineage of its columns, this month's and earlier months'."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.catalogue.lineage import ColumnName, Delivered, sources, sources_of
from pipelines.catalogue.outputs import decided_by, kpis, lists
from pipelines.core.month import Month

ORDER = ("released", "caveat", "withheld")
WAIVED = "waived: "  # in front of a finding that somebody has accepted


@dataclass(frozen=True)
class Effect:
    """What a finding of a month does to the outputs made of its columns (no columns: of the whole table)."""

    finding: str
    month: Month
    table: str
    columns: tuple[str, ...]
    status: str
    branches: tuple[str, ...] = ()
    is_confined: bool = False
    is_waived: bool = False

    def touches(self, source: Delivered) -> bool:
        """Whether an output made of that column of that month is affected."""
        return source.table == f"snapshot_{self.table}" and (
            not self.columns or source.column in self.columns
        )


@dataclass(frozen=True)
class Eras:
    """The months that the anchors of a lineage mean in the month being judged."""

    month: Month
    anchors: Mapping[str, Month | None]

    def when(self, source: Delivered) -> Month | None:
        """The month in which a column was delivered."""
        anchor = self.anchors.get(source.anchor) if source.anchor else self.month
        return anchor.plus(-source.months) if anchor else None


def release_outputs(
    effects: Sequence[Effect], eras: Eras, scored_by: frozenset[ColumnName] = frozenset()
) -> Iterator[dict[str, str | None]]:
    """Yield one row an output and scope: KPI variants for the company and for its parts, lists as a whole.

    What is confined to a branch has a row `branch:<id>` of its own and leaves the others alone. `scored_by` are the
    feature columns that the month's model is shown.
    """
    owner = sources_of("features_owner") | sources_of("features_city")
    wide = [e for e in effects if not e.is_confined]
    for kpi in kpis():
        made_of = sources(kpi.spec)
        for variant in kpi.variants:
            name = f"{kpi.name}.{variant}"
            yield _row("kpi", name, "company", made_of, wide, eras)
            parts = made_of if kpi.meta.get("scopes") == "own" else made_of | owner
            yield _row("kpi", name, "parts", parts, wide, eras)
            yield from _branches(name, parts, effects, eras)
    for spec in lists():
        made_of = sources(spec, scored_by).union(*map(sources_of, decided_by(spec)))
        yield _row("list", spec.name, "all", made_of, wide, eras)


def _branches(
    name: str, made_of: frozenset[Delivered], effects: Sequence[Effect], eras: Eras
) -> Iterator[dict[str, str | None]]:
    confined = [e for e in effects if e.is_confined and e.month == eras.month]
    for branch in sorted({branch for e in confined for branch in e.branches}):
        here = [e for e in effects if not e.is_confined or branch in e.branches]
        row = _row("kpi", name, f"branch:{branch}", made_of, here, eras)
        if row["reason"]:
            yield row


def _row(
    kind: str,
    output: str,
    scope: str,
    made_of: Iterable[Delivered],
    effects: Sequence[Effect],
    eras: Eras,
) -> dict[str, str | None]:
    places: dict[tuple[str, Month | None], list[Delivered]] = {}
    for source in made_of:
        places.setdefault((source.table, eras.when(source)), []).append(source)
    touching = [
        e for e in effects if any(map(e.touches, places.get((f"snapshot_{e.table}", e.month), ())))
    ]
    status = max((e.status for e in touching), key=ORDER.index, default="released")
    named = [_name(e, eras.month) for e in touching if e.status == status]
    return {
        "kind": kind,
        "output": output,
        "scope": scope,
        "status": status,
        "reason": "; ".join(named) or None,
    }


def _name(effect: Effect, month: Month) -> str:
    name = effect.finding if effect.month == month else f"{effect.finding} ({effect.month})"
    return f"{WAIVED}{name}" if effect.is_waived else name


def count_held(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Count, for each finding of this month, the outputs it withholds and those it puts a caveat on."""
    held: dict[str, dict[str, set[str]]] = {}
    for row in rows:
        for name in (row["reason"] or "").split("; ") if row["reason"] else ():
            held.setdefault(name.removeprefix(WAIVED), {}).setdefault(row["status"], set()).add(
                f"{row['kind']} {row['output']}"
            )
    return {
        name: {status: len(outputs) for status, outputs in by.items()} for name, by in held.items()
    }

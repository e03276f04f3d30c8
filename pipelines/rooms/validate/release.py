"""Which outputs may be used.

Each finding follows the lineage of its columns, this month's and earlier months'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.catalogue.lineage import (
    ColumnName,
    Delivered,
    trace_members,
    trace_sources,
    trace_sources_of,
)
from pipelines.catalogue.outputs import list_deciding_tables, load_kpis, load_lists
from pipelines.catalogue.spec import Spec
from pipelines.core.month import Month

ORDER = ("released", "caveat", "withheld")
WAIVED = "waived: "  # in front of a finding that somebody has accepted


@dataclass(frozen=True)
class Effect:
    """What a finding of a month does to the outputs made of its columns (no columns.

    Of the whole table). `is_absence` says that a column was not delivered and counts as 0: to a
    list it only matters where it decides who is on it.
    """

    finding: str
    month: Month
    table: str
    columns: tuple[str, ...]
    status: str
    branches: tuple[str, ...] = ()
    is_confined: bool = False
    is_waived: bool = False
    is_absence: bool = False

    def touches(self, source: Delivered) -> bool:
        """Whether an output made of that column of that month is affected."""
        if source.table != f"snapshot_{self.table}":
            return False
        return not self.columns or source.column in self.columns

    def name_in(self, month: Month) -> str:
        """The finding as a release of that month names it."""
        name = self.finding if self.month == month else f"{self.finding} ({self.month})"
        return f"{WAIVED}{name}" if self.is_waived else name


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
    effects: Sequence[Effect],
    eras: Eras,
    scored_by: frozenset[ColumnName] = frozenset(),
) -> Iterator[dict[str, str | None]]:
    """Yield one row an output and scope.

    KPI variants for the company and for its parts, lists as a whole.

    What is confined to a branch has a row `branch:<id>` of its own and leaves the others alone.
    `scored_by` are the feature columns that the month's model is shown.
    """
    owner = trace_sources_of("features_owner") | trace_sources_of("features_city")
    wide = [effect for effect in effects if not effect.is_confined]
    for kpi in load_kpis():
        made_of = trace_sources(kpi.spec)
        parts = made_of if kpi.meta.get("scopes") == "own" else made_of | owner
        for variant in kpi.variants:
            name = f"{kpi.name}.{variant}"
            yield _judge_output("kpi", name, "company", made_of, wide, eras)
            yield _judge_output("kpi", name, "parts", parts, wide, eras)
            yield from _judge_branches(name, parts, effects, eras)
    for spec in load_lists():
        made_of = _find_sources_of_list(spec, scored_by)
        members = trace_members(spec, scored_by)
        here = [
            effect
            for effect in wide
            if not effect.is_absence or _is_touched(members, effect, eras)
        ]
        yield _judge_output("list", spec.name, "all", made_of, here, eras)


def _is_touched(made_of: Iterable[Delivered], effect: Effect, eras: Eras) -> bool:
    """Whether what is made of those columns is affected."""
    touched = [source for source in made_of if effect.touches(source)]
    return any(eras.when(source) == effect.month for source in touched)


def _find_sources_of_list(
    spec: Spec, scored_by: frozenset[ColumnName]
) -> frozenset[Delivered]:
    """The delivered columns that a list is made of, or that decide who gets its orders."""
    made_of = trace_sources(spec, scored_by)
    for table in list_deciding_tables(spec):
        made_of |= trace_sources_of(table)
    return made_of


def _judge_branches(
    name: str, made_of: frozenset[Delivered], effects: Sequence[Effect], eras: Eras
) -> Iterator[dict[str, str | None]]:
    """Yield a row for each branch to which a finding that touches the output is confined."""
    branches: set[str] = set()
    for effect in effects:
        if effect.is_confined and effect.month == eras.month:
            branches.update(effect.branches)
    for branch in sorted(branches):
        here = [e for e in effects if not e.is_confined or branch in e.branches]
        row = _judge_output("kpi", name, f"branch:{branch}", made_of, here, eras)
        if row["reason"]:
            yield row


def _judge_output(
    kind: str,
    output: str,
    scope: str,
    made_of: Iterable[Delivered],
    effects: Sequence[Effect],
    eras: Eras,
) -> dict[str, str | None]:
    delivered: dict[tuple[str, Month | None], list[Delivered]] = defaultdict(list)
    for source in made_of:
        delivered[source.table, eras.when(source)].append(source)
    touching = []
    for effect in effects:
        sources_there = delivered.get((f"snapshot_{effect.table}", effect.month), [])
        if any(effect.touches(source) for source in sources_there):
            touching.append(effect)
    status = max(
        (effect.status for effect in touching), key=ORDER.index, default="released"
    )
    names = _name_effects([e for e in touching if e.status == status], eras.month)
    return {
        "kind": kind,
        "output": output,
        "scope": scope,
        "status": status,
        "reason": "; ".join(names) or None,
    }


def _name_effects(effects: Iterable[Effect], month: Month) -> list[str]:
    """The findings as a release names them; of a column that is absent, its newest month alone."""
    names = []
    absent: set[str] = set()
    for effect in effects:
        if effect.is_absence and effect.finding in absent:
            continue
        if effect.is_absence:
            absent.add(effect.finding)
        names.append(effect.name_in(month))
    return names


def count_held(rows: Sequence[Mapping[str, str | None]]) -> dict[str, dict[str, int]]:
    """Count, for each finding, the outputs it withholds and those it puts a caveat on."""
    held: dict[str, dict[str, set[str]]] = {}
    for row in rows:
        reason = row["reason"]
        if not reason:
            continue
        for name in reason.split("; "):
            by_status = held.setdefault(name.removeprefix(WAIVED), {})
            outputs = by_status.setdefault(str(row["status"]), set())
            outputs.add(f"{row['kind']} {row['output']}")
    counts: dict[str, dict[str, int]] = {}
    for name, by_status in held.items():
        counts[name] = {status: len(outputs) for status, outputs in by_status.items()}
    return counts

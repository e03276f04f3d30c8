"""How much of what the office can say a month says, and which one table or column more would unlock most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

KPI, LIST = "kpi", "list"
# Reasons that a delivery of this month takes away; all others name months, orders or models that are not there.
_DELIVERABLE = ("absent: ", "refused: ")
_COLUMNS = ["kpi", "variant", "scope_kind", "status", "reason"]


@dataclass(frozen=True)
class Output:
    """A KPI variant or a list of a month; `reasons` say why it is not computed, or withheld."""

    kind: str
    name: str
    status: str
    reasons: tuple[str, ...] = ()

    @property
    def is_computed(self) -> bool:
        """Whether its figure or its candidates are there, whatever the gate said of them."""
        return self.status != "not_computed"

    @property
    def lacks(self) -> frozenset[str]:
        """What this month would have to deliver: tables (`receivable`) and columns (`bill.adjustment_amount`)."""
        names = {_delivered_name(reason) for reason in self.reasons}
        return frozenset(name for name in names if name)

    @property
    def waits(self) -> bool:
        """Whether it lacks something that no delivery of this month gives, such as an earlier month."""
        return any(not _delivered_name(reason) for reason in self.reasons)


@dataclass(frozen=True)
class Unlock:
    """What would be computed too, were this table or column alone delivered."""

    name: str
    outputs: tuple[Output, ...]


@dataclass(frozen=True)
class Coverage:
    """The outputs of a month, counted, and what would add to them, most first."""

    outputs: tuple[Output, ...]
    unlocks: tuple[Unlock, ...]

    def count(self, kind: str, *, computed: bool = False) -> int:
        """Count the KPI variants or the lists: all of them, or those that are computed."""
        return sum(
            output.kind == kind and (output.is_computed or not computed) for output in self.outputs
        )

    @property
    def waiting(self) -> int:
        """How many outputs need what no delivery of this month gives, such as an earlier month."""
        return sum(not output.is_computed and output.waits for output in self.outputs)

    def as_content(self) -> dict[str, Any]:
        """Return the figures as a program reads them."""
        unlocks = [
            {"deliver": u.name, "unlocks": [f"{o.kind}:{o.name}" for o in u.outputs]}
            for u in self.unlocks
        ]
        return {
            "kpis": self.count(KPI),
            "kpis_computed": self.count(KPI, computed=True),
            "lists": self.count(LIST),
            "lists_computed": self.count(LIST, computed=True),
            "waiting": self.waiting,
            "unlocks": unlocks,
        }


def _delivered_name(reason: str) -> str | None:
    """Return the table or column of this month that a reason names; None for any other reason."""
    for lead in _DELIVERABLE:
        if reason.startswith(lead) and "(" not in reason:
            return reason.removeprefix(lead)
    return None


def cover(outputs: Iterable[Output]) -> Coverage:
    """Count outputs and find what would unlock those that are not computed."""
    found = tuple(outputs)
    alone: dict[str, list[Output]] = {}
    for output in found:
        name = _sole_lack(output)
        if name is not None:
            alone.setdefault(name, []).append(output)
    ordered = sorted(alone.items(), key=lambda item: (-len(item[1]), item[0]))
    return Coverage(found, tuple(Unlock(name, tuple(outputs)) for name, outputs in ordered))


def _sole_lack(output: Output) -> str | None:
    """Return the one table or column that an output lacks and nothing else; columns of a lacking table come with it."""
    if output.is_computed or output.waits:
        return None
    tables = {name.partition(".")[0] for name in output.lacks}
    if len(output.lacks) == 1:
        return next(iter(output.lacks))
    table = next(iter(tables)) if len(tables) == 1 else None
    return table if table in output.lacks else None


def read_coverage(folder: Path) -> Coverage:
    """Count the outputs of a month's folder, a version or a draft that has come as far as its KPIs."""
    kpis = pq.read_table(folder / "kpi_monthly.parquet", columns=_COLUMNS)
    lists = pq.read_table(folder / "dispatch_list.parquet", columns=["list", "status", "reason"])
    return cover([*_kpi_outputs(kpis.to_pylist()), *_list_outputs(lists.to_pylist())])


def _kpi_outputs(rows: Sequence[Mapping[str, Any]]) -> list[Output]:
    """Return an output a variant, by its row of the company where it has one."""
    chosen: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        name = f"{row['kpi']}.{row['variant']}"
        if name not in chosen or row["scope_kind"] == "company":
            chosen[name] = row
    return [Output(KPI, name, row["status"], _split(row)) for name, row in sorted(chosen.items())]


def _list_outputs(rows: Sequence[Mapping[str, Any]]) -> list[Output]:
    return [Output(LIST, row["list"], row["status"], _split(row)) for row in rows]


def _split(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple((row["reason"] or "").split("; ")) if row["status"] == "not_computed" else ()

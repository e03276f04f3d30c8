"""What became of a fault: seen or not, and what was held back, rightly or wrongly."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pipelines.core.month import Month
from pipelines.rooms.validate.release import Effect, Eras, release_outputs
from twin.faults import Fault

HELD = ("withheld", "not_computed")
WEAKEST = ("released", "caveat", "withheld")


class Output(NamedTuple):
    """A KPI variant for the company, for one of its parts, or a list."""

    kind: str
    name: str
    part: str
    scope: str

    @property
    def group(self) -> tuple[str, str]:
        """What is counted as one output: all parts of a KPI variant are one."""
        return self.name, self.part


class State(NamedTuple):
    """An output's status and the reasons for it."""

    status: str
    reasons: frozenset[str]


@dataclass(frozen=True)
class Told:
    """What a month says; `stopped` names the error of one that did not come about."""

    stopped: str = ""
    is_crash: bool = False
    findings: Mapping[str, str] = field(
        default_factory=dict
    )  # failed rule -> what it does
    values: Mapping[Output, object] = field(default_factory=dict)
    states: Mapping[Output, State] = field(default_factory=dict)
    quarantined: Mapping[str, int] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    normalised: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Control:
    """A clean month: the outputs that are withheld or carry a caveat, and the rules that failed."""

    month: str
    outputs: int
    withheld: tuple[str, ...]
    caveats: int
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What became of a fault. Outputs are named `<kpi>.<variant> company`, `… parts` and `<list> all`."""

    fault: Fault
    rows: int
    stopped: str
    seen: tuple[str, ...]
    findings: tuple[str, ...]
    affected: Mapping[str, str]  # output -> released, caveat or withheld
    spared: Mapping[str, str]  # the outputs that are not affected
    reach: frozenset[str] = (
        frozenset()
    )  # the outputs made of what was damaged, by lineage
    is_late: bool = False  # the fault stands in the month before

    @property
    def is_caught(self) -> bool:
        """Whether anything was refused, set aside or found."""
        return bool({"refused", "quarantined", "withheld", "caveat"} & set(self.seen))

    @property
    def is_as_it_must(self) -> bool:
        """Whether what had to come of it did; holding back what needed a caveat counts, the other way round does not."""
        must = self.fault.must
        if must in ("nothing", "normalised"):
            return not self.is_caught and (
                must == "nothing" or "normalised" in self.seen
            )
        return must in self.seen or (must == "caveat" and "withheld" in self.seen)

    def count(self, status: str) -> int:
        """Count the affected outputs with a status."""
        return sum(found == status for found in self.affected.values())

    def wrongly(self, status: str) -> list[str]:
        """Name the outputs that are not affected and have a status all the same."""
        return sorted(name for name, found in self.spared.items() if found == status)

    def astray(self) -> list[str]:
        """Name the outputs wrongly withheld that are not even made of what was damaged."""
        return [name for name in self.wrongly("withheld") if name not in self.reach]


def control_of(month: str, told: Told) -> Control:
    """Sum a clean month up."""
    by_group = _by_group(told.states)
    states = {
        name: _strongest(told.states[o].status for o in outputs)
        for name, outputs in by_group.items()
    }
    held = tuple(
        sorted(name for name, status in states.items() if status == "withheld")
    )
    caveats = sum(status == "caveat" for status in states.values())
    return Control(month, len(states), held, caveats, tuple(sorted(told.findings)))


def compare(
    fault: Fault, record: Path, month: Month, clean: Told, faulty: Told
) -> Result:
    """Compare a month with the clean one; `record` tells where the fault was planted."""
    planted = json.loads(record.read_text(encoding="utf-8"))[0]
    rows = planted["rows"]
    if faulty.stopped:
        return Result(
            fault,
            rows,
            faulty.stopped,
            ("crashed" if faulty.is_crash else "refused",),
            (),
            {},
            {},
        )
    new = {
        finding: done
        for finding, done in faulty.findings.items()
        if clean.findings.get(finding) != done
    }
    affected, spared = _sort_outputs(clean, faulty)
    seen = _seen(fault, rows, new, clean, faulty)
    lost = [
        table
        for table, count in faulty.quarantined.items()
        if count > clean.quarantined.get(table, 0)
    ]
    reach = reach_of(fault, Month.parse(planted["month"]), month, lost)
    is_late = planted["month"] != str(month)
    return Result(
        fault, rows, "", seen, tuple(sorted(new)), affected, spared, reach, is_late
    )


def _seen(
    fault: Fault, rows: int, new: Mapping[str, str], clean: Told, faulty: Told
) -> tuple[str, ...]:
    table = fault.tables[0]
    facts = {
        "refused": table in faulty.refused,
        "quarantined": faulty.quarantined[table] - clean.quarantined[table] >= rows,
        "normalised": faulty.normalised[table] > clean.normalised[table],
        "withheld": "withheld" in new.values(),
        "caveat": "caveat" in new.values(),
    }
    return tuple(name for name, is_so in facts.items() if is_so)


def _sort_outputs(clean: Told, faulty: Told) -> tuple[dict[str, str], dict[str, str]]:
    """Tell the outputs whose value differs from the others, each with what the gate made of it.

    An output of several parts is as safe as the least safe of those that differ; wrongly held as soon as one part is.
    """
    affected, spared = {}, {}
    for name, outputs in _by_group({**clean.states, **faulty.states}).items():
        differ = [o for o in outputs if clean.values.get(o) != faulty.values.get(o)]
        if differ:
            affected[name] = min(
                (_done(o, clean, faulty) for o in differ), key=WEAKEST.index
            )
        else:
            spared[name] = _strongest(_done(o, clean, faulty) for o in outputs)
    return affected, spared


def _by_group(states: Iterable[Output]) -> dict[str, list[Output]]:
    groups: dict[str, list[Output]] = {}
    for output in states:
        groups.setdefault(" ".join(output.group), []).append(output)
    return groups


def _strongest(statuses: Iterable[str]) -> str:
    return max((s if s in WEAKEST else "released" for s in statuses), key=WEAKEST.index)


def _done(output: Output, clean: Told, faulty: Told) -> str:
    """What the gate made of an output that it had not made of it in the clean month."""
    before, now = (
        clean.states.get(output),
        faulty.states.get(output) or _whole(output, faulty),
    )
    if before and before.status in HELD and now.status in HELD:
        return "released"
    if now.status in HELD:
        return "withheld"
    known = before.reasons if before else frozenset()
    return "caveat" if now.status == "caveat" and now.reasons - known else "released"


def _whole(output: Output, faulty: Told) -> State:
    """The state of a part that is not shown: of the others of its kind, the least safe; free where there are none."""
    company = faulty.states.get(
        output._replace(part="company", scope="company company")
    )  # not every KPI has one
    if company and company.status == "not_computed":
        return company
    kind = output.scope.split()[0]
    others = [
        state
        for o, state in faulty.states.items()
        if o.group == output.group and o.scope.split()[0] == kind
    ]
    free = State("released", frozenset())
    return min(
        (state for state in others if state.status in WEAKEST),
        key=lambda s: WEAKEST.index(s.status),
        default=free,
    )


def reach_of(
    fault: Fault, planted: Month, month: Month, lost: Iterable[str] = ()
) -> frozenset[str]:
    """Name the outputs of a month that the lineage makes of what a fault damaged in a month.

    The tables that `lost` rows to quarantine are damaged as a whole: a customer set aside takes the bills along.
    """
    effects = [
        Effect(fault.name, planted, table, fault.columns, "withheld")
        for table in fault.tables
    ]
    effects += [Effect(fault.name, month, table, (), "withheld") for table in lost]
    before = month.plus(-1)
    eras = Eras(
        month, {"m1": before, "prior": before, "m2": month.plus(-2), "base": None}
    )
    rows = release_outputs(effects, eras)
    return frozenset(
        f"{row['output']} {row['scope']}" for row in rows if row["status"] == "withheld"
    )

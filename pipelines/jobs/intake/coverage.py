"""How much a month says of what it could, and what one table or column more would unlock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from pipelines.core.reasons import Reason, ReasonKind, split_reasons
from pipelines.store.lake import Made
from pipelines.store.manifest import NOT_COMPUTED

KPI = "kpi"
LIST = "list"
# Reasons that a delivery of this month takes away; all others name months, orders or models that
# are not there.
_DELIVERABLE = (ReasonKind.ABSENT, ReasonKind.REFUSED)


@dataclass(frozen=True)
class Output:
    """A KPI variant or a list of a month; `reasons` say why it is not computed, or withheld."""

    kind: str
    name: str
    status: str
    reasons: tuple[Reason, ...] = ()

    @property
    def is_computed(self) -> bool:
        """Whether its figure or its candidates are there, whatever the gate said of them."""
        return self.status != NOT_COMPUTED

    @property
    def lacks(self) -> frozenset[str]:
        """What this month would have to deliver.

        Tables (`receivable`) and columns (`bill.adjustment_amount`).
        """
        names = (_find_delivered_name(reason) for reason in self.reasons)
        return frozenset(name for name in names if name)

    @property
    def waits(self) -> bool:
        """Whether it lacks what no delivery of this month gives, such as an earlier month."""
        return any(not _find_delivered_name(reason) for reason in self.reasons)


def _find_delivered_name(reason: Reason) -> str | None:
    """Return the table or column of this month that a reason names; None for any other reason."""
    if reason.kind not in _DELIVERABLE or reason.about is None:
        return None
    is_of_this_month = "(" not in str(reason)
    if is_of_this_month:
        return reason.about
    return None


@dataclass(frozen=True)
class Unlock:
    """What would be computed too, were this table or column alone delivered."""

    name: str
    outputs: tuple[Output, ...]

    def as_content(self) -> UnlockContent:
        """Return it as a program reads it."""
        names = [f"{output.kind}:{output.name}" for output in self.outputs]
        return {"deliver": self.name, "unlocks": names}


class UnlockContent(TypedDict):
    """An unlock as JSON: what to deliver, and the outputs it gives as `kind:name`."""

    deliver: str
    unlocks: list[str]


class CoverageContent(TypedDict):
    """A coverage as JSON."""

    kpis: int
    kpis_computed: int
    lists: int
    lists_computed: int
    waiting: int
    unlocks: list[UnlockContent]


@dataclass(frozen=True)
class Coverage:
    """The outputs of a month, counted, and what would add to them, most first."""

    outputs: tuple[Output, ...]
    unlocks: tuple[Unlock, ...]

    def count(self, kind: str, *, computed: bool = False) -> int:
        """Count the KPI variants or the lists: all of them, or those that are computed."""
        of_kind = [output for output in self.outputs if output.kind == kind]
        if computed:
            of_kind = [output for output in of_kind if output.is_computed]
        return len(of_kind)

    @property
    def waiting(self) -> int:
        """How many outputs need what no delivery of this month gives, such as an earlier month."""
        return sum(output.waits for output in self.outputs if not output.is_computed)

    def as_content(self) -> CoverageContent:
        """Return the figures as a program reads them."""
        return {
            "kpis": self.count(KPI),
            "kpis_computed": self.count(KPI, computed=True),
            "lists": self.count(LIST),
            "lists_computed": self.count(LIST, computed=True),
            "waiting": self.waiting,
            "unlocks": [unlock.as_content() for unlock in self.unlocks],
        }


def count_coverage(outputs: Iterable[Output]) -> Coverage:
    """Count outputs and find what would unlock those that are not computed."""
    counted = tuple(outputs)
    unlocked_by: dict[str, list[Output]] = {}
    for output in counted:
        name = _find_sole_lack(output)
        if name is not None:
            unlocked_by.setdefault(name, []).append(output)

    unlocks = [Unlock(name, tuple(unlocked)) for name, unlocked in unlocked_by.items()]
    unlocks.sort(key=lambda unlock: (-len(unlock.outputs), unlock.name))
    return Coverage(counted, tuple(unlocks))


def _find_sole_lack(output: Output) -> str | None:
    """Return the one table or column that an output lacks and nothing else.

    Columns of a table that is lacking come with the table.
    """
    if output.is_computed or output.waits:
        return None

    lacks = output.lacks
    if len(lacks) == 1:
        return next(iter(lacks))

    tables = {name.partition(".")[0] for name in lacks}
    if len(tables) != 1:
        return None

    table = next(iter(tables))
    if table in lacks:
        return table
    return None


# -- reading a month -------------------------------------------------------------------------------


class _KpiState(NamedTuple):
    kpi: str
    variant: str
    scope_kind: str
    status: str
    reason: str | None


class _ListState(NamedTuple):
    list: str
    status: str
    reason: str | None


def read_coverage(made: Made) -> Coverage:
    """Count the outputs of a month: of a version, or of a draft that has its KPIs."""
    kpi_states = made.read_as(_KpiState, "kpi_monthly")
    list_states = made.read_as(_ListState, "dispatch_list")
    kpi_outputs = _list_kpi_outputs(kpi_states)
    list_outputs = [
        Output(LIST, row.list, row.status, _read_reasons(row)) for row in list_states
    ]
    return count_coverage([*kpi_outputs, *list_outputs])


def _list_kpi_outputs(states: Iterable[_KpiState]) -> list[Output]:
    """Return an output a variant, by its row of the company where it has one."""
    chosen: dict[str, _KpiState] = {}
    for row in states:
        name = f"{row.kpi}.{row.variant}"
        if name not in chosen or row.scope_kind == "company":
            chosen[name] = row

    return [
        Output(KPI, name, row.status, _read_reasons(row))
        for name, row in sorted(chosen.items())
    ]


def _read_reasons(row: _KpiState | _ListState) -> tuple[Reason, ...]:
    if row.status != NOT_COMPUTED:
        return ()
    return split_reasons(row.reason)

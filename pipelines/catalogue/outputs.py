"""What a month puts out: the KPI variants and the dispatch lists, each one SQL file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from typing import Any, Literal

from pipelines.catalogue.spec import Spec, load_named_specs, order_lists
from pipelines.core.month import Month
from pipelines.core.outcomes import load_outcomes
from pipelines.core.reasons import ReasonKind, split_reasons

# Where sentences stand in `report_sentence` that are not the summary's: before a branch's id,
# before a period's name, of activities, of the bulletin of complaints.
BRANCH_SECTION = "branch:"
PERIOD_SECTION = "period:"
ACTIVITY_SECTION = "activity"
COMPLAINT_SECTION = "complaint"
# What the figures of the bulletin of complaints are about.
COMPLAINT_TOPIC = "complaint_week"


@dataclass(frozen=True)
class Kpi:
    """A KPI file with what it inherits from the file of its default variant."""

    spec: Spec
    meta: dict[str, Any]

    @property
    def name(self) -> str:
        """The KPI's name: the file's stem up to the dot."""
        return self.spec.name.partition(".")[0]

    @property
    def variants(self) -> list[str]:
        """The variants the file computes."""
        return list(self.spec.meta["variants"])

    @property
    def denominator_kind(self) -> str:
        """What its denominator is: `count`, `yuan` or `target`."""
        return str(self.meta.get("denominator", _USUAL_DENOMINATOR))

    @property
    def declared(self) -> list[str]:
        """The variants that the file names; those of the lists come besides (`variants_of`)."""
        return list(self.spec.meta.get("declared_variants", self.variants))


def load_kpis() -> Iterator[Kpi]:
    """Yield every KPI file; those of further variants with the default file's unit and title."""
    specs = load_named_specs("kpi")
    for name in sorted(specs):
        spec = specs[name]
        default = specs[name.partition(".")[0]]
        yield Kpi(spec, default.meta | spec.meta)


@cache
def list_shown_kpis(
    section: Literal["overall", "headline", "execution"],
) -> tuple[str, ...]:
    """Return the KPIs that documents show in a section (`shown_in`), in order."""
    return _list_by_place(section)


@cache
def list_analysed_topics(side: Literal["kept", "done"]) -> tuple[str, ...]:
    """Return the KPI variants of one side of the retention quality analysis, in order."""
    return _list_by_place(side)


def list_quality_topics() -> tuple[str, ...]:
    """Return what the retention quality analysis says of each branch and manager, in order."""
    return list_analysed_topics("kept") + list_analysed_topics("done")


def list_places(spec: Spec, section: str) -> dict[str, int]:
    """Return the places in a section of a KPI, or of its variants where they have their own."""
    shown = spec.meta.get("shown_in", {}).get(section)
    if shown is None:
        return {}
    if isinstance(shown, int):
        return {spec.name: shown}
    return {f"{spec.name}.{variant}": place for variant, place in shown.items()}


def _list_by_place(section: str) -> tuple[str, ...]:
    places: dict[str, int] = {}
    for spec in load_named_specs("kpi").values():
        places |= list_places(spec, section)
    return tuple(sorted(places, key=places.__getitem__))


# What of the front matter changes what a figure means; titles and words do not.
_MEANING = (
    "unit",
    "denominator",
    "better",
    "target",
    "default",
    "variants_of",
    "value",
    "interval",
    "scopes",
    "window",
    "window_of",
    "tolerates",
    "needs",
)


_USUAL_DENOMINATOR = "count"


def hash_meaning(kpi: Kpi) -> str:
    """Return the fingerprint of what a KPI file computes, whatever its layout and titles."""
    rules = {name: kpi.meta[name] for name in _MEANING if name in kpi.meta}
    if rules.get("denominator") == _USUAL_DENOMINATOR:
        del rules["denominator"]
    content = [_write_bare_sql(kpi.spec), kpi.declared, rules]
    text = json.dumps(content, sort_keys=True)
    digest = sha256(text.encode()).hexdigest()
    return digest[:16]


@cache
def _write_bare_sql(spec: Spec) -> str:
    """Write a file's SELECT as it is parsed, without layout and comments."""
    bare: str = spec.recall(
        "bare", lambda: spec.tree.sql("duckdb", comments=False, copy=False)
    )
    return bare


@cache
def _load_topic_units() -> dict[str, str]:
    """Return the unit of each KPI's variant (`kpi.variant`)."""
    units = {}
    for kpi in load_kpis():
        for variant in kpi.variants:
            units[f"{kpi.name}.{variant}"] = str(kpi.meta["unit"])
    return units


def list_kpi_topics() -> frozenset[str]:
    """Return every KPI's variants (`kpi.variant`)."""
    return frozenset(_load_topic_units())


def find_topic_unit(topic: str) -> str:
    """Return the unit of a KPI's variant."""
    return _load_topic_units()[topic]


def find_multiplier(unit: str, month: Month) -> int:
    """Return what a numerator of that unit was multiplied by, so that the quotient has its unit.

    Ten thousand of a rate per 10 000, the days of the month of a number of days.
    """
    if unit == "per_10k":
        return 10_000
    if unit == "days":
        return month.last_day.day
    return 1


def load_lists() -> list[Spec]:
    """Return the dispatch lists by priority: the lower number wins, ties by name."""
    specs = load_named_specs("dispatch").values()
    return sorted(specs, key=order_lists)


def name_lists(language: str) -> dict[str, str]:
    """Return the titles of the dispatch lists by name, by priority."""
    return {spec.name: spec.title(language) for spec in load_lists()}


def find_prior_persuadability(spec: Spec) -> float:
    """Return the part of the risk that an order of a list is taken to take away, untaught."""
    prior = spec.meta.get("prior", {})
    return float(prior.get("persuadability", 1))


def list_outcomes(spec: Spec) -> tuple[str, ...]:
    """Return the codes that a list takes as an answer, in the order a drop-down shows them."""
    own = spec.meta.get("outcomes", ())
    taken = []
    for code, outcome in load_outcomes().items():
        if code in own or outcome.is_common:
            taken.append(code)
    return tuple(taken)


def list_deciding_tables(spec: Spec) -> tuple[str, ...]:
    """Return the feature tables that decide, besides a list's SELECT, who gets its orders."""
    tables = ["features_owner", "features_consent"]
    if spec.meta.get("assign", "manager") != "branch":
        tables.append("features_manager")
    if spec.meta["purpose"] != "service":
        tables.append("features_complaint")
    return tuple(tables)


def is_target_met(better: str, gap: float) -> bool:
    """Whether a value that lies `gap` above its target reaches it: is on it or better."""
    if better == "higher":
        return gap >= 0
    return gap <= 0


# -- what became of them ---------------------------------------------------------------------------

# Each worse than the one before it.
STATES = ("released", "caveat", "withheld", "not_computed")
COMPANY = "company"

StatusRow = Mapping[str, Any]
"""A row of `kpi_monthly` or `dispatch_list`, of which name, scope, status and reason are read."""


@dataclass(frozen=True)
class OutputState:
    """What became of a KPI variant or a list in a month: its status for the company.

    `parts_status` and `parts_reason` are the worst of cities, branches and managers; they are only
    given where those are worse.
    """

    kind: str
    name: str
    status: str
    reason: str | None = None
    parts_status: str | None = None
    parts_reason: str | None = None

    def is_held_by(self, finding: str) -> bool:
        """Whether a finding is among the reasons of its status, or of that of its parts."""
        held_by = (finding, f"{ReasonKind.WAIVED}: {finding}")
        own = split_reasons(self.reason)
        of_parts = split_reasons(self.parts_reason)
        return any(str(reason) in held_by for reason in (*own, *of_parts))


def judge_outputs(
    kpi_rows: Iterable[StatusRow], list_rows: Iterable[StatusRow]
) -> list[OutputState]:
    """Return the one state of every output of a month, KPIs by name, then lists by priority.

    They are told from the rows of `kpi_monthly` and `dispatch_list`. Whoever shows or counts what
    was withheld or not computed asks here, so that every surface says the same.
    """
    company: dict[str, StatusRow] = {}
    worst_parts: dict[str, StatusRow] = {}
    for row in kpi_rows:
        name = f"{row['kpi']}.{row['variant']}"
        if row["scope_kind"] == COMPANY:
            company[name] = row
            continue
        # A kind of scope that cannot be told is no worse figure of a KPI: there is none.
        if row["status"] == "not_computed":
            continue
        worst = worst_parts.get(name)
        if worst is None or _is_worse(row["status"], worst["status"]):
            worst_parts[name] = row

    states = []
    for name, row in sorted(company.items()):
        states.append(_make_kpi_state(name, row, worst_parts.get(name)))
    for row in sorted(list_rows, key=_order_list_rows):
        states.append(OutputState("list", row["list"], row["status"], row["reason"]))
    return states


def _order_list_rows(row: StatusRow) -> tuple[int, str]:
    """By priority, ties by name."""
    return row["priority"], row["list"]


def _make_kpi_state(name: str, row: StatusRow, part: StatusRow | None) -> OutputState:
    """The state of a KPI: the company's row, and the worst of its parts where that is worse."""
    state = OutputState("kpi", name, row["status"], row["reason"])
    if part is None or not _is_worse(part["status"], row["status"]):
        return state
    return replace(state, parts_status=part["status"], parts_reason=part["reason"])


def _is_worse(one: str, other: str) -> bool:
    """Whether a status is worse than another."""
    return STATES.index(one) > STATES.index(other)

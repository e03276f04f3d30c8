"""What a month puts out: the KPI variants and the dispatch lists, each one SQL file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from pipelines.catalogue.spec import Spec, named_specs

# What the retention quality analysis tells of each branch and manager.
QUALITY = (
    *(
        "cohort_retention_rate.billed",
        "revenue_retention_rate.net",
        "zero_usage_rate.all",
        "arrears_rate.t1_amount",
    ),
    *(
        "vip_card_holding_rate.holding",
        "contact_rate.reached",
        "success_rate.claimed",
        "success_rate.contacted",
    ),
)
# Where sentences stand in `report_sentence` that are not the summary's: before a branch's id, before a
# period's name, of activities.
BRANCH_SECTION = "branch:"
PERIOD_SECTION = "period:"
ACTIVITY_SECTION = "activity"


@dataclass(frozen=True)
class Kpi:
    """A KPI file with what it inherits from the file of its default variant."""

    spec: Spec
    meta: dict[str, Any]

    @property
    def name(self) -> str:
        """The KPI's name: the file's stem up to the dot."""
        return self.spec.name.split(".")[0]

    @property
    def variants(self) -> list[str]:
        """The variants the file computes."""
        return list(self.spec.meta["variants"])

    @property
    def declared(self) -> list[str]:
        """The variants that the file itself names; those of the lists come besides (`variants_of`)."""
        return list(self.spec.meta.get("declared_variants", self.variants))


def kpis() -> Iterator[Kpi]:
    """Yield every KPI file, those of further variants with the default file's unit, direction and title."""
    specs = named_specs("kpi")
    for name in sorted(specs):
        spec = specs[name]
        yield Kpi(spec, specs[name.split(".")[0]].meta | spec.meta)


# What of the front matter changes what a figure means; titles and words do not.
_MEANING = (
    "unit",
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


def meaning(kpi: Kpi) -> str:
    """Return the fingerprint of what a KPI file computes, whatever its layout, comments and titles."""
    rules = {name: kpi.meta[name] for name in _MEANING if name in kpi.meta}
    text = json.dumps([_bare_sql(kpi.spec), kpi.declared, rules], sort_keys=True)
    return sha256(text.encode()).hexdigest()[:16]


@cache
def _bare_sql(spec: Spec) -> str:
    return spec.tree.sql("duckdb", comments=False)


def lists() -> list[Spec]:
    """The dispatch lists in order of priority: the lower number wins, ties by name."""
    return sorted(
        named_specs("dispatch").values(), key=lambda spec: (spec.meta["priority"], spec.name)
    )


def decided_by(spec: Spec) -> tuple[str, ...]:
    """The feature tables that decide, besides a list's own SELECT, who gets its orders."""
    tables = ["features_owner", "features_consent"]
    if spec.meta.get("assign", "manager") != "branch":
        tables.append("features_manager")
    if spec.meta["purpose"] != "service":
        tables.append("features_complaint")
    return tuple(tables)


def is_met(better: str, gap: float) -> bool:
    """Whether a value that lies `gap` above its target reaches it: on the better side of it, or on it."""
    return gap >= 0 if better == "higher" else gap <= 0


# -- what became of them ---------------------------------------------------------------------------

STATES = ("released", "caveat", "withheld", "not_computed")
COMPANY = "company"


@dataclass(frozen=True)
class OutputState:
    """What became of a KPI variant or a list in a month: its status for the company, and the worst one of its parts.

    `parts_status` and `parts_reason` are of cities, branches and managers, and only said where they are worse.
    """

    kind: str
    name: str
    status: str
    reason: str | None = None
    parts_status: str | None = None
    parts_reason: str | None = None

    def is_held_by(self, finding: str) -> bool:
        """Whether a finding is among the reasons of its status, or of that of its parts."""
        reasons = f"{self.reason or ''}; {self.parts_reason or ''}".split("; ")
        return finding in reasons or f"waived: {finding}" in reasons


def output_states(
    kpi_rows: Iterable[Mapping[str, Any]], list_rows: Iterable[Mapping[str, Any]]
) -> list[OutputState]:
    """The one state of every output of a month, KPIs by name, then lists, from `kpi_monthly` and `dispatch_list`.

    Whoever shows or counts what was withheld or not computed asks here, so that every surface says the same.
    """
    company: dict[str, Mapping[str, Any]] = {}
    worst: dict[str, Mapping[str, Any]] = {}
    for row in kpi_rows:
        name = f"{row['kpi']}.{row['variant']}"
        if row["scope_kind"] == COMPANY:
            company[name] = row
        elif name not in worst or _is_worse(row["status"], worst[name]["status"]):
            worst[name] = row
    states = [_state_of_kpi(name, company[name], worst.get(name)) for name in sorted(company)]
    lists_found = sorted(list_rows, key=lambda row: (row["priority"], row["list"]))
    return states + [
        OutputState("list", row["list"], row["status"], row["reason"]) for row in lists_found
    ]


def _state_of_kpi(name: str, row: Mapping[str, Any], part: Mapping[str, Any] | None) -> OutputState:
    if part is None or not _is_worse(part["status"], row["status"]):
        return OutputState("kpi", name, row["status"], row["reason"])
    return OutputState("kpi", name, row["status"], row["reason"], part["status"], part["reason"])


def _is_worse(one: str, other: str) -> bool:
    return STATES.index(one) > STATES.index(other)


def count_states(states: Iterable[OutputState]) -> dict[str, dict[str, int]]:
    """Count the outputs of each kind by status: `{"kpi": {"released": 41, …}, "list": {…}}`."""
    counts = {kind: dict.fromkeys(STATES, 0) for kind in ("kpi", "list")}
    for state in states:
        counts[state.kind][state.status] += 1
    return counts

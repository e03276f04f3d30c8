"""What a month puts out: the KPI variants and the dispatch lists, each one SQL file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pipelines.core.spec import Spec, named_specs

# What the retention quality analysis tells of each branch and manager.
QUALITY = (
    *("cohort_retention_rate.billed", "revenue_retention_rate.net", "zero_usage_rate.all", "arrears_rate.t1_amount"),
    *("vip_card_holding_rate.holding", "contact_rate.reached", "success_rate.claimed", "success_rate.contacted"),
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
    text = json.dumps([kpi.spec.tree.sql("duckdb", comments=False), kpi.variants, rules], sort_keys=True)
    return sha256(text.encode()).hexdigest()[:16]


def lists() -> list[Spec]:
    """The dispatch lists in order of priority: the lower number wins, ties by name."""
    return sorted(named_specs("dispatch").values(), key=lambda spec: (spec.meta["priority"], spec.name))


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

"""A year's plan, made and kept.

Each total split into months, branches and managers by a versioned key, and the months' targets.

    <home>/plans/2027/v0001/plan_part.parquet    every part: weight, its key's version and hash
                            plan_change.parquet  what differs from the version before
                            plan_part.csv …      the same for any program
    <out>/2027-01/target.csv …                   what KPIs read of it, delivered with the month

The same plan gives the same bytes and no new version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pipelines.core.settings import Settings, load_settings
from pipelines.jobs.plan.form import YearPlan, read_plan
from pipelines.jobs.plan.parts import PlanRow, make_plan_rows
from pipelines.jobs.plan.split import Part, split_year
from pipelines.jobs.plan.targets import draw_month_targets, refuse_others, write_targets
from pipelines.jobs.plan.versions import (
    keep_plan,
    list_written_targets,
    make_inputs,
    refuse_unversioned_keys,
)
from pipelines.jobs.plan.weights import HeldMonths, weigh_measure
from pipelines.store.faults import StorageErrors
from pipelines.store.lake import PlanFolder, Version


@dataclass
class PlanJob:
    """What is needed to make one plan.

    Its file, the home whose months it is split by, where the months' targets go.
    """

    home: Path
    file: Path
    out: Path
    settings: Settings = field(default_factory=load_settings)

    @cached_property
    def plan(self) -> YearPlan:
        """The plan as it is written."""
        return read_plan(self.file)

    @property
    def folder(self) -> PlanFolder:
        """The year's folder in the home."""
        return PlanFolder(self.home, self.plan.year)


@dataclass(frozen=True)
class MadePlan:
    """A version of a year's plan, and the target tables written for its months."""

    version: Version
    is_new: bool
    targets: list[Path]


def make_plan(job: PlanJob) -> MadePlan:
    """Split a year's plan, keep it as a version, write the months' target tables.

    Raise SpecError where the plan cannot be split as it says, UsageError where a month it needs is
    not held or a target table of somebody else is in the way.
    """
    plan = job.plan
    folder = job.folder
    with StorageErrors(job.home, folder.month), folder.lock():
        folder.recover()
        held = HeldMonths(job.home, job.settings)
        parts = _split_measures(plan, held)
        targets = draw_month_targets(plan, parts, held)

        versions = folder.versions()
        refuse_unversioned_keys(plan, versions)
        own_targets = list_written_targets(versions)
        refuse_others(job.out, targets, own_targets)

        rows = _list_rows(plan, parts)
        version, is_new = keep_plan(
            folder, make_inputs(plan, rows, targets), rows, held.used
        )
        written = write_targets(job.out, plan.year, targets, own_targets)
        return MadePlan(version, is_new, written)


def _split_measures(plan: YearPlan, held: HeldMonths) -> dict[str, list[Part]]:
    """Return the parts of each measure's total, measures in the order of their names."""
    parts: dict[str, list[Part]] = {}
    for name in sorted(plan.measures):
        measure = plan.measures[name]
        tree = weigh_measure(name, plan, held)
        where = f"measures.{name}.key"
        parts[name] = list(
            split_year(plan.year, measure.total, measure.places, tree, where)
        )

    return parts


def _list_rows(plan: YearPlan, parts: dict[str, list[Part]]) -> Sequence[PlanRow]:
    rows: list[PlanRow] = []
    for name, measure_parts in parts.items():
        rows += make_plan_rows(name, plan.measures[name].key, measure_parts)
    return rows

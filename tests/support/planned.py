"""A year's plan and the tiny operator whose December it is split by."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.core.month import Month
from pipelines.jobs.plan import MadePlan, PlanJob, make_plan
from tests.support.small import Town, own_settings, run_town

DECEMBER = Month(2025, 12)
EVEN = {"weights": [1] * 12}
REVENUE: dict[str, Any] = {
    "total": "7440.00",
    "key": {"version": "2026-1", "by_month": EVEN, "by_branch": {"measure": "revenue"}, "by_manager": {"measure": "revenue"}},
}  # fmt: skip


def town(month: Month, ann: str = "100.00") -> Town:
    """Six customers: 620 yuan a month, 230 of them in B1 (60 with no manager), 350 in B2, 40 with no branch."""
    made = (
        Town(month)
        .person("ann", revenue=ann)
        .person("bob", revenue="50.00", manager="M2")
    )
    made.person("cat", revenue="150.00", manager="M3", branch="B2").person(
        "dan", revenue="60.00", manager=None
    )
    made.person("eve", revenue="40.00", branch="").person(
        "fay", revenue="20.00", group_customer_id="acme"
    )
    line = {"service_type": "private_line"}
    made.person(
        "acme",
        revenue="200.00",
        manager="M3",
        branch="B2",
        service=line,
        customer_type="group",
    )
    made.add("trouble_ticket", customer_id="cat", touch_point="hall")
    return made


def plan_of(**changes: Any) -> dict[str, Any]:
    return {
        "year": 2026,
        "month": str(DECEMBER),
        "measures": {"revenue": REVENUE},
    } | changes


def key_of(**changes: Any) -> dict[str, Any]:
    """The plan with another key of revenue."""
    return plan_of(measures={"revenue": REVENUE | {"key": REVENUE["key"] | changes}})


@pytest.fixture(scope="module")
def planning_office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home and a source that hold December."""
    folder = tmp_path_factory.mktemp("plan")
    run_town(folder / "home", town(DECEMBER), folder / "source")
    return folder


@pytest.fixture
def planning(planning_office: Path, tmp_path: Path) -> Path:
    """A copy of them."""
    return shutil.copytree(planning_office, tmp_path, dirs_exist_ok=True)


Make = Callable[..., MadePlan]


@pytest.fixture
def plan_it(planning: Path) -> Make:
    """Make a plan in the copied home; its targets go to `out` or where it says."""

    def run(plan: dict[str, Any], out: str = "out") -> MadePlan:
        path = planning / "plan.yml"
        path.write_text(yaml.safe_dump(plan, allow_unicode=True), encoding="utf-8")
        return make_plan(
            PlanJob(planning / "home", path, planning / out, own_settings())
        )

    return run


HANDED_DOWN = [
    {"kpi": "complaint_rate", "scope_kind": "company", "value": 26},
    {
        "kpi": "complaint_rate",
        "scope_kind": "touch_point",
        "scope_ids": ["hall"],
        "values": [2000, 1500, *[1000] * 10],
    },
    {"kpi": "unclaimed_rate", "scope_kind": "branch", "value": "0.25"},
]

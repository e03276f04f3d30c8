"""Verdicts made by hand, and what the room makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.catalogue.expectations import Expectation
from pipelines.core.contract import load_contract
from pipelines.rooms import validate
from pipelines.rooms.validate.verdicts import Verdict
from pipelines.store.champions import Champion
from pipelines.store.manifest import COMPUTED, TableEntry
from pipelines.store.waivers import Waiver
from tests.support.small import Row, none_of, read, room_context

Judged = Callable[..., dict[tuple[str, str, str], str]]


def finding(
    table: str, column: str | None, severity: str = "critical", success: bool = False
) -> Verdict:
    kwargs = {"column": column} if column else {}
    return Verdict(
        Expectation(
            table, "expect_x", kwargs, severity, {"id": f"{column}_{severity}"}
        ),
        success,
        "7 of 9 rows",
        "",
    )


def run_room(
    folder: Path,
    *found: Verdict,
    waived: str = "",
    trend: Sequence[Row] = (),
    scored_by: Sequence[str] = (),
) -> Path:
    """Run the room with those verdicts; `trend` is what the month before remembers, `scored_by` what the model sees."""
    before = {
        "prior.validate_trend": pa.Table.from_pylist(list(trend)),
        "m1.snapshot_plan": none_of("plan_id"),
    }
    with room_context(folder, before if trend else {}) as context:
        context.waivers = {
            waived: Waiver(
                waived, "checked", "2026-12", "li", "2026-09-01T00:00:00+00:00"
            )
        }
        context.draft.finished = {
            f"snapshot_{table}": TableEntry(COMPUTED) for table in load_contract()
        }
        context.champion = Champion("2026-07-1", folder, "") if scored_by else None
        (folder / "card.json").write_text(json.dumps({"features": list(scored_by)}))
        validate.run(context, lambda context, suites: list(found))
    return folder


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """What is not simply released after those verdicts: (kind, output, scope) → status."""

    def room(*found: Verdict) -> dict[tuple[str, str, str], str]:
        rows = read(run_room(tmp_path, *found), "validate_release")
        return {
            (r["kind"], r["output"], r["scope"]): r["status"]
            for r in rows
            if r["status"] != "released"
        }

    return room


def outputs(
    status: str, *names: str, parts: bool = True
) -> dict[tuple[str, str, str], str]:
    """KPI variants (with a dot) at their scopes, and lists, all of one status."""
    made: dict[tuple[str, str, str], str] = {}
    for name in names:
        scopes = ("company", "parts") if parts else ("company",)
        made |= (
            {("kpi", name, s): status for s in scopes}
            if "." in name
            else {("list", name, "all"): status}
        )
    return made

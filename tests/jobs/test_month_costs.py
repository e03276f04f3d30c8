"""A month costs no more than it did, in what is the same on every machine: see `month_costs.json`.

Who means a month to cost more records it: `python -m tests.jobs.month_costs --record`. Seconds are
told by the benchmarks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from tests.jobs.month_costs import BUDGET, Costs

# Whether a file is a few bytes larger hangs on the values in it; how many tables there are does not.
_ALLOWED = {"bytes_read": 1.05, "bytes_written": 1.05}
_MODULES_OF_A_RUN = 600
_NOT_BEFORE_THE_FIRST_ROOM = {"great_expectations", "scipy", "sklearn", "xlsxwriter"}


def list_dearer(budget: Costs, now: Costs) -> Iterator[str]:
    """Say of every count that is above its budget: which room, what it was and what it is."""
    for room, counts in now.items():
        for what, number in counts.items():
            before = budget[room].get(what, 0)
            if number > before * _ALLOWED.get(what, 1):
                words = what.replace("_", " ")
                yield f"the room {room} costs more: {words} {before:,} before, {number:,} now"


def test_a_month_costs_no_more_than_its_budget() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.jobs.month_costs"],
        env={**os.environ, "RETENTION_DEMONSTRATION": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    budget = json.loads(BUDGET.read_text(encoding="utf-8"))
    now = json.loads(told.stdout)
    assert set(now) == set(budget)
    dearer = list(list_dearer(budget, now))
    assert not dearer, "\n".join(dearer)


def test_what_costs_more_is_named_with_its_room_before_and_now() -> None:
    budget = {"kpi": {"statements": 1_000, "bytes_read": 1_000}, "report": {}}
    now = {"kpi": {"statements": 1_001, "bytes_read": 1_050}, "report": {"tables": 1}}
    assert list(list_dearer(budget, now)) == [
        "the room kpi costs more: statements 1,000 before, 1,001 now",
        "the room report costs more: tables 0 before, 1 now",
    ]


def test_a_run_begins_without_what_only_later_rooms_need() -> None:
    program = "import pipelines.cli, pipelines.jobs.run, sys; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    modules = told.stdout.split()
    packages = {name.partition(".")[0] for name in modules}
    assert not packages & _NOT_BEFORE_THE_FIRST_ROOM
    assert len(modules) <= _MODULES_OF_A_RUN

"""Where the engine's time of a month goes, by kind of operator: what the next factor would have to come from."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb

from benchmarks.month.process import Told
from pipelines import ROOMS
from pipelines.core.month import Month
from pipelines.engines.duckdb import DuckEngine, Parameters
from pipelines.jobs.job import Job
from pipelines.jobs.run import run_month
from pipelines.store.files import Written
from pipelines.store.parts import Parts

KINDS = {
    "TABLE_SCAN": "read",
    "HASH_JOIN": "join",
    "HASH_GROUP_BY": "group",
    "PROJECTION": "work out columns",
    "ORDER_BY": "sort",
    "WINDOW": "windows",
    "CREATE_TABLE_AS": "keep",
    "BATCH_CREATE_TABLE_AS": "keep",
}


class Profile:
    """Seconds of the operators of a month, by room and kind of operator."""

    def __init__(self) -> None:
        self.room = ROOMS[0]
        self.seconds: defaultdict[tuple[str, str], float] = defaultdict(float)

    def enter(self, step: str) -> None:
        """Take what comes under the room that begins, if one does."""
        if step in ROOMS:
            self.room = step

    def add(self, operator: dict[str, Any]) -> None:
        """Add an operator and those below it."""
        kind = operator.get("operator_type")
        if kind:
            name = KINDS.get(kind, "other")
            self.seconds[self.room, name] += operator.get("operator_timing") or 0.0
        for below in operator.get("children", ()):
            self.add(below)


PROFILE = Profile()


class ProfiledEngine(DuckEngine):
    """The embedded engine, which adds up what its operators take."""

    _is_writing = False

    def _allow_folders(self, folders: Sequence[Path]) -> None:
        # Behind this no setting can be changed.
        self._connection.execute("PRAGMA enable_profiling = 'no_output'")
        super()._allow_folders(folders)

    def execute(
        self, sql: str, parameters: Parameters | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Run a statement; one whose rows are still to come is taken when they have."""
        answer = super().execute(sql, parameters)
        if not self._is_writing:
            self._take_profile()
        return answer

    def write(
        self,
        sql: str,
        path: Path,
        order: Iterable[str],
        parameters: Parameters | None = None,
        parts: Parts | None = None,
        is_in_order: bool = False,
    ) -> Written:
        """Write a result, and take what it took to the last row."""
        self._is_writing = True
        try:
            written = super().write(sql, path, order, parameters, parts, is_in_order)
        finally:
            self._is_writing = False
        self._take_profile()
        return written

    def _take_profile(self) -> None:
        told = self._connection.get_profiling_information(format="json")
        for operator in json.loads(told).get("children", ()):
            PROFILE.add(operator)


def profile_month(source: str, home: str, month: str) -> Told:
    """Run a month; tell the seconds of every room's operators by kind, as `room.kind`."""
    job = Job(Path(home), Month.parse(month), source, progress=PROFILE.enter)
    with mock.patch("pipelines.engines.DuckEngine", ProfiledEngine):
        run_month(job)
    told: Told = {}
    for (room, kind), seconds in PROFILE.seconds.items():
        told[f"{room}.{kind}"] = seconds
    return told


def print_operators(told: Told) -> None:
    """Print the share of every kind of operator, and of each room in it, in hundredths of the whole."""
    whole = sum(told.values())
    kinds = dict.fromkeys(name.partition(".")[2] for name in told)
    by_kind = {
        kind: sum(told.get(f"{room}.{kind}", 0.0) for room in ROOMS) for kind in kinds
    }
    print(f"\n| operators, % of {whole:.0f} s | all | {' | '.join(ROOMS)} |")
    print("|---" * (len(ROOMS) + 2) + "|")
    for kind, seconds in sorted(by_kind.items(), key=lambda item: -item[1]):
        cells = [f"{seconds / whole:.0%}"]
        for room in ROOMS:
            share = told.get(f"{room}.{kind}", 0.0) / whole
            cells.append(f"{share:.0%}" if share >= 0.005 else "")
        print(f"| {kind} | {' | '.join(cells)} |")

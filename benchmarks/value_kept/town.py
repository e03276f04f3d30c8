"""A twin in memory beside the office's months on disk: lived together, orders handed over without workbooks.

Great Expectations, KPIs and documents are left out: a twin without faults gives the first nothing to find, and no order
depends on the others.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

from benchmarks.twin_loop import call
from pipelines import ROOMS
from pipelines.core.month import Month
from pipelines.core.settings import Settings, load_settings
from pipelines.jobs.release import hand_to_office
from pipelines.jobs.run import Job, open_draft, run_draft_room
from pipelines.jobs.training.shelf import list_versions
from pipelines.store.lake import Draft, Made, Version
from tests.support.small import judge_nothing
from twin import TwinConfig
from twin.diary import Request
from twin.generate import begin, live_month, write_month
from twin.months import month_number
from twin.respond.books import ORDER_FORM
from twin.world.state import World

LEFT_OUT = ("kpi", "report")


class Town:
    """An operator of the twin, and the office that works it."""

    def __init__(
        self, work: Path, services: int, seed: int, config: TwinConfig, first: Month
    ) -> None:
        self.source = work / "source"
        self.home = work / "home"
        self.first = first
        self._request = Request(
            services=services,
            months=1,
            seed=seed,
            through=str(first),
            config=config,
        )
        self.world: World = begin(self._request, month_number(str(first)))
        self.month = first.plus(-1)
        self.settings = load_settings()

    def live(self, orders: pa.Table | None = None) -> Month:
        """Live the next month, with orders or without, write what the operator delivers of it, and return it."""
        self.month = self.month.plus(1)
        live_month(self.world, month_number(str(self.month)), orders)
        write_month(self.world, self.source, self._request)
        return self.month

    def run(self, settings: Settings | None = None) -> Version:
        """Run the newest month's rooms, whatever the gate would have said."""
        job = self._job(settings)
        draft = open_draft(job)
        for room in ROOMS:
            work = _leave_out if room in LEFT_OUT else None
            run_draft_room(job, draft, room, work)
        return job.folder.commit(draft)

    def release(self, version: Version) -> None:
        """Seal the newest month, and hand its orders to the office."""
        job = self._job()
        job.folder.release(version)
        hand_to_office(job)

    def train(self, *options: str) -> None:
        """Make a champion of what the months so far teach."""
        through = ("--through", self.month, "--home", self.home)
        call("train", *options, *through)
        version = list_versions(self.home, self.settings)[-1].version
        call("promote", version, "--by", "benchmark", "--home", self.home)

    def redo_dispatch(
        self, version: Version, settings: Settings, path: Path, forgotten: str = ""
    ) -> Draft:
        """Dispatch the newest month once more by other settings, apart from the home.

        `forgotten` names a table that the room is not shown.
        """
        before = ROOMS[: ROOMS.index("dispatch")]
        draft = Draft(self.month, path)
        draft.start(version.inputs)
        for room in before:
            entries = {}
            for name, entry in version.entries.items():
                if entry.room == room and name != forgotten:
                    entries[name] = entry
                    if entry.is_computed:
                        copy_stored(version.table(name), draft.path)
            draft.finish_room(room, entries)
        run_draft_room(self._job(settings), draft, "dispatch")
        return draft

    def _job(self, settings: Settings | None = None) -> Job:
        return Job(
            self.home,
            self.month,
            str(self.source),
            settings=settings or self.settings,
            judge=judge_nothing,
        )


def _leave_out(context: object) -> None:
    """Do nothing in place of a room."""


def begin_office(town: Town, before: int, *training: str) -> Version:
    """Live and run the months before the first orders, make a champion of them, and run the last of them by it.

    Their orders are handed to nobody: nobody works them, and a hold-out would teach that contacts do nothing.
    """
    for _ in range(before):
        town.live()
        town.run()
    town.train(*training)
    return town.run()


def live_on(town: Town, months: int, version: Version) -> Iterator[Version]:
    """Yield each month's version whose orders are about to be lived, and live them; the last ones are not lived."""
    for number in range(months):
        yield version
        if number < months - 1:
            town.release(version)
            town.live(read_orders(version))
            version = town.run()


def copy_stored(stored: Path, folder: Path) -> None:
    """Copy a table into a folder, be it a file or a folder of its parts."""
    copy = folder / stored.name
    if stored.is_dir():
        shutil.copytree(stored, copy)
    else:
        shutil.copy2(stored, copy)


def read_orders(made: Made) -> pa.Table:
    """The treated orders of a month's tables, in the form the twin takes them."""
    frame = read_table(made, "dispatch_order")
    treated = frame[frame["arm"] == "treated"].sort_values("order_id")
    return to_orders(treated.assign(offer_id=treated["evidence"].map(_read_offer)))


def _read_offer(evidence: str | None) -> str | None:
    """The offer that an order goes out with."""
    facts = json.loads(evidence) if evidence else {}
    offer: str | None = facts.get("offer_id")
    return offer


def to_orders(frame: pd.DataFrame) -> pa.Table:
    """Rows with the twin's columns of an order as its table; a rule of thumb offers nothing."""
    if "offer_id" not in frame:
        frame = frame.assign(offer_id=None)
    return pa.Table.from_pandas(
        frame[ORDER_FORM.names], schema=ORDER_FORM, preserve_index=False
    )


def read_table(made: Made, name: str) -> pd.DataFrame:
    """A table of a month."""
    table: pd.DataFrame = made.read_arrow(name).to_pandas()
    return table


def by_rule(settings: Settings, rule: str, duties_take_places: bool = True) -> Settings:
    """The same settings with the places given by another rule, or to persuasion alone."""
    changes = {"capacity_rule": rule, "duties_take_places": duties_take_places}
    return settings.model_copy(update=changes)

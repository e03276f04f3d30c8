"""A room of a month in parts, made once by each engine out of the same tables."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines import ROOMS
from pipelines.catalogue.spec import TableName
from pipelines.catalogue.tables import find_table
from pipelines.core.settings import Settings
from pipelines.engines import open_workbench
from pipelines.jobs.job import Job
from pipelines.jobs.run import run_draft_room
from pipelines.store.lake import Draft, Version
from pipelines.store.manifest import TableEntry
from pipelines.store.parts import Parts, place_table
from tests.support.small import own_settings

COUNT = 16


@dataclass(frozen=True)
class Cut:
    """A month's version, its home, and its tables cut into parts in a folder of their own."""

    version: Version
    home: Path
    folder: Path
    entries: dict[str, TableEntry]

    def begin(self, folder: Path, room: str) -> Draft:
        """Return a draft in which every room before this one is finished; one that is there goes on."""
        draft = Draft(self.version.month, folder / "v0001.partial")
        before = ROOMS[: ROOMS.index(room)]
        if draft.rooms == list(before):
            return draft

        draft.start({**self.version.inputs, "parts": COUNT})
        for name, entry in self.entries.items():
            if entry.room in before and entry.is_computed:
                place = place_table(self.folder, name, entry.parts)
                _copy(place, draft.path / place.name)
        for made in before:
            of_room = {n: e for n, e in self.entries.items() if e.room == made}
            draft.finish_room(made, of_room)
        return draft

    def make_room(
        self, folder: Path, room: str, settings: Settings
    ) -> dict[str, TableEntry]:
        """Make a room and return what is recorded of its tables."""
        draft = self.begin(folder, room)
        job = Job(self.home, self.version.month, None, settings)
        run_draft_room(job, draft, room)
        return {n: e for n, e in draft.finished.items() if e.room == room}


def _copy(stored: Path, to: Path) -> None:
    """Have a table in another folder too."""
    if stored.is_dir():
        shutil.copytree(stored, to)
    else:
        shutil.copy(stored, to)


def cut_tables(version: Version, home: Path, folder: Path) -> Cut:
    """Cut the tables of a version that grow into parts, in a folder that is there."""
    entries = {}
    with open_workbench(own_settings(), [version.path, folder]) as engine:
        for name, entry in version.entries.items():
            table = find_table(name)
            if not entry.is_computed:
                entries[name] = entry
                continue
            if table is None or table.part_column is None:
                shutil.copy(version.table(name), folder)
                entries[name] = entry
                continue
            order = tuple(table.key or table.types)
            parts = Parts(COUNT, table.part_column, order)
            engine.bind(TableName(name), version.table(name))
            place = place_table(folder, name, parts)
            written = engine.write(f"SELECT * FROM {name}", place, order, None, parts)
            entries[name] = replace(
                entry, rows=written.rows, sha256=written.sha256, parts=parts
            )
    return Cut(version, home, folder, entries)

"""Does a month fit this machine? What it takes by the rows that were delivered, and what there is.

What a row takes at the least was measured at three million services; what the engine and the disk
take where they are let is a generous guess (docs/scale.md). The engine spills what goes beyond its
limit, so that a month ends for want of memory only where the limit itself is more than the machine
has, or so little that not even what must be in memory at once fits; and for want of disk.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines import ROOMS
from pipelines.core.settings import Settings
from pipelines.store.manifest import Entries

GIB = 2**30
# Of Python, its libraries and a row group, whatever the month's size.
RESIDENT = 400 * 2**20
# Bytes a delivered row: in Python (ids and days of orders), in the engine at the least (what a sort
# and a join cannot spill), in the engine where it is let, and on disk (a version, and the spill).
PYTHON_BYTES = 20
LEAST_ENGINE_BYTES = 55
ENGINE_BYTES = 300
DISK_BYTES = 400

_SIZE = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[KMGT]?)(?P<binary>i?)B?", re.I
)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True)
class Machine:
    """What there is for a month, in bytes; `limit` is the engine's."""

    memory: int
    limit: int
    free_disk: int


@dataclass(frozen=True)
class MonthSize:
    """What a month of so many delivered rows takes on a machine, in bytes."""

    rows: int
    machine: Machine

    @property
    def needed_memory(self) -> int:
        """Memory in all, with the engine at its limit or at what it would like."""
        engine = min(self.machine.limit, ENGINE_BYTES * self.rows)
        return RESIDENT + PYTHON_BYTES * self.rows + engine

    @property
    def least_engine(self) -> int:
        """The least limit of the engine that the month ends with."""
        return LEAST_ENGINE_BYTES * self.rows

    @property
    def highest_limit(self) -> int:
        """The highest limit of the engine that the machine's memory allows for."""
        return self.machine.memory - RESIDENT - PYTHON_BYTES * self.rows

    @property
    def needed_disk(self) -> int:
        """Disk beside the home."""
        return DISK_BYTES * self.rows

    @property
    def finding(self) -> str:
        """What does not fit: `size_machine`, `size_limit` or `size_disk`; `size` where all does."""
        if self.least_engine > self.highest_limit:
            return "size_machine"
        if self.needed_disk > self.machine.free_disk:
            return "size_disk"
        is_too_low = self.least_engine > self.machine.limit
        if is_too_low or self.needed_memory > self.machine.memory:
            return "size_limit"
        return "size"

    @property
    def facts(self) -> Mapping[str, object]:
        """What a sentence about it says: millions of rows, and GiB."""
        return {
            "rows": f"{self.rows / 1e6:.1f}",
            "memory": _show_gib(self.needed_memory),
            "has_memory": _show_gib(self.machine.memory),
            "disk": _show_gib(self.needed_disk),
            "has_disk": _show_gib(self.machine.free_disk),
            "least": f"{_show_gib(self.least_engine)}GiB",
            "highest": f"{_show_gib(max(self.highest_limit, 0))}GiB",
        }


def measure_month(entries: Entries, settings: Settings, folder: Path) -> MonthSize:
    """Return what a month of those deliveries takes here, beside a folder of the home."""
    rows = 0
    for entry in entries.values():
        if entry.room == ROOMS[0]:
            rows += entry.rows or 0
    memory = find_memory()
    machine = Machine(
        memory=memory,
        limit=read_size(settings.memory_limit) or memory,
        free_disk=shutil.disk_usage(folder).free,
    )
    return MonthSize(rows, machine)


def find_memory() -> int:
    """Return the bytes of memory that there are for this process."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        allowed = _CGROUP_LIMIT.read_text().strip()
    except OSError:
        return memory
    return min(memory, int(allowed)) if allowed.isdigit() else memory


def read_size(text: str) -> int | None:
    """Return the bytes of `6GB` or `1.5GiB`; None for what is said in another way."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        return None
    base = 1024 if found["binary"] else 1000
    return int(float(found["number"]) * base ** _POWERS[found["unit"].upper()])


def _show_gib(size: int) -> str:
    return f"{size / GIB:.1f}"

"""What a long fit tells of its way, and what is kept for it to go on when interrupted.

A kept step is an array, under the hash of all that it is made of: the same rows, parameters and
salt find it again, others never do, so a fit that goes on ends as one that was never interrupted.
Without a workbench nothing is told or kept.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.frames import Floats


@dataclass
class Workbench:
    """Who is told which step begins, and the folder of kept steps.

    `salt` names code and libraries.
    """

    tell: Callable[[str], None] = lambda step: None
    folder: Path | None = None
    salt: str = ""
    phase: str = ""

    def keep(self, identity: str, make: Callable[[], Floats]) -> Floats:
        """Return the array of an identity.

        The one kept before, else the one made now, which is kept.
        """
        if self.folder is None:
            return make()
        path = self.folder / f"{identity}.npy"
        with suppress(
            OSError, ValueError, EOFError
        ):  # not there, or cut off: made again
            kept: Floats = np.load(path, allow_pickle=False)
            return kept
        made = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{identity}.{os.getpid()}.npy")
        np.save(partial, made, allow_pickle=False)
        partial.replace(path)
        return made

    def clear(self) -> None:
        """Remove what was kept."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


_CURRENT: ContextVar[Workbench] = ContextVar("workbench", default=Workbench())  # noqa: B039  # never written to


@contextmanager
def use_workbench(bench: Workbench) -> Iterator[Workbench]:
    """Let the fits inside tell and keep their steps."""
    token = _CURRENT.set(bench)
    try:
        yield bench
    finally:
        _CURRENT.reset(token)


def begin_outcome(outcome: str) -> None:
    """Tell that the fit of an outcome begins, in the phase of the whole."""
    bench = _CURRENT.get()
    if bench.phase:
        bench.tell(f"{bench.phase}_{outcome}")


def keep_step(identity: str, make: Callable[[], Floats]) -> Floats:
    """Make an array, or find the one that was kept."""
    return _CURRENT.get().keep(identity, make)


def identify(*made_of: object) -> str:
    """Name a step by what it is made of: arrays by their bytes, the rest by what it says of itself.

    Empty where nothing is kept, since hashing costs as much as reading.
    """
    bench = _CURRENT.get()
    if bench.folder is None:
        return ""
    digest = hashlib.sha256(bench.salt.encode())
    for part in made_of:
        if isinstance(part, np.ndarray):
            digest.update(f"\0{part.dtype}{part.shape}\0".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(f"\0{part!r}\0".encode())
    return digest.hexdigest()

"""A workbook that is to be written: for whom it is, where, and what writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BookPlan:
    """A workbook for a manager, a branch or the company (`kind`); `holder` is the id of one.

    Nothing is written before `write` is called.
    """

    kind: str
    holder: str
    path: Path
    write: Callable[[], object]

"""The rows of towns that were judged, kept from one run to the next: a run that stopped goes on behind its last town."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipelines.store.files import replacing

# What the rows hang on; rows made by others are another table.
MADE_BY = (
    "services", "before", "months", "judged", "first", "lived", "world", "places", "offers", "quick",
)  # fmt: skip


class Judged(NamedTuple):
    """What came of towns: a row a month, policy and list, and a row a month and list of what was learnt."""

    rows: pd.DataFrame
    learnt: pd.DataFrame

    @property
    def seeds(self) -> set[int]:
        """The towns that are done."""
        return set(self.rows["seed"]) if len(self.rows) else set()

    def add(self, town: Judged) -> Judged:
        """Return these and another town's."""
        return Judged(
            pd.concat([self.rows, town.rows], ignore_index=True),
            pd.concat([self.learnt, town.learnt], ignore_index=True),
        )


class RowsFile:
    """The files of a run: rows, what was learnt, and what both were made by."""

    def __init__(self, path: Path, options: argparse.Namespace) -> None:
        self._rows = path
        self._learnt = path.with_suffix(".learnt.csv")
        self._options = path.with_suffix(".options.json")
        self._made_by = {name: getattr(options, name) for name in MADE_BY}

    def read(self) -> Judged:
        """Return the towns that are done. Raises ValueError for those of a run with other options."""
        if not self._rows.exists():
            return Judged(pd.DataFrame(), pd.DataFrame())
        if self._options.exists():
            before = json.loads(self._options.read_text("utf-8"))
            if before != json.loads(json.dumps(self._made_by)):
                raise ValueError(
                    f"{self._rows} was made by {before}: name another --rows"
                )
        rows = pd.read_csv(self._rows)
        learnt = pd.read_csv(self._learnt)
        # A run that was killed between the two files has learnt of a town without rows.
        return Judged(rows, learnt[learnt["seed"].isin(rows["seed"])])

    def write(self, judged: Judged) -> None:
        """Keep the towns, the rows last: a town is done when they are there."""
        texts = {
            self._options: json.dumps(self._made_by),
            self._learnt: judged.learnt.to_csv(index=False),
            self._rows: judged.rows.to_csv(index=False),
        }
        for path, text in texts.items():
            with replacing(path) as partial:
                partial.write_text(text, encoding="utf-8")

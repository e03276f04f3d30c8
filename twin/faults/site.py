"""Open a written month for damage: its tables as text, written back in their own format or as CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from twin.months import month_number, span_of

Mask = npt.NDArray[np.bool_]


@dataclass
class Site:
    """Where a fault is planted: a month's folder, and the table, columns and share of the rows it concerns."""

    folder: Path
    rng: np.random.Generator
    table: str
    columns: tuple[str, ...]
    share: float
    as_csv: bool = False

    @property
    def month(self) -> str:
        """The month as YYYY-MM."""
        return self.folder.name

    @property
    def month_before(self) -> str:
        """The month before as YYYY-MM."""
        return span_of(month_number(self.month) - 1).label

    def read(self, table: str = "") -> pd.DataFrame:
        """Read a table, every cell as text, empty ones missing."""
        return _read(self._path(self.folder, table or self.table))

    def read_before(self) -> pd.DataFrame:
        """Read the same table of the month before."""
        return _read(self._path(self.folder.with_name(self.month_before), self.table))

    def write(self, rows: pd.DataFrame, table: str = "") -> None:
        """Write a table back: as CSV where the fault is one of text, else in the format it had."""
        path = self._path(self.folder, table or self.table)
        if self.as_csv or path.suffix == ".csv":
            self.send(as_csv(rows), table=table)
        else:
            schema = pq.read_schema(path)
            text = pa.schema([(name, pa.string()) for name in schema.names])
            made = pa.Table.from_pandas(
                rows, text, preserve_index=False
            ).replace_schema_metadata(None)
            pq.write_table(made.cast(schema), path, compression="zstd")

    def send(self, content: bytes, ending: str = "csv", table: str = "") -> None:
        """Put a file of those bytes in the place of a table's."""
        path = self._path(self.folder, table or self.table)
        path.unlink()
        path.with_suffix(f".{ending}").write_bytes(content)

    def pick(self, rows: pd.DataFrame) -> Mask:
        """Draw the share of the rows; only those whose first column concerned is not empty."""
        filled = (
            rows[self.columns[0]].notna().to_numpy()
            if self.columns
            else np.ones(len(rows), bool)
        )
        places = np.flatnonzero(filled)
        size = max(1, round(self.share * len(places))) if len(places) else 0
        picked = np.zeros(len(rows), bool)
        picked[self.rng.permutation(places)[:size]] = True
        return picked

    @staticmethod
    def _path(folder: Path, table: str) -> Path:
        for ending in ("parquet", "csv"):
            path = folder / f"{table}.{ending}"
            if path.exists():
                return path
        raise ValueError(
            f"{folder} has no {table}.parquet or {table}.csv to plant a fault with"
        )


Change = Callable[[Site], int]  # damage done at a site: the number of rows it concerns
Where = Callable[[Site, pd.DataFrame], Mask]


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    table = pq.read_table(path)
    frame: pd.DataFrame = table.cast(
        pa.schema([(name, pa.string()) for name in table.column_names])
    ).to_pandas()
    return frame


def as_csv(rows: pd.DataFrame) -> bytes:
    """Write rows as CSV in UTF-8."""
    text: str = rows.to_csv(index=False, lineterminator="\n")
    return text.encode()

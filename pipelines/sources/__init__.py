"""Sources: what an operator delivered for a month, each table as one raw Parquet file.

Nothing is typed here: text stays as delivered, and the rows that cannot be data carry a `_fault`.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.core.errors import SourceNotReady, UsageError
from pipelines.sources.operator.delivery import (
    DAMAGED_ID,
    EXCEL_SERIAL,
    NO_CACHED_VALUE,
    Delivery,
    FileReceipt,
    Limits,
)
from pipelines.sources.operator.source import Source

__all__ = [
    "DAMAGED_ID",
    "EXCEL_SERIAL",
    "NO_CACHED_VALUE",
    "Delivery",
    "FileReceipt",
    "Limits",
    "Source",
    "open_source",
]


def open_source(spec: str | Path, limits: Limits | None = None) -> Source:
    """Open a folder, or the YAML file that describes a database.

    Raise SourceNotReady for a path that is not there (it may be mounted later), UsageError for
    one that is neither.
    """
    # Imported here: a caller that reads the office database alone reads no delivery.
    from pipelines.sources.operator.database import DatabaseSource
    from pipelines.sources.operator.database_spec import load_spec
    from pipelines.sources.operator.folder import FolderSource

    path = Path(spec)
    if path.is_dir():
        return FolderSource(path, limits)

    is_yaml = path.suffix.lower() in (".yml", ".yaml")
    if is_yaml and path.is_file():
        return DatabaseSource(load_spec(path), limits)

    if not path.exists():
        raise SourceNotReady("source.not_there", source=str(spec))
    raise UsageError("source.unknown_spec", source=str(spec))

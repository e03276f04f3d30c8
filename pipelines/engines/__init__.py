"""Engines that answer our SQL. Each has the same few methods and is proved by the same cases.

with open_engine(settings, draft.scratch, folders) as engine:    the engine that the settings name:
makes tables with open_workbench(settings, folders) as engine:                the embedded one: a
look at tables that are there
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.core.settings import Settings
from pipelines.engines.duckdb import DuckEngine
from pipelines.store.inputs import ONE_PART


def open_engine(
    settings: Settings, scratch: Path, folders: Sequence[Path]
) -> DuckEngine:
    """Open the engine that the settings name.

    It reads `folders` alone and spills into `scratch`.
    """
    if settings.engine == "spark":
        # Imported here: most installations have one machine.
        from pipelines.engines.spark import SparkEngine
        from pipelines.engines.spread import SpreadEngine

        # Executors write parts; a table of one part is written here.
        engine = SparkEngine if settings.table_parts == ONE_PART else SpreadEngine
        return engine(
            scratch,
            folders,
            settings.memory_limit,
            settings.threads,
            settings.spark_url,
        )
    return DuckEngine(scratch, folders, settings.memory_limit, settings.threads)


@contextmanager
def open_workbench(
    settings: Settings, folders: Sequence[Path], scratch: Path | None = None
) -> Iterator[DuckEngine]:
    """Open the embedded engine, whatever the settings name, for small work on what is there.

    It reads `folders` alone, and spills into `scratch`: a temporary folder, gone at the end, where
    none is given.
    """
    if scratch is not None:
        with DuckEngine(
            scratch, folders, settings.memory_limit, settings.threads
        ) as engine:
            yield engine
        return
    with TemporaryDirectory(prefix="workbench-") as temporary:
        folder = Path(temporary)
        with DuckEngine(
            folder, folders, settings.memory_limit, settings.threads
        ) as engine:
            yield engine

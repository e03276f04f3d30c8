"""Engines that answer our SQL. Each has the same few methods and is proved by the same cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.core.settings import Settings
from pipelines.engines.duckdb import DuckEngine
from pipelines.engines.spark import SparkEngine


def open_engine(settings: Settings, scratch: Path, folders: Sequence[Path]) -> DuckEngine:
    """Open the engine that the settings name, able to read `folders` alone and to spill into `scratch`."""
    if settings.engine == "spark":
        return SparkEngine(
            scratch, folders, settings.memory_limit, settings.threads, settings.spark_url
        )
    return DuckEngine(scratch, folders, settings.memory_limit, settings.threads)

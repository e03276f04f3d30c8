"""Look at a source and propose a mapping: the files of a month, or the columns that a database's queries give."""

from __future__ import annotations

from pathlib import Path

from pipelines.core.errors import SourceNotReady, StorageError, UsageError
from pipelines.core.month import Month
from pipelines.jobs.intake.proposal import Proposal, month_folder, propose
from pipelines.jobs.intake.sample import SAMPLE_ROWS, Sample, read_samples
from pipelines.sources import open_source
from pipelines.sources.operator.database import DatabaseSource
from pipelines.sources.operator.delivery import FileRefused
from pipelines.sources.operator.mapping import MAPPING, file_kind


def map_source(source: Path, month: str | None) -> Proposal:
    """Propose names for a month of a source, the newest one without; raise SourceNotReady where there is none."""
    wanted = str(Month.parse(month)) if month else None
    opened = open_source(source)
    if isinstance(opened, DatabaseSource):
        if wanted is None:
            raise UsageError("map.no_month", source=source)
        heads = opened.read_heads(Month.parse(wanted), SAMPLE_ROWS)
        samples = [Sample(table, headers, tuple(rows)) for table, (headers, rows) in heads.items()]
        return propose(wanted, samples)
    folder = month_folder(source, wanted)
    if folder is None or not folder.is_dir():
        raise SourceNotReady(
            "source.month_missing", month=wanted or "YYYY-MM", folder=folder or source
        )
    return propose(folder.name, _sample_folder(folder))


def _sample_folder(folder: Path) -> list[Sample]:
    """Read the first rows of every file; one that cannot be read shows nothing but its name."""
    samples: list[Sample] = []
    for path in sorted(folder.iterdir()):
        if path.name == MAPPING or not path.is_file():
            continue
        try:
            found = read_samples(path) if file_kind(path.name) else []
        except FileRefused:
            found = []
        samples += found or [Sample(path.name, (), ())]
    return samples


def write_mapping(path: Path, text: str, *, force: bool) -> None:
    """Write a proposed mapping; raise UsageError where it would overwrite one unasked."""
    if path.exists() and not force:
        raise UsageError("map.there", file=path)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            "storage.failed", where=error.filename or path, why=error.strerror
        ) from error

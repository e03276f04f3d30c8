"""Look at a source and propose a mapping.

The files of the newest months, or the columns that a database's queries give of one.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.core.errors import SourceNotReady, StorageError, UsageError
from pipelines.core.month import Month
from pipelines.jobs.intake.proposal import Proposal
from pipelines.jobs.intake.propose import propose_mapping
from pipelines.jobs.intake.sample import SAMPLE_ROWS, Sample, read_samples
from pipelines.sources import open_source
from pipelines.sources.operator.database import DatabaseSource
from pipelines.sources.operator.delivery import FileRefused
from pipelines.sources.operator.mapping import MAPPING_FILE, find_file_kind

# One month may lack a file, or a code, that the others have.
_MOST_MONTHS = 3
_MONTH_NAME = re.compile(r"\d{4}-\d{2}")


def map_source(source: Path, month: str | None) -> Proposal:
    """Propose names for a month of a source, for the newest three where none is named.

    Raise SourceNotReady where there is none, UsageError for a database without a month.
    """
    wanted = str(Month.parse(month)) if month else None
    opened = open_source(source)
    if isinstance(opened, DatabaseSource):
        if wanted is None:
            raise UsageError("map.no_month", source=source)
        return propose_mapping([wanted], _sample_database(opened, wanted))

    folders = _find_folders(source, wanted)
    samples: list[Sample] = []
    for folder in folders:
        samples += _sample_folder(folder)
    return propose_mapping([folder.name for folder in folders], samples)


def _find_folders(source: Path, month: str | None) -> list[Path]:
    """Return the folder of a month, of the newest months where none is named, the newest first.

    Raise SourceNotReady where there is none.
    """
    if month is None:
        folders = _list_newest_folders(source)
        missing = source
    else:
        missing = source / month
        folders = [missing] if missing.is_dir() else []
    if not folders:
        month_name = month or "YYYY-MM"
        raise SourceNotReady("source.month_missing", month=month_name, folder=missing)
    return folders


def _list_newest_folders(source: Path) -> list[Path]:
    folders = []
    for path in source.iterdir():
        if _MONTH_NAME.fullmatch(path.name) and path.is_dir():
            folders.append(path)
    return sorted(folders, reverse=True)[:_MOST_MONTHS]


def _sample_database(source: DatabaseSource, month: str) -> list[Sample]:
    """Read the first rows that each query gives of a month."""
    samples = []
    for table, (headers, rows) in source.read_heads(
        Month.parse(month), SAMPLE_ROWS
    ).items():
        samples.append(Sample(table, headers, tuple(rows)))
    return samples


def _sample_folder(folder: Path) -> list[Sample]:
    """Read the first rows of every file; one that cannot be read shows nothing but its name."""
    samples: list[Sample] = []
    for path in sorted(folder.iterdir()):
        if path.name == MAPPING_FILE or not path.is_file():
            continue
        try:
            found = read_samples(path) if find_file_kind(path.name) else []
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
        where = error.filename or path
        raise StorageError("storage.failed", where=where, why=error.strerror) from error

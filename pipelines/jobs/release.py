"""The release of a month: its version is sealed, and its orders are handed to the office."""

from __future__ import annotations

from collections.abc import Callable
from getpass import getuser
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.core.errors import Refused, RetentionError, StorageError
from pipelines.jobs.identity import identify_key
from pipelines.jobs.job import Job
from pipelines.store.faults import StorageErrors
from pipelines.store.lake import MonthFolder, Version
from pipelines.store.releases import Releaser, record_release

# What writes workbooks or documents of a month to a folder, in a language.
Export = Callable[[MonthFolder, Path, str], object]


def release_month(
    job: Job, approved: int | None = None, releaser: Releaser | None = None
) -> Version:
    """Seal the month's current version and hand its orders to the office.

    Only then are they released. Who does it (`releaser`; without, the user of this process) is put
    on record once: of a month that is released already what is there stays.

    Raise Refused when a person approved another version than the one that is current now, or the
    key is everybody's.
    """
    job.settings.require_own_key()
    with StorageErrors(job.home, job.month), job.folder.lock():
        version = job.folder.version()
        if approved not in (None, version.number):
            raise Refused(
                "month.other_version",
                month=job.month,
                approved=approved,
                current=version.number,
            )

        # Its order ids and its hold-out draw are keyed too: made in a trial they would be
        # everybody's to foretell.
        if version.month_inputs.key != identify_key(job.settings):
            raise Refused("key.other", month=job.month, version=version.number)
        if job.folder.read_seal() is None:
            _try_rendering(job)
            record_release(job.home, version, releaser or Releaser(_name_user()))
        job.folder.release(version)
        hand_to_office(job)
        return version


def _name_user() -> str:
    """Name the user of this process; nothing where the machine knows none."""
    try:
        return getuser()
    except (KeyError, OSError):
        return ""


def _try_rendering(job: Job) -> None:
    """Write every workbook and document of the month once, to nowhere.

    Raise Refused for one that cannot be written.

    A sealed month never changes: what of it cannot be written would never reach who it is for.
    """
    # Here, because a release alone draws them.
    from pipelines.documents.reports.write import export_documents
    from pipelines.documents.workbooks.export import write_month_books

    with TemporaryDirectory(prefix="release-") as folder:
        _try_export(job, write_month_books, Path(folder))
        _try_export(job, export_documents, Path(folder))


def _try_export(job: Job, export: Export, out: Path) -> None:
    try:
        export(job.folder, out, "zh")
    except OSError:
        raise
    except (
        Exception
    ) as error:  # whatever it is, it would be so after the release as well
        if isinstance(error, StorageError) and error.key != "paper.disagrees":
            raise
        which = _name_document(error)
        raise Refused("month.not_rendered", month=job.month, which=which) from error


def _name_document(error: Exception) -> object:
    """Which workbook or document an error is about; its kind where it does not say."""
    facts = error.facts if isinstance(error, RetentionError) else {}
    return facts.get("which") or facts.get("first") or type(error).__name__


def hand_to_office(job: Job) -> None:
    """Let the console import the sealed orders; a release that died before it is released again."""
    from console.orders import import_orders  # Django is started by a release alone

    import_orders(job.home, job.folder, job.settings, actor="release")

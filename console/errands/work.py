"""Do what was asked for on pages: by the code of the commands, one errand after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from console.analysis.shelf import find_shelved
from console.errands.airflow import answer_airflow
from console.errands.board import (
    DONE,
    ERASE,
    FAILED,
    GATHER,
    PROMOTE,
    RELEASE,
    RESTATE,
    RUN,
    begin_next,
    finish,
    put_off,
    report_step,
    take_up_interrupted,
)
from console.models import AuditEntry, Errand
from pipelines.core.errors import Busy, RetentionError, UsageError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.jobs.job import Job
from pipelines.store.releases import CONSOLE, Releaser

_BUSY_SECONDS = 60
Said = Mapping[str, Any]


def do_errands(home: Path, settings: Settings) -> list[Errand]:
    """Do what waits, oldest first; return what was done, whatever came of it.

    Nothing where another process is at it already.
    """
    done: list[Errand] = []
    try:
        with FileLock(home / ".errands.lock", timeout=0):
            take_up_interrupted()
            errand = begin_next()
            while errand is not None:
                _do_one(home, settings, errand)
                done.append(errand)
                errand = begin_next()
            answer_airflow(home, settings)
    except Timeout:
        return done
    return done


def _do_one(home: Path, settings: Settings, errand: Errand) -> None:
    """Do one errand and write down what came of it; what fails says so on its page."""
    deed = _DEEDS[errand.kind]
    try:
        said = deed(home, settings, errand)
    except Busy:
        put_off(errand, _BUSY_SECONDS)
    except RetentionError as error:
        finish(errand, FAILED, _describe_error(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, its page says that it failed
        # Its words may be a customer's: only what kind of error it was is told.
        finish(errand, FAILED, {"error": "errand.failed", "kind": type(error).__name__})
    else:
        finish(errand, DONE, said)


def _describe_error(error: RetentionError) -> Said:
    facts = {name: str(value) for name, value in error.facts.items()}
    return {"error": error.key, **facts}


def _make_job(home: Path, settings: Settings, errand: Errand) -> Job:
    def tell_step(step: str) -> None:
        report_step(errand, step)

    month = Month.parse(errand.month)
    return Job(home, month, settings.source, settings, tell_step)


def _require_source(settings: Settings) -> None:
    """Raise UsageError where nobody has said what the operator delivers."""
    if settings.source is None:
        raise UsageError("errand.no_source")


def _run(home: Path, settings: Settings, errand: Errand) -> Said:
    from pipelines.jobs.run import run_month

    _require_source(settings)
    version = run_month(_make_job(home, settings, errand))
    return {"version": version.number}


def _release(home: Path, settings: Settings, errand: Errand) -> Said:
    """Release the version that somebody looked at; of another one nothing is released."""
    from pipelines.jobs.run import release_month

    job = _make_job(home, settings, errand)
    releaser = Releaser(errand.asked_by, CONSOLE)
    version = release_month(job, errand.version, releaser)
    return {"version": version.number}


def _restate(home: Path, settings: Settings, errand: Errand) -> Said:
    from pipelines.jobs.restate import restate_month

    _require_source(settings)
    version = restate_month(_make_job(home, settings, errand))
    return {"version": version.number}


def _gather(home: Path, settings: Settings, errand: Errand) -> Said:
    from console.persons.export import write_export

    return write_export(home, errand)


def _erase(home: Path, settings: Settings, errand: Errand) -> Said:
    """Delete a person; what had to stay readable is said where the errand stands."""
    from pipelines.operations.persons.erasure import REMAINS, Request, erase_person

    request = Request(errand.subject, errand.why, errand.asked_by)
    traces = erase_person(home, settings, request)
    remaining = sorted({trace.kind for trace in traces if trace.fate == REMAINS})
    return {"remains": remaining}


def _promote(home: Path, settings: Settings, errand: Errand) -> Said:
    """Make a model champion by the code of the command, which looks at the model first.

    One that a process which died has made champion already is not made so again.
    """
    from pipelines.jobs.training.shelf import promote_version

    version, actor = errand.subject, errand.asked_by
    standing = find_shelved(home, version, settings.key)
    if errand.tries > 1 and standing is not None and standing.is_champion:
        return {"model": version}
    promote_version(home, version, actor, errand.why, settings)
    AuditEntry.objects.create(
        actor=actor, action="promoted", subject=version, detail={"why": errand.why}
    )
    return {"model": version}


_DEEDS: Mapping[str, Callable[[Path, Settings, Errand], Said]] = {
    RUN: _run,
    RELEASE: _release,
    RESTATE: _restate,
    GATHER: _gather,
    ERASE: _erase,
    PROMOTE: _promote,
}

"""Is this installation sound, and how is what is not mended.

Each check looks at the real thing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipelines.core.errors import ModelError, SpecError, StorageError
from pipelines.core.settings import Settings, load_settings
from pipelines.operations.doctor.champions import check_models
from pipelines.operations.doctor.check import FAIL, Check
from pipelines.operations.doctor.home import (
    check_disk,
    check_drafts,
    check_home,
    check_months,
    check_size,
)
from pipelines.operations.doctor.machine import (
    check_encoding,
    check_font,
    check_packages,
    check_python,
    check_time_zone,
)
from pipelines.operations.doctor.services import (
    check_airflow,
    check_engine,
    check_office,
)
from pipelines.operations.doctor.settings_files import (
    check_calendar,
    check_delivery,
    check_gate,
    check_key,
    check_scorecard,
)

__all__ = ["Check", "examine", "raise_worst"]

_ERRORS = {error.exit_code: error for error in (SpecError, ModelError, StorageError)}


def examine(home: Path, today: datetime | None = None) -> list[Check]:
    """Make every check, in the order in which they are shown; nothing is changed.

    What cannot be looked at because the home is a file, or because the settings are wrong, is left
    out.
    """
    now = today or datetime.now(UTC)
    return list(_make_checks(home, now))


def _make_checks(home: Path, now: datetime) -> Iterator[Check]:
    yield check_python()
    yield check_packages()
    yield check_time_zone()
    yield check_encoding()
    yield check_font()
    yield check_home(home)
    yield check_disk(home)
    if home.exists() and not home.is_dir():
        return

    try:
        settings = load_settings()
    except SpecError as error:
        yield Check(
            "settings", FAIL, "settings", dict(error.facts), SpecError.exit_code
        )
    else:
        yield from _check_settings(home, settings, now)

    yield check_months(home)
    yield check_drafts(home, now)


def _check_settings(home: Path, settings: Settings, now: datetime) -> Iterator[Check]:
    """What is looked at by the settings: the files they name, the services, the models."""
    yield check_key(settings)
    yield check_calendar(settings, now)
    yield check_gate(settings)
    yield check_scorecard(settings)
    yield check_delivery(settings)
    yield check_engine(settings, home)
    yield check_size(home, settings)
    yield check_office(settings, home)
    yield check_airflow()
    yield check_models(home, settings)


def raise_worst(checks: Sequence[Check]) -> None:
    """Raise the error of the first check that failed, with how many did and which."""
    failed = [check for check in checks if check.state == FAIL]
    if not failed:
        return
    names = dict.fromkeys(check.name for check in failed)  # each once, in their order
    error = _ERRORS[failed[0].exit_code]
    raise error("doctor.failed", count=len(failed), what=", ".join(names))

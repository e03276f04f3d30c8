"""Is this installation sound, and how is what is not mended: each check looks at the real thing and changes nothing.

A check says `ok`, `warn` (the month runs, but somebody should know) or `fail` (it will not run, or not rightly).
"""

from __future__ import annotations

import locale
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, requires
from importlib.metadata import version as installed_version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from packaging.requirements import Requirement

from pipelines.catalogue.expectations import load_suites
from pipelines.catalogue.scorecard import load_rules
from pipelines.core.calendar import Calendar
from pipelines.core.errors import ModelError, RetentionError, SpecError, StorageError
from pipelines.core.month import Month
from pipelines.core.paths import ROOT
from pipelines.core.settings import Settings, load_settings
from pipelines.operations.service import find_open, read_passwords
from pipelines.store.champions import find_champion, uplift_shelf
from pipelines.store.lake import MonthFolder

PACKAGE = "retention-office"
OK, WARN, FAIL = "ok", "warn", "fail"
LITTLE, TOO_LITTLE = 20 * 2**30, 2**30  # bytes free beside the home
SHORT_KEY = 32
SEASON = 10  # from this month on next year's holidays are needed: they are published in November
OLD_DRAFT = timedelta(hours=12)
_ERRORS = {error.exit_code: error for error in (SpecError, ModelError, StorageError)}


@dataclass(frozen=True)
class Check:
    """What one look found: `finding` names the words for it, `facts` fill them in; no secret is among them."""

    name: str
    state: str
    finding: str
    facts: Mapping[str, object] = field(default_factory=dict)
    exit_code: int = StorageError.exit_code


def examine(home: Path, today: datetime | None = None) -> list[Check]:
    """Make every check; what cannot be looked at because the settings are wrong is left out."""
    today = today or datetime.now(UTC)
    found = [_python(), _packages(), _time_zone(), _encoding(), _font(), _home(home), _disk(home)]
    if home.exists() and not home.is_dir():
        return found
    try:
        settings = load_settings()
    except SpecError as error:
        found.append(Check("settings", FAIL, "settings", dict(error.facts), SpecError.exit_code))
        return [*found, *_months(home, today)]
    looks: tuple[Callable[[], Check], ...] = (
        lambda: _key(settings),
        lambda: _calendar(settings, today),
        lambda: _gate(settings),
        lambda: _scorecard(settings),
        lambda: _delivery(settings),
        lambda: _engine(settings, home),
        lambda: _office(settings, home),
        _airflow,
        lambda: _model(home, settings),
    )
    return [*found, *(look() for look in looks), *_months(home, today)]


def raise_worst(checks: list[Check]) -> None:
    """Raise the error of the first check that failed, with how many did."""
    failed = [check for check in checks if check.state == FAIL]
    if failed:
        names = ", ".join(dict.fromkeys(check.name for check in failed))
        raise _ERRORS[failed[0].exit_code]("doctor.failed", count=len(failed), what=names)


# -- the machine -------------------------------------------------------------------------------------------------


def _python() -> Check:
    seen = {"version": ".".join(map(str, sys.version_info[:3])), "wanted": "3.11"}
    is_right = sys.version_info[:2] == (3, 11)
    return Check("python", OK if is_right else FAIL, "python", seen, SpecError.exit_code)


def _packages() -> Check:
    """Compare what is installed with what this project was tested with."""
    wrong = []
    for requirement in map(Requirement, requires(PACKAGE) or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            try:
                seen = installed_version(requirement.name)
            except PackageNotFoundError:
                seen = "-"
            if seen == "-" or not requirement.specifier.contains(seen, prereleases=True):
                wrong.append(f"{requirement.name} {seen} ({requirement.specifier})")
    facts = {"wrong": ", ".join(wrong), "where": sysconfig.get_paths()["purelib"]}
    return Check("packages", FAIL if wrong else OK, "packages", facts, SpecError.exit_code)


def _time_zone() -> Check:
    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        return Check("time_zone", FAIL, "time_zone")
    return Check("time_zone", OK, "time_zone")


def _encoding() -> Check:
    seen = {"encoding": locale.getpreferredencoding(False), "files": sys.getfilesystemencoding()}
    is_right = all(str(name).lower().replace("-", "") == "utf8" for name in seen.values())
    return Check("encoding", OK if is_right else WARN, "encoding", seen)


def _font() -> Check:
    from pipelines.documents.reports.fonts import (
        chinese_fonts,
    )  # the compiler of PDFs is loaded for it

    fonts = chinese_fonts()
    return Check(
        "font",
        OK if fonts else WARN,
        "font",
        {"font": f"{fonts.serif}, {fonts.sans}" if fonts else "-"},
    )


# -- the home ----------------------------------------------------------------------------------------------------


def _home(home: Path) -> Check:
    """Whether a version could be built and put in place here; a folder that is not there yet would be made."""
    place = _place(home)
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=place) as name:
            (Path(name) / "a").mkdir()
            os.rename(Path(name) / "a", Path(name) / "b")
    except OSError as error:
        return Check(
            "home", FAIL, "home", {"where": place, "why": error.strerror or type(error).__name__}
        )
    if open_to_others(home):
        return Check("home", WARN, "home_open", {"where": home})
    return Check("home", OK, "home", {"where": place})


def open_to_others(home: Path) -> bool:
    """Say whether others than its owner can enter a home and read something in it."""
    if not home.is_dir() or not home.stat().st_mode & 0o077:
        return False
    return any(path.lstat().st_mode & 0o077 for path in home.rglob("*") if not path.is_symlink())


def _place(home: Path) -> Path:
    """The home, or the folder it would be made in."""
    return next(path for path in (home.absolute(), *home.absolute().parents) if path.exists())


def _disk(home: Path) -> Check:
    place = _place(home)
    free = shutil.disk_usage(place).free
    state = FAIL if free < TOO_LITTLE else WARN if free < LITTLE else OK
    return Check("disk", state, "disk", {"where": place, "free": f"{free / 2**30:.1f}"})


def _months(home: Path, today: datetime) -> Iterator[Check]:
    """Whether what CURRENT and SEAL.json name is there and is what it was, and what killed runs have left."""
    folders = [p for p in sorted((home / "months").glob("????-??")) if p.is_dir()]
    broken = [p.name for p in folders if _is_broken(MonthFolder(home, Month.parse(p.name)))]
    yield Check(
        "months",
        FAIL if broken else OK,
        "months",
        {"count": len(folders), "broken": ", ".join(broken)},
    )
    old = (today - OLD_DRAFT).timestamp()
    left = [p.parent.name for p in home.glob("*/*/v*.partial") if p.stat().st_mtime < old]
    yield Check("drafts", WARN if left else OK, "drafts", {"months": ", ".join(sorted(set(left)))})


def _is_broken(folder: MonthFolder) -> bool:
    try:
        current, seal = folder.current(), folder.seal()
        if current is not None:
            _ = current.manifest["tables"]
        if seal is not None:
            return bool(folder.version(seal["version"]).identity != seal["manifest"])
    except (OSError, ValueError, KeyError, RetentionError):
        return True
    return False


# -- the settings ------------------------------------------------------------------------------------------------


def _key(settings: Settings) -> Check:
    if settings.has_development_key and settings.demonstration:
        return Check("key", WARN, "key_of_demonstration")
    if settings.has_development_key:
        return Check("key", WARN, "key_of_development")
    is_short = len(settings.key) < SHORT_KEY
    return Check(
        "key", WARN if is_short else OK, "key_short" if is_short else "key", {"length": SHORT_KEY}
    )


def _reason(error: SpecError) -> object:
    """What is wrong with a file of this installation, in the shortest words that its error has."""
    named = (error.facts.get(name) for name in ("why", "name", "finding"))
    return next((reason for reason in named if reason), error.key)


def _calendar(settings: Settings, today: datetime) -> Check:
    years = (today.year, today.year + 1) if today.month >= SEASON else (today.year,)
    try:
        calendar = Calendar.load(settings.calendar_file)
    except SpecError as error:
        facts = {"file": settings.calendar_file, "why": _reason(error)}
        return Check("calendar", FAIL, "calendar_file", facts, SpecError.exit_code)
    unknown = [year for year in years if not calendar.knows(year)]
    return Check(
        "calendar",
        WARN if unknown else OK,
        "calendar",
        {"years": ", ".join(map(str, unknown or years))},
    )


def _gate(settings: Settings) -> Check:
    try:
        suites = load_suites(Month(2000, 1), settings.gate_file)
    except SpecError as error:
        facts = {"file": settings.gate_file, "why": _reason(error)}
        return Check("gate", FAIL, "gate", facts, SpecError.exit_code)
    return Check("gate", OK, "gate", {"rules": sum(map(len, suites.values()))})


def _scorecard(settings: Settings) -> Check:
    try:
        load_rules(settings.scorecard_file)
    except SpecError as error:
        facts = {"file": settings.scorecard_file, "why": _reason(error)}
        return Check("scorecard", FAIL, "scorecard", facts, SpecError.exit_code)
    return Check("scorecard", OK, "scorecard")


def _delivery(settings: Settings) -> Check:
    """Whether the delivery file can be read and the secrets and folders it names are there; no receiver is called."""
    from pipelines.delivery.config import load_deliveries, missing_places

    if settings.delivery_file is None:
        return Check("delivery", OK, "delivery_unset")
    try:
        deliveries = load_deliveries(settings.delivery_file)
    except SpecError as error:
        where = error.facts.get("place") or error.facts.get("line") or "-"
        facts = {"file": settings.delivery_file, "where": where, "why": _reason(error)}
        return Check("delivery", FAIL, "delivery_file", facts, SpecError.exit_code)
    missing = missing_places(deliveries)
    facts = {"channels": ", ".join(deliveries.channels), "missing": ", ".join(missing)}
    return Check("delivery", WARN if missing else OK, "delivery", facts)


def _engine(settings: Settings, home: Path) -> Check:
    """Whether the engine answers, and into the home's disk: a worker may stand on another machine."""
    facts = {"engine": settings.engine, "master": settings.spark_url}
    if settings.engine == "duckdb":
        return Check("engine", OK, "engine_here")
    import duckdb

    from pipelines.engines import (
        open_engine,
    )  # here: where DuckDB is the engine nobody waits for it

    try:
        with (
            tempfile.TemporaryDirectory(prefix=".doctor-", dir=_place(home)) as scratch,
            open_engine(settings, Path(scratch), []) as engine,
        ):
            engine.rows(engine.answer("SELECT 1 AS one").sql)
    except StorageError as error:
        return Check("engine", FAIL, "engine", facts | {"why": error.facts["why"]})
    except (OSError, duckdb.IOException):
        return Check("engine", FAIL, "engine_elsewhere", facts)
    return Check("engine", OK, "engine", facts)


def _office(settings: Settings, home: Path) -> Check:
    """Whether the office can be reached, and its tables are those this code knows."""
    known = {path.stem for path in (ROOT / "console" / "migrations").glob("[0-9]*.py")}
    try:
        url = sa.make_url(settings.office_database(home))
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            return Check("office", OK, "office_unopened")
        done = _migrations(url)
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        return Check("office", FAIL, "office_away", {"why": type(error).__name__})
    if done - known:
        return Check(
            "office", FAIL, "office_newer", {"migrations": ", ".join(sorted(done - known))}
        )
    if known - done:
        return Check(
            "office", WARN, "office_older", {"migrations": ", ".join(sorted(known - done))}
        )
    return Check("office", OK, "office")


def _migrations(url: sa.URL) -> set[str]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        if not sa.inspect(engine).has_table("django_migrations"):
            return set()
        with engine.connect() as connection:
            rows = connection.execute(
                sa.text("SELECT name FROM django_migrations WHERE app = 'console'")
            )
            return {str(name) for (name,) in rows}
    finally:
        engine.dispose()


def _airflow() -> Check:
    """Whether the scheduler's database can be reached, where this shell is set up for Airflow."""
    url = os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    if not url:
        return Check("airflow", OK, "airflow_unset")
    try:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            is_set_up = sa.inspect(connection).has_table("alembic_version")
    except (sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        return Check("airflow", FAIL, "airflow_away", {"why": type(error).__name__})
    if not is_set_up:
        return Check("airflow", FAIL, "airflow_empty")
    found = find_open(os.environ, read_passwords(os.environ))
    return Check(
        "airflow",
        WARN if found else OK,
        "airflow_open" if found else "airflow",
        {"open": ", ".join(found)},
    )


def _model(home: Path, settings: Settings) -> Check:
    """Whether the promoted models can be loaded as they were saved."""
    for shelf in (home, uplift_shelf(home)):
        champion = find_champion(shelf)
        if champion is None:
            continue
        from pipelines.jobs.training.shelf import (
            list_versions,
        )  # seconds, which only a home with a model waits for

        version = next(
            (v for v in list_versions(shelf, settings) if v.version == champion.version), None
        )
        if version is None or version.refused:
            why = "gone" if version is None else version.refused
            return Check(
                "model",
                FAIL,
                "model",
                {"version": champion.version, "why": why},
                ModelError.exit_code,
            )
    return Check("model", OK, "model")

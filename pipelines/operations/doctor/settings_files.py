"""The settings and the files they name: key, calendar, gate, scorecard, deliveries."""

from __future__ import annotations

from datetime import datetime

from pipelines.catalogue.expectations import load_suites
from pipelines.catalogue.scorecard import load_rules
from pipelines.core.calendar import Calendar
from pipelines.core.errors import SpecError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.operations.doctor.check import FAIL, OK, WARN, Check, find_reason

SHORT_KEY = 32
SEASON = 10  # from this month on next year's holidays are needed: they are published in November


def check_key(settings: Settings) -> Check:
    """Look whether the key is this installation's own, and long enough."""
    if settings.has_development_key:
        finding = "key_of_development"
        if settings.demonstration:
            finding = "key_of_demonstration"
        return Check("key", WARN, finding)

    facts = {"length": SHORT_KEY}
    if len(settings.key) < SHORT_KEY:
        return Check("key", WARN, "key_short", facts)
    return Check("key", OK, "key", facts)


def check_calendar(settings: Settings, today: datetime) -> Check:
    """Look whether the holidays of this year, and in its last months of the next, are known."""
    try:
        calendar = Calendar.load(settings.calendar_file)
    except SpecError as error:
        return _refuse_file("calendar", "calendar_file", settings.calendar_file, error)

    years = [today.year]
    if today.month >= SEASON:
        years.append(today.year + 1)
    unknown = [year for year in years if not calendar.knows(year)]
    told_years = ", ".join(str(year) for year in unknown or years)
    return Check("calendar", WARN if unknown else OK, "calendar", {"years": told_years})


def check_gate(settings: Settings) -> Check:
    """Look whether the gate's rules can be read."""
    try:
        suites = load_suites(Month(2000, 1), settings.gate_file)
    except SpecError as error:
        return _refuse_file("gate", "gate", settings.gate_file, error)
    rules = sum(len(suite) for suite in suites.values())
    return Check("gate", OK, "gate", {"rules": rules})


def check_scorecard(settings: Settings) -> Check:
    """Look whether the scorecard's rules can be read."""
    try:
        load_rules(settings.scorecard_file)
    except SpecError as error:
        return _refuse_file("scorecard", "scorecard", settings.scorecard_file, error)
    return Check("scorecard", OK, "scorecard")


def check_delivery(settings: Settings) -> Check:
    """Look whether the delivery file can be read, and the secrets and folders it names are there.

    No receiver is called.
    """
    from pipelines.delivery.config import load_deliveries, missing_places

    if settings.delivery_file is None:
        return Check("delivery", OK, "delivery_unset")

    try:
        deliveries = load_deliveries(settings.delivery_file)
    except SpecError as error:
        where = error.facts.get("place") or error.facts.get("line") or "-"
        facts = {
            "file": settings.delivery_file,
            "where": where,
            "why": find_reason(error),
        }
        return Check("delivery", FAIL, "delivery_file", facts, SpecError.exit_code)

    missing = missing_places(deliveries)
    facts = {"channels": ", ".join(deliveries.channels), "missing": ", ".join(missing)}
    return Check("delivery", WARN if missing else OK, "delivery", facts)


def _refuse_file(name: str, finding: str, file: object, error: SpecError) -> Check:
    facts = {"file": file, "why": find_reason(error)}
    return Check(name, FAIL, finding, facts, SpecError.exit_code)

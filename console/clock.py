"""The console's one look at the calendar: which day it is where the office works."""

from __future__ import annotations

from datetime import date

from django.utils import timezone


def find_today() -> date:
    """Return the day it is."""
    today: date = timezone.localdate()
    return today

"""The console's one look at the calendar: which day it is where the office works."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.utils import timezone


def find_today() -> date:
    """Return the day it is; in a demonstration the day that it is said to be."""
    today: date = settings.CONSOLE_TODAY or timezone.localdate()
    return today

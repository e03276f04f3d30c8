"""The console's own way to hash a password, at its least cost: a log-in in a test need not take a quarter of a second."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher

QUICK = ["tests.support.console.passwords.QuickHasher"]


class QuickHasher(Argon2PasswordHasher):  # type: ignore[misc]  # Django has no types
    """Argon2 as in `console.settings`, once over eight kilobytes."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1

"""How long an answer to an order can still be checked."""

from __future__ import annotations

GRACE_DAYS = 3  # after the day a payment was promised for
LAST_CHECK = 3  # months after an order's month in which it is looked at for the last time

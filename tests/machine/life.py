"""A home that lives: deliveries, runs, deaths, corrections, answers, in an order nobody thought of.

The commands are those that people type. After each of them everything is looked at by `keeping`,
which knows the promises and nothing of how they are kept:

    who reads sees a whole version or the former one; a version never changes; a sealed month keeps
    the version that was sealed; the same input makes nothing new; an answer, a change or an order
    that was taken is never lost; no customer is twice on a month's list; a command ends with a
    documented code, and says nothing of a customer; what died is gone on with.
"""

from __future__ import annotations

from hypothesis.stateful import invariant

from tests.machine.at_once import AtOnce
from tests.machine.desk import Desk
from tests.machine.installation import Installation
from tests.machine.keeping import check_home
from tests.machine.months import Months


class Life(Months, Desk, Installation, AtOnce):
    """All that can befall a home."""

    @invariant()
    def promises_hold(self) -> None:
        """Look at everything."""
        if self.home.exists():
            check_home(self.home, self.kept)

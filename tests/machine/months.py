"""What a month goes through: delivered, run, corrected, restated, verified, with deaths in between."""

from __future__ import annotations

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis.stateful import initialize, precondition, rule

from pipelines import ROOMS
from tests.machine.lived_home import DONE, KILLED, LivedHome, numbers, people
from tests.machine.operator import PEOPLE

MOST_MONTHS = 4
RUN_ENDS = (0, 12, 13, 15)
DEATHS = (
    *(f"room.begun:{room}=kill" for room in ROOMS),
    *(f"room.made:{room}=kill" for room in ROOMS),
    "file.ready:kpi_monthly.parquet=enospc",
    "file.ready:dispatch_order.parquet=kill",
    "file.there:manifest.json=kill",
    "commit.manifest=kill",
    "commit.closed=kill",
    "commit.renamed=kill",
    "release.sealed=kill",
    "file.ready:CURRENT=enospc",
)

deaths = st.none() | st.sampled_from(DEATHS)


class Months(LivedHome):
    """Deliveries and months."""

    @initialize(debtors=people)
    def begin(self, debtors: frozenset[str]) -> None:
        """The first month is delivered."""
        self.operator.deliver(debtors)

    @precondition(lambda self: len(self.operator.deliveries) < MOST_MONTHS)
    @rule(debtors=people)
    def deliver(self, debtors: frozenset[str]) -> None:
        """The next month is delivered."""
        self.operator.deliver(debtors)

    @rule(number=numbers, who=st.sampled_from(PEOPLE), revenue=st.integers(1, 900))
    def correct(self, number: int, who: str, revenue: int) -> None:
        """A month is delivered again with another bill."""
        self.operator.correct(self.pick_month(number), {who: revenue})

    @rule(number=numbers)
    def spoil(self, number: int) -> None:
        """A month is delivered again, and nobody can read its bills."""
        self.operator.spoil(self.pick_month(number))

    @rule(number=numbers, is_released=st.booleans(), death=deaths)
    def run(self, number: int, is_released: bool, death: str | None) -> None:
        """A month is run, and may die of it; what is run again goes on."""
        words = self.write_run(self.pick_month(number), is_released)
        code = self.call(*words, death=death or "")
        if code == KILLED:
            code = self.call(*words)
        if not death:
            assert code in RUN_ENDS, (words, code)

    @rule(number=numbers)
    def run_again(self, number: int) -> None:
        """The same input makes nothing new."""
        month = self.pick_month(number)
        words = self.write_run(month, is_released=False)
        if self.call(*words) not in DONE:
            return
        folder = self.home / "months" / str(month)
        before = sorted(path.name for path in folder.iterdir())
        assert self.call(*words) in DONE
        assert sorted(path.name for path in folder.iterdir()) == before

    @precondition(lambda self: self.list_sealed())
    @rule(number=numbers, death=deaths)
    def restate(self, number: int, death: str | None) -> None:
        """A released month is held against what is delivered by now."""
        sealed = self.list_sealed()
        month = sealed[number % len(sealed)]
        words = ["restate", month, "--source", self.operator.source]
        if self.call(*words, death=death or "") == KILLED:
            self.call(*words)

    @precondition(lambda self: self.list_held())
    @rule(number=numbers)
    def verify(self, number: int) -> None:
        """Every held month is derived again, and nothing differs."""
        held = self.list_held()
        code = self.call("verify", held[number % len(held)])
        assert code in DONE, code

    @precondition(lambda self: self.list_held())
    @rule(suspended=people, days=st.integers(7, 20), death=deaths)
    def run_day(self, suspended: frozenset[str], days: int, death: str | None) -> None:
        """A day after the newest month is delivered and run."""
        day = self.list_held()[-1].plus(1).first_day + timedelta(days=days)
        self.operator.deliver_day(day, suspended)
        words = ["daily", day, "--source", self.operator.source]
        if self.call(*words, death=death or "") == KILLED:
            self.call(*words)

    @rule(finding=st.sampled_from(("bill.quarantined_share_5", "bill.nothing")))
    def waive(self, finding: str) -> None:
        """Somebody accepts a finding, be it there or not."""
        why = "--why", "known to be so", "--until", "2026-12", "--by", "li"
        self.call("waive", finding, *why)

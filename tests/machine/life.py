"""A home that lives: deliveries, runs, deaths, corrections, answers, in an order nobody thought of.

The commands are those that people type. After each of them everything is looked at by `keeping`,
which knows the promises and nothing of how they are kept:

    who reads sees a whole version or the former one; a version never changes; a sealed month keeps
    the version that was sealed; the same input makes nothing new; an answer, a change or an order
    that was taken is never lost; no customer is twice on a month's list; a command ends with a
    documented code, and says nothing of a customer; what died is gone on with.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import hypothesis.strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from pipelines import ROOMS
from pipelines.core.month import Month
from tests.faults.forge import Forge
from tests.machine.keeping import Kept, check_home, list_months, read_current
from tests.machine.operator import NAME, PEOPLE, PHONE, Operator
from tests.support.office import fill

MOST_MONTHS = 4
KILLED = -9
DOCUMENTED = {0, 2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 130}
DONE = (0, 12)  # 12: done, and something was withheld or refused
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
OUTCOMES = ("refused", "no_answer", "call_back", "wrong_number", "do_not_contact")

people = st.frozensets(st.sampled_from(PEOPLE), max_size=4)
deaths = st.none() | st.sampled_from(DEATHS)
numbers = st.integers(0, 1_000)  # picks one of what is there, whatever that is by then


class Life(RuleBasedStateMachine):
    """One home, its operator, and what was seen of them."""

    forge: ClassVar[Forge]
    second_forge: ClassVar[Forge]
    ends: ClassVar[Counter[str]] = Counter()  # how often which command ended how

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="life-"))
        self.home = self.folder / "home"
        self.operator = Operator(self.folder / "source")
        self.kept = Kept()
        self.archives: list[tuple[Path, Kept]] = []
        self.exports = 0

    def teardown(self) -> None:
        """Leave nothing behind: sealed folders have to be opened for that."""
        for path in self.folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
        shutil.rmtree(self.folder)

    # -- what is called ----------------------------------------------------------------------------

    def call(self, *words: object, death: str = "") -> int:
        """Run a command to its end, or to its death; assert that it ends as it may."""
        code, said = self.forge.run(*self.write_line(words), failpoint=death)
        self.check_end(words, code, said, death)
        return code

    def write_line(self, words: Iterable[object]) -> list[str]:
        """A command of this home as it is typed."""
        return [*map(str, words), "--home", str(self.home), "--lang", "en"]

    def check_end(
        self, words: tuple[object, ...], code: int, said: str, death: str
    ) -> None:
        """A command ends with a documented code, or by the death it was given."""
        self.ends[f"{words[0]} {code}"] += 1
        may = DOCUMENTED | ({KILLED} if death.endswith("kill") else set())
        assert code in may, (words, death, code, said)
        assert "Traceback" not in said, (words, said)
        assert NAME not in said and PHONE not in said, (words, said)
        if code in DONE:
            left = [path for path in self.home.rglob(".*.tmp") if path.is_file()]
            assert not left, (words, left)

    def pick_month(self, number: int) -> Month:
        """One of the months that were delivered."""
        months = self.operator.months
        return months[number % len(months)]

    def list_held(self) -> list[Month]:
        """The months that readers find."""
        return [Month.parse(path.name) for path in self._list_current("months")]

    def _list_current(self, kind: str) -> list[Path]:
        found = []
        for path in list_months(self.home):
            if path.parent.name == kind and read_current(path):
                found.append(path)
        return found

    def list_sealed(self) -> list[Month]:
        """The months that are released."""
        seals = (self.home / "months").glob("*/SEAL.json")
        return sorted(Month.parse(seal.parent.name) for seal in seals)

    # -- deliveries --------------------------------------------------------------------------------

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

    # -- the month ---------------------------------------------------------------------------------

    @rule(number=numbers, is_released=st.booleans(), death=deaths)
    def run(self, number: int, is_released: bool, death: str | None) -> None:
        """A month is run, and may die of it; what is run again goes on."""
        words = self.write_run(self.pick_month(number), is_released)
        code = self.call(*words, death=death or "")
        if code == KILLED:
            code = self.call(*words)
        if not death:
            assert code in RUN_ENDS, (words, code)

    def write_run(self, month: Month, is_released: bool) -> list[object]:
        """The command that runs a month."""
        words: list[object] = ["run", month, "--source", self.operator.source]
        return [*words, "--release"] if is_released else words

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

    @rule(number=numbers, other=numbers, is_released=st.booleans())
    def run_two_at_once(self, number: int, other: int, is_released: bool) -> None:
        """Two runs begin at the same time, of one month or of two."""
        ends = []
        for forge, drawn in ((self.forge, number), (self.second_forge, other)):
            words = self.write_run(self.pick_month(drawn), is_released)
            forge.start(*self.write_line(words))
            ends.append((forge, words))
        for forge, words in ends:
            code, said = forge.wait()
            self.ends[f"{words[0]} beside another {code}"] += 1
            assert code in (*RUN_ENDS, 11, 16), (words, code, said)
            assert "Traceback" not in said, said

    @precondition(lambda self: self.list_sealed())
    @rule(number=numbers)
    def restate(self, number: int) -> None:
        """A released month is held against what is delivered by now."""
        sealed = self.list_sealed()
        month = sealed[number % len(sealed)]
        self.call("restate", month, "--source", self.operator.source)

    @precondition(lambda self: self.list_held())
    @rule(number=numbers)
    def verify(self, number: int) -> None:
        """Every held month is derived again, and nothing differs."""
        held = self.list_held()
        code = self.call("verify", held[number % len(held)])
        assert code in DONE, code

    @precondition(lambda self: self.list_held())
    @rule(suspended=people, days=st.integers(7, 20))
    def run_day(self, suspended: frozenset[str], days: int) -> None:
        """A day after the newest month is delivered and run."""
        day = self.list_held()[-1].plus(1).first_day + timedelta(days=days)
        self.operator.deliver_day(day, suspended)
        self.call("daily", day, "--source", self.operator.source)

    @rule(finding=st.sampled_from(("bill.quarantined_share_5", "bill.nothing")))
    def waive(self, finding: str) -> None:
        """Somebody accepts a finding, be it there or not."""
        why = "--why", "known to be so", "--until", "2026-12", "--by", "li"
        self.call("waive", finding, *why)

    # -- the office --------------------------------------------------------------------------------

    @precondition(lambda self: self.list_sealed())
    @rule(
        number=numbers,
        said=st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(OUTCOMES)),
        is_handed_in_twice=st.booleans(),
        death=st.none()
        | st.sampled_from(("office.answered=kill", "office.taken=kill")),
    )
    def answer(
        self,
        number: int,
        said: dict[str, str],
        is_handed_in_twice: bool,
        death: str | None,
    ) -> None:
        """A month's workbooks go out and come back, some of them twice."""
        sealed = self.list_sealed()
        month = sealed[number % len(sealed)]
        self.exports += 1
        out = self.folder / f"out{self.exports}"
        assert self.call("export", month, "--out", out) in DONE
        contacted_on = month.plus(1).first_day + timedelta(days=14)
        answers = {}
        for who, outcome in said.items():
            answers[who] = {"outcome": outcome, "contacted_on": contacted_on}
        books = [path for path in sorted(out.glob("*.xlsx")) if "_M" in path.name]
        for book in books:
            fill(book, answers, "en")
        if not books:
            return
        words = ["outcomes", *books, "--by", "wang"]
        self.call(*words, death=death or "")
        if death or is_handed_in_twice:
            self.call(*words)
            before = len(self.count_answers())
            self.call(*words)
            assert len(self.count_answers()) == before

    def count_answers(self) -> set[tuple[object, ...]]:
        """What the office was told so far."""
        check_home(self.home, self.kept)
        return self.kept.rows.get("console_answer", set())

    @precondition(lambda self: self.kept.rows.get("console_order"))
    @rule(number=numbers, is_withdrawn=st.booleans())
    def change_order(self, number: int, is_withdrawn: bool) -> None:
        """An order is taken back, or given to another manager."""
        orders = sorted(str(row[0]) for row in self.kept.rows["console_order"])
        order = orders[number % len(orders)]
        record = ("--why", "on leave", "--by", "zhao")
        if is_withdrawn:
            self.call("withdraw", order, *record)
        else:
            self.call("reassign", order, "--to", "M2", *record)

    # -- the installation --------------------------------------------------------------------------

    @precondition(lambda self: self.list_held() and len(self.archives) < 2)
    @rule()
    def back_up(self) -> None:
        """The home and the office go into an archive."""
        folder = self.folder / f"archive{len(self.archives)}"
        assert self.call("backup", "--to", folder) == 0
        [archive] = [path for path in folder.iterdir() if path.suffix != ".sha256"]
        self.archives.append((archive, self.kept.copy()))

    @precondition(lambda self: self.archives)
    @rule(number=numbers)
    def restore(self, number: int) -> None:
        """The home is lost, and made again of an archive: what was there then is there now."""
        archive, kept = self.archives[number % len(self.archives)]
        self.exports += 1
        self.home = self.folder / f"home{self.exports}"
        self.kept = kept.copy()
        assert self.call("restore", archive) == 0
        for name in kept.sealed:
            assert (self.home / name / "SEAL.json").exists(), name

    @precondition(lambda self: self.home.exists())
    @rule()
    def tidy(self) -> None:
        """What lies there longer than it must is removed."""
        self.call("tidy")

    # -- what must hold ----------------------------------------------------------------------------

    @invariant()
    def promises_hold(self) -> None:
        """Look at everything."""
        if self.home.exists():
            check_home(self.home, self.kept)

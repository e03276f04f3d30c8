"""What managers and heads do with a released month: on paper, by phone, twice, late; orders that change."""

from __future__ import annotations

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from pipelines.core.month import Month
from tests.machine.keeping import check_home
from tests.machine.lived_home import DONE, KILLED, LivedHome, numbers
from tests.machine.operator import PEOPLE
from tests.support.office import fill

OUTCOMES = ("refused", "no_answer", "call_back", "wrong_number", "do_not_contact")
PHONE = "tests.machine.phone"
TAKING = ("office.answered=kill", "office.marked=kill", "office.taken=kill")
LATEST_DAY = 60  # after the month's end: later than the orders were due, and than the next month's

taking_deaths = st.none() | st.sampled_from(TAKING)
days_after = st.integers(1, LATEST_DAY)


class Desk(LivedHome):
    """Answers and orders."""

    @precondition(lambda self: self.list_sealed())
    @rule(
        number=numbers,
        said=st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(OUTCOMES)),
        days=days_after,
        is_handed_in_twice=st.booleans(),
        death=taking_deaths,
    )
    def answer(
        self,
        number: int,
        said: dict[str, str],
        days: int,
        is_handed_in_twice: bool,
        death: str | None,
    ) -> None:
        """A month's workbooks go out and come back, some of them twice."""
        sealed = self.list_sealed()
        month = sealed[number % len(sealed)]
        self.exports += 1
        out = self.folder / f"out{self.exports}"
        assert self.call("export", month, "--out", out) in DONE
        contacted_on = month.plus(1).first_day + timedelta(days=days)
        answers = {}
        for who, outcome in said.items():
            answers[who] = {"outcome": outcome, "contacted_on": contacted_on}
        books = [path for path in sorted(out.glob("*.xlsx")) if "_M" in path.name]
        for book in books:
            fill(book, answers, "en")
        if not books:
            return
        self.books.append(books)
        words = ["outcomes", *books, "--by", "wang"]
        self.call(*words, death=death or "")
        if death or is_handed_in_twice:
            self.call(*words)
            self.hand_in_again(len(self.books) - 1)

    @precondition(lambda self: self.books)
    @rule(number=numbers)
    def hand_in_again(self, number: int) -> None:
        """Workbooks that were handed in come once more, whatever has happened since."""
        words = ["outcomes", *self.books[number % len(self.books)], "--by", "wang"]
        self.call(*words)
        before = self.count_answers()
        self.call(*words)
        assert self.count_answers() == before

    def count_answers(self) -> int:
        """How many answers the office has taken so far."""
        check_home(self.home, self.kept)
        return len(self.kept.rows.get("console_answer", set()))

    @precondition(lambda self: self.list_orders())
    @rule(
        number=numbers,
        outcome=st.sampled_from(OUTCOMES),
        days=days_after,
        death=taking_deaths,
    )
    def answer_by_phone(
        self, number: int, outcome: str, days: int, death: str | None
    ) -> None:
        """An order is answered on its page; what the page took is never lost."""
        order = self.pick_order(number)
        [month] = {row[1] for row in self.kept.rows["console_order"] if row[0] == order}
        day = Month.parse(str(month)).plus(1).first_day + timedelta(days=days)
        words = [str(self.home), order, outcome, str(day)]
        code, said = self.forge.run(*words, module=PHONE, failpoint=death or "")
        self.ends[f"phone {code}"] += 1
        may = (*DONE, KILLED) if death else DONE
        assert code in may, (words, death, code, said)
        check_home(self.home, self.kept)
        if code == 0:
            taken = {row[1:4] for row in self.kept.rows["console_answer"]}
            assert (order, outcome, str(day)) in taken, words

    def pick_order(self, number: int) -> str:
        """One of them."""
        orders = self.list_orders()
        return orders[number % len(orders)]

    @precondition(lambda self: self.list_orders())
    @rule(number=numbers, is_withdrawn=st.booleans())
    def change_order(self, number: int, is_withdrawn: bool) -> None:
        """An order is taken back, or given to another manager."""
        order = self.pick_order(number)
        record = ("--why", "on leave", "--by", "zhao")
        if is_withdrawn:
            self.call("withdraw", order, *record)
        else:
            self.call("reassign", order, "--to", "M2", *record)

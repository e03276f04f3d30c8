"""Two processes that begin at the same time, whatever each of them does."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from tests.machine.lived_home import BUSY, DONE, LivedHome, numbers

DEEDS = (
    "run",
    "release",
    "restate",
    "verify",
    "export",
    "tidy",
    "backup",
    "outcomes",
    "withdraw",
    "reassign",
    "deliver",
    "plan",
)
ENDS = (*DONE, 2, 11, 13, 15, BUSY)
TOTAL = 3_600

deeds = st.sampled_from(DEEDS)


class AtOnce(LivedHome):
    """Two commands side by side, on one home."""

    @precondition(lambda self: self.home.exists())
    @rule(first=deeds, number=numbers, second=deeds, other=numbers)
    def do_two_at_once(self, first: str, number: int, second: str, other: int) -> None:
        """Each ends as it may, or says that somebody is at it; nothing is lost between them."""
        before = self.kept.copy()
        begun = []
        for forge, deed, drawn in (
            (self.forge, first, number),
            (self.second_forge, second, other),
        ):
            self.exports += 1
            out = self.folder / f"beside{self.exports}"
            words = self.write_deed(deed, drawn, out)
            line = self.write_line(words)
            forge.start(*line, module=self.release, **self.environment)
            begun.append((forge, deed, words, out))
        for forge, deed, words, out in begun:
            code, said = forge.wait()
            self.ends[f"{deed} beside another {code}"] += 1
            assert code in ENDS, (first, second, words, code, said)
            assert "Traceback" not in said, (first, second, said)
            if deed == "backup" and code == 0:
                self.keep_archive(out, before)

    def write_deed(self, deed: str, number: int, out: Path) -> list[object]:
        """The command for a deed on one of what there is, or on what is not there yet."""
        month = self.pick_month(number)
        if deed in ("run", "release"):
            return self.write_run(month, is_released=deed == "release")
        if deed == "restate":
            return [deed, month, "--source", self.operator.source]
        if deed in ("verify", "deliver"):
            return [deed, month]
        if deed == "export":
            return [deed, month, "--out", out]
        if deed == "backup":
            return [deed, "--to", out]
        if deed == "plan":
            return self.write_plan(month, TOTAL)
        if deed == "outcomes" and self.books:
            return [deed, *self.books[number % len(self.books)]]
        if deed in ("withdraw", "reassign") and self.list_orders():
            orders = self.list_orders()
            order = orders[number % len(orders)]
            record = ["--why", "on leave", "--by", "zhao"]
            to = ["--to", "M3"] if deed == "reassign" else []
            return [deed, order, *to, *record]
        return ["tidy"]

"""A home that lives: its commands, as people type them, and how each of them may end."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from pipelines.core.month import Month
from tests.faults.forge import Forge
from tests.machine.keeping import Kept, list_months, read_current
from tests.machine.operator import NAME, PEOPLE, PHONE, Operator

KILLED = -9
DOCUMENTED = {0, 2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 130}
DONE = (0, 12)  # 12: done, and something was withheld or refused
BUSY = 16
THIS_RELEASE, NEXT_RELEASE = "pipelines.cli", "tests.machine.next_release"

people = st.frozensets(st.sampled_from(PEOPLE), max_size=4)
numbers = st.integers(0, 1_000)  # picks one of what is there, whatever that is by then


_PLAN = """year: 2027
month: {month}
measures:
  revenue:
    total: {total}
    key:
      version: 2027-{total}
      by_month: {{weights: [8, 7, 8, 8, 8, 9, 9, 9, 9, 8, 8, 9]}}
      by_branch: {{measure: revenue}}
      by_manager: {{measure: revenue}}
"""
_RECEIVERS = """since: "2026-07"
language: en
channels:
  share: {{kind: folder, path: {share}, what: [manager, branch, company]}}
"""


class LivedHome(RuleBasedStateMachine):
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
        self.books: list[list[Path]] = []  # what was handed in, file by file
        self.release = THIS_RELEASE
        self.share = self.folder / "share"
        self.arrived: dict[str, str] = {}  # the hash of each file that was sent there
        self.receivers = self.folder / "deliveries.yml"
        self.share.mkdir()
        self.receivers.write_text(_RECEIVERS.format(share=self.share))

    def teardown(self) -> None:
        """Leave nothing behind: sealed folders have to be opened for that."""
        for path in self.folder.rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
        shutil.rmtree(self.folder)

    # -- what is called ----------------------------------------------------------------------------

    def call(self, *words: object, death: str = "") -> int:
        """Run a command to its end, or to its death; assert that it ends as it may."""
        line = self.write_line(words)
        code, said = self.forge.run(
            *line, failpoint=death, module=self.release, **self.environment
        )
        self.check_end(words, code, said, death)
        return code

    @property
    def environment(self) -> dict[str, str]:
        """The settings of this installation."""
        return {"RETENTION_DELIVERY_FILE": str(self.receivers)}

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

    # -- what several rules need -------------------------------------------------------------------

    def keep_archive(self, folder: Path, kept: Kept) -> None:
        """Remember an archive, and what must be found in it."""
        [archive] = folder.glob("*.tar")
        self.archives.append((archive, kept))

    def write_plan(self, month: Month, total: int) -> list[object]:
        """The command that plans a year by a held month."""
        file = self.folder / f"plan-{month}-{total}.yml"
        file.write_text(_PLAN.format(month=month, total=total))
        return ["plan", file, "--out", self.folder / f"targets-{month}-{total}"]

    def list_orders(self) -> list[str]:
        """The orders that the office was seen to hold."""
        return sorted(str(row[0]) for row in self.kept.rows.get("console_order", set()))

    def write_run(self, month: Month, is_released: bool) -> list[object]:
        """The command that runs a month."""
        words: list[object] = ["run", month, "--source", self.operator.source]
        return [*words, "--release"] if is_released else words

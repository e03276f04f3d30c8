"""Walks: somebody comes to the console for a purpose, in a real Chromium; what each step took is printed.

`pytest -rP` shows it, a line a step: who, language, width, scripts, seconds, what was done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

from playwright.sync_api import Browser, Page

from tests.support.console.browser import Visit, visiting
from tests.support.console.visitors import PASSWORD, PEOPLE, Console


class Way(NamedTuple):
    """In which language, on how wide a screen, and with or without scripts."""

    locale: str
    width: int
    has_scripts: bool


# Every two of language, width and scripts come together.
WAYS = (
    Way("zh-CN", 1280, True),
    Way("zh-CN", 390, False),
    Way("en-GB", 1280, False),
    Way("en-GB", 390, True),
)
# What the tests' town is called in Chinese in either language: managers, branches, customers masked or not.
_CALLED = re.compile(r"经理M\d|B\d 支局|[安博采丹伊]\*\*|客户\d+|中文")
# What is English in either language: commands, and the button that changes the language.
_COMMANDS = re.compile(r"English|retention account[\w -]*")
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_ENGLISH = re.compile(r"[A-Za-z]{3,}(?: [a-z]{2,})+")


@dataclass
class Walk:
    """A visit with its steps and what was wrong with the pages on its way."""

    visit: Visit
    who: str
    way: Way
    steps: list[tuple[str, float]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    looks: int = 0
    since: float = field(default_factory=perf_counter)

    @property
    def page(self) -> Page:
        """The page of the browser."""
        return self.visit.page

    def tell(self, done: str) -> None:
        """Say what was done since the last word; then look at the page, which is not counted."""
        self.steps.append((done, perf_counter() - self.since))
        self.look()
        self.since = perf_counter()

    def look(self) -> None:
        """Keep what is wrong with the page: words in another language, what sticks out, what axe finds."""
        self.looks += 1
        self.visit.settle()
        text = self.page.locator("body").inner_text()
        is_english = self.way.locale.startswith("en")
        foreign = _CHINESE if is_english else _ENGLISH
        said = _COMMANDS.sub("", _CALLED.sub("", text))
        found = [f"untranslated: {words}" for words in foreign.findall(said)]
        if self.way.has_scripts:
            found += self.visit.list_faults_for_the_blind()
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            if wide > self.way.width:
                found.append(f"{wide} wide")
        self.faults += [f"{self.page.url} {fault}" for fault in found]

    def type_why(self) -> str:
        """Give the reason for what is done, in the words of the page; return it."""
        why = "one waits" if self.way.locale.startswith("en") else "有人在等"
        self.page.fill("[name=why]", why)
        return why

    def come_in(self, console: Console) -> None:
        """Log in, with the second factor where one is needed."""
        self.visit.log_in(self.who, PASSWORD)
        if PEOPLE[self.who]["role"] != "manager":
            self.visit.prove(console.code_of(self.who))
        self.page.locator(".bar nav").wait_for()
        self.tell("logs in")

    def draw(self) -> str:
        """The steps in lines, and their sum."""
        scripts = "scripts" if self.way.has_scripts else "plain"
        head = f"{self.who} {self.way.locale} {self.way.width} {scripts}"
        lines = [f"{head} {seconds:6.2f} s  {done}" for done, seconds in self.steps]
        whole = sum(seconds for _, seconds in self.steps)
        counts = f"{len(self.steps)} steps, {self.looks} looks"
        wrong = f"{len(self.faults)} faults, {len(self.visit.complaints)} complaints"
        faults = [*self.faults, *self.visit.complaints]
        return "\n".join([*lines, f"{head} {whole:6.2f} s  {counts}, {wrong}", *faults])


@contextmanager
def walking(browser: Browser, url: str, who: str, way: Way) -> Iterator[Walk]:
    """Walk as somebody; in the end nothing may have been wrong on the way."""
    with visiting(browser, url, way.width, way.has_scripts, way.locale) as visit:
        walk = Walk(visit, who, way)
        yield walk
        print(walk.draw())
        assert (walk.faults, visit.complaints) == ([], [])

"""The page of security says each requirement once, and names tests that are there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from pipelines.core.paths import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
# How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has; they come before those of level 3.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5,
    "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2,
    "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4,
    "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2,
    "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1,
    "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
STATES = ("met", "in part", "not met", "not applicable", "library")
NEEDS_TEST = ("met", "in part")


def list_rows() -> Iterator[tuple[str, str, str]]:
    """The rows of the tables of levels 1 and 2: numbers, how, shown by."""
    levels = PAGE.split("## ASVS 5.0")[1].split("## Taken from")[0]
    for row in re.findall(r"^\| (\d[^|]*) \| ([^|]*) \| ([^|]*)\|$", levels, re.M):
        numbers, how, shown_by = row
        yield numbers.strip(), how.strip(), shown_by.strip()


def expand(numbers: str) -> Iterator[str]:
    """Each number of a list of numbers and ranges."""
    for part in numbers.split(", "):
        first, _, last = part.partition("–")
        section, _, start = first.rpartition(".")
        end = last.rpartition(".")[2] or start
        for place in range(int(start), int(end) + 1):
            yield f"{section}.{place}"


def test_every_requirement_stands_once() -> None:
    said = Counter(number for numbers, _, _ in list_rows() for number in expand(numbers))  # fmt: skip
    asked = {f"{s}.{place}" for s, count in SECTIONS.items() for place in range(1, count + 1)}  # fmt: skip
    assert len(asked) == 253
    assert [number for number, count in said.items() if count > 1] == []
    assert (asked - said.keys(), said.keys() - asked) == (set(), set())


def test_every_row_says_how_it_stands_and_what_is_met_names_a_test() -> None:
    without = []
    for numbers, how, shown_by in list_rows():
        found = re.match(r"\*\*([a-z ]+)\*\*", how)
        assert found and found[1] in STATES, numbers
        if found[1] in NEEDS_TEST and "tests/" not in shown_by:
            without.append(numbers)
        if found[1] not in NEEDS_TEST:
            assert " · " in how or " here " in how, numbers
    assert without == []


NAMED = sorted(set(re.findall(r"`(tests/[\w/.:]+)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_every_test_that_is_named_is_there(name: str) -> None:
    path, _, test = name.partition("::")
    file = ROOT / path
    assert file.is_file(), name
    tree = ast.parse(file.read_text("utf-8"))
    functions = [one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    assert any(one.startswith("test_") for one in functions)
    assert not test or test in functions, name

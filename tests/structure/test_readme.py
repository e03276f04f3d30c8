"""What the first pages say is there: links, commands, exit codes; both languages say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.core.paths import ROOT
from tests.support.commands import map_commands

PAIRS = [
    ("README.md", "README.zh-CN.md"),
    ("docs/commands.md", "docs/commands.zh-CN.md"),
    ("docs/delivery.md", "docs/delivery.zh-CN.md"),
]
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CHANGELOG.md",
    ROOT / "sql" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


def find_links(page: Path) -> list[str]:
    """List the files a page links to, relative to the page's folder."""
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
    return [target for target in targets if not target.startswith(("http:", "https:"))]


def find_commands(page: Path) -> list[str]:
    """List the commands of a page's shell blocks, without what is said beside them."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL)
    lines = "".join(blocks).splitlines()
    return [line.split("#")[0].strip() for line in lines]


def count_rows(page: Path) -> list[int]:
    """Count the rows of each table of a page, in order."""
    text = page.read_text("utf-8")
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    return [table.count("\n") for table in tables]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    missing = [link for link in find_links(page) if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_languages_of_a_page_have_the_same_commands_links_and_tables(
    english: str, chinese: str
) -> None:
    ours, theirs = ROOT / english, ROOT / chinese
    assert find_commands(ours) == find_commands(theirs)
    assert count_rows(ours) == count_rows(theirs)
    plain = [link.replace(".zh-CN", "") for link in find_links(ours)]
    assert plain == [link.replace(".zh-CN", "") for link in find_links(theirs)]


@pytest.mark.parametrize("page", ["docs/commands.md", "docs/commands.zh-CN.md"])
def test_every_command_stands_on_the_page_of_commands(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    said = set(re.findall(r"[a-z]+", " ".join(re.findall(r"`([^`]*)`", text))))
    assert set(map_commands()) - said == set()


def test_the_files_to_read_first_are_six() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    tour = text.split("## Six files to read first")[1].split("\n## ")[0]
    assert len(re.findall(r"^\| \[", tour, flags=re.MULTILINE)) == 6

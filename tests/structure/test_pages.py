"""What the pages tell people to type is there: commands with their options, targets, modules, settings, headings."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from pipelines.core.paths import ROOT
from pipelines.core.settings import Settings
from tests.support.commands import map_commands

PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CHANGELOG.md",
    ROOT / "sql" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
# Read by tests and benchmarks; no settings of the program. One is a name written wrong, as an example.
NO_SETTINGS = re.compile(r"RETENTION_(TORTURE|FUZZ|KEPT_HOMES|DATA|HOLDOUT_SHAER)")
# A file or folder of the project, as a page names it.
_FILE = re.compile(
    r"`((?:pipelines|console|models|twin|sql|expectations|tests|docs|dags|deploy|locales|benchmarks)/[\w./-]+)`"
)
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def list_typed(page: Path) -> Iterator[str]:
    """What a page shows as code: each line of its shell blocks, and what stands between ticks."""
    text = page.read_text("utf-8")
    for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield line.split(" #")[0].strip()
    without_blocks = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", without_blocks)


def list_calls(page: Path) -> Iterator[list[str]]:
    """The calls of `retention` on a page, as words."""
    for typed in list_typed(page):
        for call in re.split(r"&&|;|\|| \$\(", typed):
            found = re.search(r"(?:^|[/ ])retention ([a-z][^`]*)$", call.strip())
            if found:
                yield re.sub(r"[\[\](){}…]", " ", found[1]).split()


def find_command(words: list[str]) -> tuple[Any, str]:
    """The command that words call, one below another if need be."""
    command: Any = map_commands().get(words[0])
    name = words[0]
    if len(words) > 1 and hasattr(command, "commands"):
        for one in words[1].split("|"):
            command = command.commands.get(one)
        name = f"{words[0]} {words[1]}"
    return command, name


@every_page
def test_every_command_and_option_that_a_page_shows_is_there(page: Path) -> None:
    for words in list_calls(page):
        # `retention run status show`: one after the other, as the changes list them.
        if not any(word.startswith("-") for word in words):
            assert words[0] in map_commands(), words
            continue
        command, name = find_command(words)
        assert command is not None, words
        known = {option for param in command.params for option in param.opts}
        known |= {option for p in command.params for option in p.secondary_opts}
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        assert used <= known | {"--help"}, (page.name, name, used - known)


def list_copied(page: Path) -> Iterator[list[str]]:
    """The calls of `retention` that stand on lines of their own, to be copied: no word in them stands for others."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    blocks = re.findall(r"```(?:sh|text)\n(.*?)```|((?:^ {4}\S.*\n)+)", text, re.DOTALL | re.MULTILINE)  # fmt: skip
    for line in "\n".join("\n".join(pair) for pair in blocks).splitlines():
        for call in re.split(r"&&|;|\|", line.split(" #")[0]):
            found = re.match(
                r"\s*(?:\$ )?(?:\w+=\S+ )*(?:\S*/)?retention ([a-z].*)", call
            )
            if found:
                yield shlex.split(found[1])


@every_page
def test_every_line_that_a_page_gives_to_copy_is_taken_as_it_stands(page: Path) -> None:
    for words in list_copied(page):
        if any(re.search(r"[…<>]|^[A-Z_]+$", word) for word in words):
            continue  # to be filled in
        command, context = map_commands()[words[0]], click.Context(click.Command("x"))
        with command.make_context(words[0], words[1:], parent=context):
            pass


def test_pages_give_enough_lines_to_copy() -> None:
    assert sum(len(list(list_copied(page))) for page in PAGES) > 25


@every_page
def test_every_target_of_make_that_a_page_shows_is_there(page: Path) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text()))
    for typed in list_typed(page):
        for target in re.findall(r"(?:^|&& )make ([a-z][a-z-]*)", typed):
            assert target in targets, (page.name, typed)


@every_page
def test_every_module_that_a_page_runs_is_there(page: Path) -> None:
    for typed in list_typed(page):
        for module in re.findall(r"python -m ([a-z_.]+)", typed):
            found = importlib.util.find_spec(module.rstrip("."))
            assert found is not None, (page.name, typed)


@every_page
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        return  # tells of files that have gone, too
    named = _FILE.findall(page.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_pages_name_enough_files() -> None:
    assert sum(len(_FILE.findall(page.read_text("utf-8"))) for page in PAGES) > 150


@every_page
def test_every_setting_that_a_page_names_is_one(page: Path) -> None:
    known = {f"RETENTION_{name.upper()}" for name in Settings.model_fields}
    compose = (ROOT / "docker-compose.yml").read_text()
    # What the containers alone know, and what the DAGs are told.
    for file in (ROOT / "docker-compose.yml", *(ROOT / "dags").rglob("*.py")):
        known |= set(re.findall(r"RETENTION_[A-Z_]+", file.read_text()))
    assert "RETENTION_SECRET_KEY" in compose
    for name in set(re.findall(r"RETENTION_[A-Z_]+[A-Z]", page.read_text("utf-8"))):
        if not NO_SETTINGS.fullmatch(name):
            assert name in known, (page.name, name)


@every_page
def test_no_page_says_a_thing_twice_under_one_heading(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    chapters: list[str] = []
    for heading in re.findall(r"^#{1,2} .+$", text, flags=re.MULTILINE):
        assert heading not in chapters, f"{page.name} has {heading!r} twice"
        chapters.append(heading)


@every_page
def test_every_heading_that_a_page_links_to_is_there(page: Path) -> None:
    for target, anchor in re.findall(
        r"\]\(([^)#\s]*)#([^)\s]+)\)", page.read_text("utf-8")
    ):
        if target.startswith("http"):
            continue
        other = page.parent / target if target else page
        assert anchor in list_anchors(other), (page.name, target, anchor)


def list_anchors(page: Path) -> set[str]:
    """The anchors that a reader of Markdown gives to a page's headings."""
    anchors = set()
    for heading in re.findall(
        r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE
    ):
        plain = re.sub(r"[^\w\- ]", "", heading.lower().strip())
        anchors.add(plain.replace(" ", "-"))
    return anchors

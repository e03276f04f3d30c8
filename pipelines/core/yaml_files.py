"""YAML that people write: read within limits, no key twice, and what is wrong named by file and line.

The one reader of YAML in this program. A file that would nest, repeat itself or grow without end is refused before
anything is made of it; dates and numbers that there are not are errors of their line.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.reader import Reader

from pipelines.core.errors import SpecError

MOST_BYTES = 2**20
MOST_LEVELS = 24
MOST_NODES = 200_000  # with every alias written out
MOST_WHOLE = 2**63
_MERGE = "tag:yaml.org,2002:merge"


class _Careful:
    """What both loaders do beside their own: no key twice, and no value that there is not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
            if name in seen and key.tag != _MERGE:
                raise ConstructorError(
                    None, None, f"the key {key.value!r} stands there twice", key.start_mark
                )
            seen.add(name)
        made: dict[Hashable, Any] = super().construct_mapping(node, deep)  # type: ignore[misc]
        return made

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        kind = node.tag.rpartition(":")[2]
        try:
            made = super().construct_object(node, deep)  # type: ignore[misc]
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
            # The value itself is not said: it might be a misplaced password.
            raise ConstructorError(None, None, f"this is no {kind}", node.start_mark) from None
        if isinstance(made, int) and abs(made) > MOST_WHOLE:
            raise ConstructorError(None, None, f"this {kind} is too large", node.start_mark)
        return made


class _Loader(_Careful, yaml.CSafeLoader):
    """Dates, numbers and booleans as YAML reads them."""


class _TextLoader(_Careful, yaml.CBaseLoader):
    """Every scalar as the text that it is: an id keeps its zeros and an amount its fen."""


def read_yaml(path: Path, is_text: bool = False) -> Any:
    """Read a YAML file; None of an empty one. Raise SpecError naming file and line where it cannot be read."""
    return parse_yaml(read_text(path), path, is_text)


def read_text(path: Path, name: str | None = None) -> str:
    """Read a text that people wrote, called `name` in errors; raise SpecError where it cannot be read."""
    file = name or path
    try:
        if not path.is_file():
            raise SpecError("yaml.no_file", file=file)
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise SpecError(
            "yaml.unreadable", file=file, why=error.strerror or type(error).__name__
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        if len(content) <= MOST_BYTES:
            raise SpecError("yaml.not_utf8", file=file, line=line) from error
        text = ""
    if len(content) > MOST_BYTES:
        raise SpecError("yaml.too_large", file=file, most=f"{MOST_BYTES // 1024} KiB")
    return text


def parse_yaml(
    text: str,
    where: Path | str,
    is_text: bool = False,
    first_line: int = 1,
    *,
    shows_values: bool = True,
) -> Any:
    """Read YAML that stands in `where` from its `first_line` on; raise SpecError naming the line that is wrong.

    Without `shows_values` the error says of a text only what kind of mistake it has.
    """
    if strange := Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, strange.start()) + first_line
        why = f"the character U+{ord(strange[0]):04X} is not allowed"
        raise SpecError("yaml.bad", file=where, line=line, why=why)
    loader = _TextLoader if is_text else _Loader
    try:
        _refuse_excess(text, where, first_line)
        return yaml.load(text, loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        # What is not closed is missed behind the last line.
        line = min(mark.line, text.count("\n")) + first_line if mark else first_line
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        why = problem if shows_values else type(error).__name__
        raise SpecError("yaml.bad", file=where, line=line, why=why) from error


def find_lines(text: str, first_line: int = 1) -> dict[tuple[str | int, ...], int]:
    """Find the line of each key and entry of a YAML text that can be read, by its path from the top."""
    lines: dict[tuple[str | int, ...], int] = {}
    root = yaml.compose(text, yaml.CSafeLoader)
    waiting: list[tuple[tuple[str | int, ...], yaml.Node]] = [((), root)] if root else []
    while waiting:
        path, node = waiting.pop()
        lines.setdefault(path, node.start_mark.line + first_line)
        if isinstance(node, yaml.MappingNode):
            for key, child in node.value:
                lines[(*path, key.value)] = key.start_mark.line + first_line
                waiting.append(((*path, key.value), child))
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend(((*path, place), child) for place, child in enumerate(node.value))
    return lines


def _refuse_excess(text: str, where: Path | str, first_line: int) -> None:
    """Walk through the events, of which none is kept: levels, and nodes as they would be with every alias written out."""
    sizes: dict[str, int] = {}
    opened: list[
        tuple[str | None, int]
    ] = []  # anchor of each open collection, and the nodes before it
    total = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, total))
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                sizes[anchor] = total - before
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            holds_itself = any(event.anchor == anchor for anchor, _ in opened)
            total += MOST_NODES if holds_itself else sizes.get(event.anchor or "", 1)
        line = event.start_mark.line + first_line if event.start_mark else first_line
        if len(opened) > MOST_LEVELS:
            raise SpecError("yaml.too_deep", file=where, line=line, most=MOST_LEVELS)
        if total > MOST_NODES:
            raise SpecError("yaml.too_many", file=where, line=line, most=MOST_NODES)

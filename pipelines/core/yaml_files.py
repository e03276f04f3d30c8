"""YAML that people write: read within limits, no key twice, faults named by file and line.

The one reader of YAML in this program. A file that would nest, repeat itself or grow without end is
refused before anything is made of it; dates and numbers that there are not are errors of their
line.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
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
# What every text beside a rule, a list or a KPI is written in, and what stands for any other.
WRITTEN_IN = ("en", "zh")
_OTHERWISE = "en"


class _Careful:
    """What both loaders do beside their own: no key twice, and no value that there is not."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        """Make a mapping; a key that stands there twice is an error of its line."""
        seen = set()
        for key, _ in node.value:
            name = None
            if isinstance(key, yaml.ScalarNode):
                name = (key.tag, key.value)
            if name in seen and key.tag != _MERGE:
                problem = f"the key {key.value!r} stands there twice"
                raise ConstructorError(None, None, problem, key.start_mark)
            seen.add(name)

        made: dict[Hashable, Any] = super().construct_mapping(node, deep)  # type: ignore[misc]
        return made

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Make a value; one that there is not, or that is too large, is an error of its line."""
        kind = node.tag.rpartition(":")[2]
        where = node.start_mark
        try:
            made = super().construct_object(node, deep)  # type: ignore[misc]
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
            # The value itself is not said: it might be a misplaced password.
            problem = f"this is no {kind}"
            raise ConstructorError(None, None, problem, where) from None

        if isinstance(made, int) and abs(made) > MOST_WHOLE:
            problem = f"this {kind} is too large"
            raise ConstructorError(None, None, problem, where)

        return made


class _Loader(_Careful, yaml.CSafeLoader):
    """Dates, numbers and booleans as YAML reads them."""


class _TextLoader(_Careful, yaml.CBaseLoader):
    """Every scalar as the text that it is: an id keeps its zeros and an amount its fen."""


def read_yaml(path: Path, is_text: bool = False) -> Any:
    """Read a YAML file; None of an empty one. Raise SpecError naming the line that is wrong."""
    return parse_yaml(read_text(path), path, is_text)


def read_text(path: Path, name: str | None = None) -> str:
    """Read a text that people wrote, called `name` in errors; raise SpecError if it cannot be."""
    file = name or path
    try:
        if not path.is_file():
            raise SpecError("yaml.no_file", file=file)
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SpecError("yaml.unreadable", file=file, why=why) from error

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
    """Read YAML that stands in `where` from its `first_line` on.

    Raise SpecError naming the line that is wrong.
    Without `shows_values` the error says of a text only what kind of mistake it has.
    """
    strange = Reader.NON_PRINTABLE.search(text)
    if strange:
        line = text.count("\n", 0, strange.start()) + first_line
        why = f"the character U+{ord(strange[0]):04X} is not allowed"
        raise SpecError("yaml.bad", file=where, line=line, why=why)

    loader = _TextLoader if is_text else _Loader
    try:
        _refuse_excess(text, where, first_line)
        return yaml.load(text, loader)
    except yaml.YAMLError as error:
        line = _find_bad_line(error, text) + first_line
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        why = problem if shows_values else type(error).__name__
        raise SpecError("yaml.bad", file=where, line=line, why=why) from error


def _find_bad_line(error: yaml.YAMLError, text: str) -> int:
    """The line that an error is about, counted from nought; the first where it says none."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return 0
    last_line = text.count("\n")  # what is not closed is missed behind it
    line: int = mark.line
    return min(line, last_line)


KeyPath = tuple[str | int, ...]


def find_lines(text: str, first_line: int = 1) -> dict[KeyPath, int]:
    """Find the line of each key and entry of a sound YAML text, by its path from the top."""
    lines: dict[KeyPath, int] = {}
    waiting: list[tuple[KeyPath, yaml.Node]] = []
    root = yaml.compose(text, yaml.CSafeLoader)
    if root:
        waiting.append(((), root))

    while waiting:
        path, node = waiting.pop()
        lines.setdefault(path, node.start_mark.line + first_line)
        if isinstance(node, yaml.MappingNode):
            for key, child in node.value:
                below = (*path, key.value)
                lines[below] = key.start_mark.line + first_line
                waiting.append((below, child))
        elif isinstance(node, yaml.SequenceNode):
            for place, child in enumerate(node.value):
                below = (*path, place)
                waiting.append((below, child))

    return lines


# -- limits ----------------------------------------------------------------------------------------


@dataclass
class _Counter:
    """Counts the nodes of a YAML text as they would be with every alias written out."""

    total: int = 0
    sizes: dict[str, int] = field(default_factory=dict)  # nodes below each anchor
    opened: list[tuple[str | None, int]] = field(default_factory=list)
    """Of each open collection its anchor, and the nodes before it."""

    def count_event(self, event: yaml.Event) -> None:
        """Take in the next event of the text; none is kept."""
        if isinstance(event, yaml.CollectionStartEvent):
            self.opened.append((event.anchor, self.total))
            self.total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self.opened.pop()
            if anchor:
                self.sizes[anchor] = self.total - before
        elif isinstance(event, yaml.ScalarEvent):
            self.total += 1
            if event.anchor:
                self.sizes[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            self.total += self._count_alias(event.anchor)

    def _count_alias(self, anchor: str | None) -> int:
        """The nodes an alias stands for: without end where it stands inside of what it names."""
        for open_anchor, _ in self.opened:
            if open_anchor == anchor:
                return MOST_NODES
        return self.sizes.get(anchor or "", 1)


def _refuse_excess(text: str, where: Path | str, first_line: int) -> None:
    """Walk through a text's events; raise SpecError where it nests too deep or holds too much."""
    counter = _Counter()
    for event in yaml.parse(text, yaml.CSafeLoader):
        counter.count_event(event)
        line = first_line
        if event.start_mark:
            line = event.start_mark.line + first_line
        if len(counter.opened) > MOST_LEVELS:
            raise SpecError("yaml.too_deep", file=where, line=line, most=MOST_LEVELS)
        if counter.total > MOST_NODES:
            raise SpecError("yaml.too_many", file=where, line=line, most=MOST_NODES)


# -- texts in several languages -------------------------------------------------------------------


class Wording(dict[str, Any]):
    """A text by language, `text[language]`; English in one that nobody wrote it in."""

    def __missing__(self, language: str) -> Any:
        """Return the English text."""
        return dict.__getitem__(self, _OTHERWISE)


def mark_wordings(content: Any) -> Any:
    """Return what was read of YAML with every mapping that has both languages as a Wording."""
    if isinstance(content, Mapping):
        marked = {key: mark_wordings(value) for key, value in content.items()}
        if all(language in marked for language in WRITTEN_IN):
            return Wording(marked)
        return marked
    if isinstance(content, list):
        return [mark_wordings(item) for item in content]
    return content

"""Read XML piece by piece.

No document types or entities are allowed, and nothing in it may grow without bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol
from xml.parsers import expat

from pipelines.sources.operator.delivery import FileRefused

# Bytes of one tag or comment; a longer one would be scanned again with every block.
_TOKEN = 4 << 20
_DEPTH = 64
# Of elements, attributes and namespaces nobody asked for; the parser keeps each of them.
_NAMES = 1_000


class XmlHandler(Protocol):
    """What wants to know of the elements; names are `namespace local`."""

    def start_element(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""

    def end_element(self, name: str) -> None:
        """Take the end of an element."""

    def take_text(self, data: str) -> None:
        """Take a piece of text."""


class _Guard:
    """Stands between parser and handler and counts what could grow without bound."""

    def __init__(self, handler: XmlHandler, file: str, member: str) -> None:
        self._handler = handler
        self._file = file
        self._member = member
        self._depth = 0
        self._names: set[str] = set()

    def refuse_document(self, *_: object) -> None:
        """Refuse the document."""
        raise FileRefused("xlsx_damaged", file=self._file, detail=self._member)

    def start_element(self, name: str, attributes: dict[str, str]) -> None:
        """Pass the start of an element on."""
        self._depth += 1
        self._names.add(name)
        self._names.update(attributes)
        self._handler.start_element(name, attributes)

    def end_element(self, name: str) -> None:
        """Pass the end of an element on."""
        self._depth -= 1
        self._handler.end_element(name)

    def count_namespace(self, prefix: str | None, uri: str) -> None:
        """Count a namespace."""
        self._names.add(f"{prefix} {uri}")

    def check_growth(self, behind: int) -> None:
        """Refuse the document if it has grown too much.

        `behind` are the bytes of a token that does not end.
        """
        if behind > _TOKEN or self._depth > _DEPTH or len(self._names) > _NAMES:
            self.refuse_document()


def parse_xml(
    blocks: Iterable[bytes],
    handler: XmlHandler,
    file: str,
    member: str,
) -> Iterator[None]:
    """Feed the blocks to the handler, and yield after each.

    Raise FileRefused for what is no plain XML; `file` and `member` name it.
    """
    guard = _Guard(handler, file, member)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = guard.start_element
    parser.EndElementHandler = guard.end_element
    parser.CharacterDataHandler = handler.take_text
    parser.StartNamespaceDeclHandler = guard.count_namespace
    parser.StartDoctypeDeclHandler = guard.refuse_document

    fed = 0
    try:
        for block in blocks:
            parser.Parse(block, False)
            fed += len(block)
            guard.check_growth(fed - parser.CurrentByteIndex)
            yield
        parser.Parse(b"", True)
        # A parser may put a long tag off to the very end.
        guard.check_growth(0)
        yield
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise FileRefused("xlsx_damaged", file=file, detail=member) from error

"""Read XML piece by piece: no document types or entities, and nothing in it may grow without bound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol
from xml.parsers import expat

from pipelines.sources.operator.delivery import FileRefused

_TOKEN = (
    4 << 20
)  # bytes of one tag or comment; a longer one would be scanned again with every block
_DEPTH = 64
_NAMES = (
    1_000  # of elements, attributes and namespaces nobody asked for; the parser keeps each of them
)


class XmlHandler(Protocol):
    """What wants to know of the elements; names are `namespace local`."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def text(self, data: str) -> None:
        """Take a piece of text."""


class _Guard:
    """Stands between parser and handler and counts what could grow without bound."""

    def __init__(self, handler: XmlHandler, file: str, member: str) -> None:
        self._handler, self._file, self._member = handler, file, member
        self._depth = 0
        self._names: set[str] = set()

    def refuse(self, *_: object) -> None:
        """Refuse the document."""
        raise FileRefused("xlsx_damaged", file=self._file, detail=self._member)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Pass the start of an element on."""
        self._depth += 1
        self._names.add(name)
        self._names.update(attributes)
        self._handler.start(name, attributes)

    def end(self, name: str) -> None:
        """Pass the end of an element on."""
        self._depth -= 1
        self._handler.end(name)

    def declare(self, prefix: str | None, uri: str) -> None:
        """Count a namespace."""
        self._names.add(f"{prefix} {uri}")

    def check(self, behind: int) -> None:
        """Refuse the document if it has grown too much; `behind` are the bytes of a token that does not end."""
        if behind > _TOKEN or self._depth > _DEPTH or len(self._names) > _NAMES:
            self.refuse()


def parse_xml(
    blocks: Iterable[bytes], handler: XmlHandler, file: str, member: str
) -> Iterator[None]:
    """Feed the blocks to the handler, and yield after each; raise FileRefused for what is no plain XML."""
    guard = _Guard(handler, file, member)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = guard.start, guard.end
    parser.CharacterDataHandler = handler.text
    parser.StartNamespaceDeclHandler = guard.declare
    parser.StartDoctypeDeclHandler = guard.refuse
    fed = 0
    try:
        for block in blocks:
            parser.Parse(block, False)
            fed += len(block)
            guard.check(fed - parser.CurrentByteIndex)
            yield
        parser.Parse(b"", True)
        yield
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise FileRefused("xlsx_damaged", file=file, detail=member) from error

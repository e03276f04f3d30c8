"""Read a text file as blocks of whole lines in UTF-8, whatever its encoding."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.sources.delivery import FileRefused, Limits

_BLOCK = 1 << 20  # small enough that a block's cells stay in the processor's cache


@dataclass(frozen=True)
class TextFile:
    """One text file and how to read it."""

    path: Path
    name: str
    codec: str
    limits: Limits
    delimiter: str = ","
    skip: int = 0  # physical lines before the first row wanted

    def blocks(self) -> Iterator[bytes]:
        """Yield blocks of whole lines as valid UTF-8, after the skipped lines; bad bytes become U+FFFD."""
        skip = self.skip
        for block in self._utf8_blocks():
            while skip and block:
                end = _line_end(block)
                block, skip = block[end:], skip - 1
            if block:
                yield block

    def _utf8_blocks(self) -> Iterator[bytes]:
        data = read_data(self.path)
        if self.codec == "utf-16":
            yield from whole_lines(_transcode(data), self.name, self.limits)
            return
        for i, block in enumerate(whole_lines(data, self.name, self.limits)):
            if i == 0 and self.codec == "utf-8-sig":
                block = block.removeprefix(codecs.BOM_UTF8)
            yield as_utf8(block, self.codec)


def as_utf8(block: bytes, codec: str) -> bytes:
    """Return a block of whole lines as valid UTF-8; no newline byte is part of a GB18030 or UTF-8 character."""
    if block.isascii():
        return block
    return block.decode(codec, "replace").encode()


def read_data(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes."""
    with open(path, "rb") as file:
        while data := file.read(_BLOCK):
            yield data


def whole_lines(data: Iterable[bytes], name: str, limits: Limits) -> Iterator[bytes]:
    """Cut bytes after a line's end; raise FileRefused for a line without end."""
    rest = b""
    for piece in data:
        piece = rest + piece
        # A CR at the very end may be half of a CRLF: leave it for the next block.
        cut = max(piece.rfind(b"\n"), piece.rfind(b"\r", 0, -1)) + 1
        rest = piece[cut:]
        if len(rest) > limits.line_bytes:
            raise FileRefused("line_too_long", file=name, limit=f"{limits.line_bytes:,}")
        if cut:
            yield piece[:cut]
    if rest:
        yield rest


def _transcode(data: Iterable[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    for piece in data:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _line_end(block: bytes) -> int:
    """Return where the first line of a block ends: after LF, CRLF or a lone CR."""
    feed, carriage = block.find(b"\n") + 1, block.find(b"\r") + 1
    if carriage and carriage + 1 != feed and (not feed or carriage < feed):
        return carriage
    return feed or len(block)

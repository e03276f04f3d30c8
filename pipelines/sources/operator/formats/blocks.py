"""Read a text file as blocks of whole lines in UTF-8, whatever its encoding."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipelines.sources.operator.delivery import FileRefused, Limits

_LINE_END = re.compile(rb"\r\n|\r|\n")
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

    def read_blocks(self) -> Iterator[bytes]:
        """Yield blocks of whole lines as valid UTF-8, after the skipped lines.

        Bad bytes become U+FFFD.
        """
        skip = self.skip
        for block in self._utf8_blocks():
            if skip:
                block, skip = _skip_lines(block, skip)
            if block:
                yield block

    def read_first_block(self) -> bytes:
        """Return the first block; empty bytes when there is none."""
        return next(self.read_blocks(), b"")

    def _utf8_blocks(self) -> Iterator[bytes]:
        """Yield blocks of whole lines as valid UTF-8, without a byte order mark."""
        data = read_data(self.path)
        if self.codec == "utf-16":
            yield from whole_lines(_convert_utf16(data), self.name, self.limits)
            return

        blocks = whole_lines(data, self.name, self.limits)
        if self.codec == "utf-8-sig":
            first = next(blocks, b"")
            yield as_utf8(first.removeprefix(codecs.BOM_UTF8), self.codec)
        for block in blocks:
            yield as_utf8(block, self.codec)


def as_utf8(block: bytes, codec: str) -> bytes:
    """Return a block of whole lines as valid UTF-8.

    It may be cut at any line: no newline byte is part of a GB18030 or UTF-8 character.
    """
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
        after_lf = piece.rfind(b"\n") + 1
        after_cr = piece.rfind(b"\r", 0, -1) + 1
        cut = max(after_lf, after_cr)
        rest = piece[cut:]
        if len(rest) > limits.line_bytes:
            raise FileRefused(
                "line_too_long", file=name, limit=f"{limits.line_bytes:,}"
            )
        if cut:
            yield piece[:cut]
    if rest:
        yield rest


def _convert_utf16(data: Iterable[bytes]) -> Iterator[bytes]:
    """Yield bytes of UTF-16 as UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    for piece in data:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _skip_lines(block: bytes, count: int) -> tuple[bytes, int]:
    """Return a block without its first lines, and how many of them are still to be skipped."""
    wanted = islice(_LINE_END.finditer(block), count - 1, count)
    last_skipped = next(wanted, None)
    if last_skipped is not None:
        return block[last_skipped.end() :], 0

    lines = sum(1 for _ in _LINE_END.finditer(block))
    if not block.endswith((b"\n", b"\r")):
        lines += 1
    return b"", count - lines

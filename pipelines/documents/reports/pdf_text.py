"""Reads the words back out of a PDF that Typst wrote: Type 0 fonts with a ToUnicode map, Flate streams, no others."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

_OBJECT = re.compile(rb"(\d+) 0 obj\s*(.*?)\s*endobj", re.DOTALL)
_STREAM = re.compile(rb"/Length (\d+).*?stream\r?\n", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>\n")
_RANGE = re.compile(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>")
# Parentheses that balance stand in a text unescaped, as deep as four here.
_TEXT = rb"\((?:\\.|[^\\()])*\)"
for _ in range(3):
    _TEXT = rb"\((?:\\.|[^\\()]|" + _TEXT + rb")*\)"
# A list of properties (a drawing's words among them) is passed over; then a font, a text as bytes or as hex, the end of
# what belongs together (a run, or all of a drawing), a drawing.
_SHOWN = re.compile(
    rb"<<(?:" + _TEXT + rb"|[^()>]|>(?!>))*>>"
    rb"|/(f\d+) [\d.]+ Tf|(" + _TEXT + rb"|<[0-9A-Fa-f]+>)|\b(EMC)\b|/(x\d+) Do",
    re.DOTALL,
)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
Fonts = dict[str, dict[int, str]]


def pdf_text(path: Path) -> str:
    """Return the words of the pages in the order they were set; a run is a line, and so is a drawing."""
    objects = {int(number): body for number, body in _OBJECT.findall(path.read_bytes())}
    return "\n".join(text for page in _pages(objects) for text in _runs(objects, page))


def _pages(objects: dict[int, bytes]) -> Iterator[int]:
    """Yield the pages in order, walking the tree."""
    root = next(body for body in objects.values() if b"/Type/Catalog" in body)
    yield from _below(objects, _reference(root, b"Pages"))


def _below(objects: dict[int, bytes], node: int) -> Iterator[int]:
    kids = re.search(rb"/Kids\[(.*?)\]", objects[node], re.DOTALL)
    if kids is None:
        yield node
        return
    for kid in re.findall(rb"(\d+) 0 R", kids[1]):
        yield from _below(objects, int(kid))


def _reference(body: bytes, name: bytes) -> int:
    found = re.search(rb"/" + name + rb"[ \[]?(\d+) 0 R", body)
    return int(found[1]) if found else 0


def _runs(objects: dict[int, bytes], number: int) -> Iterator[str]:
    """Yield the runs of a page, or of a drawing set into it, where it stands."""
    body = objects[number]
    content = objects[_reference(body, b"Contents")] if b"/Contents" in body else body
    resources = objects.get(_reference(body, b"Resources"), body)
    fonts, drawings = _fonts(objects, resources), _named(resources, b"XObject")
    font: dict[int, str] = {}
    run = ""
    for name, shown, end, drawing in _SHOWN.findall(_unpack(content)):
        if name:
            font = fonts.get(name.decode(), {})
        elif shown:
            codes = (
                _unescape(shown[1:-1]) if shown[:1] == b"(" else bytes.fromhex(shown[1:-1].decode())
            )
            run += "".join(
                font.get(codes[i] << 8 | codes[i + 1], "") for i in range(0, len(codes) - 1, 2)
            )
        elif end:
            yield run
            run = ""
        elif (
            drawing.decode() in drawings and b"/Subtype/Form" in objects[drawings[drawing.decode()]]
        ):
            yield from _runs(objects, drawings[drawing.decode()])


def _named(resources: bytes, kind: bytes) -> dict[str, int]:
    found = re.search(rb"/" + kind + rb"<<(.*?)>>", resources, re.DOTALL)
    return (
        {name.decode(): int(at) for name, at in re.findall(rb"/(\w+) (\d+) 0 R", found[1])}
        if found
        else {}
    )


def _fonts(objects: dict[int, bytes], resources: bytes) -> Fonts:
    found = {}
    for name, at in _named(resources, b"Font").items():
        mapping = objects.get(_reference(objects[at], b"ToUnicode"))
        found[name] = _map(_unpack(mapping)) if mapping else {}
    return found


def _map(text: bytes) -> dict[int, str]:
    codes: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar\n(.*?)endbfchar", text, re.DOTALL):
        codes |= {
            int(a, 16): bytes.fromhex(b.decode()).decode("utf-16-be")
            for a, b in _PAIR.findall(block)
        }
    for block in re.findall(rb"beginbfrange\n(.*?)endbfrange", text, re.DOTALL):
        for first, last, to in _RANGE.findall(block):
            codes |= {
                c: chr(int(to, 16) + c - int(first, 16))
                for c in range(int(first, 16), int(last, 16) + 1)
            }
    return codes


def _unpack(body: bytes) -> bytes:
    stream = _STREAM.search(body)
    if stream is None:
        return b""
    content = body[stream.end() : stream.end() + int(stream[1])]
    return zlib.decompress(content) if b"/FlateDecode" in body[: stream.end()] else content


def _unescape(text: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8)]) if code.isdigit() else _ESCAPES.get(code, code)

    return re.sub(rb"\\([0-7]{1,3}|.)", one, text, flags=re.DOTALL)

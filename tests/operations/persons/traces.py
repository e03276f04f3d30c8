"""Looks for words in every file of a folder, in whatever form the office writes files in."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pypdfium2

_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")


def find_words(folder: Path, words: Iterable[str]) -> list[str]:
    """Return `file: word` for each word that a file of the folder has in it."""
    wanted = list(words)
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(folder))
            found += [f"{name}: {word}" for word in _find(path.read_bytes(), wanted)]
    return found


def _find(content: bytes, words: list[str]) -> set[str]:
    texts = list(_read_texts(content))
    return {word for word in words for text in texts if word in text}


def _read_texts(content: bytes) -> Iterator[str]:
    """Everything that can be read in a file: as it is, unpacked, and as rows."""
    for encoding in ("utf-8", "utf-16-le", "gb18030"):
        yield content.decode(encoding, "ignore")
    text = content.decode("utf-8", "ignore")
    yield _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    for beginning, read in _READERS.items():
        if content.startswith(beginning):
            yield from read(content)
    if content[257:262] == b"ustar":
        yield from _read_archive(content)


def _read_rows(content: bytes) -> Iterator[str]:
    rows = pq.read_table(io.BytesIO(content)).to_pylist()
    yield json.dumps(rows, ensure_ascii=False, default=str)


def _read_book(content: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        for name in book.namelist():
            yield from _read_texts(book.read(name))


def _read_database(content: bytes) -> Iterator[str]:
    database = sqlite3.connect(":memory:")
    database.deserialize(content)
    yield from database.iterdump()
    database.close()


def _read_pages(content: bytes) -> Iterator[str]:
    for page in pypdfium2.PdfDocument(content):
        yield page.get_textpage().get_text_bounded()


def _read_archive(content: bytes) -> Iterator[str]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            if file is not None:
                yield from _read_texts(file.read())


_READERS: dict[bytes, Callable[[bytes], Iterator[str]]] = {
    b"PAR1": _read_rows,
    b"PK": _read_book,
    b"SQLite format 3": _read_database,
    b"%PDF": _read_pages,
}

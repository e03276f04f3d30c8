"""Looks for secrets in everything that was written: files of any kind, opened as far as they can be, and databases."""

from __future__ import annotations

import base64
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import sqlalchemy as sa

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def find_leaks(
    folder: Path, canaries: Iterable[str], besides: Iterable[Path] = ()
) -> list[str]:
    """Return `file: canary` for each secret found in a file's name or content; `besides` are where it belongs."""
    wanted, left_out = list(canaries), set(besides)
    files = (
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in left_out
    )
    return [
        f"{path.relative_to(folder)}: {canary}"
        for path in files
        for canary in wanted
        if is_in(str(path.relative_to(folder)), canary)
        or any(is_in(t, canary) for t in contents(path))
    ]


def is_in(text: bytes | str, canary: str) -> bool:
    """Whether a text holds a secret, plain, as UTF-16 or in base64 (where three letters may begin a group)."""
    data = text.encode(errors="replace") if isinstance(text, str) else text
    plain = canary.encode()
    forms = [plain, canary.encode("utf-16-le")]
    forms += [
        base64.b64encode(b"x" * ahead + plain)[4 if ahead else 0 :][:-4]
        for ahead in range(3)
    ]
    return any(form in data for form in forms)


def contents(path: Path) -> Iterator[bytes | str]:
    """Yield a file's bytes and what is inside: members of archives, columns of Parquet, streams of PDF."""
    data = path.read_bytes()
    yield data
    if data.startswith(b"PAR1"):
        with suppress(OSError, ValueError):
            yield from _columns(data)
    if data.startswith(b"PK"):
        with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    for packed in _STREAM.findall(data) if data.startswith(b"%PDF") else ():
        with suppress(zlib.error):
            yield zlib.decompress(packed)


def _columns(data: bytes) -> Iterator[str]:
    table = pq.read_table(io.BytesIO(data))
    yield str(table.schema.metadata)
    for column in table.columns:
        yield "\n".join(map(str, column.to_pylist()))


def find_rows(url: str, canaries: Iterable[str]) -> list[str]:
    """Return `table: canary` for each secret found in a row of a database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    wanted, found = list(canaries), []
    with engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            rows = str(connection.execute(sa.text(f'SELECT * FROM "{table}"')).all())
            found += [f"{table}: {canary}" for canary in wanted if is_in(rows, canary)]
    engine.dispose()
    return found

"""Damage files and their shape: what is wrong before a single value is read."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

from twin.faults.site import Change, Site, as_csv

Lines = list[str]


def bytes_changed(change: Callable[[bytes], bytes], ending: str = "csv") -> Change:
    """Write the table as CSV, change its bytes, and send them under an ending."""

    def damage(site: Site) -> int:
        rows = site.read()
        site.send(change(as_csv(rows)), ending)
        return len(rows)

    return damage


def lines_changed(change: Callable[[Lines, int], Lines]) -> Change:
    """Write the table as CSV and change its lines; the change is told how many rows are to suffer."""

    def damage(site: Site) -> int:
        rows = site.read()
        size = max(1, round(site.share * len(rows)))
        lines = as_csv(rows).decode().splitlines()
        site.send(("\n".join(change(lines, size)) + "\n").encode())
        return size

    return damage


def encoded(encoding: str) -> Change:
    """Write the table in another encoding."""
    return bytes_changed(lambda content: content.decode().encode(encoding))


def cut_in_a_row(content: bytes) -> bytes:
    """Break off in the middle of a row, four fifths down."""
    whole, row, _ = content[: len(content) * 4 // 5].rsplit(b"\n", 2)
    return whole + b"\n" + row.split(b",")[0]


def as_gzip(content: bytes) -> bytes:
    """Compress without a clock, so that the same rows give the same bytes."""
    return gzip.compress(content, mtime=0)


def half_in(encoding: str) -> Callable[[bytes], bytes]:
    """Write the second half of the lines in another encoding."""

    def mix(content: bytes) -> bytes:
        lines = content.decode().splitlines(keepends=True)
        half = len(lines) // 2
        return "".join(lines[:half]).encode() + "".join(lines[half:]).encode(encoding)

    return mix


def cut_parquet(site: Site) -> int:
    """Break a Parquet file off in its middle."""
    rows, sink = site.read(), io.BytesIO()
    pq.write_table(
        pa.Table.from_pandas(rows, preserve_index=False), sink, compression="zstd"
    )
    content = sink.getvalue()
    site.send(content[: len(content) // 2], "parquet")
    return len(rows)


def delivered_in_parts(shares: tuple[tuple[float, float], ...]) -> Change:
    """Deliver the table in parts, each from one share of the rows to another."""

    def damage(site: Site) -> int:
        rows = site.read()
        for number, (start, end) in enumerate(shares, 1):
            part = rows.iloc[int(start * len(rows)) : int(end * len(rows))]
            (site.folder / f"{site.table}.part-{number}.csv").write_bytes(as_csv(part))
        site.send(b"", "gone")
        (site.folder / f"{site.table}.gone").unlink()
        return len(rows)

    return damage


def column_twice(site: Site) -> int:
    """Give the column a second time, under the same name and with other cells."""
    rows = site.read()
    rows.insert(
        len(rows.columns),
        site.columns[0],
        rows[site.columns[0]].iloc[::-1].to_numpy(),
        allow_duplicates=True,
    )
    site.send(as_csv(rows))
    return len(rows)


def column_missing(site: Site) -> int:
    """Leave the column out."""
    rows = site.read()
    site.send(as_csv(rows.drop(columns=site.columns[0])))
    return len(rows)


def column_added(site: Site) -> int:
    """Add a column that the contract does not know, and turn the order of the columns round."""
    rows = site.read().assign(remark="-")
    site.send(as_csv(rows[rows.columns[::-1]]))
    return len(rows)


def ragged(lines: Lines, size: int) -> Lines:
    """Give some of the rows two cells too many."""
    step = max(1, (len(lines) - 1) // size)
    chosen = set(range(1, len(lines), step)[:size])
    return [
        line + ",7,7" if place in chosen else line for place, line in enumerate(lines)
    ]


def quote_opened(lines: Lines, size: int) -> Lines:
    """Open a quote in the middle that nobody closes."""
    half = len(lines) // 2
    return [*lines[:half], '"' + lines[half], *lines[half + 1 :]]


def totalled(lines: Lines, size: int) -> Lines:
    """Put a total row below."""
    return [*lines, "合计" + "," * (lines[0].count(",") - 1) + ",9999"]


def titled(lines: Lines, size: int) -> Lines:
    """Put a title above the header."""
    return ["月度明细表" + "," * lines[0].count(","), *lines]


def spaced(lines: Lines, size: int) -> Lines:
    """Leave blank lines between the rows, and blanks round the names of the columns."""
    header = ",".join(f" {name}\u3000" for name in lines[0].split(","))
    return [header, *(part for line in lines[1:] for part in (line, ""))]

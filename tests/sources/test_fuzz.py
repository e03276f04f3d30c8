"""Whatever the bytes: a delivery or a typed error, and as many rows written as counted."""

from __future__ import annotations

import csv
import gzip
import io
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.core.errors import RetentionError
from pipelines.sources import Limits
from pipelines.sources.operator.formats import csv_rows
from pipelines.sources.operator.header import fold_names
from tests.support.raw_workbook import MAIN, STRICT, raw_workbook
from tests.support.source_files import PLAN, deliver, extract_files, read_rows

HEADER = ["plan_id", "name", "monthly_fee"]
MORE = int(
    os.environ.get("RETENTION_FUZZ", "1")
)  # times as many examples as a quick run
quick = settings(
    max_examples=80 * MORE,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def check_any(name: str, content: bytes) -> None:
    """Deliver bytes; nothing but a Delivery or a RetentionError may come of it."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            delivery = extract_files(
                Path(folder),
                {name: content},
                limits=Limits(gzip_bytes=1 << 22, xlsx_cells=10_000),
            )
        except RetentionError:
            return
        if delivery.state == "refused":
            assert delivery.reason and delivery.reason.startswith("source.")
            return
        assert delivery.rows == len(read_rows(Path(folder)))


def good_xlsx() -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for i, row in enumerate([HEADER, ["P1", "张三", 1.5], ["P2", "b", 2]]):
            sheet.write_row(i, 0, row)
    return sink.getvalue()


def good_parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.table(
            {"plan_id": ["P1", "P2"], "name": ["张三", None], "monthly_fee": [1.5, 2.0]}
        ),
        sink,
    )
    return bytes(sink.getvalue())


GOOD = {
    "plan.csv": (PLAN + 'P1,张三,1\nP2,"b\n",2\n').encode(),
    "plan.xlsx": good_xlsx(),
    "plan.parquet": good_parquet(),
}
GOOD["plan.csv.gz"] = gzip.compress(GOOD["plan.csv"], mtime=0)
GOOD["plan.part-1.csv"] = (PLAN + "P1,张三,1\n").encode("gb18030")


@quick
@given(name=st.sampled_from(sorted(GOOD)), content=st.binary(max_size=400))
@example("plan.csv", b"\xff\xfe\x00")
@example("plan.csv", b'sep="')
@example("plan.csv", PLAN.encode() + b'"')
@example("plan.xlsx", b"PK\x05\x06" + bytes(18))
@example("plan.parquet", b"PAR1PAR1")
def test_any_bytes(name: str, content: bytes) -> None:
    check_any(name, content)


@quick
@given(content=st.binary(max_size=400), header=st.booleans())
def test_any_bytes_packed(content: bytes, header: bool) -> None:
    check_any("plan.csv.gz", gzip.compress(PLAN.encode() * header + content))


@settings(quick, max_examples=250 * MORE)
@given(
    name=st.sampled_from(sorted(GOOD)),
    changes=st.lists(
        st.tuples(st.floats(0, 1), st.binary(max_size=3)), min_size=1, max_size=4
    ),
    keep=st.floats(0.5, 1),
)
@example(
    "plan.xlsx", [(0.9994622058020914, b"\x01")], 1.0
)  # a directory that points before the file
def test_good_files_broken(
    name: str, changes: list[tuple[float, bytes]], keep: float
) -> None:
    content = GOOD[name]
    for where, patch_bytes in changes:
        at = int(where * len(content))
        content = content[:at] + patch_bytes + content[at + len(patch_bytes) :]
    check_any(name, content[: int(len(content) * keep)] if keep < 0.9 else content)


@quick
@given(
    member=st.sampled_from(
        [
            "xl/workbook.xml",
            "xl/worksheets/sheet1.xml",
            "xl/sharedStrings.xml",
            "xl/styles.xml",
        ]
    ),
    where=st.floats(0, 1),
    put=st.binary(max_size=6)
    | st.sampled_from(
        [b'r="ZZZ9999999"', b"<c/>", b"</row>", b'r="A0"', b't="e"', b"<f/>", b"-1"]
    ),
    drop=st.integers(0, 30),
)
def test_workbook_xml_broken(member: str, where: float, put: bytes, drop: int) -> None:
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(GOOD["plan.xlsx"])) as old,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            at = int(where * len(data))
            new.writestr(
                name, data[:at] + put + data[at + drop :] if name == member else data
            )
    check_any("plan.xlsx", sink.getvalue())


# What a worksheet may be made of, right and wrong.
PIECES = st.lists(
    st.sampled_from(
        [
            "<row>", "<row r='3'>", "<row r='0'>", "</row>", "<c>", "<c r='B2'>", "<c t='s'>", "<c t='e' s='1'>", "</c>",
            "<c t='inlineStr'><is>", "</is></c>", "<is>", "</is>", "<t>", "</t>", "<r>", "</r>", "<rPh>", "</rPh>",
            "<v>", "<v/>", "</v>", "<f>A1</f>", "<f/>", "1", "-1", "1e400", "46326", "P1", "_x0000_", "_xD800_", "&#1;",
            "&amp;", "&l;", "<![CDATA[x]]>", "<!-- -->", "<?a b?>", "<x:c/>", "<a xmlns='u'/>", "<mergeCell/>", "\0",
            "<col hidden='1'/>", "<sheetData>", "</sheetData>", "<row><c t='str'><v>P2</v></c><c t='b'><v>1</v></c></row>",
        ]
    ),
    max_size=14,
)  # fmt: skip


@settings(quick, max_examples=150 * MORE)
@given(pieces=PIECES, strings=PIECES, is_strict=st.booleans())
def test_any_sheet(pieces: list[str], strings: list[str], is_strict: bool) -> None:
    main = STRICT if is_strict else MAIN
    shared = {
        "xl/sharedStrings.xml": f"<sst xmlns='{main}'><si>{''.join(strings)}</si></sst>"
    }
    check_any(
        "plan.xlsx", raw_workbook("".join(pieces), members=shared, is_strict=is_strict)
    )


@quick
@given(
    part=st.binary(max_size=120).map(
        lambda part: part.translate(None, b"/\0.") or b"x"
    ),
    content=st.sampled_from(["", PLAN]),
)
def test_any_name(part: bytes, content: str) -> None:
    check_any(os.fsdecode(b"plan.part-" + part + b".csv"), content.encode())


CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=8
) | st.sampled_from(["", "张三", "a,b", 'q"q', "x\ny", "x\r\ny", " ", "0", '"', "合计"])
ROWS = st.lists(st.tuples(CELL, CELL, CELL), max_size=12)


Quoting = Literal[0, 1]  # csv.QUOTE_MINIMAL or csv.QUOTE_ALL


def write_csv(
    rows: list[tuple[str, ...]], quoting: Quoting, delimiter: str, end: str
) -> str:
    sink = io.StringIO(newline="")
    if end != "\r\n":  # Python's writer leaves the other line ends bare
        quoting = csv.QUOTE_ALL
    writer = csv.writer(sink, quoting=quoting, delimiter=delimiter, lineterminator=end)
    writer.writerows([HEADER, *rows])
    return sink.getvalue()


def is_data(row: tuple[str, ...]) -> bool:
    return any(cell.strip() for cell in row) and fold_names(row) != HEADER


@settings(quick, max_examples=200 * MORE)
@given(
    rows=ROWS,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    delimiter=st.sampled_from([",", "\t"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@example(
    [("", "", ""), ("\x85", "", ""), ("\x1f", " ", "")],
    csv.QUOTE_MINIMAL,
    ",",
    "\n",
    "utf-8",
)
def test_what_is_written_is_read(
    rows: list[tuple[str, ...]], quoting: Quoting, delimiter: str, end: str, codec: str
) -> None:
    """Every cell comes back as it was written, and the fast and the strict reader agree on every row."""
    content = write_csv(rows, quoting, delimiter, end).encode(codec)
    with tempfile.TemporaryDirectory() as folder:
        delivery = extract_files(Path(folder), {"plan.csv": content})
        if delivery.state == "refused":  # random text can be mojibake by chance
            assert delivery.reason == "source.mojibake"
            return
        if any(
            "doubtful" in note for note in delivery.files[0].notes
        ):  # or text in two encodings
            assert content.decode("gb18030")
            return
        read = read_rows(Path(folder))
        with patch.object(csv_rows._ArrowReader, "read_block", return_value=None):
            assert deliver(Path(folder) / "strict", {"plan.csv": content})[1] == read
    expected = [tuple(cell or None for cell in row) for row in rows if is_data(row)]
    assert [tuple(row[name] for name in HEADER) for row in read] == expected
    assert {row["_fault"] for row in read} <= {None, "total_row"}


LINE = st.text(st.sampled_from('ab,"\t 张\r'), max_size=12)


@settings(quick, max_examples=300 * MORE)
@given(lines=st.lists(LINE, max_size=8), end=st.sampled_from(["\n", "\r\n"]))
@example(['"a",b,', '"",",",""'], "\n")
@example(['a",b",c'], "\n")
@example(['"a,"b,c'], "\n")
def test_fast_and_strict_readers_agree_on_any_lines(lines: list[str], end: str) -> None:
    content = PLAN + end.join(lines)
    with tempfile.TemporaryDirectory() as folder:
        fast = extract_files(Path(folder), {"plan.csv": content})
        rows = read_rows(Path(folder)) if fast.state != "refused" else []
        with patch.object(csv_rows._ArrowReader, "read_block", return_value=None):
            assert extract_files(Path(folder), {"plan.csv": content}) == fast
        assert (read_rows(Path(folder)) if fast.state != "refused" else []) == rows

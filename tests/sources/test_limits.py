"""A file has limits on columns, rows, bytes and time, and nothing in it costs more than its length."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from pipelines.sources import Limits
from tests.support.raw_workbook import put_row, put_text, raw_workbook, sheet_xml
from tests.support.source_files import (
    PLAN,
    deliver,
    extract_files,
    refused,
    run_limited,
)

ROW = "P1,a,1\n"


# -- columns -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2_001, 12_000, 500_000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_too_many_columns_in_a_csv(tmp_path: Path, count: int, end: str) -> None:
    more = ",".join(f"c{i}" for i in range(count - 3))
    key, facts = refused(
        tmp_path, {"plan.csv": f"plan_id,name,monthly_fee,{more}{end}P1,a,1{end}"}
    )
    assert (key, facts["limit"]) == ("too_many_columns", "2,000")


def test_too_many_columns_before_those_of_the_contract(tmp_path: Path) -> None:
    more = ",".join(f"c{i}" for i in range(12_000))
    assert refused(tmp_path, {"plan.csv": f"{more},{PLAN}"})[0] == "too_many_columns"


def test_too_many_columns_in_a_workbook(tmp_path: Path) -> None:
    names = ["plan_id", "name", "monthly_fee", *(f"c{i}" for i in range(12_000))]
    header = (
        "<row>" + "".join(f'<c t="str"><v>{name}</v></c>' for name in names) + "</row>"
    )
    key, facts = refused(
        tmp_path, {"plan.xlsx": raw_workbook(sheets={"plan": sheet_xml(header)})}
    )
    assert (key, facts["columns"]) == ("too_many_columns", "12,003")


def test_as_many_columns_as_may_be(tmp_path: Path) -> None:
    more = ",".join(f"c{i}" for i in range(1_997))
    delivery, _ = deliver(
        tmp_path, {"plan.csv": f"{PLAN.strip()},{more}\nP1,a,1{',x' * 1_997}\n"}
    )
    assert len(delivery.unknown) == 1_997


def test_empty_columns_at_the_end_are_none(tmp_path: Path) -> None:
    commas = "," * 50_000
    assert (
        deliver(tmp_path, {"plan.csv": f"{PLAN.strip()}{commas}\n{ROW}"})[0].rows == 1
    )


# -- rows, bytes, time -------------------------------------------------------------------------------------------


def test_too_many_rows(tmp_path: Path) -> None:
    assert (
        refused(tmp_path, {"plan.csv": PLAN + ROW * 11}, limits=Limits(rows=10))[0]
        == "too_many_rows"
    )
    assert (
        deliver(tmp_path, {"plan.csv": PLAN + ROW * 10}, limits=Limits(rows=10))[0].rows
        == 10
    )
    rows = "".join(put_row(i, put_text(f"A{i}", "P")) for i in range(2, 13))
    assert (
        refused(
            tmp_path / "x", {"plan.xlsx": raw_workbook(rows)}, limits=Limits(rows=10)
        )[0]
        == "too_many_rows"
    )


def test_too_many_bytes_unpacked(tmp_path: Path) -> None:
    packed = gzip.compress(os.urandom(100_000))
    key, facts = refused(
        tmp_path, {"plan.csv.gz": packed}, limits=Limits(unpacked_bytes=50_000)
    )
    assert (key, facts["limit"]) == ("archive_bomb", "50,000 bytes")


def test_too_much_time(tmp_path: Path) -> None:
    assert (
        refused(tmp_path, {"plan.csv": PLAN + ROW}, limits=Limits(seconds=-1))[0]
        == "too_slow"
    )
    content = raw_workbook(put_row(2, put_text("A2", "P1")))
    assert (
        refused(tmp_path / "x", {"plan.xlsx": content}, limits=Limits(seconds=-1))[0]
        == "too_slow"
    )


# -- nothing costs more than its length --------------------------------------------------------------------------


def _breaks_in_a_title() -> tuple[str, str]:
    """Each line of a title was cut off by itself, with a copy of all that follows."""
    title = ('"' + "\n" * 90_000 + '",') * 20
    return f"{title}x\n{PLAN}{ROW * 1_000_000}", "rows: 1000000"


def _breaks_in_the_header() -> tuple[str, str]:
    cells = ",".join('"c' + "\r" * 90_000 + f'{i}"' for i in range(20))
    return f"{PLAN.strip()},{cells}\n{ROW}", "rows: 1"


def _long_first_name() -> tuple[str, str]:
    """The first name was made into a pattern."""
    return "长" * 90_000 + "," + PLAN + "x," + ROW, "rows: 1"


def _endless_row() -> tuple[str, str]:
    """A row of quoted cells with line breaks has no end in any line."""
    return PLAN + ('"' + "a" * 1_000 + '\n",') * 20_000, "line_too_long"


def _wide_rows() -> tuple[str, str]:
    return PLAN + ("," * 1_000_000 + "x\n") * 10, "rows: 10"


def _many_quotes() -> tuple[str, str]:
    return PLAN + ('"' + '""' * 40_000 + '",a,1\n') * 100, "rows: 100"


def _near_mojibake() -> tuple[str, str]:
    return PLAN + "P1," + "寮犱笁" * 30_000 + ",1\n" + (
        "P2," + "é" * 90_000 + "ã€\u0080,1\n"
    ) * 50, "mojibake"


def _blanks() -> tuple[str, str]:
    return PLAN + (" " * 90_000 + "x,a,1\n") * 50, "rows: 50"


def _blank_names() -> tuple[str, str]:
    return " " * 90_000 + PLAN + ROW, "rows: 1"


HOSTILE = {
    make.__name__: make
    for make in (
        _breaks_in_a_title,
        _breaks_in_the_header,
        _long_first_name,
        _endless_row,
        _wide_rows,
        _many_quotes,
        _near_mojibake,
        _blanks,
        _blank_names,
    )
}


def try_hostile(folder: Path) -> dict[str, str]:
    """Deliver every hostile CSV and say in a word what came of it."""
    found = {}
    for name, make in HOSTILE.items():
        delivery = extract_files(folder / name, {"plan.csv": make()[0]})
        found[name] = (
            f"rows: {delivery.rows}"
            if delivery.reason is None
            else delivery.reason.removeprefix("source.")
        )
    return found


def test_no_csv_takes_long(tmp_path: Path) -> None:
    wanted = {name: make()[1] for name, make in HOSTILE.items()}
    assert run_limited("test_limits", tmp_path) == wanted

"""`retention plan`: what it tells, the workbook it writes, and how it ends where it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from python_calamine import CalamineWorkbook

from tests.cli.conftest import Retention
from tests.support.planned import DECEMBER, HANDED_DOWN, REVENUE, plan_of

pytestmark = pytest.mark.filterwarnings("ignore:'get_text_stream':DeprecationWarning")


@pytest.fixture
def written(planning: Path) -> Path:
    """A plan's file in the copied folder."""
    path = planning / "plan.yml"
    vnet = REVENUE | {
        "title": {"zh": "V网成员", "en": "V-net members"},
        "total": 24,
        "places": 0,
    }
    plan = plan_of(
        measures={"revenue": REVENUE, "vnet_members": vnet}, handed_down=HANDED_DOWN
    )
    path.write_text(yaml.safe_dump(plan, allow_unicode=True), encoding="utf-8")
    return path


def test_the_command_tells_the_plan_and_writes_its_files(
    retention: Retention, planning: Path, written: Path
) -> None:
    asked = ("plan", written, "--out", planning / "out", "--home", planning / "home")
    content = json.loads(retention(*asked, "--json").out)
    assert (
        content["year"],
        content["version"],
        content["is_new"],
        content["changes"],
    ) == (
        2026,
        1,
        True,
        [],
    )
    assert [m["measure"] for m in content["measures"]] == ["revenue", "vnet_members"]
    assert (
        content["files"][0] == "2026-01/target.csv"
        and content["files"][-1] == "plan_2026.xlsx"
    )
    assert list(content["months"]) == [str(DECEMBER)]
    before = (planning / "out" / "plan_2026.xlsx").read_bytes()
    again = retention(*asked, "--lang", "en")
    assert again.code == 0 and "nothing new" in again.out and "7440" in again.out
    assert (planning / "out" / "plan_2026.xlsx").read_bytes() == before
    written.write_text(
        written.read_text().replace("2026-1", "2026-2").replace("7440.00", "7441.00")
    )
    changed = retention(*asked, "--lang", "zh")
    assert "第 2 版" in changed.out and "未认领" in changed.out
    assert json.loads(retention(*asked, "--json").out)["changes"][0]["level"] == "year"


def test_the_workbook_has_a_sheet_a_measure_and_a_row_a_scope(
    retention: Retention, planning: Path, written: Path
) -> None:
    retention(
        "plan",
        written,
        "--out",
        planning / "out",
        "--home",
        planning / "home",
        "--lang",
        "en",
    )
    book = CalamineWorkbook.from_path(planning / "out" / "plan_2026.xlsx")
    assert book.sheet_names == ["revenue", "V-net members", "Handed down as they are"]
    lines = book.get_sheet_by_name("revenue").to_python()
    assert "2026-1" in str(lines[1][0]) and lines[2][3:6] == [
        "Whole year",
        "2026-01",
        "2026-02",
    ]
    assert lines[3][:5] == ["company", "", "", 7440, 620] and lines[4][:5] == [
        "branch",
        "B1",
        "",
        2760,
        230,
    ]
    assert lines[5][:5] == ["manager", "B1", "M1", 1440, 120]
    assert [line[:5] for line in lines[-2:]] == [
        ["branch", "unclaimed", "", 480, 40],
        ["manager", "unclaimed", "unclaimed", 480, 40],
    ]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [("year: [", 10, "line 1"), (None, 10, "There is no file")],
)
def test_a_plan_that_cannot_be_read_ends_with_10(
    retention: Retention, planning: Path, written: Path, text: str | None, code: int, words: str
) -> None:  # fmt: skip
    written.write_text(text) if text else written.unlink()
    answer = retention(
        "plan",
        written,
        "--out",
        planning / "out",
        "--home",
        planning / "home",
        "--lang",
        "en",
    )
    assert answer.code == code and words in answer.err


def test_where_no_file_can_be_written_it_ends_with_17(
    retention: Retention, planning: Path, written: Path
) -> None:
    (planning / "out").write_text("a file, no folder")
    answer = retention(
        "plan",
        written,
        "--out",
        planning / "out",
        "--home",
        planning / "home",
        "--lang",
        "en",
    )
    assert answer.code == 17 and answer.err.strip() and "Traceback" not in answer.err

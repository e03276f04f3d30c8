"""Files that workers read, each by itself: what one process makes of them, to the byte, whatever is told twice."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from pipelines.core.errors import SourceNotReady, SpecError
from pipelines.sources import Limits, open_source
from tests.support.source_files import MONTH, PLAN, put_files

T = TypeVar("T")
Files = Mapping[str, bytes | str]
_MAPPING = "plan:\n  columns: {套餐: plan_id, 名称: name, 月费: monthly_fee}\n"
_OWN = "套餐,名称,月费\nP1,畅享,100.00\n"
PLANS: dict[str, Files] = {
    "one file": {"plan.csv": f"{PLAN}P1,畅享,100.00\n"},
    "nothing": {"plan.csv": PLAN},
    "several": {
        "plan.part-2.csv": f"{PLAN}P3,c,3\n\nP4,d,4\n",
        "plan.part-1.csv": f"sep=;\n{PLAN.replace(',', ';')}P1;a;1\n合计;;1\n",
        "plan.part-10.csv": "monthly_fee,plan_id,name,note\n5,P5,e,x\n",
    },
    "the same twice": {"plan.part-1.csv": PLAN, "plan.part-2.csv": PLAN},
    "one is missing": {"plan.part-1.csv": PLAN, "plan.part-3.csv": f"{PLAN}P1,a,1\n"},
    "the second breaks off": {
        "plan.part-1.csv": f"{PLAN}P1,a,1\n",
        "plan.part-2.csv": f"{PLAN}P2,b,2\nP3,",
        "plan.part-3.csv": "no header\n",
    },
    "the first is none": {
        "plan.part-1.csv": b"\xd0\xcf\x11\xe0",
        "plan.part-2.csv": f'{PLAN}P2,"b,2\n',
    },
    "doubtful": {
        "plan.part-1.csv": PLAN.encode() + "P1,中文,1\n".encode("gb18030"),
        "plan.part-2.csv": PLAN.encode() + "P2,联通畅享,2\n".encode("gb18030"),
    },
    "too many": {"plan.part-1.csv": PLAN + "P1,a,1\n" * 9, "plan.part-2.csv": f"{PLAN}P2,b,2\n"},
    "by names of their own": {
        "mapping.yml": _MAPPING,
        "plan.part-1.csv": _OWN,
        "plan.part-2.csv": _OWN.replace("P1", "P2"),
    },
}  # fmt: skip


def call_twice(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Call what arrives of each function in another process, as when it is tried again; the later one counts."""
    called: list[T] = []
    for task in tasks:
        sent = pickle.dumps(task)
        for _ in range(2):
            returned = pickle.dumps(pickle.loads(sent)())
        called.append(pickle.loads(returned))
    return called


def read_folder(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("delivered", PLANS)
def test_files_are_read_as_by_one(tmp_path: Path, delivered: str) -> None:
    source = open_source(put_files(tmp_path, PLANS[delivered]), Limits(rows=8))
    here = source.extract(MONTH, tmp_path / "here")
    there = source.extract(MONTH, tmp_path / "there", call_twice)
    assert there == here
    assert read_folder(tmp_path / "there") == read_folder(tmp_path / "here")
    [plan] = [one for one in here if one.table == "plan"]
    assert plan.state != "absent"


def test_a_mapping_that_names_what_no_file_has(tmp_path: Path) -> None:
    """It is told as it is told by one process, whichever task found it."""
    files = {
        **PLANS["by names of their own"],
        "mapping.yml": _MAPPING.replace("月费", "资费"),
    }
    source = open_source(put_files(tmp_path, files))
    told = []
    for call_each in (None, call_twice):
        with pytest.raises(SpecError) as caught:
            source.extract(MONTH, tmp_path / "out", call_each)
        told.append((caught.value.key, caught.value.facts))
    assert told[0] == told[1]


def test_a_worker_that_does_not_see_the_delivery(tmp_path: Path) -> None:
    folder = put_files(tmp_path, PLANS["one file"])
    source = open_source(folder)

    def call_elsewhere(tasks: Sequence[Callable[[], T]]) -> list[T]:
        folder.rename(tmp_path / "away")
        try:
            return call_twice(tasks)
        finally:
            (tmp_path / "away").rename(folder)

    with pytest.raises(SourceNotReady, match="source.month_missing") as caught:
        source.extract(MONTH, tmp_path / "out", call_elsewhere)
    assert str(folder) in str(caught.value.facts["folder"])

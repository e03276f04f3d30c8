"""What may lie in a month's folder under a table's name: any bytes as a name, and things that are no files."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.names import show_name
from pipelines.sources import open_source
from pipelines.sources.operator.delivered_file import open_delivered
from pipelines.sources.operator.delivery import FileRefused
from tests.support.source_files import (
    MONTH,
    PLAN,
    deliver,
    extract_files,
    put_files,
    refused,
)

ROW = PLAN + "P1,a,1\n"


# -- names -------------------------------------------------------------------------------------------------------

NAMES = {
    b"plan.part-1.csv": "plan.part-1.csv",
    b"plan.part-\xff\xfe.csv": r"plan.part-\xff\xfe.csv",
    "plan.part-张三.csv".encode("gb18030"): r"plan.part-\xd5\xc5\xc8\xfd.csv",
    "plan.part-张三.csv".encode(): "plan.part-张三.csv",
    b"plan.part-a\nb.csv": r"plan.part-a\nb.csv",
    b"plan.part-\x1b[31m.csv": r"plan.part-\u001b[31m.csv",
    "plan.part-\u202egpj.csv".encode(): r"plan.part-\u202egpj.csv",
    "plan.part-\u200b\ue000.csv".encode(): r"plan.part-\u200b\ue000.csv",
    b"plan.part-a\\xff.csv": r"plan.part-a\\xff.csv",
    b"plan.part--x;$(id)'\".csv": "plan.part--x;$(id)'\".csv",
    b"plan.part-" + b"\xff" * 241 + b".csv": "plan.part-" + r"\xff" * 241 + ".csv",
}


@pytest.mark.parametrize("name", NAMES, ids=list(map(str, range(len(NAMES)))))
def test_a_name_of_any_bytes_is_shown_as_visible_text(
    tmp_path: Path, name: bytes
) -> None:
    delivery, rows = deliver(tmp_path, {os.fsdecode(name): ROW})
    assert {row["_file"] for row in rows} == {delivery.files[0].name} == {NAMES[name]}
    assert NAMES[name].isprintable() and NAMES[name].encode()


def test_no_two_names_are_shown_alike() -> None:
    assert (
        show_name(os.fsdecode(b"\xff"))
        == r"\xff"
        != show_name(r"\xff")
        == r"\\xff"
        != show_name("\u00ff")
    )
    assert show_name(os.fsdecode(b"\x85")) != show_name("\x85")


def test_a_stranger_of_any_name_is_told(tmp_path: Path) -> None:
    source = open_source(
        put_files(
            tmp_path,
            {
                "plan.csv": ROW,
                os.fsdecode(b"\xff\n"): "",
                "-x.csv": "",
                "bill.csv\n": "",
            },
        )
    )
    assert set(source.unknown_files(MONTH)) == {r"\xff\n", "-x.csv", r"bill.csv\n"}
    assert source.fingerprint(MONTH)


def test_a_refused_file_is_told_by_its_shown_name(tmp_path: Path) -> None:
    name = os.fsdecode(b"plan.part-\xff.csv")
    key, facts = refused(tmp_path, {name: "x"})
    assert key == "no_header" and facts["file"] == r"plan.part-\xff.csv"
    assert (
        refused(tmp_path, {os.fsdecode(b"plan.part-\xfe.csv"): "x"})[0]
        == "duplicate_part"
    )


# -- things that are no files ------------------------------------------------------------------------------------


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere.csv")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _outside(path: Path) -> None:
    outside = path.parents[2] / "outside.csv"
    outside.write_text(ROW)
    path.symlink_to(outside)


def _outside_by_steps(path: Path) -> None:
    """A link inside the delivery to a link that leads out of it."""
    outside = path.parents[2] / "outside.csv"
    outside.write_text(ROW)
    step = path.parent / "step"
    step.symlink_to(outside)
    path.symlink_to("step")


def _outside_by_folder(path: Path) -> None:
    (path.parents[2] / "far").mkdir()
    (path.parents[2] / "far" / "plan.csv").write_text(ROW)
    (path.parent / "near").symlink_to(path.parents[2] / "far")
    path.symlink_to("near/plan.csv")


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_to_pipe(path: Path) -> None:
    os.mkfifo(path.parent / "pipe")
    path.symlink_to("pipe")


def _socket(path: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "plan.csv").write_text(ROW)


THINGS: dict[Callable[[Path], None], str] = {
    _dangling: "link_dangling",
    _loop: "link_dangling",
    _outside: "link_outside",
    _outside_by_steps: "link_outside",
    _outside_by_folder: "link_outside",
    _device: "is_special",
    _pipe: "is_special",
    _link_to_pipe: "is_special",
    _socket: "is_special",
    _folder: "is_folder",
}


@pytest.mark.parametrize(
    "name", ["plan.csv", "plan.xlsx", "plan.parquet", "plan.csv.gz"]
)
@pytest.mark.parametrize("make", THINGS, ids=lambda make: make.__name__)
def test_what_is_no_file_refuses_its_table_by_name(
    tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    balance = "customer_id,balance_amount\nC1,5\n"
    source = put_files(tmp_path, {"prepaid_balance.csv": balance})
    make(source / str(MONTH) / name)
    delivery = extract_files(tmp_path, {})
    assert (delivery.state, delivery.reason) == ("refused", f"source.{THINGS[make]}")
    assert delivery.facts["file"] == name and [
        file.name for file in delivery.files
    ] == [name]
    assert extract_files(tmp_path, {}, "prepaid_balance").rows == 1
    assert open_source(source).fingerprint(MONTH)


def test_a_link_inside_the_delivery_is_followed(tmp_path: Path) -> None:
    source = put_files(tmp_path, {})
    (source / "2026-09").mkdir()
    (source / "2026-09" / "plan.csv").write_text(ROW)
    (source / str(MONTH) / "plan.csv").symlink_to("../2026-09/plan.csv")
    assert extract_files(tmp_path, {}).rows == 1


def test_the_source_and_the_month_may_be_links(tmp_path: Path) -> None:
    real = put_files(tmp_path / "real", {"plan.csv": ROW}) / str(MONTH)
    (real / "plan.part-1.csv").symlink_to("plan.csv")
    (real / "plan.csv").rename(real / "stranger.csv")
    (real / "plan.part-1.csv").unlink()
    (real / "plan.part-1.csv").symlink_to("stranger.csv")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / str(MONTH)).symlink_to(real)
    assert extract_files(tmp_path, {}).rows == 1
    (tmp_path / "link").symlink_to(tmp_path / "source")
    delivery = open_source(tmp_path / "link").extract(MONTH, tmp_path / "out2")
    assert sum(one.rows for one in delivery) == 1


def test_a_link_that_is_mended_changes_the_fingerprint(tmp_path: Path) -> None:
    source = put_files(tmp_path, {"a.csv": ROW})
    plan = source / str(MONTH) / "plan.csv"
    plan.symlink_to("b.csv")
    before = open_source(source).fingerprint(MONTH)
    plan.unlink()
    plan.symlink_to("a.csv")
    assert open_source(source).fingerprint(MONTH) != before


def test_a_pipe_that_takes_a_files_place_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.csv"
    path.write_text(ROW)
    stat = Path.lstat

    def swap(self: Path) -> os.stat_result:
        found = stat(self)
        path.unlink(missing_ok=True)
        if not os.path.lexists(path):
            os.mkfifo(path)
        return found

    monkeypatch.setattr(Path, "lstat", swap)
    with pytest.raises(FileRefused, match="is_special"):
        open_delivered(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    (put_files(tmp_path, {"plan.csv": ROW}) / str(MONTH) / "plan.csv").chmod(0)
    assert refused(tmp_path, {})[0] == "no_permission"


def test_a_file_that_may_not_be_opened_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_files(tmp_path, {"plan.csv": ROW})

    really_open = os.open

    def forbid(path: str | Path, *arguments: int, **more: Any) -> int:
        if str(path).endswith("plan.csv"):
            raise PermissionError(13, "Permission denied", str(path))
        return really_open(path, *arguments, **more)

    monkeypatch.setattr("pipelines.sources.operator.delivered_file.os.open", forbid)
    assert refused(tmp_path, {})[0] == "no_permission"

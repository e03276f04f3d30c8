"""Files are there whole or not at all, and the same content is the same bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.store import files
from pipelines.store.files import (
    hash_file,
    read_json,
    rename_folder,
    replacing,
    write_json,
    write_parquet,
    write_text,
)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "full"))
    )
    with pytest.raises(OSError, match="full"):
        write_text(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_folders_are_made_and_modes_kept(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "c.txt", "x", mode=0o600)
    assert (tmp_path / "a" / "b" / "c.txt").stat().st_mode & 0o777 == 0o600


def test_json_is_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"月": 1, "a": [2, {"z": 0, "b": None}]})
    write_json(tmp_path / "b", {"a": [2, {"b": None, "z": 0}], "月": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (
        read_json(tmp_path / "a") == {"月": 1, "a": [2, {"z": 0, "b": None}]}
        and read_json(tmp_path / "c") is None
    )


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_parquet_is_the_same_bytes_however_the_rows_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(files, "ROW_GROUP", 100)
    table = pa.table(
        {
            "n": list(range(1000)),
            "t": [f"t{i % 7}" if i % 5 else None for i in range(1000)],
        }
    )
    whole = write_parquet(tmp_path / "whole", table.to_reader())
    cut = write_parquet(tmp_path / "cut", table.to_reader(max_chunksize=size))
    assert (
        cut == whole
        and whole.rows == 1000
        and whole.sha256 == hash_file(tmp_path / "cut")
    )


def test_parquet_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    empty = pa.table({"n": pa.array([], pa.int64())})
    assert write_parquet(tmp_path / "e", empty.to_reader()).rows == 0
    assert pa.parquet.read_schema(tmp_path / "e").names == ["n"]


def test_a_folder_is_renamed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_text(tmp_path / "a" / "x", "1")
    rename_folder(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b" / "x").read_text() == "1" and not (tmp_path / "a").exists()

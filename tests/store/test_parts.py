"""A table in parts holds the rows of the same table in one file, is read in their order, and is hashed as `sha256sum` would."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.errors import StorageError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.engines import open_workbench
from pipelines.engines.duckdb import DuckEngine
from pipelines.store.files import Written, write_parquet
from pipelines.store.manifest import TableEntry
from pipelines.store.parts import (
    Parts,
    check_stored,
    complete_parts,
    copy_stored,
    hash_stored,
    list_files,
    place_table,
    write_parts,
)
from pipelines.store.versions import Draft

NAME = "features_line"
BY_CUSTOMER = Parts(16, "customer_id", ("list", "customer_id"))
SCHEMA = pa.schema(
    [("list", pa.string()), ("customer_id", pa.string()), ("rank", pa.int64())]
)
ROWS = st.lists(
    st.builds(
        lambda name, customer: {"list": name, "customer_id": customer, "rank": 1},
        st.sampled_from(["arrears", "renewals"]),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    ),
    max_size=60,
    unique_by=lambda row: (row["list"], row["customer_id"]),
)


@contextmanager
def workbench(folder: Path) -> Iterator[DuckEngine]:
    engine_settings = load_settings(memory_limit="500MB", threads=1)
    with open_workbench(engine_settings, [folder], folder / "tmp") as engine:
        yield engine


def write_both(
    folder: Path, rows: list[Mapping[str, object]], parts: Parts = BY_CUSTOMER
) -> tuple[Written, Written]:
    """Write rows as a file and in parts; return what was written."""
    with workbench(folder) as engine:
        engine.register("made", pa.Table.from_pylist(rows, schema=SCHEMA))
        sql = "SELECT * FROM made"
        one = engine.write(sql, place_table(folder, NAME), parts.order)
        many = engine.write(
            sql, place_table(folder, NAME, parts), parts.order, None, parts
        )
    return one, many


def many_rows(count: int) -> list[Mapping[str, object]]:
    return [
        {"list": "arrears", "customer_id": f"c{number:05d}", "rank": number}
        for number in range(count)
    ]


def draft_of(folder: Path, parts: Parts, written: Written) -> Draft:
    """A draft with the one table."""
    draft = Draft(Month(2024, 3), folder)
    entry = TableEntry.computed("features", written, parts=parts)
    draft.finished = {NAME: entry}
    return draft


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_parts_hold_what_the_file_holds(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Mapping[str, object]]
) -> None:
    """The rows of all parts, read as one table, are those of the file in the file's order."""
    folder = tmp_path_factory.mktemp("parts")
    one, many = write_both(folder, rows)
    draft = draft_of(folder, BY_CUSTOMER, many)
    expected = pq.read_table(place_table(folder, NAME))
    assert one.rows == many.rows == draft.count_rows(NAME) == len(rows)
    assert draft.read_arrow(NAME).equals(expected)
    assert draft.read_rows(NAME) == expected.to_pylist()
    ranks = draft.read_arrow(NAME, ["rank"]).column_names
    assert ranks == ["rank"] and draft.list_columns(NAME) == SCHEMA.names


@pytest.mark.parametrize("count", [16, 256])
def test_a_row_lies_where_its_keys_md5_says(tmp_path: Path, count: int) -> None:
    parts = Parts(count, "customer_id", ("list", "customer_id"))
    _, many = write_both(tmp_path, many_rows(500), parts)
    files = list_files(place_table(tmp_path, NAME, parts))
    assert [file.stem for file in files] == parts.names and len(files) == count
    for file in files:
        ids = pq.read_table(file).column("customer_id").to_pylist()
        assert ids == sorted(ids)
        for customer in ids:
            assert md5(customer.encode()).hexdigest().startswith(file.stem)
    assert many.rows == 500


def test_the_hash_is_that_of_sha256sum(tmp_path: Path) -> None:
    """Who has coreutils can check a table."""
    _, many = write_both(tmp_path, many_rows(40))
    place = place_table(tmp_path, NAME, BY_CUSTOMER)
    command = "LC_ALL=C; export LC_ALL; sha256sum *.parquet | sha256sum"
    said = subprocess.run(
        ["sh", "-c", command], cwd=place, capture_output=True, text=True, check=True
    )
    assert said.stdout.split()[0] == many.sha256 == hash_stored(place)


def test_the_size_of_batches_changes_no_byte(tmp_path: Path) -> None:
    """Engines give their rows in batches as they like."""
    _, many = write_both(tmp_path, many_rows(300))
    with workbench(tmp_path) as engine:
        engine.register("made", pa.Table.from_pylist(many_rows(300), schema=SCHEMA))
        ordered = BY_CUSTOMER.order_sql("SELECT * FROM made")
        rows = engine.execute(ordered).to_arrow_table()
    for size in (1, 7, 300):
        again = tmp_path / f"again_{size}"
        stream = pa.RecordBatchReader.from_batches(
            rows.schema, rows.to_batches(max_chunksize=size)
        )
        written = write_parts(again, stream)
        assert complete_parts(again, SCHEMA, BY_CUSTOMER, written) == many


def test_readers_see_one_table(tmp_path: Path) -> None:
    """What is asked of a table is answered over all parts, in the order of its key."""
    _, many = write_both(tmp_path, many_rows(100))
    draft = draft_of(tmp_path, BY_CUSTOMER, many)
    first = draft.read_first(NAME, ["customer_id"], ["list"], 3)
    assert [row["customer_id"] for row in first] == ["c00000", "c00001", "c00002"]
    assert draft.count_by(NAME, ["list"]) == [{"list": "arrears", "count": 100}]
    [only] = draft.read_rows(NAME, ["rank"], {"customer_id": "c00042"})
    assert only == {"rank": 42}
    wanted = draft.among(NAME, "customer_id", {"customer_id": ("c00001", "c00099")})
    found = draft.read_rows(NAME, ["rank"], {"customer_id": wanted})
    assert [row["rank"] for row in found] == [1, 99]
    few = draft.read_arrow(NAME, ["rank"], pc.field("rank") < 5)
    assert few.column("rank").to_pylist() == [0, 1, 2, 3, 4]
    assert draft.read_schema(NAME) == SCHEMA
    assert draft.count_bytes(NAME) == sum(
        file.stat().st_size for file in draft.table(NAME).iterdir()
    )


@pytest.mark.parametrize("name", ["0", "7", "f"])
def test_a_part_that_is_gone_is_named(tmp_path: Path, name: str) -> None:
    _, many = write_both(tmp_path, many_rows(40))
    draft = draft_of(tmp_path, BY_CUSTOMER, many)
    gone = draft.table(NAME) / f"{name}.parquet"
    gone.unlink()
    with pytest.raises(StorageError) as caught:
        draft.read_rows(NAME)
    assert (caught.value.key, caught.value.facts["where"]) == ("storage.gone", gone)


def test_a_part_that_is_cut_off_is_named(tmp_path: Path) -> None:
    _, many = write_both(tmp_path, many_rows(40))
    draft = draft_of(tmp_path, BY_CUSTOMER, many)
    torn = draft.table(NAME) / "7.parquet"
    torn.write_bytes(torn.read_bytes()[:-9])
    with pytest.raises(StorageError) as caught:
        draft.read_rows(NAME)
    assert (caught.value.key, caught.value.facts["where"]) == ("storage.torn", torn)


def test_a_copy_has_the_same_hash(tmp_path: Path) -> None:
    one, many = write_both(tmp_path, many_rows(40))
    (tmp_path / "copy").mkdir()
    for parts, written in ((None, one), (BY_CUSTOMER, many)):
        copy_stored(place_table(tmp_path, NAME, parts), tmp_path / "copy")
        copied = place_table(tmp_path / "copy", NAME, parts)
        assert hash_stored(check_stored(copied)) == written.sha256


def test_a_part_that_two_wrote_is_no_table(tmp_path: Path) -> None:
    """Rows of one part that two workers were given would be lost: the later file is in the earlier's place."""
    rows = pa.Table.from_pylist(many_rows(40), schema=SCHEMA)
    marked = rows.append_column("_part", pa.array(["3"] * rows.num_rows))
    written = write_parts(tmp_path / NAME, marked.to_reader())
    with pytest.raises(StorageError):
        complete_parts(tmp_path / NAME, SCHEMA, BY_CUSTOMER, [*written, *written])


def test_nobody_else_may_read_a_part(tmp_path: Path) -> None:
    write_both(tmp_path, many_rows(3))
    place = place_table(tmp_path, NAME, BY_CUSTOMER)
    assert place.stat().st_mode & 0o077 == 0
    for file in place.iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_an_entry_of_a_manifest_says_how(tmp_path: Path) -> None:
    written = write_parquet(
        tmp_path / "t.parquet", pa.Table.from_pylist([], schema=SCHEMA).to_reader()
    )
    whole = TableEntry.computed("features", written)
    assert "parts" not in whole.to_json()
    cut = TableEntry.computed("features", written, parts=BY_CUSTOMER)
    assert TableEntry.from_json(cut.to_json()) == cut

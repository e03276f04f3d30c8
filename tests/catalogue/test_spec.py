"""SQL files: front matter and one SELECT, read in the order they depend on each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import ROOMS
from pipelines.catalogue import spec as module
from pipelines.catalogue.outputs import load_kpis, load_lists
from pipelines.catalogue.spec import (
    TableName,
    load_named_specs,
    load_room_specs,
    load_spec,
)
from pipelines.core.errors import SpecError
from pipelines.core.paths import SQL
from pipelines.jobs.day_tables import ROOM as DAILY
from pipelines.jobs.plan.weights import ROOM as PLAN

GOOD = "/* ---\ntitle: {zh: 好, en: good}\nowner: us\nkey: [a]\n--- */\nSELECT 1 AS a\n"


def written(
    folder: Path, text: str, name: str = "thing.sql", room: str = "features"
) -> Path:
    path = folder / room / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("SELECT 1", "spec.no_front_matter"),
        ("/* ---\ntitle: {\n--- */\nSELECT 1", "yaml.bad"),
        ("/* ---\ntitle: a\ntitle: b\n--- */\nSELECT 1", "yaml.bad"),
        ("/* ---\n- a\n--- */\nSELECT 1", "written.bad"),
    ],
)
def test_a_file_without_its_block_is_named(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(written(tmp_path, text))
    facts = caught.value.facts
    assert caught.value.key == key and "sql/features/thing.sql" in (
        facts.get("where"),
        facts.get("file"),
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "DROP TABLE x",
        "INSERT INTO x SELECT 1",
        "SELEC 1",
        "SELECT (1",
        "SELECT 'a",
        "",
    ],
)
def test_only_one_select_is_taken(tmp_path: Path, sql: str) -> None:
    spec = load_spec(written(tmp_path, GOOD.replace("SELECT 1 AS a", sql)))
    with pytest.raises(SpecError, match="spec.(not_one_select|unparsable)"):
        _ = spec.tree


def test_what_a_file_reads_and_asks_for(tmp_path: Path) -> None:
    sql = (
        "WITH mine AS (SELECT * FROM snapshot_bill WHERE d > :last_day), x AS (SELECT 1 FROM mine) "
        "SELECT m.a, :month AS month FROM mine AS m JOIN m1.features_owner AS o ON o.a = m.a "
        "WHERE m.a IN (SELECT a FROM prior.mine)"
    )
    spec = load_spec(written(tmp_path, GOOD.replace("SELECT 1 AS a", sql)))
    owner, bill, mine = (
        TableName("features_owner", "m1"),
        TableName("snapshot_bill"),
        TableName("mine", "prior"),
    )
    assert spec.reads == {owner, bill, mine} and spec.parameters == {
        "last_day",
        "month",
    }
    assert (spec.table, spec.where, spec.title("zh"), spec.title("fr")) == (
        "features_thing",
        "sql/features/thing.sql",
        "好",
        "good",
    )


def test_a_tree_is_a_copy(tmp_path: Path) -> None:
    spec = load_spec(written(tmp_path, GOOD))
    spec.tree.args["expressions"].clear()
    assert spec.tree.named_selects == ["a"]


def test_a_hash_is_of_the_text(tmp_path: Path) -> None:
    one, other = (
        written(tmp_path, GOOD),
        written(tmp_path, GOOD + "-- why\n", "other.sql"),
    )
    assert (
        load_spec(one).hash != load_spec(other).hash
        and load_spec(one).sql == "SELECT 1 AS a"
    )


def test_files_come_after_what_they_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SQL", tmp_path)
    monkeypatch.setattr(module, "load_named_specs", module.load_named_specs.__wrapped__)
    for name, reads in (
        ("a", "features_c"),
        ("b", "snapshot_bill"),
        ("c", "features_b"),
        ("d", "prior.features_a"),
    ):
        written(
            tmp_path,
            GOOD.replace("SELECT 1 AS a", f"SELECT a FROM {reads}"),
            f"{name}.sql",
        )
    names = [s.name for s in load_room_specs.__wrapped__("features")]
    assert sorted(names) == ["a", "b", "c", "d"] and names.index("b") < names.index(
        "c"
    ) < names.index("a")


def test_a_circle_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SQL", tmp_path)
    monkeypatch.setattr(module, "load_named_specs", module.load_named_specs.__wrapped__)
    for name, reads in (
        ("a", "features_b"),
        ("b", "features_a"),
        ("c", "snapshot_bill"),
    ):
        written(
            tmp_path,
            GOOD.replace("SELECT 1 AS a", f"SELECT a FROM {reads}"),
            f"{name}.sql",
        )
    with pytest.raises(SpecError, match="spec.cycle.*features_a, features_b"):
        load_room_specs.__wrapped__("features")


def test_every_file_of_ours_loads_and_belongs_to_a_room_a_day_or_a_plan() -> None:
    folders = [p.name for p in SQL.iterdir() if p.is_dir()]
    assert set(folders) <= {*ROOMS, DAILY, PLAN}
    specs = [spec for room in folders for spec in load_room_specs(room)]
    files = [spec.path for spec in specs if not spec.again_of]
    assert sorted(files) == sorted(SQL.glob("*/*.sql")) and len(files) > 50


def test_a_table_is_made_again_of_an_earlier_era() -> None:
    """Under its own title and fingerprint, of the tables that are made again of that era as well."""
    specs = load_named_specs("feedback")
    order, again = specs["order"], specs["order_m3"]
    assert (again.table, again.where) == ("feedback_order_m3", order.where)
    assert (order.meta["orders_of"], again.meta["orders_of"]) == ("m1", "m3")
    assert order.reads ^ again.reads == {
        TableName("dispatch_order", "m1"),
        TableName("dispatch_order", "m3"),
    }
    assert again.title("en") != order.title("en") and again.hash != order.hash
    kept, kept_again = specs["kept"], specs["kept_m3"]
    assert kept.reads ^ kept_again.reads == {
        TableName("feedback_order"),
        TableName("feedback_order_m3"),
    }
    assert list(specs) == sorted(specs)


def test_lists_come_by_priority_and_kpis_inherit_from_their_default() -> None:
    assert [s.meta["priority"] for s in load_lists()] == sorted(
        s.meta["priority"] for s in load_lists()
    )
    for kpi in load_kpis():
        assert kpi.name == kpi.spec.name.split(".")[0] and {
            "unit",
            "better",
            "default",
            "title",
        } <= set(kpi.meta)
    defaults = {kpi.name: kpi.meta["default"] for kpi in load_kpis()}
    variants = [(kpi.name, v) for kpi in load_kpis() for v in kpi.variants]
    assert len(set(variants)) == len(variants) and set(defaults.items()) <= set(
        variants
    )

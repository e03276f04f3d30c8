"""Every SQL file keeps the rules: what it says of itself, what it reads, what it returns."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pytest
import yaml
from sqlglot import exp

from pipelines import ROOMS
from pipelines.catalogue.lineage import list_table_columns, trace_origin
from pipelines.catalogue.outputs import Kpi, hash_meaning, load_kpis, load_lists
from pipelines.catalogue.spec import EARLIER, Spec, TableName, load_named_specs
from pipelines.catalogue.tables import list_tables_of_code
from pipelines.core.contract import load_contract, snapshot_columns
from pipelines.core.paths import SQL
from pipelines.rooms import dispatch
from pipelines.rooms.context import find_declared
from pipelines.text.evidence import FIXED, OFTEN, find_places
from tests.cases.bench import MADE, described, make_context, open_engine
from tests.cases.form import CASES, load_cases

ROOMS_OF_FILES = sorted({path.parent.name for path in SQL.glob("*/*.sql")})
SPECS = [spec for room in ROOMS_OF_FILES for spec in load_named_specs(room).values()]
KPIS = list(load_kpis())
DEFINITIONS = yaml.safe_load((SQL / "kpi" / "definitions.yml").read_text("utf-8"))
FEATURES = [spec for spec in SPECS if spec.room == "features"]

every_spec = pytest.mark.parametrize(
    "spec", SPECS, ids=lambda spec: f"{spec.room}/{spec.name}"
)
every_feature = pytest.mark.parametrize("spec", FEATURES, ids=lambda spec: spec.name)
every_list = pytest.mark.parametrize("spec", load_lists(), ids=lambda spec: spec.name)
every_kpi = pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.spec.name)

# -- what a file says of itself ----------------------------------------------------------------------------------

ANYWHERE = {"title", "owner", "tolerates", "needs", "needs_one_of", "version"}
KEYS = {
    "features": {"key", "carry", "model", "windows"},
    "validate": {"key"},
    "feedback": {"key", "orders_of", "again_of"},
    "kpi": {
        *(
            "unit",
            "denominator",
            "better",
            "target",
            "default",
            "variants",
            "variants_of",
            "declared_variants",
            "note",
            "shown_in",
        ),
        *("value", "interval", "scopes", "window", "window_of", "lag", "period", "was"),
    },
    "dispatch": {
        "purpose",
        "priority",
        "holdout",
        "due",
        "action",
        "assign",
        "remember",
        "scored",
        "reason",
        "script",
        "evidence",
        "prior",
        "minimum",
        "outcomes",
        "verify",
    },
}


def is_bilingual(value: Any) -> bool:
    return (
        isinstance(value, dict) and set(value) == {"zh", "en"} and all(value.values())
    )


@every_spec
def test_front_matter_has_no_key_that_nobody_reads(spec: Spec) -> None:
    assert set(spec.meta) <= ANYWHERE | KEYS.get(spec.room, {"key"})


@every_spec
def test_title_is_in_both_languages(spec: Spec) -> None:
    has_its_own = spec.room != "kpi" or "." not in spec.name
    assert (
        is_bilingual(spec.meta.get("title"))
        if has_its_own
        else "title" not in spec.meta
    )


@every_feature
def test_feature_has_a_key_in_its_columns(spec: Spec) -> None:
    assert spec.meta["key"]
    assert set(spec.meta["key"]) <= set(list_table_columns(spec.table))


@every_kpi
def test_kpi_says_unit_direction_and_default(kpi: Kpi) -> None:
    assert kpi.meta["unit"] in {"ratio", "amount", "count", "per_10k", "days", "score"}
    assert kpi.meta["better"] in {"higher", "lower"}
    default_file = next(k for k in KPIS if k.spec.name == kpi.name)
    assert kpi.meta["default"] in default_file.variants


@every_kpi
def test_kpi_says_its_version_and_its_lag_in_months(kpi: Kpi) -> None:
    assert isinstance(kpi.spec.meta["version"], int)
    assert kpi.meta.get("lag", 0) in {0, 1, 3}


@every_kpi
def test_a_changed_definition_has_a_new_version(kpi: Kpi) -> None:
    """What a KPI means stands in `definitions.yml` under its version; a change of it needs the next one there."""
    known = DEFINITIONS[kpi.spec.name]
    assert max(known) == kpi.spec.meta["version"] and sorted(known) == list(
        range(1, max(known) + 1)
    )
    assert known[kpi.spec.meta["version"]] == hash_meaning(kpi), (
        f"give {kpi.spec.where} a new version, and add {hash_meaning(kpi)};"
        f" or put it in the place of {known[kpi.spec.meta['version']]}, if no month was ever made of it"
    )


def test_no_definition_is_forgotten() -> None:
    assert set(DEFINITIONS) >= {kpi.spec.name for kpi in KPIS}


@every_kpi
def test_kpi_variants_have_words_and_one_file_each(kpi: Kpi) -> None:
    assert kpi.variants
    assert all(map(is_bilingual, kpi.spec.meta["variants"].values()))
    others = [
        v for k in KPIS if k.name == kpi.name and k is not kpi for v in k.variants
    ]
    assert not set(kpi.variants) & set(others)
    assert "." not in kpi.spec.name or kpi.spec.name.split(".")[1] in kpi.variants


@every_list
def test_list_says_who_may_be_called_when_and_why(spec: Spec) -> None:
    assert spec.meta["purpose"] in {"service", "marketing", "debt"}
    assert isinstance(spec.meta["priority"], int)
    assert isinstance(spec.meta["holdout"], bool)
    assert is_bilingual(spec.meta["action"])
    ((rule, value),) = spec.meta["due"].items()
    assert (
        value in spec.tree.named_selects
        if rule == "column"
        else rule in {"day", "working_days"} and value > 0
    )


def test_no_two_lists_share_a_priority() -> None:
    priorities = [spec.meta["priority"] for spec in load_lists()]
    assert len(set(priorities)) == len(priorities)


# -- what it reads -----------------------------------------------------------------------------------------------


FOLDERS = (*ROOMS, "daily", "plan")  # a day and a plan read all that their month holds


def is_to_the_left(table: TableName, spec: Spec) -> bool:
    if table.era:
        return table.era in EARLIER and table.room in ROOMS
    if table.room == spec.room:
        return spec.room in ("features", "feedback", "report", "daily")
    return FOLDERS.index(table.room) < FOLDERS.index(spec.room)


@every_spec
def test_reads_only_rooms_to_its_left_or_earlier_months(spec: Spec) -> None:
    assert not [str(table) for table in spec.reads if not is_to_the_left(table, spec)]


@every_spec
def test_only_parameters_that_the_month_has(spec: Spec, tmp_path: Any) -> None:
    with open_engine("duckdb", tmp_path) as engine:
        context = make_context(next(load_cases()).month, engine, tmp_path, {})
        assert set(context.parameters(spec.parameters)) == spec.parameters


@every_spec
def test_every_table_it_reads_exists(spec: Spec) -> None:
    known = (
        {f"snapshot_{name}" for name in load_contract()}
        | {s.table for s in SPECS}
        | set(list_tables_of_code())
    )
    assert {table.name for table in spec.reads} <= known
    personal = {"snapshot_person", "snapshot_number"}
    assert not [t for t in spec.reads if t.name in personal], "they stay apart"


@every_spec
def test_every_column_it_reads_exists(spec: Spec) -> None:
    for source in trace_origin(spec).all():
        assert source.column in list_table_columns(source.table.name), source


@every_spec
def test_what_it_tolerates_and_needs_is_there(spec: Spec) -> None:
    columns = {
        f"{name}.{c.name}" for name in load_contract() for c in snapshot_columns(name)
    }
    reads = {str(table) for table in spec.reads}
    short = {name.removeprefix("snapshot_") for name in reads} | {
        f"{t.era}.*" for t in spec.reads if t.era
    }
    assert set(spec.meta.get("needs", ())) <= columns
    assert {t for t in spec.tolerates if t not in reads | short} <= {
        c
        for c in columns
        if f"snapshot_{c.split('.')[0]}" in {t.name for t in spec.reads}
    }


def test_the_tables_of_a_room_are_in_no_circle() -> None:
    own = {
        s.table: {t.name for t in s.reads if not t.era and t.room == s.room}
        for s in SPECS
    }
    while ready := {name for name, needs in own.items() if not needs & own.keys()}:
        own = {name: needs for name, needs in own.items() if name not in ready}
    assert not own


# -- what it returns ---------------------------------------------------------------------------------------------


@every_spec
def test_its_columns_have_one_name_each(spec: Spec) -> None:
    names = spec.tree.named_selects
    assert all(names)
    assert len(set(names)) == len(names)


def is_alone(kpi: Kpi) -> bool:
    """Whether a KPI's numerator is its value: nothing stands below it."""
    return bool(kpi.meta["unit"] == "count" or kpi.meta.get("value") == "given")


@every_kpi
def test_kpi_returns_parts_by_customer(kpi: Kpi) -> None:
    wanted = ["customer_id", "numerator"] + ([] if is_alone(kpi) else ["denominator"])
    wanted += ["variant"] if len(kpi.variants) > 1 else []
    wanted += ["part"] if kpi.meta.get("value") == "mean" else []
    wanted += (
        ["interval_low", "interval_high"] if kpi.meta.get("interval") == "given" else []
    )
    placed = ["scope_kind", "scope_id"]
    assert sorted(kpi.spec.tree.named_selects) in (
        sorted(wanted),
        sorted([*wanted, *placed]),
    )


@every_kpi
def test_kpi_is_made_in_a_way_that_the_room_knows(kpi: Kpi) -> None:
    assert kpi.meta.get("value", "sum") in {"sum", "mean", "score", "given"}
    assert kpi.meta.get("interval") in {None, "wilson", "given"}
    assert kpi.meta.get("period") in {None, "sum"} and (
        kpi.meta.get("period") is None or not kpi.meta.get("value")
    )
    assert kpi.meta.get("window") in {
        None,
        "year",
        "two_years",
        "base_year",
        "six_months",
    }
    assert (kpi.meta.get("scopes") == "own") <= (
        "scope_kind" in kpi.spec.tree.named_selects
    )


@every_kpi
def test_kpi_names_the_variants_it_declares(kpi: Kpi) -> None:
    if len(kpi.variants) > 1:
        texts = {
            literal.name
            for literal in kpi.spec.tree.find_all(exp.Literal)
            if literal.is_string
        }
        assert set(kpi.declared) <= texts or "variants_of" in kpi.meta


@every_list
def test_list_returns_who_and_why(spec: Spec) -> None:
    wanted = [
        name
        for name in dispatch.FIXED
        if name != "due_on" or "column" in spec.meta["due"]
    ]
    assert spec.tree.named_selects[: len(wanted)] == wanted


@every_list
def test_list_says_why_in_a_sentence_and_what_to_say(spec: Spec) -> None:
    known = {
        *(*FIXED, *OFTEN, "month", "last_day"),
        *spec.tree.named_selects[len(dispatch.FIXED) - 1 :],
    }
    codes = set(re.findall(r"'([a-z0-9_]+)'", spec.sql))
    sentences = [spec.meta["evidence"], *spec.meta["script"]]
    told = set()
    for sentence in sentences:
        texts = {name: text for name, text in sentence.items() if name != "by"}
        assert is_bilingual(texts)
        assert find_places(texts["zh"]) == find_places(texts["en"])
        assert set(sentence.get("by", ())) <= known | codes
        assert all(find_places(text) <= known | codes for text in texts.values())
        assert all(text.count("[") == text.count("]") for text in texts.values())
        told |= find_places(texts["zh"])
    evidence = set(spec.tree.named_selects) - {*dispatch.FIXED, "rank_tie"}
    assert evidence <= told, "a fact that no sentence tells"


@every_list
def test_list_says_what_an_order_is_worth_without_a_score(spec: Spec) -> None:
    assert set(spec.meta["prior"]) - {"renewal"} == {"probability", "persuadability"}
    assert all(0 < share <= 1 for share in spec.meta["prior"].values())
    is_duty = spec.meta["purpose"] == "debt" or spec.meta.get("verify") == "card"
    assert spec.meta.get("minimum", False) == is_duty


# Endings of names and the types they promise.
PROMISES = {
    r"(is|has)_\w+": pa.types.is_boolean,
    r"\w+_id": pa.types.is_string,
    r"\w+_on": pa.types.is_date,
    r"\w+_at": pa.types.is_timestamp,
    r"\w+_amount|revenue|\w+_revenue": lambda kind: kind == pa.decimal128(18, 2),
    r"\w+_(mb|minutes)": lambda kind: kind == pa.decimal128(18, 6),
    r"\w+_(count|days|rank)": pa.types.is_integer,
}


@every_feature
def test_feature_columns_have_the_types_their_names_promise(spec: Spec) -> None:
    for column in described(spec):
        stem = re.sub(r"_\d+$", "", column.name)
        promises = [
            kept for pattern, kept in PROMISES.items() if re.fullmatch(pattern, stem)
        ]
        assert all(kept(column.type) for kept in promises), (
            f"{column.name} is {column.type}"
        )


@every_spec
def test_types_stay_when_a_tolerated_table_is_missing(spec: Spec) -> None:
    missing = [
        t
        for t in spec.reads
        if {str(t), t.name.removeprefix("snapshot_"), f"{t.era}.*"} & spec.tolerates
    ]
    if missing:
        assert described(spec, missing) == described(spec)


# -- its proof ---------------------------------------------------------------------------------------------------


@every_spec
def test_it_has_a_case_of_the_same_stem(spec: Spec) -> None:
    assert (CASES / spec.room / f"{spec.name}.yml").exists()


def test_every_case_has_its_sql_file() -> None:
    of_files = {(spec.room, spec.name) for spec in SPECS}
    of_code = {tuple(table.split("_", 1)) for table in MADE}
    assert {(case.room, case.stem) for case in load_cases()} <= of_files | of_code


def test_sql_folders_are_rooms() -> None:
    assert {spec.room for spec in SPECS} <= set(FOLDERS)


def test_a_stand_in_has_the_columns_of_the_table() -> None:
    assert list(find_declared("snapshot_usage").types) == [
        c.name for c in snapshot_columns("usage")
    ]

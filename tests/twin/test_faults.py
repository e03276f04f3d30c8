"""Each fault spoils what it says and nothing else, the same way every time; and a few of them through the gate."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import twin
from pipelines.core.month import Month
from tests.proof.faults import bench
from tests.proof.faults.verdicts import Output, Result, State, Told, compare, control_of
from twin.faults import FAULTS, Fault, plant_faults

MONTH, BEFORE = "2026-04", "2026-03"
ALL = pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small operator of two months, without faults."""
    out = tmp_path_factory.mktemp("twin")
    twin.generate(out, services=1200, months=2, seed=7, through=MONTH)
    return out


def spoilt(source: Path, folder: Path, *names: str, seed: int = 1) -> Path:
    """A copy of the operator with faults."""
    shutil.copytree(source, folder)
    plant_faults(folder, MONTH, names, seed)
    return folder


def digests(folder: Path) -> dict[str, str]:
    """Every file under a folder by name, with the hash of its bytes."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def cells(path: Path) -> pd.DataFrame:
    """A delivered table as text."""
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    table = pq.read_table(path)
    texts = pa.schema([(name, pa.string()) for name in table.column_names])
    frame: pd.DataFrame = table.cast(texts).to_pandas()
    return frame


# -- the registry ------------------------------------------------------------------------------------------------


def test_there_are_enough_kinds() -> None:
    books = [fault for fault in FAULTS.values() if fault.kind == "book"]
    assert len(FAULTS) >= 40 and len(books) >= 25
    assert {fault.kind for fault in FAULTS.values()} == {
        "container",
        "shape",
        "key",
        "value",
        "book",
    }


@ALL
def test_a_fault_names_what_there_is(source: Path, fault: Fault) -> None:
    assert fault.zh and fault.en and 0 < fault.share <= 1
    assert set(fault.tables) <= set(twin.TABLES)
    assert set(fault.columns) <= set(
        cells(source / MONTH / f"{fault.tables[0]}.parquet").columns
    )


# -- the damage --------------------------------------------------------------------------------------------------


@ALL
def test_a_fault_spoils_what_it_says_and_nothing_else(
    source: Path, tmp_path: Path, fault: Fault
) -> None:
    folder = spoilt(source, tmp_path / "once", fault.name)
    before, after = digests(source), digests(folder)
    changed = {
        name
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }
    record = "truth/faults.json"
    assert {Path(name).name.split(".")[0] for name in changed - {record}} == set(
        fault.tables
    )
    assert all(name.startswith(f"{MONTH}/") for name in changed - {record})
    told = json.loads((folder / record).read_text())
    assert [(t["name"], t["month"], t["must"]) for t in told] == [
        (fault.name, MONTH, fault.must)
    ]
    assert told[0]["rows"] > 0
    assert digests(spoilt(source, tmp_path / "again", fault.name)) == after


@pytest.mark.parametrize(
    "name",
    [
        f.name
        for f in FAULTS.values()
        if f.columns and f.kind not in ("container", "shape")
    ],
)
def test_a_fault_of_columns_leaves_the_others(
    source: Path, tmp_path: Path, name: str
) -> None:
    fault = FAULTS[name]
    table = fault.tables[0]
    right = cells(source / MONTH / f"{table}.parquet")
    folder = spoilt(source, tmp_path / "spoilt", name)
    wrong = cells(next((folder / MONTH).glob(f"{table}.*")))
    others = [column for column in right.columns if column not in fault.columns]
    pd.testing.assert_frame_equal(right[others], wrong.iloc[: len(right)][others])
    differing = (
        right[list(fault.columns)].fillna("")
        != wrong.iloc[: len(right)][list(fault.columns)].fillna("")
    ).any(axis=1)
    rows = json.loads((folder / "truth" / "faults.json").read_text())[0]["rows"]
    assert 0 < differing.sum() <= rows or len(wrong) > len(
        right
    )  # rows that contradict others are added


def test_another_seed_spoils_other_rows(source: Path, tmp_path: Path) -> None:
    one, other = (
        spoilt(source, tmp_path / f"{seed}", "bills_in_fen_some", seed=seed)
        for seed in (1, 2)
    )
    assert digests(one) != digests(other)


def test_amounts_are_multiplied_exactly(source: Path, tmp_path: Path) -> None:
    right = pq.read_table(source / MONTH / "bill.parquet")["billed_amount"].to_pylist()
    folder = spoilt(source, tmp_path / "spoilt", "bills_in_fen")
    assert pq.read_table(folder / MONTH / "bill.parquet")[
        "billed_amount"
    ].to_pylist() == [value * 100 for value in right]


def test_faults_add_up(source: Path, tmp_path: Path) -> None:
    both = spoilt(source, tmp_path / "both", "bills_in_fen", "cards_void")
    alone = spoilt(source, tmp_path / "alone", "cards_void")
    assert (both / MONTH / "vip_card.parquet").read_bytes() == (
        alone / MONTH / "vip_card.parquet"
    ).read_bytes()
    assert [
        told["name"]
        for told in json.loads((both / "truth" / "faults.json").read_text())
    ] == [
        "bills_in_fen",
        "cards_void",
    ]


# -- through the generator ---------------------------------------------------------------------------------------


def test_the_generator_plants_and_forgets(tmp_path: Path) -> None:
    def make(name: str, *faults: str) -> dict[str, str]:
        twin.generate(
            tmp_path / name,
            services=200,
            months=2,
            seed=3,
            through=MONTH,
            file_format="csv",
            faults=faults,
        )
        return digests(tmp_path / name)

    clean = make("a")
    faulty = make("b", "usage_again", "html_as_xlsx")
    assert {name for name in clean if clean[name] != faulty.get(name)} == {
        f"{MONTH}/usage.csv",
        f"{MONTH}/vip_card.csv",
    }
    assert make("b") == clean  # what an earlier run had planted is gone


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["no_such_fault"],
            "no fault is called no_such_fault; there are: activation_moved, ",
        ),
        (["cut_csv", "arrears_lost"], "arrears_lost cannot be planted after cut_csv"),
    ],
)
def test_faults_that_cannot_be_planted_are_refused_first(
    tmp_path: Path, names: list[str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        twin.generate(tmp_path / "out", services=200, months=1, seed=3, faults=names)
    assert not (tmp_path / "out").exists()


def test_a_month_that_lacks_what_a_fault_needs_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"2026-03 has no usage\.parquet"):
        twin.generate(
            tmp_path,
            services=200,
            months=1,
            seed=3,
            through=MONTH,
            faults=["usage_again"],
        )


def test_a_fault_travels_to_another_process() -> None:
    assert all(pickle.loads(pickle.dumps(fault)) is fault for fault in FAULTS.values())


# -- what became of it -------------------------------------------------------------------------------------------

_COMPANY = Output("kpi", "arpu.mean_base", "company", "company company")
_B1, _B2 = (
    Output("kpi", "arpu.mean_base", "parts", f"branch {b}") for b in ("B1", "B2")
)
_LIST = Output("list", "renewal", "all", "")


def told(
    states: dict[Output, tuple[str, str]], values: dict[Output, int], **facts: Any
) -> Told:
    made = {
        output: State(status, frozenset({reason} - {""}))
        for output, (status, reason) in states.items()
    }
    return Told(
        values=values,
        states=made,
        quarantined={"bill": 0},
        normalised={"bill": 0},
        **facts,
    )


CLEAN = told(
    {
        _COMPANY: ("released", ""),
        _B1: ("caveat", "old"),
        _B2: ("released", ""),
        _LIST: ("released", ""),
    },
    {_COMPANY: 1, _B1: 1, _B2: 1, _LIST: 1},
    findings={"old": "caveat"},
)


def verdict(tmp_path: Path, faulty: Told, name: str = "bills_in_fen") -> Result:
    record = tmp_path / "faults.json"
    record.write_text(json.dumps([{"month": MONTH, "rows": 5}]))
    return compare(FAULTS[name], record, Month.parse(MONTH), CLEAN, faulty)


def test_an_output_is_affected_where_its_value_differs(tmp_path: Path) -> None:
    states = {
        _COMPANY: ("withheld", "f"),
        _B1: ("caveat", "old"),
        _B2: ("withheld", "f"),
        _LIST: ("withheld", "f"),
    }
    found = verdict(
        tmp_path,
        told(
            states, {_COMPANY: 2, _B1: 2, _B2: 2, _LIST: 1}, findings={"f": "withheld"}
        ),
    )
    # The caveat of one branch stands there in a clean month too: nothing says what is wrong with it now.
    assert found.affected == {
        "arpu.mean_base company": "withheld",
        "arpu.mean_base parts": "released",
    }
    assert found.spared == {"renewal all": "withheld"} and found.wrongly(
        "withheld"
    ) == ["renewal all"]
    assert found.seen == ("withheld",) and found.is_caught and found.is_as_it_must


def test_parts_that_are_gone_are_open_unless_nothing_is_computed(
    tmp_path: Path,
) -> None:
    gone = told(
        {_COMPANY: ("caveat", "f"), _LIST: ("released", "")},
        {_COMPANY: 2, _LIST: 1},
        findings={"f": "caveat"},
    )
    assert verdict(tmp_path, gone).affected == {
        "arpu.mean_base company": "caveat",
        "arpu.mean_base parts": "released",
    }
    nothing = told(
        {_COMPANY: ("not_computed", "absent"), _LIST: ("released", "")},
        {_LIST: 1},
        refused=frozenset({"bill"}),
    )
    assert set(verdict(tmp_path, nothing).affected.values()) == {"withheld"}


def test_a_rule_that_fails_in_the_clean_month_catches_nothing(tmp_path: Path) -> None:
    same = verdict(tmp_path, CLEAN)
    assert not same.is_caught and not same.is_as_it_must


def test_a_stopped_month_is_refused_and_a_crash_is_not(tmp_path: Path) -> None:
    assert verdict(
        tmp_path, Told(stopped="source.wrong_month bill"), "bills_of_two_months"
    ).is_as_it_must
    assert not verdict(
        tmp_path, Told(stopped="BinderException", is_crash=True), "bills_of_two_months"
    ).is_caught


@pytest.mark.slow
def test_faults_through_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "MONTHS", 2)
    monkeypatch.setattr(bench, "SERVICES", 1200)
    clean = bench.run_clean_months(tmp_path, 3)[bench.OPERATORS[3]]
    assert control_of("", clean).withheld == ()
    results = [
        bench.run_fault(tmp_path, 3, name, clean)
        for name in ("bills_in_fen", "unknown_status", "cut_gzip")
    ]
    assert all(result.is_caught and result.is_as_it_must for result in results)
    in_fen, _, cut = results
    assert "arpu.mean_base company" in in_fen.affected and not in_fen.count("released")
    assert set(cut.affected.values()) == {"withheld"} and not cut.wrongly("withheld")

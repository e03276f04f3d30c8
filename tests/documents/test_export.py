"""Export: each manager gets exactly his treated orders, phones in full only there, and a draft says that it is one."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from pipelines.core.errors import Incomplete, Refused
from pipelines.documents.workbooks import work_lists
from pipelines.documents.workbooks.export import export_month
from pipelines.documents.workbooks.workbook import write_work_list
from pipelines.jobs.run import release_month
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import load_labels
from tests.support.small import (
    MONTH,
    Row,
    Town,
    job,
    read,
    read_people,
    run_town,
    twin_operator,
)

PHONE = "13812345678"


def grid(path: Path, tab: int) -> list[Row]:
    """A sheet's rows below its header, by title."""
    lines: list[list[Any]] = (
        CalamineWorkbook.from_path(str(path))
        .get_sheet_by_index(tab)
        .to_python(skip_empty_area=False)
    )
    header = next(
        i for i, line in enumerate(lines) if len({str(c) for c in line if c}) > 2
    )
    titles = [str(cell) for cell in lines[header]]
    return [dict(zip(titles, line, strict=True)) for line in lines[header + 1 :]]


def everything(path: Path) -> str:
    """All cells of all sheets as one text."""
    book = CalamineWorkbook.from_path(str(path))
    return "\n".join(
        str(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names
    )


def people() -> Town:
    """ann owes and is M1's, bob is M1's and quiet, cat has no manager, dan is ordinary and unclaimed."""
    town = (
        Town()
        .person("ann", name="安安安")
        .person("bob", calls=0, name="博博")
        .person("cat", manager=None, branch="B2")
    )
    town.person(
        "dan", manager=None, vip_tier="none", revenue="10.00", name="丹丹丹"
    ).owe("ann")
    return town


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    run_town(folder / "home", people(), folder / "source", holdout_share=0)
    return folder / "home"


@pytest.fixture(scope="module")
def books(home: Path) -> dict[str, Path]:
    """The exported workbooks by the id in their name."""
    files = export_month(MonthFolder(home, MONTH), home / "out", "en")
    return {file.stem.rsplit("_", 1)[-1]: file for file in files}


def test_there_is_a_book_a_desk_and_one_for_the_company(books: dict[str, Path]) -> None:
    assert set(books) == {"M1", "M3", "B1", "company"}
    assert all(
        book.parent.name == "out" and book.name.startswith("2026-08_")
        for book in books.values()
    )


def test_a_manager_s_book_holds_his_orders_and_no_others(
    books: dict[str, Path],
) -> None:
    mine = grid(books["M1"], 0)
    assert {row["Customer id"] for row in mine} == {"ann", "bob"}
    due = [row["Due on"] for row in mine]
    assert due == sorted(due)  # what is due first comes first
    assert [row["Rank"] for row in mine] == [1, 2]
    assert [row["Customer id"] for row in grid(books["M3"], 0)] == ["cat"]
    assert [row["Customer id"] for row in grid(books["B1"], 0)] == ["dan"]


def test_phone_and_name_are_whole_for_who_must_call_alone(
    books: dict[str, Path],
) -> None:
    ann = next(r for r in grid(books["M1"], 0) if r["Customer id"] == "ann")
    assert (ann["Phone"], ann["Customer"]) == (PHONE, "安安安")
    dan = grid(books["B1"], 0)[0]
    assert (dan["Phone"], dan["Customer"]) == (PHONE, "丹丹丹")
    assert "安安安" not in everything(books["B1"])
    text = everything(books["company"])
    assert PHONE not in text and "138****5678" in text
    assert "安安安" not in text and "丹丹丹" not in text


def test_workbooks_are_for_their_owner_s_eyes(books: dict[str, Path]) -> None:
    assert all(book.stat().st_mode & 0o077 == 0 for book in books.values())


def test_a_draft_says_so_until_the_month_is_released(
    home: Path, tmp_path: Path
) -> None:
    shutil.copytree(home / "months", tmp_path / "home" / "months")
    folder, draft = MonthFolder(tmp_path / "home", MONTH), load_labels("zh")["draft"]
    before = export_month(folder, tmp_path / "draft", "zh")
    assert before and all(draft in everything(book) for book in before)
    release_month(job(tmp_path / "home", None))
    after = export_month(folder, tmp_path / "final", "zh")
    assert [b.name for b in after] == [b.name for b in before]
    assert not any(draft in everything(book) for book in after)


def test_the_same_month_gives_the_same_bytes(
    home: Path, books: dict[str, Path], tmp_path: Path
) -> None:
    again = export_month(MonthFolder(home, MONTH), tmp_path, "en")
    assert {b.name: b.read_bytes() for b in again} == {
        b.name: b.read_bytes() for b in books.values()
    }


def test_the_company_book_says_what_was_not_computed(books: dict[str, Path]) -> None:
    text = everything(books["company"])
    assert "missing: loyalty" in text and "not computed" in text and "KPI" in text


def test_a_branch_and_a_manager_of_one_id_have_a_book_each(tmp_path: Path) -> None:
    town = people()
    for rows in (
        town.tables["ownership"],
        town.tables["account_manager"],
        town.tables["organisation"],
    ):
        for row in rows:
            row.update(
                {
                    name: "1"
                    for name in ("manager_id", "branch_id", "org_id")
                    if row.get(name) in ("M1", "B1")
                }
            )
    run_town(tmp_path / "home", town, tmp_path / "source", holdout_share=0)
    files = export_month(MonthFolder(tmp_path / "home", MONTH), tmp_path / "out", "en")
    assert len(set(files)) == len(files) == len(list((tmp_path / "out").iterdir()))


# -- a synthetic operator ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    operator = twin_operator()
    return export_month(
        MonthFolder(operator.home, operator.months[-1]),
        tmp_path_factory.mktemp("twin"),
        "zh",
    )


def test_every_treated_order_is_in_one_book_and_no_held_out_one_in_any(
    exported: list[Path],
) -> None:
    orders = read(twin_operator().version, "dispatch_order")
    desks: dict[str, set[str]] = defaultdict(set)
    for book in exported[:-1]:
        desks[book.stem.rsplit("_", 1)[-1]] = {row["派单编号"] for row in grid(book, 0)}
    wanted: dict[str, set[str]] = defaultdict(set)
    for r in orders:
        if r["arm"] == "treated":
            wanted[r["manager_id"] or r["branch_id"]].add(r["order_id"])
    assert desks == wanted
    texts = "\n".join(everything(book) for book in exported)
    held_out = [r["order_id"] for r in orders if r["arm"] == "holdout"]
    assert held_out and not any(order_id in texts for order_id in held_out)


def test_a_customer_in_the_hold_out_alone_is_in_no_book(exported: list[Path]) -> None:
    orders = read(twin_operator().version, "dispatch_order")
    called = {r["customer_id"] for r in orders if r["arm"] == "treated"}
    shown = {row["客户编号"] for book in exported[:-1] for row in grid(book, 0)}
    assert shown == called and "holdout" not in everything(exported[-1])


def test_no_phone_is_whole_in_the_company_book(exported: list[Path]) -> None:
    text = everything(exported[-1])
    phones = [r["phone"] for r in read_people(twin_operator().version) if r["phone"]]
    assert len(phones) > 100 and not [p for p in phones if p in text]


def refuse_one(monkeypatch: pytest.MonkeyPatch, desk: str) -> None:
    """Have the workbook of one desk fail, as an id that no sheet can hold would."""

    def write_but_one(path: Path, book: Any, *more: Any) -> None:
        if book.manager_id == desk:
            raise ValueError("no sheet can hold it")
        write_work_list(path, book, *more)

    monkeypatch.setattr(work_lists, "write_work_list", write_but_one)


def test_a_workbook_that_fails_holds_back_no_other(
    home: Path, books: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_one(monkeypatch, "M1")
    with pytest.raises(Incomplete) as caught:
        export_month(MonthFolder(home, MONTH), tmp_path / "out", "en")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert (
        written == {path.name for path in books.values()} - {books["M1"].name}
        and len(written) >= 2
    )
    assert books["M1"].name in str(caught.value.facts["which"]) and caught.value.facts[
        "written"
    ] == len(written)


def test_a_month_that_cannot_be_written_is_not_sealed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shutil.copytree(home, tmp_path / "home")
    with monkeypatch.context() as patch:
        refuse_one(patch, "M1")
        with pytest.raises(Refused, match="month.not_rendered") as caught:
            release_month(job(own, None, holdout_share=0))
    assert (
        "M1" in str(caught.value.facts["which"])
        and MonthFolder(own, MONTH).read_seal() is None
    )
    assert not (own / "office.sqlite3").exists()
    release_month(job(own, None, holdout_share=0))
    assert MonthFolder(own, MONTH).read_seal() is not None

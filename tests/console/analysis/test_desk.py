"""An analyst's pages: figures down to their rows, definitions, models, effects, and why of any customer."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.database import open_console
from pipelines.core.month import Month
from pipelines.jobs.run import release_month
from pipelines.store.champions import models_folder, read_promotions
from pipelines.store.lake import MonthFolder
from tests.support.console.visitors import DEBTORS, Console, make_accounts, open_copy
from tests.support.office import released_town
from tests.support.scored import scored_operator
from tests.support.small import KEY, MONTH, Town, job, own_settings, read, read_people

COPIED = "2026-06-aaaaaaaaaaaa"  # a challenger: the champion under another name


@pytest.fixture(scope="module")
def scored_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six months of a synthetic operator with a champion and a challenger; the last month is released."""
    home = tmp_path_factory.mktemp("analysis") / "home"
    shutil.copytree(scored_operator().home, home)
    release_month(job(home, None, MONTH))
    [champion] = models_folder(home).glob("2*")
    shutil.copytree(champion, models_folder(home) / COPIED)
    open_console(home, own_settings())
    make_accounts()
    return home


@pytest.fixture
def scored(
    scored_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Console]:
    with open_copy(scored_home, tmp_path, monkeypatch) as console:
        yield console


def text_of(client: Any, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def find_personal(console: Console, page: str) -> list[str]:
    """The names and numbers of the month's customers that stand in a page."""
    version = MonthFolder(console.home, MONTH).version()
    staff = {row["name"] for row in read(version, "snapshot_account_manager")}
    found = []
    for person in read_people(version):
        name, phone = person["name"], person["phone"]
        if phone and phone in page:
            found.append(phone)
        if name and len(name) > 1 and name not in staff and name in page:
            found.append(name)
    return found


# -- figures -------------------------------------------------------------------------------------------------------


def test_a_figure_leads_to_its_branches_managers_and_rows(scored: Console) -> None:
    ana = scored.visit("ana")
    assert ana.get("/").url == "/analysis/"
    start = "/analysis/figures/arrears_rate/t1_amount/"
    assert start in text_of(ana, "/analysis/")
    company = text_of(ana, start)
    [branch, *_] = sorted(set(re.findall(rf'href="({start}B\d+/)"', company)))
    of_branch = text_of(ana, branch)
    rows = set(re.findall(rf'href="({start}rows/manager/\w+/)"', of_branch))
    assert len(rows) >= 2
    pages = [company, of_branch, text_of(ana, sorted(rows)[0])]
    assert [find_personal(scored, page) for page in pages] == [[], [], []]


def test_rows_come_fifty_a_page_and_add_up_to_the_figure(scored: Console) -> None:
    from pipelines.jobs.figure import open_figure

    ana = scored.visit("ana")
    path = "/analysis/figures/arrears_rate/t1_amount/rows/company/company/"
    first, second = text_of(ana, path), text_of(ana, f"{path}?page=2")
    whole = open_figure(job(scored.home, None, MONTH), "arrears_rate.t1_amount")
    count = whole.rows.num_rows
    assert f"由 {count} 行相加而成" in first and count > 100
    ids = [
        set(re.findall(r'<th scope="row">(\d+)</th>', page)) for page in (first, second)
    ]
    assert [len(found) for found in ids] == [50, 50] and not ids[0] & ids[1]
    assert find_personal(scored, first + second) == []
    assert ana.get(f"{path}?page=x").status_code == 404
    nobody = path.replace("company/company", "street/x")
    assert ana.get(nobody).status_code == 404


def test_four_arrears_rates_stand_side_by_side(scored: Console) -> None:
    from pipelines.text.units import format_figure

    ana = scored.visit("ana")
    assert "/analysis/definitions/arrears_rate/" in text_of(
        ana, "/analysis/definitions/"
    )
    page = text_of(ana, "/analysis/definitions/arrears_rate/")
    version = MonthFolder(scored.home, MONTH).version()
    of_company = read(version, "kpi_monthly", kpi="arrears_rate", scope_kind="company")
    assert len(of_company) == 4 and page.count('<th scope="col"><b>') == 4
    for row in of_company:
        rows = f"/analysis/figures/arrears_rate/{row['variant']}/rows/company/company/"
        assert rows in page
        assert f"<b>{format_figure(row['value'], 'ratio')}</b>" in page
    assert ana.get("/analysis/definitions/nothing/").status_code == 404


# -- models --------------------------------------------------------------------------------------------------------


def test_models_are_shown_and_none_is_loaded(
    scored: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models import registry

    def refuse(*args: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(registry, "load_model", refuse)
    ana = scored.visit("ana")
    [promoted] = read_promotions(scored.home)
    shelf = text_of(ana, "/analysis/models/")
    assert promoted.version in shelf and COPIED in shelf
    assert "在用" in shelf and "候选" in shelf and promoted.why in shelf
    page = text_of(ana, f"/analysis/models/{promoted.version}/")
    for drawn in ("派单量", "<polyline", 'class="mark"', "分布稳定性", "<details"):
        assert drawn in page
    assert find_personal(scored, page) == []
    assert "启用该模型" not in page
    assert "启用该模型" in text_of(ana, f"/analysis/models/{COPIED}/")


def test_a_card_that_was_changed_is_refused(scored: Console) -> None:
    path = models_folder(scored.home) / COPIED / "card.json"
    card = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(card | {"rows": 1}), "utf-8")
    ana = scored.visit("ana")
    page = text_of(ana, f"/analysis/models/{COPIED}/")
    assert "不可用" in page and "启用该模型" not in page
    assert ana.get("/analysis/models/..%2f..%2fmonths/").status_code == 404


def do_errands_of(console: Console) -> None:
    """Do what was asked for on pages, as `retention errands` does."""
    from console.errands.work import do_errands

    do_errands(console.home, own_settings())


def ask_to_promote(client: Any, why: str) -> int:
    path = f"/analysis/models/{COPIED}/promote/"
    return int(client.post(path, {"why": why}).status_code)


def test_a_model_is_promoted_with_a_reason_by_an_errand(scored: Console) -> None:
    from console.models import AuditEntry

    ana = scored.visit("ana")
    assert ask_to_promote(ana, " ") == 422
    assert ask_to_promote(ana, "sees more") == 302
    assert len(read_promotions(scored.home)) == 1
    page = f"/analysis/models/{COPIED}/"
    assert "等待" in text_of(ana, page) and "等待" in text_of(ana, f"{page}errands/")
    do_errands_of(scored)
    last = read_promotions(scored.home)[-1]
    assert (last.version, last.by, last.why) == (COPIED, "ana", "sees more")
    entry = AuditEntry.objects.get(action="promoted")
    assert (entry.actor, entry.subject) == ("ana", COPIED)
    asked = AuditEntry.objects.get(action="ask_promote")
    assert asked.detail["why"] == "sees more"
    assert "sees more" in text_of(ana, page)


def test_what_cannot_be_used_is_told_and_not_promoted(scored: Console) -> None:
    from console.models import AuditEntry

    (models_folder(scored.home) / COPIED / "model.skops").write_bytes(b"spoilt")
    ana = scored.visit("ana")
    assert ask_to_promote(ana, "x") == 302
    do_errands_of(scored)
    told = text_of(ana, f"/analysis/models/{COPIED}/errands/")
    assert "失败" in told and COPIED in told
    assert len(read_promotions(scored.home)) == 1
    assert AuditEntry.objects.filter(action="promoted").count() == 0


def test_a_promotion_that_a_dead_process_had_made_is_not_made_again(
    scored: Console,
) -> None:
    from console.models import Errand

    assert ask_to_promote(scored.visit("ana"), "sees more") == 302
    do_errands_of(scored)
    Errand.objects.update(state="begun")  # it died before it could say so
    do_errands_of(scored)
    assert len(read_promotions(scored.home)) == 2
    assert Errand.objects.get().state == "done"


# -- why -----------------------------------------------------------------------------------------------------------


def ask(client: Any, customer: str) -> str:
    answer = client.post("/analysis/why/", {"customer": customer})
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_why_cites_rule_rank_and_the_place_that_was_missed(crowded: Console) -> None:
    version = MonthFolder(crowded.home, MONTH).version()
    [left] = read(version, "dispatch_why_not", list="arrears", reason="capacity")
    ordered = read(version, "dispatch_order", list="arrears", manager_id="M1")
    last = max(order["rank"] for order in ordered)
    ana = crowded.visit("ana")
    page = ask(ana, left["customer_id"])
    assert "sql/dispatch/arrears.sql" in page
    assert "超出客户经理派单量" in page
    assert f"M1 的最后一个名额给了“欠费”第 {last} 位" in page
    assert "还差 1 个名额" in page
    found = ask(ana, ordered[0]["customer_id"])
    assert ordered[0]["order_id"] in found and "M1" in found
    for _manager, _branch, name, phone in DEBTORS.values():
        for shown in (page, found):
            assert name not in shown and phone[:3] + "****" not in shown
    entry = crowded.entries(action="why")[0]
    assert entry.actor == "ana" and left["customer_id"] in entry.subject


def test_why_of_nobody_and_of_a_month_that_is_not_held(crowded: Console) -> None:
    ana = crowded.visit("ana")
    assert "没有一条规则选中他们" in ask(ana, "nobody")
    assert "<section" not in ask(ana, "  ")
    asked = {"customer": "ann", "month": "1999-01"}
    answer = ana.post("/analysis/why/", asked)
    assert answer.status_code == 404


# -- effects -------------------------------------------------------------------------------------------------------


def effect(**values: Any) -> Any:
    from console.analysis.effects import EffectRow

    row: dict[str, Any] = dict.fromkeys(EffectRow._fields)
    row |= {
        "list": "renewal",
        "month_count": 2,
        "treated_order_count": 100,
        "holdout_order_count": 10,
        "state": "too_few",
        "is_paused": False,
    }
    return EffectRow(**row | values)


@pytest.mark.parametrize(
    ("values", "month"),
    [
        ({}, "2026-12"),  # 20 more held out, five a month
        ({"holdout_order_count": 0}, None),
        ({"month_count": 0}, None),
        ({"state": "open"}, None),  # as of all lists together
        ({"state": "helps"}, "2026-08"),
        ({"state": "harms"}, "2026-08"),
        # 550 more, 55 a month
        ({"state": "open", "needed_order_count": 550}, "2027-06"),
        ({"state": "open", "needed_order_count": 551}, "2027-07"),
    ],
)
def test_when_an_effect_can_be_read(values: dict[str, Any], month: str | None) -> None:
    from console.analysis.effects import find_readable_month

    found = find_readable_month(effect(**values), Month.parse("2026-08"))
    assert (str(found) if found else None) == month


@pytest.fixture(scope="module")
def held_out_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months of a town whose customers do not call; a third of them is held out."""
    home = tmp_path_factory.mktemp("effects") / "home"
    for month in (MONTH.plus(-1), MONTH):
        town = Town(month)
        for manager in town.tables["account_manager"]:
            manager["capacity"] = "500"
        for number in range(160):
            town.person(f"c{number:03d}", calls=0)
        released_town(home, town, holdout_share=0.3)
    open_console(home, own_settings())
    make_accounts()
    return home


def test_effects_stand_with_their_bounds_and_when_they_can_be_read(
    held_out_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = MonthFolder(held_out_home, MONTH).version()
    rows = read(version, "feedback_effect")
    [row] = [row for row in rows if row["list"] == "vip_zero_usage"]
    assert row["holdout_order_count"] >= 30
    with open_copy(held_out_home, tmp_path, monkeypatch) as console:
        page = text_of(console.visit("ana"), "/analysis/effects/")
    low, high = (f"{row[name] * 100:.2f}" for name in ("effect_low", "effect_high"))
    assert f"{low} … {high}" in page and 'class="bounds"' in page
    assert f"还需 {row['needed_order_count']:,} 件派单" in page
    assert "逐清单判断" in page and KEY not in page


def test_pages_without_a_month_or_a_model_say_so(console: Console) -> None:
    (console.home / "months" / "2026-08" / "SEAL.json").unlink()
    ana = console.visit("ana")
    assert "尚无已发布" in text_of(ana, "/analysis/")
    assert "尚未训练任何模型" in text_of(ana, "/analysis/models/")
    assert "尚无已知账单结果" in text_of(ana, "/analysis/effects/")

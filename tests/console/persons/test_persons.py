"""A person's rights: an objection is honoured everywhere, decisions are explained, the data are handed over whole."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import UsageError
from pipelines.sources.office.answers import read_office
from pipelines.sources.office.changes import read_changes
from tests.support.console.visitors import DEBTORS, TODAY, Console
from tests.support.office import answers_of, exported, fill, taken
from tests.support.small import MONTH, own_settings


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def staff(console: Console, name: str) -> Any:
    """Somebody of the staff, who comes in once a test: a code counts once."""
    clients = vars(console).setdefault("clients", {})
    if name not in clients:
        clients[name] = console.visit(name)
    return clients[name]


def say(console: Console, who: str, kind: str, act: str, why: str = "phoned us") -> Any:
    said = {"kind": kind, "act": act, "why": why}
    return staff(console, "qi").post(f"/persons/{who}/wish/", said)


def marks(console: Console) -> set[tuple[str, str]]:
    """What the next month would hear of the office."""
    url = own_settings().office_database(console.home)
    rows = read_office(url, MONTH.plus(1)).tables["mark"].to_pylist()
    return {(row["customer_id"], row["kind"]) for row in rows}


def queue_of(console: Console, name: str = "wang") -> str:
    return text_of(console.visit(name).get("/queue/"))


def withdrawn(console: Console) -> set[str]:
    url = own_settings().office_database(console.home)
    return {
        order
        for order, changes in read_changes(url, MONTH).items()
        if changes[-1].kind == "withdrawn"
    }


def test_a_person_is_looked_up_by_id_masked_and_on_the_record(console: Console) -> None:
    qi = staff(console, "qi")
    answer = qi.post("/persons/", {"customer_id": " ann "})
    assert answer.url == "/persons/ann/"
    page = text_of(qi.get("/persons/ann/"))
    assert "安**" in page and "139****0001" in page
    assert "安哨兵" not in page and "13900000001" not in page
    assert qi.post("/persons/", {"customer_id": "nobody"}).status_code == 404
    assert qi.get("/persons/nobody/").status_code == 404
    seen = [
        (entry.subject, entry.is_refused) for entry in console.entries(action="person")
    ]
    assert seen == [("ann", False), ("nobody", True), ("nobody", True)]


def test_who_objects_to_contact_is_gone_from_queue_workbook_and_next_lists(
    console: Console, tmp_path: Path
) -> None:
    order = console.order_of("ann")
    assert "安哨兵" in queue_of(console)
    assert say(console, "ann", "do_not_contact", "object").status_code == 302
    assert "安哨兵" not in queue_of(console) and "博哨兵" in queue_of(console)
    assert console.visit("wang").post(f"/orders/{order}/number/").status_code == 404
    assert withdrawn(console) == {order}
    book = exported(console.home, tmp_path)["M1"]
    assert "安哨兵" not in str(_read_cells(book)) and "博哨兵" in str(_read_cells(book))
    assert marks(console) == {("ann", "do_not_contact")}
    page = text_of(staff(console, "qi").get("/persons/ann/"))
    assert "phoned us" in page and "已拒绝" in page


def _read_cells(book: Path) -> list[Any]:
    import openpyxl

    sheets = openpyxl.load_workbook(book).worksheets
    return [row for sheet in sheets for row in sheet.iter_rows(values_only=True)]


def test_who_objects_to_scores_stays_on_lists_made_by_rules(console: Console) -> None:
    say(console, "ann", "opted_out", "object")
    assert "安哨兵" in queue_of(console)  # arrears: a rule alone
    assert marks(console) == {("ann", "opted_out")}


def test_a_scored_order_of_who_opted_out_is_taken_back(console: Console) -> None:
    from console.models import Order

    order = console.order_of("ann")
    Order.objects.filter(pk=order).update(list="churn_risk")
    say(console, "ann", "opted_out", "object")
    assert withdrawn(console) == {order}


def test_an_answer_not_to_contact_takes_back_the_other_orders_until_consent(
    console: Console, tmp_path: Path
) -> None:
    from console.models import Order

    other = Order.objects.get(pk=console.order_of("ann"))
    other.pk, other.list, other.manager_id = "202608-ZZZZZZZZZZZZ", "renewal", "M2"
    other.save(force_insert=True)
    book = exported(console.home, tmp_path)["M1"]
    refused = {"outcome": "do_not_contact", "contacted_on": TODAY}
    taken(console.home, fill(book, {"ann": refused}))
    assert [row["outcome"] for row in answers_of(console.home)] == ["do_not_contact"]
    assert withdrawn(console) == {"202608-ZZZZZZZZZZZZ"}
    assert marks(console) == {("ann", "do_not_contact")}
    say(console, "ann", "do_not_contact", "consent")
    assert marks(console) == set()
    taken(
        console.home,
        fill(exported(console.home, tmp_path / "later")["M1"], {"bob": refused}),
    )
    assert marks(console) == {("bob", "do_not_contact")}


def test_an_answer_after_the_consent_holds_again(
    console: Console, tmp_path: Path
) -> None:
    say(console, "bob", "do_not_contact", "object")
    say(console, "bob", "do_not_contact", "consent")
    assert marks(console) == set()
    book = exported(console.home, tmp_path)["M1"]
    refused = {"outcome": "do_not_contact", "contacted_on": TODAY}
    taken(console.home, fill(book, {"cat": refused}))
    assert marks(console) == {("cat", "do_not_contact")}


def test_orders_that_come_in_after_an_objection_are_taken_back(
    console: Console,
) -> None:
    from console.models import Order, Release
    from console.orders import import_orders
    from pipelines.store.lake import MonthFolder

    order = console.order_of("ann")
    Order.objects.all().delete()
    Release.objects.all().delete()
    say(console, "ann", "do_not_contact", "object")
    import_orders(
        console.home, MonthFolder(console.home, MONTH), own_settings(), "test"
    )
    assert withdrawn(console) == {order} and Order.objects.count() == len(DEBTORS)


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "do_not_contact", "act": "object", "why": " "},
        {"kind": "everything", "act": "object", "why": "x"},
    ],
    ids=["no reason", "no such use"],
)
def test_a_wish_wants_a_reason_and_a_use(
    console: Console, said: dict[str, str]
) -> None:
    answer = staff(console, "qi").post("/persons/ann/wish/", said)
    assert answer.status_code == 422 and 'role="alert"' in text_of(answer)
    assert withdrawn(console) == set() and marks(console) == set()


def test_an_unknown_use_is_refused_by_the_register_itself(console: Console) -> None:
    from console.persons.consent import Wish, record_wish

    with pytest.raises(UsageError, match="consent.unknown_kind"):
        record_wish(Wish("ann", "everything", True), "x", "qi", TODAY)


# -- why -----------------------------------------------------------------------------------------------------------


def test_a_decision_is_explained_in_words_that_cite_rule_place_and_outcome(
    console: Console,
) -> None:
    qi = staff(console, "qi")
    page = text_of(qi.get("/persons/ann/"))
    assert "仅由对所有人相同的规则决定" in page and "排第" in page
    assert "已安排客户经理在 2026-09-14 前联系" in page
    say(console, "ann", "do_not_contact", "object")
    assert "曾安排人员联系，后已收回" in text_of(qi.get("/persons/ann/"))


# -- the data ------------------------------------------------------------------------------------------------------


def gather(console: Console, who: str = "ann") -> Any:
    from console.errands.work import do_errands
    from console.models import Errand

    assert staff(console, "root").post(f"/persons/{who}/data/").status_code == 302
    do_errands(console.home, own_settings())
    errand = Errand.objects.get(kind="gather", subject=who)
    assert errand.state == "done", errand.said
    return errand


def fetch(console: Console, errand: Any, form: str) -> Any:
    path = f"/persons/{errand.subject}/data/{errand.pk}/{form}/"
    return staff(console, "qi").get(path)


def test_all_that_is_kept_of_a_person_and_of_nobody_else_is_handed_over(
    console: Console,
) -> None:
    say(console, "ann", "opted_out", "object", "by letter")
    console.visit("wang").get(f"/orders/{console.order_of('ann')}/")
    errand = gather(console)
    content = json.loads(b"".join(fetch(console, errand, "json").streaming_content))
    assert content["customer_id"] == "ann"
    tables = content["months"][str(MONTH)]
    assert tables["snapshot_person"][0]["phone"] == "13900000001"
    assert {
        "snapshot_bill",
        "snapshot_receivable",
        "dispatch_order",
        "features_consent",
    } <= set(tables)
    assert tables["snapshot_service"][0]["service_id"] == "ann-1"
    assert content["office"]["orders"][0]["order_id"] == console.order_of("ann")
    assert content["office"]["wishes"][0]["why"] == "by letter"
    assert [look["action"] for look in content["office"]["accesses"]].count(
        "order"
    ) == 1
    whole = json.dumps(content, ensure_ascii=False)
    for who, (_manager, _branch, name, phone) in DEBTORS.items():
        if who != "ann":
            assert name not in whole and phone not in whole, who
    for form, word in (("zh", "一位客户的全部留存数据"), ("en", "All that is kept")):
        page = b"".join(fetch(console, errand, form).streaming_content).decode()
        assert word in page and "安哨兵" in page and "博哨兵" not in page


def test_what_was_gathered_is_its_owners_alone_and_goes_after_a_day(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.persons import export

    errand = gather(console)
    folder = console.home / "persons" / str(errand.pk)
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}
    for path in ("/persons/bob/data/{}/json/", "/persons/ann/data/{}/exe/"):
        assert staff(console, "qi").get(path.format(errand.pk)).status_code == 404
    monkeypatch.setattr(export, "KEPT", timedelta(0))
    assert fetch(console, errand, "json").status_code == 404
    export.remove_old_exports(console.home)
    assert not folder.exists()


def test_the_register_is_only_added_to(console: Console) -> None:
    from django.db import DatabaseError, transaction

    from console.models import ConsentEntry

    say(console, "ann", "opted_out", "object")
    entries = ConsentEntry.objects.filter(customer_id="ann")
    for change in (lambda: entries.update(is_objection=False), entries.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert entries.get().is_objection


def test_no_archive_holds_what_was_gathered(console: Console, tmp_path: Path) -> None:
    import tarfile
    from datetime import UTC, datetime

    from pipelines.operations.backup import back_up
    from pipelines.operations.tidy_office import tidy_office

    errand = gather(console)
    out = tmp_path / "archives"
    out.mkdir()
    made = back_up(console.home, out, own_settings(), datetime.now(UTC))
    with tarfile.open(made.path) as archive:
        assert [name for name in archive.getnames() if "persons" in name] == []
    folder = console.home / "persons" / str(errand.pk)
    tidy_office(console.home, own_settings(), datetime.now(UTC) + timedelta(days=2))
    assert list(folder.iterdir()) == []

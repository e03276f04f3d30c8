"""A person deleted: what is gone in every file, what verifies still, and that nobody else has changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from console.database import open_office
from console.orders import import_orders
from pipelines.core.errors import UsageError
from pipelines.delivery.content import render_parcels
from pipelines.jobs.restate import read_restatement, restate_month
from pipelines.jobs.run import run_month
from pipelines.jobs.verify import verify_month
from pipelines.operations.backup import KEYS_COPY, back_up
from pipelines.operations.persons.erasure import (
    Request,
    Trace,
    erase_person,
    find_traces,
)
from pipelines.operations.restoring import restore_home
from pipelines.store.lake import MonthFolder
from pipelines.store.outbox import SENT, Letter, Outbox
from pipelines.store.persons.keys import PersonKeys
from pipelines.store.persons.vault import read_open_rows
from tests.operations.persons.traces import find_words
from tests.support.made_once import make_once
from tests.support.office import exported, fill, released_town, taken
from tests.support.small import KEY, MONTH, Town, own_settings, run_town, ungated_job

NAME, PHONE, NUMBER = "安哨兵甲", "13900000001", "13911112222"
NOTE, STREET = "哨兵备注二十八", "哨兵路九号"
WORDS = (NAME, PHONE, NUMBER, NOTE, STREET)
OTHER = ("博哨兵乙", "13900000002", "13933334444")
NOW = datetime(2026, 9, 9, 2, 0, tzinfo=UTC)
NEXT = MONTH.plus(1)
WISH = Request("ann", "asked by letter of the 8th", "qi")


def town(month: Any = MONTH) -> Town:
    """Two people who owe; of ann also a column that nobody knows."""
    made = Town(month)
    for who, (name, phone, number) in {"ann": WORDS[:3], "bob": OTHER}.items():
        made.person(who, name=name, phone=phone, service={"number": number}).owe(who)
    for row in made.tables["customer"]:
        row["street"] = STREET if row["customer_id"] == "ann" else "博路"
    return made


def make_worked(folder: Path) -> None:
    """A month that was made, released, sent, answered with notes, and backed up."""
    home = folder / "home"
    month = released_town(home, town())
    import_orders(home, month, own_settings(), "test")
    outbox = Outbox(home, str(MONTH))
    parcels = render_parcels(month, outbox.path, "zh", own_settings())
    book = next(one for one in parcels if one.part == "manager")
    letter = Letter("a" * 24, str(MONTH), 1, "share", "manager-M1", "x", (book.file,))
    outbox.put(letter, state=SENT)
    answers = {
        "ann": {"outcome": "call_back", "contacted_on": "2026-09-07", "note": NOTE},
        "bob": {"outcome": "call_back", "contacted_on": "2026-09-07", "note": "博备注"},
    }
    (filled,) = [
        path for name, path in exported(home, folder / "out").items() if name == "M1"
    ]
    assert taken(home, fill(filled, answers)).accepted == 2
    back_up(home, folder / "archives", own_settings(), NOW)
    from django.db import connections

    connections.close_all()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own of that month."""
    import shutil

    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    made = make_once("erasure", make_worked)
    for name in ("home", "archives", "source"):
        shutil.copytree(made / name, tmp_path / name)
    copy = tmp_path / "archives" / KEYS_COPY
    PersonKeys(tmp_path / "home").path.with_name("copies.json").unlink()
    PersonKeys(tmp_path / "home").record_copy(copy)
    return tmp_path / "home"


def kinds(traces: list[Trace]) -> dict[str, set[str]]:
    """What is told, by fate."""
    told: dict[str, set[str]] = {}
    for trace in traces:
        told.setdefault(trace.fate, set()).add(trace.kind)
    return told


def shown(home: Path, who: str) -> dict[str, Any]:
    """What the office would call a customer by."""
    version = MonthFolder(home, MONTH).version()
    (person,) = read_open_rows(version, "snapshot_person", where={"customer_id": who})
    (line,) = read_open_rows(
        version, "snapshot_number", where={"service_id": f"{who}-1"}
    )
    return {**person, **line}


def find_differences(home: Path) -> list[Any]:
    """What a verification of the month finds."""
    return verify_month(ungated_job(home, None)).differences


def test_names_stand_in_no_table_and_are_read_by_one_reader(home: Path) -> None:
    assert shown(home, "ann") == {
        "customer_id": "ann", "name": NAME, "phone": PHONE, "service_id": "ann-1", "number": NUMBER,
    }  # fmt: skip
    assert find_words(home / "months", WORDS) == []
    # The keys lie outside the archives, which hold no name either.
    assert find_words(home.parent / "archives", (NAME, PHONE, NUMBER, NOTE)) == []


def test_a_rehearsal_tells_what_goes_and_touches_nothing(home: Path) -> None:
    told = find_traces(home, own_settings(), "ann")
    assert kinds(told) == {
        "gone": {"key", "names", "files", "notes", "digests"},
        "stays": {"bills", "orders"},
        "outside": {"letters"},
    }
    (letters,) = [trace for trace in told if trace.kind == "letters"]
    assert letters.where == ("share: manager-M1",)
    assert shown(home, "ann")["name"] == NAME
    with pytest.raises(UsageError, match=r"erase\.unknown"):
        find_traces(home, own_settings(), "nobody")


def test_who_is_deleted_is_in_no_file_and_the_month_verifies(home: Path) -> None:
    before = MonthFolder(home, MONTH).version().identity
    erase_person(home, own_settings(), WISH)
    assert find_words(home, WORDS) == []
    gone = shown(home, "ann")
    assert (gone["name"], gone["phone"], gone["number"]) == (None, None, None)
    bob = shown(home, "bob")
    assert (bob["name"], bob["phone"], bob["number"]) == OTHER
    assert MonthFolder(home, MONTH).version().identity == before
    assert find_differences(home) == []
    # What is drawn again names the others alone.
    folder = MonthFolder(home, MONTH)
    render_parcels(folder, Outbox(home, str(MONTH)).path, "zh", own_settings())
    assert find_words(home, WORDS) == [] and find_words(home / "outbox", OTHER[:1])


def test_the_office_keeps_orders_and_answers_without_what_was_noted(home: Path) -> None:
    erase_person(home, own_settings(), WISH)
    open_office(home, own_settings())
    from console.models import Answer, AuditEntry, ConsentEntry, Order
    from console.persons.notes import open_words

    notes = {
        answer.order.customer_id: open_words(
            answer.order.customer_id, "note", answer.note
        )
        for answer in Answer.objects.select_related("order")
    }
    assert notes == {"ann": "", "bob": "博备注"}
    order = Order.objects.get(customer_id="ann")
    assert order.phone_digest is None and order.changes.last().kind == "withdrawn"
    assert Order.objects.get(customer_id="bob").phone_digest
    assert ConsentEntry.objects.filter(customer_id="ann", is_objection=True).exists()
    entry = AuditEntry.objects.get(action="erase_person")
    assert (entry.subject, entry.actor, entry.detail["why"]) == ("ann", "qi", WISH.why)


def test_an_archive_of_before_brings_nobody_back(home: Path, tmp_path: Path) -> None:
    erase_person(home, own_settings(), WISH)
    (archive,) = (tmp_path / "archives").glob("*.tar")
    again = restore_home(archive, tmp_path / "again", own_settings()).path
    assert find_words(again, WORDS) == []
    assert (
        shown(again, "ann")["name"] is None and shown(again, "bob")["name"] == OTHER[0]
    )
    assert find_differences(again) == []
    open_office(again, own_settings())
    from console.models import Answer, ConsentEntry

    assert Answer.objects.get(order__customer_id="ann").note == ""
    assert ConsentEntry.objects.filter(customer_id="ann", is_objection=True).exists()


def test_who_is_delivered_again_is_not_taken_up_again(home: Path) -> None:
    erase_person(home, own_settings(), WISH)
    source = town(NEXT).write(home.parent / "source")
    version = run_town(home, town(NEXT), source)
    assert find_words(home, WORDS) == []
    (ann,) = read_open_rows(version, "snapshot_person", where={"customer_id": "ann"})
    (bob,) = read_open_rows(version, "snapshot_person", where={"customer_id": "bob"})
    assert (ann["name"], bob["name"]) == (None, OTHER[0])
    orders = version.read_rows("dispatch_order", ["customer_id"])
    assert {order["customer_id"] for order in orders} <= {"bob"}
    assert version.count_rows("snapshot_bill") == 2


def test_a_month_is_restated_as_if_nobody_was_deleted(home: Path) -> None:
    erase_person(home, own_settings(), WISH)
    restating = ungated_job(home, home.parent / "source")
    found = read_restatement(restating, restate_month(restating))
    assert {cause.get("cause") for cause in found.causes} <= {"office"}
    assert find_words(home, WORDS) == []


def test_a_corrected_number_makes_a_version_though_no_table_shows_it(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    first = run_town(home, town())
    corrected = town()
    corrected.tables["customer"][0]["phone"] = "13955556666"
    second = run_town(home, corrected)
    assert (first.number, second.number) == (1, 2)
    assert shown(home, "ann")["phone"] == "13955556666"
    again = run_month(ungated_job(home, tmp_path / "source"))
    assert again.number == 2


@pytest.mark.parametrize(
    ("why", "key"),
    [(" ", "erase.no_reason"), (f"wrote {NAME}", "erase.named_reason")],
)
def test_a_reason_is_asked_for_and_names_nobody(home: Path, why: str, key: str) -> None:
    with pytest.raises(UsageError, match=key.replace(".", r"\.")):
        erase_person(home, own_settings(), replace(WISH, why=why))
    assert shown(home, "ann")["name"] == NAME


def test_deleting_again_ends_the_same(home: Path) -> None:
    erase_person(home, own_settings(), WISH)
    told = erase_person(home, own_settings(), WISH)
    assert "gone" not in kinds(told)

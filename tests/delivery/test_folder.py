"""A folder and the outbox: who gets what, once, whatever happens between; nothing before the release, nothing unasked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.core.errors import (
    Busy,
    Incomplete,
    Refused,
    SpecError,
    Undelivered,
    UsageError,
)
from pipelines.delivery.post import deliver_letters, raise_open
from pipelines.store.outbox import Outbox
from tests.delivery.conftest import NAME, PHONE, House, town
from tests.support.small import MONTH, own_settings, run_town


def files(place: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def test_each_gets_his_own_and_the_company_gets_the_books_and_documents(
    house: House,
) -> None:
    place = house.add_folder()
    report = house.deliver()
    assert set(report.counts) == {"sent"}
    raise_open(report)
    by_holder: dict[str, set[str]] = {}
    for name in files(place):
        holder, _, file = name.split("/")
        by_holder.setdefault(holder, set()).add(
            file.partition("_")[2].rsplit("_", 1)[-1]
        )
    assert by_holder.keys() == {"manager-M1", "manager-M2", "branch-B1", "company"}
    assert by_holder["manager-M1"] == {"M1.xlsx"}
    assert {
        "company.xlsx",
        "summary.docx",
        "summary.html",
        "annex.xlsx",
        "dictionary.html",
    } <= by_holder["company"]
    assert len(files(place)) == report.counts["sent"]


def test_the_same_month_again_sends_nothing(house: House) -> None:
    place = house.add_folder()
    house.deliver()
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    outbox = house.written()
    assert set(house.deliver().counts) == {"sent"}
    assert {
        path: path.stat().st_mtime_ns for path in place.rglob("*")
    } == before and house.written() == outbox


def test_what_the_receiver_has_written_into_it_stays(house: House) -> None:
    """A delivery that died after the rename comes back to a file that the manager has begun to fill in."""
    place = house.add_folder()
    report = house.deliver()
    book = next(place.glob("manager-M1/*/*.xlsx"))
    book.write_bytes(b"filled in")
    letter = next(one for one in report.letters if one.receiver == "manager-M1")
    Outbox(house.home, str(MONTH)).put(letter, state="sending")
    assert set(house.deliver().counts) == {"sent"}
    assert (
        book.read_bytes() == b"filled in"
        and len(list(place.glob("manager-M1/*/*"))) == 1
    )


def test_a_folder_that_is_not_mounted_waits_and_does_not_hold_up_the_other(
    house: House,
) -> None:
    house.channels["away"] = {
        "kind": "folder",
        "path": str(house.folder / "nowhere"),
        "what": ["company"],
    }
    place = house.add_folder("zz_share")
    report = house.deliver()
    assert {one.state for one in report.letters if one.channel == "away"} == {"pending"}
    assert {one.why for one in report.letters if one.channel == "away"} == {
        "folder_missing"
    }
    assert files(place) and not (house.folder / "nowhere").exists()
    with pytest.raises(Undelivered, match="deliver.open"):
        raise_open(report)
    (house.folder / "nowhere").mkdir()
    assert set(house.deliver().counts) == {"sent"}
    assert len(files(house.folder / "nowhere")) == len(list(place.glob("company/*/*")))


def test_a_full_share_is_tried_again_and_then_waits(house: House) -> None:
    place = house.add_folder(what=["company"])
    (place / "company").write_text("a file where the folder should be")
    report = house.deliver()
    assert {one.why for one in report.letters} == {"folder_failed"} and house.waits == [
        1,
        2,
    ]
    assert sorted(one.attempts for one in report.letters)[-1] == 3, (
        "the first is tried, the rest are spared"
    )
    (place / "company").unlink()
    assert set(house.deliver().counts) == {"sent"}


def test_nothing_leaves_before_the_release(tmp_path: Path) -> None:
    run_town(tmp_path / "home", town(), tmp_path / "source")
    house = House(tmp_path)
    place = house.add_folder()
    with pytest.raises(Refused, match="not_released"):
        house.deliver()
    assert not files(place) and not house.outbox.exists()


def test_without_a_delivery_file_nothing_is_sent_and_nothing_written(
    released: Path, tmp_path: Path
) -> None:
    home = shutil.copytree(
        released, tmp_path / "home", ignore=shutil.ignore_patterns("outbox")
    )
    report = deliver_letters(home, str(MONTH), own_settings())
    assert (report.nothing, report.letters) == ("no_file", ()) and not (
        home / "outbox"
    ).exists()
    raise_open(report)


def test_a_month_before_the_first_one_wanted_is_not_sent(house: House) -> None:
    place = house.add_folder()
    house.since = "2026-09"
    assert (
        house.deliver().nothing == "before"
        and not files(place)
        and not list(house.outbox.glob("*.json"))
    )


def test_a_dry_run_tells_and_keeps_nothing(house: House) -> None:
    place = house.add_folder()
    told = house.deliver(is_dry=True)
    assert (
        set(told.counts) == {"pending"}
        and not files(place)
        and not list(house.outbox.glob("*.json"))
    )
    assert [one.id for one in told.letters] == [
        one.id for one in house.deliver(is_dry=True).letters
    ]
    sent = house.deliver().letters
    assert {one.id for one in sent} == {one.id for one in told.letters}
    assert set(house.deliver(is_dry=True).counts) == {"sent"}, (
        "what became of them is told without sending"
    )


def test_a_dry_run_of_a_month_never_rendered_keeps_nothing(house: House) -> None:
    house.add_folder(what=["manager"])
    wanted = {one.id for one in house.deliver(is_dry=True).letters}
    shutil.rmtree(house.outbox)
    assert {
        one.id for one in house.deliver(is_dry=True).letters
    } == wanted and not house.outbox.exists()


def test_a_channel_that_is_taken_out_leaves_nothing_waiting(house: House) -> None:
    house.channels["away"] = {
        "kind": "folder",
        "path": str(house.folder / "nowhere"),
        "what": ["company"],
    }
    place = house.add_folder()
    house.deliver()
    away = house.channels.pop("away")
    report = house.deliver()
    assert {one.state for one in report.letters if one.channel == "away"} == {
        "superseded"
    } and files(place)
    raise_open(report)
    house.channels["away"] = away
    (house.folder / "nowhere").mkdir()
    assert set(house.deliver().counts) == {"sent"}


def test_what_the_outbox_keeps_is_for_its_owner_s_eyes(house: House) -> None:
    house.add_folder()
    house.deliver()
    letters = [*house.outbox.glob("*.json")]
    assert letters and all(path.stat().st_mode & 0o077 == 0 for path in letters)
    assert all(
        path.stat().st_mode & 0o077 == 0
        for path in (house.outbox / "content").glob("*")
    )
    assert PHONE not in house.written() and NAME not in house.written()


def test_two_deliveries_at_once(house: House) -> None:
    house.add_folder()
    with (
        Outbox(house.home, str(MONTH)).lock(),
        pytest.raises(Busy, match="deliver.busy"),
    ):
        house.deliver()


@pytest.mark.parametrize("start", ["", "no-such-id"])
def test_a_letter_that_is_done_or_unknown_is_not_sent_again(
    house: House, start: str
) -> None:
    house.add_folder()
    report = house.deliver()
    for wanted in (start, report.letters[0].id):
        with pytest.raises(UsageError, match="no_such_letter"):
            house.deliver(wanted)


# -- the delivery file -------------------------------------------------------------------------------------------

SMTP = "kind: smtp, host: h, from: a@b, domains: [b], what: [manager]"


@pytest.mark.parametrize(
    ("channel", "where"),
    [
        ("kind: pigeon", "channels.one"),
        (
            "kind: folder, path: /x, what: [manager], password: canary-word",
            "channels.one.folder.password",
        ),
        (f"{SMTP}, security: none", "channels.one.smtp"),
        (f"{SMTP}, user: canary-word", "channels.one.smtp"),
        (
            "kind: smtp, host: h, from: a@b, domains: [], what: [manager]",
            "channels.one.smtp.domains",
        ),
        ("kind: robot, type: plain, url_file: /x", "channels.one.robot"),
        (
            "kind: robot, type: dingtalk, url_file: /x, timeout: 0",
            "channels.one.robot.timeout",
        ),
        (
            "kind: robot, type: dingtalk, url_file: /x, proxy: 'http://u:canary-word@p:1'",
            "channels.one.robot.proxy",
        ),
    ],
)
def test_a_wrong_delivery_file_is_named_by_its_place(
    house: House, channel: str, where: str
) -> None:
    path = house.folder / "wrong.yml"
    path.write_text(f"since: 2026-08\nchannels: {{one: {{{channel}}}}}\n")
    with pytest.raises(SpecError, match="written.bad") as caught:
        deliver_letters(house.home, str(MONTH), own_settings(delivery_file=path))
    assert (caught.value.facts["place"], caught.value.facts["line"]) == (
        where,
        2,
    ) and "canary-word" not in str(caught.value)
    assert not list(house.outbox.glob("*.json"))


@pytest.mark.parametrize(
    "text",
    ["", "channels: {}", "since: [", "since: 2026-13\nchannels: {}", "\x00", "- a"],
)
def test_a_delivery_file_that_is_none(house: House, text: str) -> None:
    path = house.folder / "wrong.yml"
    path.write_text(text)
    with pytest.raises(SpecError, match="written.bad|yaml.bad"):
        deliver_letters(house.home, str(MONTH), own_settings(delivery_file=path))
    with pytest.raises(SpecError, match="yaml.no_file"):
        deliver_letters(
            house.home,
            str(MONTH),
            own_settings(delivery_file=house.folder / "nowhere.yml"),
        )


def test_incomplete_is_what_a_person_must_mend() -> None:
    assert issubclass(Undelivered, Incomplete) and Undelivered.exit_code == 12

"""E-mail through a real server: who gets which attachment, refusals by address, and the same letter known by its Message-ID."""

from __future__ import annotations

import logging
import re
from base64 import b64decode
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from console.database import open_office
from pipelines.delivery.letters import is_allowed
from pipelines.delivery.mail_text import name_twice
from pipelines.delivery.post import Report
from pipelines.store.lake import MonthFolder
from pipelines.store.outbox import Outbox
from tests.delivery.certificates import certificate
from tests.delivery.conftest import NAME, PHONE, House
from tests.delivery.servers import Mailbox, mail_server, mute
from tests.support.small import MONTH, read

M1, M2, HEAD = "m1@telecom.example", "m2@telecom.example", "head@telecom.example"


def add_mail(house: House, box: Mailbox, **more: Any) -> None:
    house.channels["mail"] = {
        "kind": "smtp", "host": "127.0.0.1", "port": box.port, "security": "none", "from": "office@telecom.example",
        "domains": ["telecom.example"], "managers": {"M2": M2}, "company": [HEAD], "what": ["manager", "company"],
        "timeout": 5,
    } | more  # fmt: skip


def states(report: Report) -> dict[str, str]:
    return {one.receiver: one.state for one in report.letters}


def test_a_manager_gets_his_workbook_and_the_head_the_company_s_files(
    house: House,
) -> None:
    with mail_server() as box:
        add_mail(house, box)
        assert states(house.deliver()) == {M1: "sent", M2: "sent", HEAD: "sent"}
        house.deliver()
    got = {
        to: [part.get_filename() or "" for part in mail.walk() if part.get_filename()]
        for to, mail in box.mails
    }
    assert (
        len(box.mails) == 3
        and len(got[M1]) == 1
        and got[M1][0].endswith("M1.xlsx")
        and got[M2][0].endswith("M2.xlsx")
    )
    assert {"2026-08_company.xlsx", "2026-08_summary.docx"} <= set(got[HEAD])
    for _, mail in box.mails:
        assert mail["Subject"] == "Retention orders 2026-08" and mail[
            "Message-ID"
        ].endswith("@telecom.example>")
        texts = [
            part.get_payload(decode=True)
            for part in mail.walk()
            if part.get_content_type() == "text/plain"
        ]
        assert not [
            text for text in texts if PHONE.encode() in text or NAME.encode() in text
        ]


def test_a_refused_address_is_dead_and_the_others_have_their_mail(house: House) -> None:
    with mail_server(answers={M1: ["550 no such user"]}) as box:
        add_mail(house, box)
        report = house.deliver()
        assert states(report) == {M1: "dead", M2: "sent", HEAD: "sent"}
        letter = next(one for one in report.letters if one.receiver == M1)
        assert (letter.why, letter.facts) == ("smtp_code", {"code": 550})
        assert states(house.deliver())[M1] == "dead" and box.tries.count(M1) == 1
        box.answers.clear()
        assert states(house.deliver(letter.id))[M1] == "sent"


@pytest.mark.parametrize(
    ("replies", "state", "tries"),
    [
        (["451 later", "250 OK"], "sent", 2),
        (["451 later"], "pending", 3),
        (["421 closing", "250 OK"], "sent", 2),
    ],
)
def test_a_server_that_asks_to_come_again(
    house: House, replies: list[str], state: str, tries: int
) -> None:
    with mail_server(answers={M1: replies}) as box:
        add_mail(house, box)
        assert states(house.deliver())[M1] == state and box.tries.count(M1) == tries


def test_no_address_is_a_dead_letter_until_there_is_one(house: House) -> None:
    with mail_server() as box:
        add_mail(house, box, managers={})
        report = house.deliver()
        dead = [one for one in report.letters if one.state == "dead"]
        assert [(one.why, one.facts) for one in dead] == [
            ("no_address", {"part": "manager", "holder": "M2"})
        ]
        add_mail(house, box)
        assert dict(house.deliver().counts) == {"sent": 3, "superseded": 1}


@pytest.mark.parametrize(
    "address",
    [
        "m2@elsewhere.example",
        "m2@telecom.example\nBcc: x@y",
        "m2",
        "a@b@telecom.example",
    ],
)
def test_an_address_that_is_not_allowed_gets_nothing_whoever_insists(
    house: House, address: str
) -> None:
    with mail_server() as box:
        add_mail(house, box, managers={"M2": address})
        report = house.deliver()
        dead = next(one for one in report.letters if one.state == "dead")
        assert dead.why == "address_not_allowed"
        with pytest.raises(Exception, match="no_such_letter"):
            house.deliver(dead.id)
        assert sorted(box.tries) == [HEAD, M1]


@pytest.mark.parametrize(
    ("address", "is_good"),
    [
        ("li@telecom.example", True), ("li@TELECOM.example", True), ("李@telecom.example", False), ("", False),
        ("li@sub.telecom.example", False), ("li@telecom.example ", False), ("<li@telecom.example>", False),
        ("li@telecom.example, x@y", False), ("@telecom.example", False), ("li\x00@telecom.example", False),
    ],
)  # fmt: skip
def test_which_addresses_are_plain(address: str, is_good: bool) -> None:
    assert is_allowed(address, ["telecom.example"]) is is_good


def test_a_delivery_that_died_sends_the_same_letter_again(house: House) -> None:
    """Whether the mail had left nobody knows; a second one carries the same Message-ID."""
    with mail_server() as box:
        add_mail(house, box)
        letter = next(one for one in house.deliver().letters if one.receiver == M1)
        Outbox(house.home, str(MONTH)).put(letter, state="sending")
        house.deliver()
    assert len({mail["Message-ID"] for to, mail in box.mails if to == M1}) == 1
    assert [to for to, _ in box.mails].count(M1) == 2


def test_a_reassigned_order_is_another_workbook(house: House) -> None:
    """M1's customer goes to M2: he gets his book anew, who gets the company's gets that, nobody else anything."""
    open_office(house.home, house.settings)
    from console.changes import (
        REASSIGNED,
        change_orders,
    )  # Django's models, once the office is open

    with mail_server() as box:
        add_mail(house, box, company=[HEAD, "second@telecom.example"])
        place = house.add_folder(what=["manager", "branch"])
        house.deliver()
        box.mails.clear()
        orders = read(MonthFolder(house.home, MONTH).version(), "dispatch_order")
        mine = [row["order_id"] for row in orders if row["manager_id"] == "M1"]
        change_orders(mine, REASSIGNED, "away", "head", "M2")
        assert set(house.deliver().counts) == {"sent"}
    assert sorted(to for to, _ in box.mails) == sorted(
        [M2, HEAD, "second@telecom.example"]
    )
    assert {holder.name: len(list(holder.glob("*/*"))) for holder in place.iterdir()} == {
        "manager-M1": 1, "manager-M2": 2, "branch-B1": 1,
    }  # fmt: skip


# -- the way there -----------------------------------------------------------------------------------------------


def test_encrypted_and_with_a_password(
    house: House,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG, "pipelines")
    pem = certificate(tmp_path)
    with mail_server("canary-password", pem) as box:
        add_mail(
            house,
            box,
            security="starttls",
            ca_file=str(pem),
            user="office",
            password_file=house.secret("wrong"),
        )
        report = house.deliver()
        assert set(states(report).values()) == {"pending"} and {
            one.why for one in report.letters
        } == {"login"}
        assert len(box.logins) == 2, (
            "by PLAIN and by LOGIN, for all letters together: more would lock the account"
        )
        house.secret("canary-password")
        assert set(states(house.deliver()).values()) == {"sent"}
    assert "canary" not in house.written() + caplog.text + "".join(capsys.readouterr())


def test_a_server_without_encryption_gets_neither_mail_nor_password(
    house: House,
) -> None:
    with mail_server("canary-password") as box:
        add_mail(
            house,
            box,
            security="starttls",
            user="office",
            password_file=house.secret("canary-password"),
        )
        report = house.deliver()
    assert (
        {one.why for one in report.letters} == {"no_starttls"}
        and not box.mails
        and not box.logins
    )


def test_a_certificate_nobody_knows(house: House, tmp_path: Path) -> None:
    with mail_server(pem=certificate(tmp_path)) as box:
        add_mail(house, box, security="starttls")
        report = house.deliver()
    assert {(one.state, one.why) for one in report.letters} == {
        ("pending", "tls")
    } and not box.mails


def test_nobody_at_the_port(house: House) -> None:
    with mail_server() as box:
        add_mail(house, box)
    report = house.deliver()
    assert {(one.state, one.why) for one in report.letters} == {
        ("pending", "smtp_broken")
    }
    assert house.waits == [1, 2], (
        "the first letter is tried three times, the others wait with it"
    )


def test_a_server_that_says_nothing(house: House) -> None:
    with mute() as port:
        add_mail(house, Mailbox(port), timeout=0.3)
        report = house.deliver()
    assert {(one.state, one.why) for one in report.letters} == {
        ("pending", "smtp_broken")
    } and house.waits == [1, 2]


def test_a_sender_that_is_refused_is_not_tried_with_every_letter(house: House) -> None:
    with mail_server(answers={"office@telecom.example": ["550 not you"]}) as box:
        add_mail(house, box)
        report = house.deliver()
    assert {(one.state, one.why) for one in report.letters} == {
        ("pending", "smtp_sender")
    } and len(box.senders) == 1


def test_a_mail_that_is_too_large_is_dead_and_the_smaller_ones_go(house: House) -> None:
    with mail_server(limit=60_000) as box:
        add_mail(house, box)
        report = house.deliver()
    assert states(report) == {M1: "sent", M2: "sent", HEAD: "dead"}
    assert next(one for one in report.letters if one.receiver == HEAD).facts == {
        "code": 552
    }


@pytest.mark.parametrize(
    ("reply", "state"), [("554 no", "dead"), ("452 full", "pending")]
)
def test_a_server_that_will_not_have_the_content(
    house: House, reply: str, state: str
) -> None:
    with mail_server(answers={"data": [reply]}) as box:
        add_mail(house, box)
        assert set(states(house.deliver()).values()) == {state} and not box.mails


NAMES = [
    "2026-08_manager_张伟.xlsx",
    "经营分析.docx",
    f"{'很长的名字' * 12}_M1.pdf",
    '𠮷田"; x=y\r\nBcc: a@b.xlsx',
    "plain.xlsx",
]


@pytest.mark.parametrize("name", NAMES)
def test_an_attachment_is_named_in_both_forms(name: str) -> None:
    mail = EmailMessage(policy=SMTP.clone(refold_source="none"))
    mail.set_content("x")
    mail.add_attachment(
        b"PK", maintype="application", subtype="octet-stream", filename="plain.xlsx"
    )
    (part,) = mail.iter_attachments()
    if not name.isascii():
        name_twice(part, "application/octet-stream", name)
    raw = mail.as_bytes()
    read = message_from_bytes(raw, policy=SMTP)
    (attached,) = read.iter_attachments()
    assert attached.get_filename() == name and attached.get_content() == b"PK"
    # The older reader knows RFC 2047's form, and shows that.
    older = list(message_from_bytes(raw).walk())[-1].get_filename()
    assert older is not None and str(make_header(decode_header(older))) == name
    head = raw.partition(b"PK")[0].decode("ascii")
    assert max(map(len, head.splitlines())) <= 78 and "\nBcc:" not in head
    if not name.isascii():
        assert (
            "filename*" in head
            and 'filename="=?utf-8?B?' in head
            and 'name="=?utf-8?B?' in head
        )
        words = re.findall(
            r"=\?utf-8\?B\?([^?]+)\?=", head.partition("Content-Disposition")[0]
        )
        assert "".join(b64decode(word).decode() for word in words) == name

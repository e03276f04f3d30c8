"""The day's notices through a real mail server and a real robot's host: counts alone, once a day, taken up again."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.delivery.post import Report
from pipelines.delivery.senders import Pace
from pipelines.store.lake import MonthFolder
from pipelines.store.outbox import Outbox
from tests.delivery.servers import Mailbox, Robot, mail_server, robot
from tests.support.console.visitors import DEBTORS, Console
from tests.support.small import MONTH, own_settings

DUE = date(2026, 9, 14)  # of all debts
LATE = DUE + timedelta(days=2)
ADDRESSES = {
    "wang": "wang@telecom.example",
    "li": "li@elsewhere.example",
    "head1": "head1@telecom.example",
    "qi": "qi@telecom.example",
    "root": "root@telecom.example",
}


@pytest.fixture
def staffed(console: Console) -> Console:
    from console.accounts.models import Account

    for name, address in ADDRESSES.items():
        Account.objects.filter(name=name).update(email=address)
    return console


def tell(
    console: Console, channels: dict[str, Any], day: date, is_dry: bool = False
) -> Report:
    from console.notices.daily import send_notices

    folder = console.home.parent
    file = folder / "deliver.yml"
    said = {"since": "2026-01", "language": "zh", "channels": channels}
    file.write_text(yaml.safe_dump(said))
    settings = own_settings(delivery_file=file, console_hosts="office.example")
    pace = Pace(attempts=2, first=0, sleep=lambda _: None)
    return send_notices(console.home, settings, day, pace, is_dry)


def mail(box: Mailbox, **more: Any) -> dict[str, Any]:
    return {
        "kind": "smtp", "host": "127.0.0.1", "port": box.port, "security": "none", "from": "office@telecom.example",
        "domains": ["telecom.example"], "what": [], "timeout": 5, "notices": True,
    } | more  # fmt: skip


def group(console: Console, host: Robot) -> dict[str, Any]:
    link = console.home.parent / "robot.url"
    link.write_text(f"http://127.0.0.1:{host.port}/send")
    return {
        "kind": "robot", "type": "dingtalk", "host": "127.0.0.1", "url_file": str(link), "timeout": 2, "notices": True,
    }  # fmt: skip


def texts(box: Mailbox) -> dict[str, str]:
    return {
        to: message.get_payload(decode=True).decode()  # type: ignore[union-attr]
        for to, message in box.mails
    }


def states(report: Report) -> dict[str, str]:
    return {letter.receiver: letter.state for letter in report.letters}


def test_everybody_hears_the_own_counts_once_and_nothing_of_anybody(
    staffed: Console,
) -> None:
    with mail_server() as box, robot((200, {}, '{"errcode": 0}')) as host:
        channels = {"mail": mail(box), "group": group(staffed, host)}
        report = tell(staffed, channels, DUE)
        assert states(report) == {
            "wang@telecom.example": "sent",
            "li@elsewhere.example": "dead",  # of no domain that is allowed
            "head1@telecom.example": "sent",
            "robot": "sent",
        }
        assert states(tell(staffed, channels, DUE)) == states(report)
    told = texts(box)
    assert len(box.mails) == 2 and len(host.messages) == 1
    assert "今日到期：3" in told["wang@telecom.example"]
    assert "今日到期：4" in told["head1@telecom.example"]
    assert "https://office.example/" in told["wang@telecom.example"]
    said = host.messages[0]["text"]["content"]
    assert "今日到期：5" in said
    for customer, (manager, _branch, name, phone) in DEBTORS.items():
        for text in (*told.values(), said):
            assert name not in text and phone not in text and customer not in text
            assert manager not in text and "经理" not in text


def test_overdue_and_broken_promises_are_counted(staffed: Console) -> None:
    from console.models import Answer, Intake

    intake = Intake.objects.create(
        file="x",
        sha256="",
        actor="wang",
        accepted=1,
        unchanged=0,
        refused=0,
        unfilled=0,
    )
    Answer.objects.create(
        order_id=staffed.order_of("ann"), intake=intake, line=1, outcome="promised",
        contacted_on=DUE, promised_on=DUE + timedelta(days=1), digest="1",
    )  # fmt: skip
    with mail_server() as box:
        tell(staffed, {"mail": mail(box)}, LATE)
    text = texts(box)["wang@telecom.example"]
    assert (
        "已逾期：3" in text and "其中承诺未兑现：1" in text and "今日到期" not in text
    )


def test_quality_hears_of_a_month_that_waits(staffed: Console) -> None:
    (MonthFolder(staffed.home, MONTH).path / "SEAL.json").unlink()
    with mail_server() as box:
        tell(staffed, {"mail": mail(box)}, date(2026, 9, 1))
    assert f"账期 {MONTH} 等待审批发布" in texts(box)["qi@telecom.example"]
    assert "root@telecom.example" not in texts(box)


def test_heads_words_and_requests_are_told_to_who_decides_and_back(
    staffed: Console,
) -> None:
    from console.branch.requests import answer_request
    from console.models import PlacesRequest

    (MonthFolder(staffed.home, MONTH).path / "SEAL.json").unlink()
    asked = PlacesRequest.objects.create(
        month=str(MONTH), branch_id="B1", manager_id="M1", places_now=2, places_wanted=3,
        worth_amount=1, why="安哨兵 waits", actor="head1",
    )  # fmt: skip
    before = date(2026, 9, 1)
    with mail_server() as box:
        tell(staffed, {"mail": mail(box)}, before)
    told = texts(box)
    assert "本支局待同意或退回的清单：1" in told["head1@telecom.example"]
    for who in ("qi", "root"):
        assert "待答复的名额申请：1" in told[f"{who}@telecom.example"]

    said = {"act": "returned", "list": ["arrears"], "why": "安哨兵", "version": "1"}
    head = staffed.visit("head1")
    assert head.post(f"/branch/lists/?month={MONTH}", said).status_code == 302
    answer_request(asked, "granted", "", "root")
    with mail_server() as box:
        tell(staffed, {"mail": mail(box)}, before + timedelta(days=1))
    told = texts(box)
    assert "已答复的名额申请：1" in told["head1@telecom.example"]
    assert "待同意" not in told["head1@telecom.example"]
    assert "退回的清单：1" in told["qi@telecom.example"]
    assert "root@telecom.example" not in told
    assert not [text for text in told.values() if "哨兵" in text or "M1" in text]


def test_what_failed_is_taken_up_again_that_day_and_not_the_next(
    staffed: Console,
) -> None:
    with mail_server(answers={ADDRESSES["wang"]: ["451 later"]}) as box:
        first = tell(staffed, {"mail": mail(box)}, DUE)
        assert states(first)[ADDRESSES["wang"]] == "pending"
        assert len(box.mails) == 1
        box.answers.clear()
        assert (
            states(tell(staffed, {"mail": mail(box)}, DUE))[ADDRESSES["wang"]] == "sent"
        )
        assert len(box.mails) == 2
        box.answers[ADDRESSES["wang"]] = ["451 later"]
        tell(staffed, {"mail": mail(box)}, LATE)
        box.answers.clear()
        tell(staffed, {"mail": mail(box)}, LATE + timedelta(days=1))
    old = Outbox(staffed.home, f"notices-{LATE}").letters().values()
    assert "superseded" in {letter.state for letter in old}
    assert "pending" not in {letter.state for letter in old}


def test_a_dry_run_and_an_office_without_channels_tell_nobody(staffed: Console) -> None:
    with mail_server() as box:
        rehearsed = tell(staffed, {"mail": mail(box)}, DUE, is_dry=True)
        assert len(rehearsed.letters) == 3 and box.mails == []
        assert not Path(staffed.home, "outbox", f"notices-{DUE}").exists()
        silent = tell(staffed, {"mail": mail(box, notices=False)}, DUE)
        assert silent.letters == () and box.mails == []


def test_nobody_is_told_without_an_address_or_when_nothing_waits(
    console: Console,
) -> None:
    from console.accounts.models import Account

    with mail_server() as box:
        assert tell(console, {"mail": mail(box)}, DUE).letters == ()
        Account.objects.filter(name="wang").update(
            email=ADDRESSES["wang"], is_active=False
        )
        assert tell(console, {"mail": mail(box)}, DUE).letters == ()


def test_the_administrator_says_where_notices_go(console: Console) -> None:
    from console.accounts.models import Account

    root = console.visit("root")
    said = {"act": "address", "email": " wang@telecom.example "}
    assert root.post("/accounts/wang/", said).status_code == 302
    assert Account.objects.get(name="wang").email == "wang@telecom.example"
    bad = root.post("/accounts/wang/", {"act": "address", "email": "wang@"})
    assert bad.status_code == 422
    assert Account.objects.get(name="wang").email == "wang@telecom.example"
    assert console.entries(action="address_set")[-1].subject == "wang"

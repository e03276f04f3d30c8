"""A manager's own figures: what was claimed, what the next month's bills said of it, and the day."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from console.database import open_console
from tests.support.console.visitors import DEBTORS, TODAY, Console
from tests.support.office import exported, fill, released_town, taken
from tests.support.small import KEY, MONTH, Town, own_settings

PAID = {"outcome": "paid", "contacted_on": TODAY}


@pytest.fixture(scope="module")
def judged_home(debtors_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose next month has judged what M1 claimed: ann has paid, bob has not."""
    folder = tmp_path_factory.mktemp("mine")
    home = Path(shutil.copytree(debtors_home, folder / "home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETENTION_SECRET_KEY", KEY)
        book = exported(home, folder / "out")["M1"]
        assert taken(home, fill(book, {"ann": PAID, "bob": PAID})).accepted == 2
        after = Town(MONTH.plus(1))
        for customer, (manager, branch, name, phone) in DEBTORS.items():
            after.person(
                customer, manager=manager, branch=branch, name=name, phone=phone
            )
        bill = f"ann-1/{MONTH.plus(-1)}"
        after.add("payment", customer_id="ann", bill_id=bill, amount=50, paid_on=TODAY)
        released_town(home, after)
    return home


def test_claims_stand_beside_what_the_bills_say(
    judged_home: Path, console: Console
) -> None:
    from console.accounts.models import Account
    from console.work.mine import list_claims

    open_console(judged_home, own_settings())
    wang = Account.objects.get(name="wang")
    claims = {claim.order_id: claim for claim in list_claims(judged_home, wang, "zh")}
    by_customer = {
        who: claims.get(console.order_of(who)) for who in ("ann", "bob", "cat")
    }
    ann, bob = by_customer["ann"], by_customer["bob"]
    assert ann is not None and bob is not None and by_customer["cat"] is None
    assert (ann.outcome, ann.list_title, ann.is_still_mine) == ("已缴费", "欠费", True)
    assert (ann.is_verified, bob.is_verified) == (True, False)
    page = Console(judged_home).visit("wang").get("/mine/").content.decode()
    assert "核实不符" in page and ann.order_id in page
    other = Console(judged_home).visit("li").get("/mine/").content.decode()
    assert ann.order_id not in other


def test_the_day_counts_what_was_answered_here_and_on_paper(console: Console) -> None:
    from console import clock
    from console.work.mine import count_day

    assert count_day("wang") == {"answered": 0, "reached": 0, "closed": 0}
    wang = console.visit("wang")
    order = console.order_of("ann")
    seen = (
        wang.get(f"/orders/{order}/").content.decode().split('name="seen" value="')[1]
    )
    said = {
        "outcome": "no_answer",
        "contacted_on": str(clock.find_today()),
        "seen": seen[0],
    }
    assert wang.post(f"/orders/{order}/", said).status_code == 302
    assert count_day("wang") == {"answered": 1, "reached": 0, "closed": 0}
    page = wang.get("/mine/").content.decode()
    assert "<b>1</b> 已填写" in page


def test_the_appraisal_is_the_scorecard_of_the_month(console: Console) -> None:
    from console.figures.months import find_newest_release
    from console.work.appraisal import read_appraisal

    version = find_newest_release(console.home)
    assert version is not None
    [card] = version.read_rows("report_scorecard", where={"manager_id": "M1"})
    lines = version.read_rows("report_scorecard_line", where={"manager_id": "M1"})
    found = read_appraisal(version, "M1", "zh")
    assert found is not None and found.score == card["total_score"]
    assert len(found.lines) == len(lines) > 0
    unjudged = [line for line in found.lines if line.points is None]
    assert all(str(line.state) for line in unjudged) and unjudged
    page = console.visit("wang").get("/mine/").content.decode()
    assert "我的考核" in page and str(unjudged[0].state) in page
    assert read_appraisal(version, "M9", "zh") is None

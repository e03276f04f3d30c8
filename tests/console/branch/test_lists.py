"""What heads say of the lists of their branches: recorded, shown to who releases, and holding nothing back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.console.visitors import Console


def say(client: Any, act: str, **more: Any) -> Any:
    said = {"act": act, "list": ["arrears"], "why": "", "version": "1"}
    return client.post("/branch/lists/?month=2026-08", said | more)


def test_a_head_sees_the_counts_of_the_own_branch(console: Console) -> None:
    from console.branch.decisions import list_branch_lists
    from console.figures.months import find_newest_release

    version = find_newest_release(console.home)
    assert version is not None
    of_first = {one.name: one for one in list_branch_lists(version, "B1", ["M1"], "zh")}
    of_second = {
        one.name: one for one in list_branch_lists(version, "B2", ["M3"], "zh")
    }
    assert of_first["arrears"].treated_count == 4
    assert of_second["arrears"].treated_count == 1
    page = console.visit("head1").get("/branch/lists/").content.decode()
    assert "2026-08" in page and 'value="arrears"' in page


def test_lists_are_approved_and_returned_on_the_record(console: Console) -> None:
    from console.models import AuditEntry, ListDecision

    head = console.visit("head1")
    assert say(head, "approved").status_code == 302
    assert say(head, "returned", why="double visits").status_code == 302
    kept = ListDecision.objects.order_by("pk").values_list("kind", "why", "actor")
    assert list(kept) == [
        ("approved", "", "head1"),
        ("returned", "double visits", "head1"),
    ]
    assert AuditEntry.objects.filter(action__startswith="list_").count() == 2
    page = head.get("/branch/lists/").content.decode()
    assert "double visits" in page and "?list=arrears" in page
    other = console.visit("head2").get("/branch/lists/").content.decode()
    assert "double visits" not in other


def test_who_releases_sees_what_was_said_last(console: Console) -> None:
    say(console.visit("head1"), "returned", why="double visits")
    say(console.visit("head2"), "approved")
    quality = console.visit("qi")
    assert "同意 1，退回 1" in quality.get("/quality/2026-08/").content.decode()
    page = quality.get("/months/2026-08/lists/").content.decode()
    assert "double visits" in page and page.index("B1") < page.index("B2")
    assert quality.get("/months/2025-01/lists/").status_code == 404


def test_a_returned_list_holds_nothing_back_by_itself(console: Console) -> None:
    head = console.visit("head1")
    say(head, "returned", why="double visits")
    queue = console.visit("wang").get("/queue/").content.decode()
    assert "安哨兵" in queue
    orders = head.get("/branch/orders/?list=arrears").content.decode()
    assert "安**" in orders
    assert "安**" not in head.get("/branch/orders/?list=renewal").content.decode()


@pytest.mark.parametrize(
    ("act", "more", "status"),
    [
        ("returned", {"why": "  "}, 422),
        ("approved", {"list": []}, 422),
        ("approved", {"version": "7"}, 422),
        ("approved", {"list": ["no_such"]}, 404),
        ("praised", {}, 404),
    ],
)
def test_what_may_not_be_said_is_not_kept(
    console: Console, act: str, more: dict[str, Any], status: int
) -> None:
    from console.models import ListDecision

    assert say(console.visit("head1"), act, **more).status_code == status
    assert ListDecision.objects.count() == 0


def test_a_draft_can_be_looked_at_before_it_is_released(console: Console) -> None:
    (console.home / "months" / "2026-08" / "SEAL.json").unlink()
    head = console.visit("head1")
    page = head.get("/branch/lists/").content.decode()
    assert "草稿" in page and 'value="arrears"' in page
    assert say(head, "approved").status_code == 302


def test_rows_behind_a_figure_are_masked_and_the_branch_s_own(
    console: Console,
) -> None:
    head = console.visit("head1")
    page = head.get("/branch/days_sales_outstanding/dso/rows/").content.decode()
    assert "安**" in page and "ann" in page and "eve" not in page
    assert "安哨兵" not in page and "1390000" not in page
    of_manager = head.get("/branch/days_sales_outstanding/dso/rows/M2/")
    text = of_manager.content.decode()
    assert "丹**" in text and "安**" not in text
    assert head.get("/branch/no/such/rows/").status_code == 404
    assert head.get("/branch/churn_rate/start_base/rows/?page=x").status_code == 404


def test_a_figure_that_cannot_be_opened_says_why(console: Console) -> None:
    page = console.visit("head1").get("/branch/perception_rate/top_two/rows/")
    assert page.status_code == 200
    assert "perception_rate.top_two" in page.content.decode()

"""Requests for places: seen by who decides, answered once, and told to the head with what came of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.console.visitors import Console


def ask_for_places(head: Any, places: int = 3) -> int:
    """Ask as the head of the first branch; return the number of the request."""
    from console.models import PlacesRequest

    said = {"places": str(places), "why": "one waits"}
    assert head.post("/branch/places/M1/", said).status_code == 302
    return int(PlacesRequest.objects.latest("pk").pk)


def say(client: Any, number: int, act: str, why: str = "") -> Any:
    return client.post(f"/places/{number}/", {"act": act, "why": why})


@pytest.mark.parametrize("visitor", ["qi", "root"])
def test_a_request_is_seen_answered_and_told_to_the_head(
    crowded: Console, visitor: str
) -> None:
    from console.models import AuditEntry

    head, decider = crowded.visit("head1"), crowded.visit(visitor)
    number = ask_for_places(head)
    page = decider.get("/places/").content.decode()
    assert "one waits" in page and "2 → 3" in page and "尚无人答复" in page
    assert say(decider, number, "granted").status_code == 302
    told = head.get("/branch/places/").content.decode()
    assert "已批准" in told and visitor in told and "仍为 2 个" in told
    entry = AuditEntry.objects.get(action="places_granted")
    assert (entry.actor, entry.subject) == (visitor, "M1")
    other = crowded.visit("head2").get("/branch/places/").content.decode()
    assert "one waits" not in other


def test_a_request_is_answered_once_and_a_no_says_why(crowded: Console) -> None:
    from console.models import PlacesAnswer

    head = crowded.visit("head1")
    number = ask_for_places(head)
    quality, root = crowded.visit("qi"), crowded.visit("root")
    assert say(quality, number, "refused").status_code == 422
    assert say(quality, number, "praised").status_code == 422
    assert say(quality, number, "refused", "nobody is free").status_code == 302
    late = say(root, number, "granted")
    assert late.status_code == 422 and "已有人答复" in late.content.decode()
    [answer] = PlacesAnswer.objects.all()
    assert (answer.kind, answer.why, answer.actor) == ("refused", "nobody is free", "qi")  # fmt: skip
    told = head.get("/branch/places/").content.decode()
    assert "nobody is free" in told


def test_what_nobody_has_answered_comes_first(crowded: Console) -> None:
    head = crowded.visit("head1")
    first, second = ask_for_places(head), ask_for_places(head, 4)
    quality = crowded.visit("qi")
    say(quality, second, "granted")
    page = quality.get("/places/").content.decode()
    assert page.index("2 → 3") < page.index("2 → 4")
    assert f'action="/places/{first}/"' in page
    assert f'action="/places/{second}/"' not in page


def test_what_was_granted_is_in_force_once_the_month_has_so_many(
    crowded: Console,
) -> None:
    from console.branch.requests import list_requests
    from console.figures.months import find_newest_release
    from console.models import PlacesAnswer, PlacesRequest

    asked = PlacesRequest.objects.create(
        month="2026-07", branch_id="B1", manager_id="M1", places_now=1, places_wanted=2,
        worth_amount=1, why="x", actor="head1",
    )  # fmt: skip
    version = find_newest_release(crowded.home)
    [line] = list_requests([asked], version)
    assert line.places_by_now == 2 and not line.is_in_force
    PlacesAnswer.objects.create(request=asked, kind="granted", actor="qi")
    [line] = list_requests([asked], version)
    assert line.is_in_force


def test_answers_are_only_added_to(crowded: Console) -> None:
    from django.db import IntegrityError, transaction

    from console.models import PlacesAnswer

    number = ask_for_places(crowded.visit("head1"))
    say(crowded.visit("qi"), number, "granted")
    with pytest.raises(IntegrityError), transaction.atomic():
        PlacesAnswer.objects.update(kind="refused")
    with pytest.raises(IntegrityError), transaction.atomic():
        PlacesAnswer.objects.all().delete()

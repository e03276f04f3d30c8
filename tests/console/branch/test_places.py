"""The capacity slider: it reaches and loses whom a month with so many places reaches and loses; asking for places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.jobs.run import run_month
from pipelines.store.lake import Version
from tests.support.console.visitors import DEBTORS, Console
from tests.support.small import MONTH, read, ungated_job
from twin import generate

# Places of every manager of the synthetic operator: too few, so that customers wait.
FEW = 2
RULES = ("priority", "value")


def set_places(source: Path, places: dict[str, int]) -> None:
    """Write how many places managers have into the staff file of the month."""
    path = source / str(MONTH) / "account_manager.parquet"
    staff = pq.read_table(path)
    managers = staff["manager_id"].to_pylist()
    written = [places.get(manager, FEW) for manager in managers]
    column = pa.array(written, staff.schema.field("capacity").type)
    number = staff.schema.get_field_index("capacity")
    pq.write_table(staff.set_column(number, "capacity", column), path)


def run_with(folder: Path, rule: str, places: dict[str, int]) -> Version:
    """Run the operator's month with so many places."""
    set_places(folder / "source", places)
    home = folder / f"{rule}{''.join(f'-{m}-{n}' for m, n in places.items())}"
    return run_month(
        ungated_job(home, folder / "source", capacity_rule=rule, holdout_share=0)
    )


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("places")
    generate(folder / "source", services=400, months=1, seed=5, through=str(MONTH))
    return folder


@pytest.fixture(scope="module")
def short_of_places(operator: Path) -> dict[str, Version]:
    """The same month by both rules."""
    return {rule: run_with(operator, rule, {}) for rule in RULES}


def list_desks(version: Version) -> Iterator[Any]:
    from console.branch.places import list_seats

    branches = read(version, "dispatch_capacity", scope_kind="branch")
    for branch in branches:
        yield from list_seats(version, branch["scope_id"])


def served(version: Version, manager_id: str) -> set[str]:
    orders = read(version, "dispatch_order", manager_id=manager_id, arm="treated")
    return {order["customer_id"] for order in orders}


@pytest.mark.parametrize("rule", RULES)
def test_the_places_there_are_reach_whom_the_month_reached(
    short_of_places: dict[str, Version], rule: str
) -> None:
    from console.branch.places import _give_places, _read_queues

    version = short_of_places[rule]
    desks = list(list_desks(version))
    assert sum(seats.left_count > 0 for seats in desks) >= 3
    for seats in desks:
        queues = _read_queues(version, seats, 5)
        given = _give_places(version, queues, seats.capacity)
        of_month = served(version, seats.scope_id)
        assert {one.customer_id for one in given} == of_month, seats


def test_one_place_more_is_worth_what_the_month_says(
    short_of_places: dict[str, Version],
) -> None:
    from console.branch.places import find_outlook

    version = short_of_places["priority"]
    waits = [seats for seats in list_desks(version) if seats.left_count]
    for seats in waits:
        more = find_outlook(version, seats, seats.capacity + 1, "zh")
        assert len(more.reached) == 1 and more.lost == []
        assert max(more.worth, Decimal(0)) == seats.shadow_price_amount
        same = find_outlook(version, seats, seats.capacity, "zh")
        assert same.reached == [] and same.lost == [] and same.worth == 0
        less = find_outlook(version, seats, seats.capacity - 1, "zh")
        assert len(less.lost) == 1 and less.reached == []


@pytest.mark.parametrize("change", [3, -1])
@pytest.mark.parametrize("rule", RULES)
def test_a_month_with_those_places_reaches_and_loses_the_same(
    operator: Path, short_of_places: dict[str, Version], rule: str, change: int
) -> None:
    from console.branch.places import find_outlook

    version = short_of_places[rule]
    seats = max(list_desks(version), key=lambda one: (one.left_count, one.scope_id))
    places = seats.capacity + change
    outlook = find_outlook(version, seats, places, "zh")
    again = run_with(operator, rule, {seats.scope_id: places})
    before = served(version, seats.scope_id)
    after = served(again, seats.scope_id)
    assert {one.customer_id for one in outlook.reached} == after - before
    assert {one.customer_id for one in outlook.lost} == before - after
    assert before != after


# -- the pages -----------------------------------------------------------------------------------------------------


def list_ids(page: str) -> set[str]:
    return set(re.findall(r"<td[^>]*>(ann|bob|cat|dan|eve)</td>", page))


def test_the_slider_shows_whom_a_place_reaches_masked(crowded: Console) -> None:
    head = crowded.visit("head1")
    overview = head.get("/branch/places/").content.decode()
    assert "经理M1" in overview and "经理M3" not in overview
    more = head.get("/branch/places/M1/").content.decode()
    assert "3 个名额" in more and len(list_ids(more)) == 1
    less = head.get("/branch/places/M1/?places=1").content.decode()
    assert len(list_ids(less)) == 1 and list_ids(less) != list_ids(more)
    for page in (overview, more, less):
        for _manager, _branch, name, phone in DEBTORS.values():
            assert name not in page and phone not in page
    far = head.get("/branch/places/M1/?places=9999").content.decode()
    assert "22 个名额" in far
    assert head.get("/branch/places/M1/?places=x").status_code == 200


def test_asking_for_places_is_recorded_and_changes_no_number(crowded: Console) -> None:
    from console.models import AuditEntry, PlacesRequest

    head = crowded.visit("head1")
    said = {"places": "3", "why": "one waits"}
    assert head.post("/branch/places/M1/", said).status_code == 302
    [asked] = PlacesRequest.objects.all()
    assert (asked.places_now, asked.places_wanted) == (2, 3)
    assert (asked.actor, asked.why, asked.branch_id) == ("head1", "one waits", "B1")
    assert asked.worth_amount > 0
    entry = AuditEntry.objects.get(action="places_requested")
    assert (entry.actor, entry.subject) == ("head1", "M1")
    page = head.get("/branch/places/").content.decode()
    assert "one waits" in page and "2 → 3" in page
    assert (
        "one waits"
        not in crowded.visit("head2").get("/branch/places/").content.decode()
    )
    assert "2 个名额" in head.get("/branch/places/M1/?places=2").content.decode()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"places": "3", "why": " "}, 422),
        ({"places": "2", "why": "x"}, 422),
    ],
)
def test_a_request_without_a_reason_or_a_change_is_none(
    crowded: Console, said: dict[str, str], status: int
) -> None:
    from console.models import PlacesRequest

    answer = crowded.visit("head1").post("/branch/places/M1/", said)
    assert answer.status_code == status and PlacesRequest.objects.count() == 0
    assert crowded.visit("head2").post("/branch/places/M1/", said).status_code == 404

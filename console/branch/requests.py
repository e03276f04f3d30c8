"""Heads' requests for places, and what quality or an administrator says of them; only added to.

A yes changes no number by itself: it stands on the record for whoever keeps the staff file, and the
page says whether the newest release goes by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from console.branch.places import count_places
from console.models import AuditEntry, PlacesAnswer, PlacesRequest
from pipelines.store.lake import Version

GRANTED, REFUSED = "granted", "refused"


@dataclass(frozen=True)
class AskedPlaces:
    """A request with its answer, and how many places the manager has in the newest release."""

    asked: PlacesRequest
    answer: PlacesAnswer | None
    places_by_now: int | None

    @property
    def is_in_force(self) -> bool:
        """Whether the newest release goes by what was granted."""
        if self.answer is None or self.answer.kind != GRANTED:
            return False
        return self.places_by_now == int(self.asked.places_wanted)


def list_requests(
    requests: Iterable[PlacesRequest], version: Version | None
) -> list[AskedPlaces]:
    """Return requests with what was said of each."""
    asked = list(requests)
    said = PlacesAnswer.objects.filter(request__in=[one.pk for one in asked])
    answers = {answer.request_id: answer for answer in said}
    managers = {one.manager_id for one in asked}
    places = count_places(version, managers) if version else {}
    return [
        AskedPlaces(one, answers.get(one.pk), places.get(one.manager_id))
        for one in asked
    ]


def count_open_requests() -> int:
    """Return how many requests nobody has answered."""
    count: int = PlacesRequest.objects.filter(answer=None).count()
    return count


def answer_request(asked: PlacesRequest, kind: str, why: str, actor: str) -> bool:
    """Say yes or no to a request, on the record; False where somebody has already."""
    try:
        with transaction.atomic():
            PlacesAnswer.objects.create(request=asked, kind=kind, why=why, actor=actor)
            detail = {"request": asked.pk, "to": asked.places_wanted, "why": why}
            AuditEntry.objects.create(
                actor=actor,
                action=f"places_{kind}",
                subject=asked.manager_id,
                detail=detail,
            )
    except IntegrityError:
        return False
    return True

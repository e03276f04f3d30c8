"""The capacity slider of a head: one place more or less for a manager, and the request for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.branch.places import (
    MOST_CHANGE,
    Outlook,
    Seats,
    find_outlook,
    list_seats,
)
from console.branch.requests import list_requests
from console.figures.kpis import list_managers
from console.figures.months import find_newest_release
from console.models import AuditEntry, PlacesRequest
from pipelines.store.lake import Version

_MOST_REQUESTS = 20


@open_to(Role.HEAD)
@require_safe
def show_places(request: Any) -> Any:
    """Show the places of the branch's managers, and what one more would be worth."""
    version = find_newest_release(settings.CONSOLE_HOME)
    context: dict[str, Any] = {"version": version}
    if version is not None:
        branch_id = request.user.branch_id
        names = _name_managers(version, branch_id)
        context["lines"] = [
            {"seats": seats, "name": names.get(seats.scope_id, seats.scope_id)}
            for seats in list_seats(version, branch_id)
        ]
        context["requests"] = _list_requests(version, branch_id, names)
    return render(request, "console/places.html", context)


@open_to(Role.HEAD)
@require_http_methods(["GET", "POST"])
def slide_places(request: Any, manager_id: str) -> Any:
    """Show whom a number of places would reach or lose; record a request for it."""
    version = find_newest_release(settings.CONSOLE_HOME)
    seats = _find_seats(version, request.user.branch_id, manager_id)
    if version is None or seats is None:
        record_access(request, "places", manager_id, is_refused=True)
        raise Http404
    chosen = request.POST if request.method == "POST" else request.GET
    places = _read_places(chosen.get("places"), seats)
    outlook = find_outlook(version, seats, places, find_language())
    problem = ""
    if request.method == "POST":
        problem = _request_places(request, version, seats, outlook)
        if not problem:
            return redirect(f"{reverse('places')}#requests")
    record_access(request, "places", f"{manager_id} {places}")
    names = _name_managers(version, request.user.branch_id)
    lowest, highest = _find_bounds(seats)
    context = {
        "version": version,
        "seats": seats,
        "name": names.get(manager_id, manager_id),
        "outlook": outlook,
        "change": places - seats.capacity,
        "lowest": lowest,
        "highest": highest,
        "one_less": max(places - 1, lowest),
        "one_more": min(places + 1, highest),
        "why": request.POST.get("why", ""),
        "problem": problem,
    }
    status = 422 if problem else 200
    return render(request, "console/place.html", context, status=status)


def _find_seats(
    version: Version | None, branch_id: str, manager_id: str
) -> Seats | None:
    if version is not None:
        for seats in list_seats(version, branch_id):
            if seats.scope_id == manager_id:
                return seats
    return None


def _find_bounds(seats: Seats) -> tuple[int, int]:
    """The fewest and the most places that are looked at."""
    return max(seats.capacity - MOST_CHANGE, 0), seats.capacity + MOST_CHANGE


def _read_places(text: str | None, seats: Seats) -> int:
    """The number that is asked for, within the bounds; one place more without a number."""
    lowest, highest = _find_bounds(seats)
    try:
        wanted = int(text or seats.capacity + 1)
    except ValueError:
        wanted = seats.capacity + 1
    return min(max(wanted, lowest), highest)


def _request_places(
    request: Any, version: Version, seats: Seats, outlook: Outlook
) -> str:
    """Record a request for the places; say what is wrong, or nothing."""
    why = request.POST.get("why", "").strip()
    if not why:
        return str(_("Say why: it stays on the record."))
    if outlook.places == seats.capacity:
        return str(_("That is how many places there are."))
    with transaction.atomic():
        asked = PlacesRequest.objects.create(
            month=str(version.month),
            branch_id=seats.branch_id,
            manager_id=seats.scope_id,
            places_now=seats.capacity,
            places_wanted=outlook.places,
            worth_amount=outlook.worth.quantize(Decimal("0.01")),
            why=why,
            actor=request.user.name,
        )
        detail = {"from": asked.places_now, "to": asked.places_wanted, "why": why}
        AuditEntry.objects.create(
            actor=request.user.name,
            action="places_requested",
            subject=seats.scope_id,
            detail=detail,
        )
    return ""


def _list_requests(
    version: Version, branch_id: str, names: dict[str, str]
) -> list[dict[str, Any]]:
    asked = PlacesRequest.objects.filter(branch_id=branch_id).order_by("-pk")
    return [
        {"line": line, "name": names.get(line.asked.manager_id, line.asked.manager_id)}
        for line in list_requests(asked[:_MOST_REQUESTS], version)
    ]


def _name_managers(version: Version, branch_id: str) -> dict[str, str]:
    return {row.manager_id: row.name for row in list_managers(version, branch_id)}

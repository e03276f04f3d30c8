"""The pages of a person's rights, for quality and administrators; every look is on the record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from console import clock
from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.errands.board import DONE, GATHER, Wanted, ask_for
from console.errands.words import describe_errand
from console.models import Errand
from console.persons.consent import Wish, record_wish
from console.persons.explaining import explain_decisions
from console.persons.export import KEPT, find_export
from console.persons.reading import Person, find_person, group_changes
from pipelines.core.errors import UsageError
from pipelines.text.texts import describe_error

_PERSONS = "console/persons.html"
_OPEN = (Role.QUALITY, Role.ADMINISTRATOR)
_LONGEST_ID = 200


@open_to(*_OPEN)
@require_http_methods(["GET", "POST"])
def find_persons(request: Any) -> Any:
    """Ask for a customer by the id that the operator uses, and go to their page."""
    if request.method != "POST":
        return render(request, _PERSONS)
    customer_id = request.POST.get("customer_id", "").strip()[:_LONGEST_ID]
    if customer_id and find_person(settings.CONSOLE_HOME, customer_id):
        return redirect("person", customer_id=customer_id)
    record_access(request, "person", customer_id, is_refused=True)
    context = {"problem": _("No customer has that id."), "customer_id": customer_id}
    return render(request, _PERSONS, context, status=404)


@open_to(*_OPEN)
@require_safe
def show_person(request: Any, customer_id: str) -> Any:
    """Show what a customer wants of the office, and why the system decided as it did."""
    person = _open_person(request, customer_id)
    return _show_person(request, person)


def _open_person(request: Any, customer_id: str) -> Person:
    person = find_person(settings.CONSOLE_HOME, customer_id)
    record_access(request, "person", customer_id, is_refused=person is None)
    if person is None:
        raise Http404
    return person


def _show_person(
    request: Any, person: Person, status: int = 200, problem: str = ""
) -> Any:
    language = find_language()
    customer_id = person.customer_id
    changes = group_changes(customer_id)
    context = {
        "person": person,
        "explanations": explain_decisions(
            settings.CONSOLE_HOME, customer_id, language, changes
        ),
        "exports": _list_exports(customer_id, language),
        "language": language,
        "problem": problem,
        "why": request.POST.get("why", ""),
    }
    return render(request, "console/person.html", context, status=status)


def _list_exports(customer_id: str, language: str) -> list[dict[str, Any]]:
    """What was gathered of a customer in the last day, the last first."""
    errands = Errand.objects.filter(
        kind=GATHER, subject=customer_id, asked_at__gt=_find_limit()
    )
    return [
        {
            "number": errand.pk,
            "line": describe_errand(errand, language),
            "is_there": find_export(settings.CONSOLE_HOME, errand, "json") is not None,
        }
        for errand in errands.order_by("-pk")
    ]


def _find_limit() -> Any:
    return timezone.now() - KEPT - timedelta(hours=1)


@open_to(*_OPEN)
@require_POST
def say_wish(request: Any, customer_id: str) -> Any:
    """Put on record that a customer objects to a use, or does no longer."""
    person = _open_person(request, customer_id)
    wish = Wish(
        customer_id=customer_id,
        kind=request.POST.get("kind", ""),
        is_objection=request.POST.get("act") == "object",
    )
    why = request.POST.get("why", "")
    try:
        record_wish(wish, why, request.user.name, clock.find_today())
    except UsageError as error:
        problem = describe_error(find_language(), error)
        return _show_person(request, person, 422, problem)
    return redirect("person", customer_id=customer_id)


@open_to(*_OPEN)
@require_POST
def ask_for_data(request: Any, customer_id: str) -> Any:
    """Have everything gathered that is kept of a customer."""
    _open_person(request, customer_id)
    ask_for(Wanted(GATHER, subject=customer_id), request.user.name)
    record_access(request, "ask_gather", customer_id)
    return redirect("person", customer_id=customer_id)


@open_to(*_OPEN)
@require_safe
def fetch_data(request: Any, customer_id: str, number: int, form: str) -> Any:
    """Send what was gathered: for programs, or for people in a language; for a day."""
    errand = Errand.objects.filter(
        pk=number, kind=GATHER, subject=customer_id, state=DONE
    ).first()
    path = find_export(settings.CONSOLE_HOME, errand, form) if errand else None
    record_access(request, "person_data", customer_id, is_refused=path is None)
    if path is None:
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name)

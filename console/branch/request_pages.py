"""The requests of heads for places, before those who say yes or no to them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import F
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.branch.requests import GRANTED, REFUSED, answer_request, list_requests
from console.figures.months import find_newest_release
from console.models import PlacesRequest

_ON_A_PAGE = 20
_OPEN = (Role.QUALITY, Role.ADMINISTRATOR)


@open_to(*_OPEN)
@require_safe
def show_requests(request: Any) -> Any:
    """Show what was asked for, what nobody has answered first."""
    return _show_requests(request, 200)


def _show_requests(request: Any, status: int, **more: Any) -> Any:
    unanswered_first = F("answer__pk").desc(nulls_first=True)
    asked = PlacesRequest.objects.order_by(unanswered_first, "-pk")
    page = Paginator(asked, _ON_A_PAGE).get_page(request.GET.get("page"))
    version = find_newest_release(settings.CONSOLE_HOME)
    context = {
        "page": page,
        "lines": list_requests(page.object_list, version),
        **more,
    }
    return render(request, "console/requests.html", context, status=status)


@open_to(*_OPEN)
@require_POST
def answer_places(request: Any, number: int) -> Any:
    """Say yes or no to a request; a no needs a reason."""
    asked = get_object_or_404(PlacesRequest, pk=number)
    kind, why = request.POST.get("act"), request.POST.get("why", "").strip()
    problem = ""
    if kind not in (GRANTED, REFUSED):
        problem = _("Say yes or no.")
    elif kind == REFUSED and not why:
        problem = _("Say why: it stays on the record.")
    elif not answer_request(asked, kind, why, request.user.name):
        problem = _("Somebody has answered this request already.")
    if problem:
        return _show_requests(request, 422, problem=problem, number=number, why=why)
    record_access(request, f"places_{kind}", str(number))
    return redirect("place_requests")

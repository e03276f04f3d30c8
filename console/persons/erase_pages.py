"""The page of a person's deletion: what goes and what stays is shown before anybody confirms it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.errands.board import ERASE, Wanted, ask_for
from console.models import Errand
from console.persons.erasing import find_in_office
from console.quality.words import describe_errand
from pipelines.core.errors import UsageError
from pipelines.operations.persons.erasure import Trace, find_months, group_by_fate
from pipelines.text.texts import fill_label


@open_to(Role.QUALITY, Role.ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def show_erasure(request: Any, customer_id: str) -> Any:
    """Show what a deletion does; ask for it once the id is written again and a reason is given."""
    try:
        traces = find_months(settings.CONSOLE_HOME, customer_id)
    except UsageError as error:
        record_access(request, "erasure", customer_id, is_refused=True)
        raise Http404 from error
    traces += find_in_office(customer_id)
    record_access(request, "erasure", customer_id)
    if request.method != "POST":
        return _show_page(request, customer_id, traces)
    why = request.POST.get("why", "").strip()
    if request.POST.get("customer_id", "").strip() != customer_id:
        problem = _("The id written again is another one: nothing was deleted.")
        return _show_page(request, customer_id, traces, problem)
    if not why:
        problem = fill_label(find_language(), "error.erase.no_reason")
        return _show_page(request, customer_id, traces, problem)
    ask_for(Wanted(ERASE, subject=customer_id, why=why), request.user.name)
    record_access(request, "ask_erase", customer_id)
    return redirect("erasure", customer_id=customer_id)


def _show_page(
    request: Any, customer_id: str, traces: list[Trace], problem: str = ""
) -> Any:
    language = find_language()
    errands = Errand.objects.filter(kind=ERASE, subject=customer_id).order_by("-pk")
    context = {
        "customer_id": customer_id,
        "groups": _group_traces(traces, language),
        "errands": [describe_errand(errand, language) for errand in errands],
        "problem": problem,
        "why": request.POST.get("why", ""),
    }
    status = 422 if problem else 200
    return render(request, "console/erasure.html", context, status=status)


def _group_traces(
    traces: list[Trace], language: str
) -> list[tuple[str, list[tuple[str, tuple[str, ...]]]]]:
    """What there is by its fate, in words, with where each of it is."""
    groups = []
    for fate, alike in group_by_fate(traces):
        lines = []
        for trace in alike:
            key = f"erase.{fate}.{trace.kind}"
            lines.append((fill_label(language, key, count=trace.count), trace.where))
        groups.append((fill_label(language, f"erase.fate.{fate}"), lines))
    return groups

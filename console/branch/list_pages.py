"""The lists of a branch: approved or returned by its head; what heads said, for who releases."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.branch.decisions import (
    APPROVED,
    RETURNED,
    BranchList,
    find_last_decisions,
    list_branch_lists,
    record_decisions,
)
from console.figures.kpis import list_managers
from console.figures.months import find_shown_version, list_months
from console.models import ListDecision
from pipelines.catalogue.outputs import name_lists
from pipelines.store.lake import MonthFolder, Version

_MOST_DECISIONS = 20


@open_to(Role.HEAD)
@require_http_methods(["GET", "POST"])
def show_branch_lists(request: Any) -> Any:
    """Show the lists of the branch for a month; approve some, or return some and say why."""
    home = settings.CONSOLE_HOME
    version = find_shown_version(home, request.GET.get("month"))
    if version is None:
        return render(request, "console/branch_lists.html", {"version": None})
    lists = _list_lists(request, version)
    problem = ""
    if request.method == "POST":
        problem = _decide(request, version, lists)
        if not problem:
            return redirect(f"{reverse('branch_lists')}?month={version.month}")
    folder = MonthFolder(home, version.month)
    said = ListDecision.objects.filter(branch_id=request.user.branch_id)
    titles = name_lists(find_language())
    context = {
        "version": version,
        "is_released": folder.read_seal() is not None,
        "months": list_months(home),
        "lists": lists,
        "ticked": request.POST.getlist("list"),
        "why": request.POST.get("why", ""),
        "problem": problem,
        "decisions": [
            {"said": decision, "title": titles.get(decision.list, decision.list)}
            for decision in said.order_by("-pk")[:_MOST_DECISIONS]
        ],
    }
    status = 422 if problem else 200
    return render(request, "console/branch_lists.html", context, status=status)


def _list_lists(request: Any, version: Version) -> list[BranchList]:
    branch_id = request.user.branch_id
    if not version.is_computed("dispatch_order"):
        return []
    managers = [row.manager_id for row in list_managers(version, branch_id)]
    return list_branch_lists(version, branch_id, managers, find_language())


def _decide(request: Any, version: Version, lists: list[BranchList]) -> str:
    """Record what is said of the lists that are ticked; say what is wrong, or nothing."""
    ticked = request.POST.getlist("list")
    why = request.POST.get("why", "").strip()
    kind = request.POST.get("act", "")
    if set(ticked) - {one.name for one in lists} or kind not in (APPROVED, RETURNED):
        record_access(request, "branch_lists", is_refused=True)
        raise Http404
    problem = ""
    if request.POST.get("version") != str(version.number):
        problem = _("The month has other lists by now. Look at them first.")
    elif not ticked:
        problem = _("Tick the lists first.")
    elif kind == RETURNED and not why:
        problem = _("Say why you return them: it stays on the record.")
    else:
        branch_id, actor = request.user.branch_id, request.user.name
        record_decisions(version, branch_id, ticked, kind, why, actor)
    return problem


@open_to(Role.QUALITY)
@require_safe
def show_decisions(request: Any, month: str) -> Any:
    """Show what the heads said last of the lists of a month, returned ones first."""
    version = find_shown_version(settings.CONSOLE_HOME, month)
    if version is None:
        raise Http404
    titles = name_lists(find_language())
    lines = []
    for of_branch, decision in find_last_decisions(month).items():
        title = titles.get(of_branch.list, of_branch.list)
        is_old = decision.version != version.number
        lines.append({"said": decision, "title": title, "is_old": is_old})
    lines.sort(key=lambda line: (line["said"].kind == APPROVED, line["said"].branch_id))
    context = {"month": month, "number": version.number, "lines": lines}
    return render(request, "console/decisions.html", context)

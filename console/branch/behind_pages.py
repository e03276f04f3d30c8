"""The rows behind a figure of a head's branch, or of one of its managers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.figures.behind import read_behind
from console.figures.kpis import Scope, Wanted, list_managers, load_meanings
from console.figures.months import require_newest_release
from pipelines.store.lake import Version


@open_to(Role.HEAD)
@require_safe
def show_branch_rows(request: Any, kpi: str, variant: str) -> Any:
    """Show the rows that a figure of the branch is the sum of."""
    branch_id = request.user.branch_id
    own = Scope("branch", branch_id)
    return _show_rows(
        request,
        require_newest_release(settings.CONSOLE_HOME),
        Wanted(kpi, variant),
        own,
        "",
    )


@open_to(Role.HEAD)
@require_safe
def show_manager_rows(request: Any, kpi: str, variant: str, manager_id: str) -> Any:
    """Show the rows that a figure of a manager of the branch is the sum of."""
    version = require_newest_release(settings.CONSOLE_HOME)
    managers = list_managers(version, request.user.branch_id)
    names = {row.manager_id: row.name for row in managers}
    if manager_id not in names:
        record_access(request, "rows", request.path, is_refused=True)
        raise Http404
    of_manager = Scope("manager", manager_id)
    wanted = Wanted(kpi, variant)
    return _show_rows(request, version, wanted, of_manager, names[manager_id])


def _show_rows(
    request: Any, version: Version, wanted: Wanted, scope: Scope, name: str
) -> Any:
    language = find_language()
    if wanted not in load_meanings(language):
        raise Http404
    record_access(request, "rows", f"{wanted.kpi}.{wanted.variant}:{scope.id}")
    behind = read_behind(
        settings.CONSOLE_HOME,
        version,
        wanted,
        scope,
        request.GET.get("page"),
        language,
        has_names=True,
    )
    context = {
        "version": version,
        "behind": behind,
        "page": behind.page,
        "scope_name": name,
        "way_back": reverse("kpi", args=wanted),
        "title": load_meanings(language)[wanted].title,
    }
    return render(request, "console/behind.html", context)

"""The first page: to each role its own."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from console.access.gate import open_to
from console.access.roles import Role
from console.branch.decisions import count_decisions
from pipelines.store.lake import MonthFolder, list_held_months

_OWN_PAGES = {
    Role.MANAGER: "queue",
    Role.HEAD: "branch",
    Role.ANALYST: "analysis",
    Role.QUALITY: "quality",
    Role.ADMINISTRATOR: "accounts",
}


@open_to()
@require_safe
def show_first_page(request: Any) -> Any:
    """Go to the page of a role; show the months held to who has none."""
    own_page = _OWN_PAGES.get(request.user.known_role)
    if own_page is not None:
        return redirect(own_page)
    held = _list_newest_first()
    said = count_decisions(str(month) for month in held)
    months = [_describe_month(month) | {"said": said[str(month)]} for month in held]
    return render(request, "console/months.html", {"months": months})


def _list_newest_first() -> list[Any]:
    return list(reversed(list_held_months(settings.CONSOLE_HOME)))


def _describe_month(month: Any) -> dict[str, Any]:
    folder = MonthFolder(settings.CONSOLE_HOME, month)
    seal = folder.read_seal()
    number = seal.version if seal else folder.version().number
    return {"month": month, "version": number, "is_released": seal is not None}

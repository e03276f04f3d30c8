"""The first page: to each role its own."""

from __future__ import annotations

from typing import Any

from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from console.access.gate import open_to
from console.access.roles import Role

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
    """Go to the page of a role."""
    return redirect(_OWN_PAGES[request.user.known_role])

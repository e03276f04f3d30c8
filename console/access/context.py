"""What every page is given besides its own: its language, the way around, a form's author."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from console.access.carried import sign_author
from console.access.gate import find_step_before
from console.access.roles import Role
from pipelines.text.texts import LANGUAGES


@dataclass(frozen=True)
class Place:
    """A page in the bar on top: its name in the URLs, and its words."""

    page: str
    words: str
    is_here: bool


def describe_page(request: Any) -> dict[str, object]:
    """Return what the frame around a page shows."""
    context: dict[str, object] = {"language": find_language()}
    account = getattr(request, "user", None)
    if account is not None and account.is_authenticated:
        context["author"] = sign_author(account)
        if find_step_before(account) is None:
            context["places"] = _list_places(request)
    return context


def find_language() -> str:
    """Return the language in which the month's texts are read: that of the page."""
    code = (get_language() or "").partition("-")[0]
    return code if code in LANGUAGES else "zh"


def _list_places(request: Any) -> list[Place]:
    """The pages of the bar that an account may open."""
    words = {
        Role.MANAGER: (
            ("queue", _("My queue")),
            ("mine", _("My figures")),
            ("books", _("Workbook")),
        ),
        Role.HEAD: (
            ("branch", _("My branch")),
            ("branch_orders", _("Orders of the branch")),
            ("branch_lists", _("Lists")),
            ("places", _("Places")),
        ),
        Role.ANALYST: (
            ("analysis", _("Figures")),
            ("definitions", _("Definitions")),
            ("models", _("Models")),
            ("effects", _("Effects")),
            ("why", _("Why a customer")),
        ),
        Role.QUALITY: (
            ("quality", _("Quality")),
            ("place_requests", _("Places asked for")),
            ("persons", _("Persons' rights")),
        ),
        Role.ADMINISTRATOR: (
            ("accounts", _("Accounts")),
            ("place_requests", _("Places asked for")),
            ("persons", _("Persons' rights")),
        ),
    }
    pages = words.get(request.user.known_role, ())
    match = request.resolver_match
    here = match.view_name if match else ""
    return [Place(page, said, page == here) for page, said in pages]

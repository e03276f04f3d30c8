"""What people are here for: each account has one role."""

from __future__ import annotations

from enum import Enum

from django.utils.translation import gettext_lazy as _


class Role(Enum):
    """A role by the code that is kept of it."""

    MANAGER = "manager"
    HEAD = "head"
    ANALYST = "analyst"
    QUALITY = "quality"
    ADMINISTRATOR = "administrator"


ROLE_WORDS = {
    Role.MANAGER: _("Manager"),
    Role.HEAD: _("Head of a branch"),
    Role.ANALYST: _("Analyst"),
    Role.QUALITY: _("Data quality"),
    Role.ADMINISTRATOR: _("Administrator"),
}
EVERYBODY = frozenset(Role)

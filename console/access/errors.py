"""Pages of what went wrong: they say what to do, and nothing of whom it was about."""

from __future__ import annotations

from typing import Any

from django.shortcuts import render
from django.utils.translation import gettext as _

ERROR = "console/error.html"


def show_not_found(request: Any, exception: Exception | None = None) -> Any:
    """Say that there is nothing here: also of what is there and is another's."""
    return _show_error(request, 404, _("There is nothing here that you may see."))


def show_forbidden(request: Any, exception: Exception | None = None) -> Any:
    """Say that a page is for others."""
    return _show_error(request, 403, _("This page is not for your account."))


def show_bad_request(request: Any, exception: Exception | None = None) -> Any:
    """Say that the request cannot be read."""
    return _show_error(request, 400, _("The request could not be read."))


def show_stale_form(request: Any, reason: str = "") -> Any:
    """Say that a form was too old, or not ours."""
    return _show_error(
        request,
        403,
        _("This form is too old. Go back, reload the page and send it again."),
    )


def show_failure(request: Any) -> Any:
    """Say that it is our fault; nothing that was saved is lost by it."""
    return _show_error(
        request, 500, _("Something failed here. What was saved is safe. Try again.")
    )


def _show_error(request: Any, status: int, message: str) -> Any:
    return render(request, ERROR, {"status": status, "message": message}, status=status)

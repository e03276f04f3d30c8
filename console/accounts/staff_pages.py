"""The administrator's page: who may come in, and how to keep somebody out."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from console.access.context import find_language
from console.access.gate import open_to
from console.access.roles import Role
from console.accounts.models import Account
from console.accounts.register import (
    end_sessions,
    reset_account,
    set_active,
    set_email,
)
from pipelines.core.errors import UsageError
from pipelines.text.texts import describe_error


@open_to(Role.ADMINISTRATOR)
@require_safe
def show_accounts(request: Any) -> Any:
    """Show all accounts."""
    return _show_accounts(request)


def _show_accounts(request: Any, status: int = 200, **more: Any) -> Any:
    accounts = Account.objects.order_by("role", "name")
    context = {"accounts": accounts, **more}
    return render(request, "console/accounts.html", context, status=status)


@open_to(Role.ADMINISTRATOR)
@require_POST
def change_account(request: Any, name: str) -> Any:
    """Disable, enable, log out everywhere, say the address, or give a new first password."""
    account = Account.objects.filter(name=name).first()
    if account is None:
        raise Http404
    actor = request.user.name
    act = request.POST.get("act")
    if act == "reset":
        password = reset_account(account, actor)
        return _show_accounts(request, given_to=account.name, password=password)
    if act == "address":
        try:
            set_email(account, request.POST.get("email", ""), actor)
        except UsageError as error:
            problem = describe_error(find_language(), error)
            return _show_accounts(request, 422, problem=problem)
    elif act in ("disable", "enable"):
        set_active(account, act == "enable", actor)
    elif act == "end":
        end_sessions(account, actor)
    else:
        raise Http404
    return redirect("accounts")

"""Coming in and going out: log-in, second factor, password, language."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import login, logout, update_session_auth_hash
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from console.access.carried import CARRIED, unpack_after_log_in
from console.access.gate import begin_session, open_to, open_to_all
from console.access.record import record_access
from console.accounts.forms import CodeForm, LogInForm, NewPasswordForm
from console.accounts.second_factor import check_code, draw_secret, find_or_make_device

LOG_IN = "console/log_in.html"


@open_to_all
@require_http_methods(["GET", "POST"])
def log_in(request: Any) -> Any:
    """Let somebody in by name and password."""
    if request.method == "GET":
        context = {"form": LogInForm(request), "next": request.GET.get("next", "")}
        return render(request, LOG_IN, context)

    form = LogInForm(request, data=request.POST)
    if not form.is_valid():
        name = request.POST.get("username", "")
        record_access(request, "log_in", name, is_refused=True)
        context = {
            "form": form,
            "next": request.POST.get("next", ""),
            CARRIED: request.POST.get(CARRIED, ""),
        }
        return render(request, LOG_IN, context, status=422)

    login(request, form.get_user())
    begin_session(request)
    record_access(request, "log_in")
    return redirect(unpack_after_log_in(request) or _find_way_back(request))


def show_locked(request: Any, credentials: Any = None, *args: Any) -> Any:
    """Say that a name is locked for some minutes after too many wrong passwords."""
    record_access(
        request, "locked_out", request.POST.get("username", ""), is_refused=True
    )
    message = _("Too many wrong passwords. Try again in 15 minutes.")
    context = {"form": LogInForm(request), "message": message}
    return render(request, LOG_IN, context, status=429)


def _find_way_back(request: Any) -> str:
    """The page that somebody wanted before the log-in, if it is one of ours."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}):
        return str(wanted)
    return "/"


@open_to()
@require_POST
def log_out(request: Any) -> Any:
    """End the session; a browser forgets what it may have kept of it."""
    record_access(request, "log_out")
    logout(request)
    response = redirect("log_in")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@open_to_all
@require_POST
def choose_language(request: Any) -> Any:
    """Keep the language that was chosen, and go back."""
    return set_language(request)


@open_to()
@require_http_methods(["GET", "POST"])
def prove_second_factor(request: Any) -> Any:
    """Ask for the code of the app; show the app its secret at the first time."""
    device = find_or_make_device(request.user)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        is_right = check_code(request, device, form.cleaned_data["code"])
        record_access(request, "second_factor", is_refused=not is_right)
        if is_right:
            return redirect("/")
        form.add_error("code", _("The code is wrong or was used. Wait for the next."))
    context = {"form": form, "device": device, "secret": draw_secret(device)}
    status = 422 if form.errors else 200
    return render(request, "console/second_factor.html", context, status=status)


@open_to()
@require_http_methods(["GET", "POST"])
def change_password(request: Any) -> Any:
    """Take a new password; the account's other sessions end by it."""
    form = NewPasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        account = form.save(commit=False)
        account.must_change_password = False
        account.save()
        update_session_auth_hash(request, account)
        record_access(request, "password_changed")
        return redirect("/")
    status = 422 if form.errors else 200
    return render(request, "console/password.html", {"form": form}, status=status)

"""The pages of data quality: look, correct or waive, run again, release."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.branch.decisions import count_decisions
from console.errands.board import OPEN, RELEASE, RESTATE, RUN, Wanted, ask_for
from console.errands.words import list_errands
from console.models import AuditEntry, Errand
from console.quality.reading import (
    FindingPage,
    MonthState,
    list_findings,
    list_months,
    read_finding,
    read_month,
)
from console.quality.restated import count_restated_orders, list_restated_figures
from pipelines.catalogue.outputs import name_lists
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.documents.workbooks.quarantine import list_quarantined, write_quarantined
from pipelines.store.lake import Made, MonthFolder
from pipelines.store.waivers import accept_finding, read_waivers
from pipelines.text.texts import describe_error

_MONTH = "console/quality_month.html"
_FINDING = "console/quality_finding.html"


@open_to(Role.QUALITY)
@require_safe
def show_quality(request: Any) -> Any:
    """Show the months: what stands open in each, and who released it."""
    context = {
        "months": list_months(settings.CONSOLE_HOME),
        "waivers": list(reversed(read_waivers(settings.CONSOLE_HOME))),
    }
    return render(request, "console/quality.html", context)


# -- a month ---------------------------------------------------------------------------------------


@open_to(Role.QUALITY)
@require_safe
def show_month(request: Any, month: str) -> Any:
    """Show the findings of a month, those that hold back most first, and what can be done."""
    return _show_month(request, _open_month(month))


def _show_month(
    request: Any, state: MonthState, status: int = 200, problem: str = ""
) -> Any:
    language = find_language()
    context = {
        "state": state,
        "findings": list_findings(state.made, language),
        "set_aside": _count_set_aside(state.made),
        "said": count_decisions(str(state.month)),
        "problem": problem,
        **_describe_errands(state.month),
    }
    return render(request, _MONTH, context, status=status)


def _describe_errands(month: Month) -> dict[str, Any]:
    """What was asked for of a month, and where it is looked at again."""
    return list_errands(find_language(), month=str(month)) | {
        "errands_page": reverse("quality_errands", args=(month,)),
        "whole_page": reverse("quality_month", args=(month,)),
    }


def _open_month(text: str) -> MonthState:
    """Return a month that is held; of any other there is no page."""
    try:
        return read_month(settings.CONSOLE_HOME, Month.parse(text))
    except UsageError as error:
        raise Http404 from error


def _count_set_aside(made: Made) -> int:
    """How many rows of a month were set aside."""
    if not made.is_computed("snapshot_quarantine"):
        return 0
    return sum(one.rows for one in list_quarantined(made))


@open_to(Role.QUALITY)
@require_safe
def show_errands(request: Any, month: str) -> Any:
    """Show what was asked for of a month: the part of its page that is looked at again."""
    context = _describe_errands(_open_month(month).month)
    return render(request, "console/errands.html", context)


@open_to(Role.QUALITY)
@require_safe
def fetch_set_aside(request: Any, month: str) -> Any:
    """Send the rows that were set aside, masked, a sheet a delivered file: to be corrected."""
    state = _open_month(month)
    if not _count_set_aside(state.made):
        raise Http404
    record_access(request, "set_aside", str(state.month))
    folder = Path(tempfile.mkdtemp(prefix="console-"))
    try:
        file = folder / f"{state.month}_set_aside.xlsx"
        write_quarantined(state.made, file, find_language(), unmasked=False)
        return FileResponse(file.open("rb"), as_attachment=True, filename=file.name)
    finally:
        # An open file is still there when its folder is gone.
        shutil.rmtree(folder, ignore_errors=True)


# -- asked for -------------------------------------------------------------------------------------


@open_to(Role.QUALITY)
@require_POST
def ask_to_run(request: Any, month: str) -> Any:
    """Have a month run again that is not released, or a released one restated."""
    state = _open_month(month)
    kind = RESTATE if state.is_released else RUN
    ask_for(Wanted(kind, str(state.month)), request.user.name)
    record_access(request, f"ask_{kind}", str(state.month))
    return redirect("quality_month", month=state.month)


@open_to(Role.QUALITY)
@require_POST
def ask_to_release(request: Any, month: str) -> Any:
    """Have the version that was looked at released; not one that came meanwhile."""
    state = _open_month(month)
    looked_at = request.POST.get("version", "")
    problem = ""
    if state.is_released:
        problem = _("This month is released already.")
    elif state.is_stopped:
        problem = _("The gate stopped the last run: there is nothing to release.")
    elif looked_at != str(state.made.number):
        problem = _("Another version has come meanwhile. Look at it first.")
    elif request.POST.get("sure") != "yes":
        problem = _("Tick that you have looked: a release is never taken back.")
    elif Errand.objects.filter(month=state.month, kind=RUN, state__in=OPEN).exists():
        problem = _("The month is being run. Wait for what comes of it.")
    if problem:
        return _show_month(request, state, 422, problem)
    wanted = Wanted(RELEASE, str(state.month), state.made.number)
    ask_for(wanted, request.user.name)
    record_access(request, "ask_release", f"{state.month} v{state.made.number}")
    return redirect("quality_month", month=state.month)


# -- a finding -------------------------------------------------------------------------------------


@open_to(Role.QUALITY)
@require_http_methods(["GET", "POST"])
def work_finding(request: Any, month: str, finding: str) -> Any:
    """Show a finding and what it touches, or accept it."""
    state = _open_month(month)
    page = read_finding(settings.CONSOLE_HOME, state.made, finding, find_language())
    if page is None:
        raise Http404
    if request.method == "POST":
        return _waive(request, state, page)
    return _show_finding(request, state, page)


def _show_finding(
    request: Any,
    state: MonthState,
    page: FindingPage,
    status: int = 200,
    problem: str = "",
) -> Any:
    record_access(request, "finding", f"{state.month} {page.line.text.finding}")
    context = {
        "state": state,
        "page": page,
        "problem": problem,
        "why": request.POST.get("why", ""),
        "until": request.POST.get("until", str(state.month)),
    }
    return render(request, _FINDING, context, status=status)


def _waive(request: Any, state: MonthState, page: FindingPage) -> Any:
    """Accept a finding by the one way there is (`retention waive`), and have the month run."""
    finding = page.line.text.finding
    actor = request.user.name
    home = settings.CONSOLE_HOME
    why, until = request.POST.get("why", ""), request.POST.get("until", "")
    if not page.is_open or state.is_released:
        problem = _("There is nothing here to be accepted.")
        return _show_finding(request, state, page, 422, problem)
    try:
        waiver = accept_finding(home, finding, why, until, actor)
    except UsageError as error:
        problem = describe_error(find_language(), error)
        return _show_finding(request, state, page, 422, problem)
    detail = {"why": waiver.why, "until": waiver.until}
    AuditEntry.objects.create(
        actor=actor, action="waive", subject=finding, detail=detail
    )
    if request.POST.get("run") == "yes":
        ask_for(Wanted(RUN, str(state.month)), actor)
    return redirect("quality_month", month=state.month)


# -- restated --------------------------------------------------------------------------------------


@open_to(Role.QUALITY)
@require_safe
def show_restated(request: Any, month: str) -> Any:
    """Show a released month as published against what is known now."""
    state = _open_month(month)
    if state.restated is None:
        raise Http404
    folder = MonthFolder(settings.CONSOLE_HOME, state.month)
    version = folder.version(state.restated)
    language = find_language()
    context = {
        "state": state,
        "restated": version,
        "figures": list_restated_figures(version, language),
        "orders": count_restated_orders(version, name_lists(language), language),
    }
    return render(request, "console/restated.html", context)

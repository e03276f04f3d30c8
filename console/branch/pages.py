"""The pages of a head: the branch's month, one KPI by manager, the branch's orders."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from console import clock
from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.access.scope import list_standing, scope
from console.changes import REASSIGNED, change_orders
from console.figures.kpis import (
    ManagerRow,
    Scope,
    Wanted,
    draw_scope_trend,
    list_managers,
    load_meanings,
    read_scope,
    read_scopes,
)
from console.figures.months import find_newest_release, require_newest_release
from console.models import OrderChange
from console.work.published import read_cards
from console.work.queue import STATE_WORDS
from console.work.states import QueuedOrder, State, read_queue
from pipelines.sources.office.changes import WITHDRAWN

_ON_A_PAGE = 50
_MOST_CHANGES = 20


def _read_open_orders(account: Any) -> list[QueuedOrder]:
    """The orders of the branch that were not taken back, in the order to work them."""
    return read_queue(list_standing(account), clock.find_today())


# -- the month -------------------------------------------------------------------------------------


@open_to(Role.HEAD)
@require_safe
def show_branch(request: Any) -> Any:
    """Show the branch's KPIs, the worst first, and who has how much open."""
    version = find_newest_release(settings.CONSOLE_HOME)
    context: dict[str, Any] = {"version": version}
    if version is not None:
        branch_id = request.user.branch_id
        branch = Scope("branch", branch_id)
        context["lines"] = read_scope(version, branch, find_language())
        managers = list_managers(version, branch_id)
        context["loads"] = _count_loads(_read_open_orders(request.user), managers)
        context["states"] = STATE_WORDS.values()
    return render(request, "console/branch.html", context)


def _count_loads(
    orders: list[QueuedOrder], managers: list[ManagerRow]
) -> list[dict[str, Any]]:
    """How many orders each manager has in each state, who has most overdue first."""
    counts: dict[str, Counter[State]] = defaultdict(Counter)
    for queued in orders:
        counts[queued.order.holder_id or ""][queued.state] += 1
    names = _name_managers(managers)
    loads = []
    for holder_id in sorted({*counts, *names}):
        of_holder = counts[holder_id]
        loads.append(
            {
                "holder_id": holder_id,
                "name": names.get(holder_id, holder_id) or _("nobody"),
                "counts": [of_holder[state] for state in State],
                "overdue": of_holder[State.OVERDUE],
            }
        )
    return sorted(loads, key=lambda load: -int(load["overdue"]))


def _name_managers(managers: list[ManagerRow]) -> dict[str, str]:
    return {manager.manager_id: manager.name for manager in managers}


@open_to(Role.HEAD)
@require_safe
def show_kpi(request: Any, kpi: str, variant: str) -> Any:
    """Show one KPI over the months, and the managers behind it."""
    version = require_newest_release(settings.CONSOLE_HOME)
    wanted = Wanted(kpi, variant)
    language = find_language()
    meaning = load_meanings(language).get(wanted)
    if meaning is None:
        raise Http404
    branch_id = request.user.branch_id
    names = _name_managers(list_managers(version, branch_id))
    lines = []
    for line in read_scopes(version, "manager", names, wanted, language):
        orders = urlencode({"holder": line.scope_id})
        shown = {
            "line": line,
            "name": names[line.scope_id],
            "link": f"{reverse('branch_orders')}?{orders}",
            "rows": reverse("manager_rows", args=(*wanted, line.scope_id)),
        }
        lines.append(shown)
    branch = Scope("branch", branch_id)
    context = {
        "version": version,
        "meaning": meaning,
        "trend": draw_scope_trend(version, branch, wanted, language),
        "kind": _("Manager"),
        "lines": lines,
        "rows": reverse("branch_rows", args=wanted),
        "way_back": reverse("branch"),
        "way_back_words": _("My branch"),
    }
    return render(request, "console/kpi.html", context)


# -- the orders ------------------------------------------------------------------------------------


@open_to(Role.HEAD)
@require_http_methods(["GET", "POST"])
def manage_orders(request: Any) -> Any:
    """Show the branch's open orders, or give some to another manager, or take them back."""
    if request.method == "POST":
        problem = _change_orders(request)
        if not problem:
            return redirect(f"{reverse('branch_orders')}?{request.GET.urlencode()}")
        return _show_orders(request, 422, problem=problem)
    record_access(request, "branch_orders", request.GET.urlencode())
    return _show_orders(request, 200)


def _show_orders(request: Any, status: int, **more: Any) -> Any:
    orders = [
        queued
        for queued in _read_open_orders(request.user)
        if _is_chosen(queued, request.GET)
    ]
    page = Paginator(orders, _ON_A_PAGE).get_page(request.GET.get("page"))
    shown = [queued.order for queued in page.object_list]
    cards = read_cards(settings.CONSOLE_HOME, shown, find_language(), is_owner=False)
    managers = list_managers(
        require_newest_release(settings.CONSOLE_HOME), request.user.branch_id
    )
    names = _name_managers(managers)
    lines = []
    for queued in page.object_list:
        card = cards.get(queued.order.order_id)
        words = STATE_WORDS[queued.state]
        holder_id = queued.order.holder_id or ""
        holder = names.get(holder_id, holder_id)
        line = {"queued": queued, "card": card, "state_words": words, "holder": holder}
        lines.append(line)
    changes = OrderChange.objects.filter(order__branch_id=request.user.branch_id)
    context = {
        "page": page,
        "lines": lines,
        "managers": managers,
        "changes": changes.order_by("-pk")[:_MOST_CHANGES],
        "why": request.POST.get("why", ""),
        **more,
    }
    return render(request, "console/branch_orders.html", context, status=status)


def _is_chosen(queued: QueuedOrder, chosen: Any) -> bool:
    """Whether an order is of the manager and list, and in the state, that are asked for."""
    if queued.state is State.DONE:
        return False
    holder_id, state = chosen.get("holder"), chosen.get("state")
    if holder_id is not None and holder_id != (queued.order.holder_id or ""):
        return False
    list_name = chosen.get("list")
    if list_name and list_name != queued.order.list:
        return False
    return not state or state == queued.state.value


def _change_orders(request: Any) -> str:
    """Change the orders that are ticked; say what is wrong, or nothing."""
    order_ids = request.POST.getlist("order")
    why = request.POST.get("why", "").strip()
    known = set(
        scope(request.user).filter(pk__in=order_ids).values_list("pk", flat=True)
    )
    if set(order_ids) - known:
        record_access(request, "branch_orders", is_refused=True)
        raise Http404
    version = require_newest_release(settings.CONSOLE_HOME)
    managers = list_managers(version, request.user.branch_id)
    to = request.POST.get("to", "")
    is_reassigned = request.POST.get("act") == REASSIGNED
    problem = ""
    if not order_ids:
        problem = _("Tick the orders first.")
    elif not why:
        problem = _("Say why: it stays on the record.")
    elif is_reassigned and to not in {manager.manager_id for manager in managers}:
        problem = _("Choose a manager of your branch.")
    elif is_reassigned:
        change_orders(order_ids, REASSIGNED, why, request.user.name, to)
    else:
        change_orders(order_ids, WITHDRAWN, why, request.user.name)
    return problem

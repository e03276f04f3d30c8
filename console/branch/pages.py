"""The pages of a head: the branch's month, one KPI by manager, the branch's orders."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
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
from console.access.scope import list_standing, scope, scope_states
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
from console.models import OrderChange, OrderState
from console.work.published import read_cards
from console.work.queue import STATE_WORDS, View
from console.work.states import (
    State,
    count_loads,
    find_place,
    rank_states,
    read_states,
)
from pipelines.sources.office.changes import WITHDRAWN

_ON_A_PAGE = 50
_MOST_CHANGES = 20


def _rank_orders(account: Any) -> QuerySet[OrderState]:
    """The orders of the branch that were not taken back, in the order to work them."""
    return rank_states(list_standing(scope_states(account)), clock.find_today())


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
        context["loads"] = _show_loads(
            count_loads(_rank_orders(request.user)), managers
        )
        context["states"] = STATE_WORDS.values()
    return render(request, "console/branch.html", context)


def _show_loads(
    counts: dict[str, dict[State, int]], managers: list[ManagerRow]
) -> list[dict[str, Any]]:
    """How many orders each manager has in each state, who has most overdue first."""
    names = _name_managers(managers)
    nothing = dict.fromkeys(State, 0)
    loads = []
    for holder_id in sorted({*counts, *names}):
        of_holder = counts.get(holder_id, nothing)
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
    chosen = _choose_orders(_rank_orders(request.user), request.GET)
    page = Paginator(chosen, _ON_A_PAGE).get_page(request.GET.get("page"))
    queue = read_states(page.object_list)
    shown = [queued.order for queued in queue]
    cards = read_cards(settings.CONSOLE_HOME, shown, find_language(), is_owner=False)
    managers = list_managers(
        require_newest_release(settings.CONSOLE_HOME), request.user.branch_id
    )
    names = _name_managers(managers)
    lines = []
    for queued in queue:
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


def _choose_orders(ranked: QuerySet[OrderState], chosen: Any) -> QuerySet[OrderState]:
    """The open orders of the manager and list, and in the state, that are asked for."""
    orders = View(list_name=chosen.get("list", "")).choose_orders(ranked)
    state = View.read(chosen).state
    if state is not None:
        orders = orders.filter(place=find_place(state))
    holder_id = chosen.get("holder")
    if holder_id == "":
        return orders.filter(Q(holder_id__isnull=True) | Q(holder_id=""))
    return orders if holder_id is None else orders.filter(holder_id=holder_id)


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

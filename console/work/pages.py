"""The pages of a manager: the queue, one order, its number, its answer, and the way back."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from console import clock
from console.access.carried import CARRIED, take_carried
from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import NUMBER_SHOWN, count_shown_numbers, record_access
from console.access.roles import Role
from console.access.scope import scope, scope_states
from console.models import Answer, HeldAnswer, Order
from console.persons.notes import NOTE, open_words
from console.work.answering import (
    AnswerForm,
    add_refusal,
    draft_answer,
    list_choices,
    suggest_values,
)
from console.work.holding import UNDO_SECONDS, hold_answer, undo_answer
from console.work.published import find_phone, read_cards
from console.work.queue import (
    STATE_WORDS,
    Queue,
    View,
    find_neighbours,
    find_next,
    open_queue,
)
from console.work.states import (
    QueuedOrder,
    count_states,
    find_oldest_month,
    read_states,
)
from console.work.timeline import list_events
from pipelines.catalogue.outputs import name_lists
from pipelines.core.outcomes import load_outcomes

_ON_A_PAGE = 50
_UNDO = "undo"  # what the session keeps of the answer that was just given
_ORDER = "console/order.html"


# -- the queue -------------------------------------------------------------------------------------


@open_to(Role.MANAGER)
@require_safe
def show_queue(request: Any) -> Any:
    """Show the orders in the order to work them, fifty a page."""
    view = View.read(request.GET)
    queue = open_queue(request.user)
    chosen = Paginator(view.choose_orders(queue), _ON_A_PAGE)
    page = chosen.get_page(request.GET.get("page"))
    language = find_language()
    queued_here = read_states(page.object_list)
    orders = [queued.order for queued in queued_here]
    cards = read_cards(settings.CONSOLE_HOME, orders, language, is_owner=True)
    record_access(request, "queue", view.query)
    lines = []
    for queued in queued_here:
        card = cards.get(queued.order.order_id)
        lines.append({"order": queued.order, "card": card, **_describe_state(queued)})
    has_orders = bool(lines) or queue.exists()
    context = {
        "view": view,
        "page": page,
        "lines": lines,
        "has_orders": has_orders,
        "had_orders": has_orders or scope_states(request.user).exists(),
        "chips": _list_chips(view.choose_list(queue), view),
        "lists": name_lists(language),
        "undo": _find_undo(request),
    }
    return render(request, "console/queue.html", context)


def _describe_state(queued: QueuedOrder) -> dict[str, Any]:
    """What a page says of how an order stands."""
    return {
        "state": queued.state.value,
        "state_words": STATE_WORDS[queued.state],
        "day": queued.day,
        "late_days": (clock.find_today() - queued.day).days,
    }


def _list_chips(queue: Queue, view: View) -> list[dict[str, Any]]:
    """The states with their counts."""
    chips = []
    for state, count in count_states(queue).items():
        chips.append(
            {
                "state": state.value,
                "words": STATE_WORDS[state],
                "count": count,
                "query": View(state, view.list_name).query,
                "is_chosen": view.state is state,
            }
        )
    return chips


# -- one order -------------------------------------------------------------------------------------


@open_to(Role.MANAGER)
@require_http_methods(["GET", "POST"])
def work_order(request: Any, order_id: str) -> Any:
    """Show an order, or take its answer."""
    order = _find_order(request, order_id)
    if request.method == "POST":
        return _answer_order(request, order)
    record_access(request, "order", order.pk)
    values = suggest_values(order, clock.find_today())
    carried = take_carried(request)
    message = ""
    if carried is not None:
        values |= carried
        message = _("What you typed is back. Look it over and save it.")
    outcome = load_outcomes().get(str(values.get("outcome", "")))
    form = AnswerForm(outcome, initial=values)
    return _show_order(request, order, form, outcome=outcome, message=message)


def _find_order(request: Any, order_id: str) -> Order:
    """Return an order of the asker's; of any other nobody learns whether it is there."""
    oldest = find_oldest_month(clock.find_today())
    own = scope(request.user).filter(pk=order_id, release_id__gte=oldest)
    order: Order | None = own.first()
    if order is None:
        record_access(request, "order", order_id, is_refused=True)
        raise Http404
    return order


def _show_order(
    request: Any, order: Order, form: AnswerForm, status: int = 200, **more: Any
) -> Any:
    """Draw the page of an order around a form."""
    language = find_language()
    home = settings.CONSOLE_HOME
    view = View.read(request.GET)
    queue = open_queue(request.user)
    [queued] = read_states(queue.filter(pk=order.pk))
    cards = read_cards(home, [queued.order], language, is_owner=True)
    context = {
        **_describe_state(queued),
        "order": order,
        "card": cards.get(order.pk),
        "view": view,
        "list_title": name_lists(language).get(order.list, order.list),
        "neighbours": find_neighbours(queue, view, order.pk),
        "choices": list_choices(order, language),
        "form": form,
        "seen": _count_said(order),
        "events": list_events(home, order, language),
        "undo": _find_undo(request),
        **more,
    }
    return render(request, _ORDER, context, status=status)


def _count_said(order: Order) -> int:
    """How often an order was answered: a form that knows of fewer is older than an answer."""
    taken = Answer.objects.filter(order_id=order.pk).count()
    held = HeldAnswer.objects.filter(order_id=order.pk).count()
    return int(taken + held)


# -- its answer ------------------------------------------------------------------------------------


def _answer_order(request: Any, order: Order) -> Any:
    """Hold an answer and go on to the next order; ask for what is missing."""
    language = find_language()
    code = request.POST.get("outcome", "")
    choices = {choice.code: choice for choice in list_choices(order, language)}
    if code not in choices:
        form = AnswerForm(None, request.POST)
        message = _("Choose an outcome.")
        return _show_order(request, order, form, 422, message=message)

    outcome = load_outcomes()[code]
    if choices[code].needs_more and "promised_on" not in request.POST:
        values = suggest_values(order, clock.find_today()) | request.POST.dict()
        form = AnswerForm(outcome, initial=values)
        return _show_order(request, order, form, outcome=outcome)

    form = AnswerForm(outcome, request.POST)
    if not form.is_valid():
        return _show_order(request, order, form, 422, outcome=outcome)
    row = draft_answer(order, outcome, form)
    if row.refusal is not None:
        add_refusal(form, row, language)
        return _show_order(request, order, form, 422, outcome=outcome)
    if request.POST.get("seen") != str(_count_said(order)):
        message = _(
            "Somebody answered meanwhile: see below. Save again if yours holds."
        )
        return _show_order(request, order, form, 409, outcome=outcome, message=message)

    view = View.read(request.GET)
    after = find_next(open_queue(request.user), view, order.pk)
    held = hold_answer(order, row, request.user.name)
    record_access(request, "answer", order.pk)
    request.session[_UNDO] = {"held": held.pk, "words": choices[code].words}
    request.session[_UNDO]["until"] = time.time() + UNDO_SECONDS
    if after is None:
        return redirect(reverse("queue") + view.query)
    return redirect(reverse("order", args=[after]) + view.query)


def _find_undo(request: Any) -> Any:
    """What can still be undone; None where its time is over."""
    undo = request.session.get(_UNDO)
    if undo is None or undo["until"] <= time.time():
        return None
    return undo | {"left_ms": int((undo["until"] - time.time()) * 1000)}


@open_to(Role.MANAGER)
@require_POST
def undo_last(request: Any) -> Any:
    """Take the last answer back while there is time, and show its order as it was filled in."""
    undo = request.session.pop(_UNDO, None)
    held = undo_answer(undo["held"], request.user.name) if undo else None
    if held is None:
        return render(request, "console/too_late.html", status=409)
    path = reverse("order", args=[held.order_id])
    note = open_words(held.order.customer_id, NOTE, held.note)
    fields = {"note": note, "outcome": ""}
    if held.contacted_on:
        fields["contacted_on"] = held.contacted_on.isoformat()
    request.session[CARRIED] = {"path": path, "fields": fields}
    record_access(request, "undo", held.order_id)
    return redirect(path)


# -- its number ------------------------------------------------------------------------------------


@open_to(Role.MANAGER)
@require_POST
def show_number(request: Any, order_id: str) -> Any:
    """Show the number of an order's customer: on the record, and so many an hour."""
    order = _find_order(request, order_id)
    shown = count_shown_numbers(request.user.name)
    is_refused = shown >= settings.CONSOLE_NUMBERS_AN_HOUR
    record_access(request, NUMBER_SHOWN, order.pk, is_refused)
    if is_refused:
        told: dict[str, Any] = {"too_many": True}
        status = 429
    else:
        phone = find_phone(settings.CONSOLE_HOME, order)
        told = {"number": phone or "", "has_no_number": not phone}
        status = 200
    if request.htmx:
        return render(request, "console/number.html", told, status=status)
    values = suggest_values(order, clock.find_today())
    form = AnswerForm(None, initial=values)
    return _show_order(request, order, form, status, **told)

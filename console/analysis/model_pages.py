"""Model cards, the review of a model, and making one champion with a reason."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.analysis.shelf import (
    UPLIFT,
    Shelved,
    draw_card,
    find_shelved,
    list_metrics,
    list_shelf,
)
from console.errands.board import PROMOTE, Wanted, ask_for
from console.errands.words import list_errands
from console.figures.months import find_newest_release
from pipelines.core.settings import load_settings
from pipelines.text.texts import say_reasons


@open_to(Role.ANALYST)
@require_safe
def list_models(request: Any) -> Any:
    """Show the models there are: who is champion, and which may not be used and why."""
    language = find_language()
    lines = []
    for shelved in list_shelf(settings.CONSOLE_HOME, load_settings().key):
        metrics = list_metrics(shelved.card, language) if shelved.card else []
        refused = say_reasons(language, shelved.refused)
        line = {"shelved": shelved, "metrics": metrics, "refused": refused}
        lines.append(line | {"is_uplift": shelved.kind == UPLIFT})
    return render(request, "console/models.html", {"lines": lines})


@open_to(Role.ANALYST)
@require_safe
def show_model(request: Any, version: str) -> Any:
    """Show a model's review: lift, calibration, slices, drift, and the champion beside it."""
    return _show_model(request, _find_model(request, version), 200)


@open_to(Role.ANALYST)
@require_POST
def promote_model(request: Any, version: str) -> Any:
    """Have a model made champion, with who and why on the record: it is looked at before."""
    shelved = _find_model(request, version)
    why = request.POST.get("why", "").strip()
    if not why:
        problem = _("Say why: it stays on the record.")
        return _show_model(request, shelved, 422, problem=problem)
    record_access(request, "ask_promote", version)
    ask_for(Wanted(PROMOTE, subject=version), request.user.name, why)
    return redirect("model", version)


@open_to(Role.ANALYST)
@require_safe
def show_model_errands(request: Any, version: str) -> Any:
    """Show what was asked for of a model: the part of its page that is looked at again."""
    shelved = _find_model(request, version)
    return render(request, "console/errands.html", _describe_errands(shelved))


def _describe_errands(shelved: Shelved) -> dict[str, Any]:
    listed = list_errands(find_language(), kind=PROMOTE, subject=shelved.version)
    return listed | {
        "errands_page": reverse("model_errands", args=(shelved.version,)),
        "whole_page": reverse("model", args=(shelved.version,)),
    }


def _find_model(request: Any, version: str) -> Shelved:
    shelved = find_shelved(settings.CONSOLE_HOME, version, load_settings().key)
    if shelved is None:
        record_access(request, "model", version, is_refused=True)
        raise Http404
    return shelved


def _show_model(request: Any, shelved: Shelved, status: int, **more: Any) -> Any:
    language = find_language()
    month = find_newest_release(settings.CONSOLE_HOME)
    metrics = list_metrics(shelved.card, language) if shelved.card else []
    context = {
        "shelved": shelved,
        "review": draw_card(shelved, month, language),
        "metrics": metrics,
        "refused": say_reasons(language, shelved.refused),
        **_describe_errands(shelved),
        **more,
    }
    return render(request, "console/model.html", context, status=status)

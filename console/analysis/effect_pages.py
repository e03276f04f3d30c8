"""Each list's effect against its hold-out, and what hold-outs of other sizes would tell by when."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.access.context import find_language
from console.access.gate import open_to
from console.access.roles import Role
from console.analysis.effects import (
    OVERALL,
    TOO_FEW,
    EffectRow,
    draw_bounds,
    find_readable_month,
    find_widest,
    read_effects,
)
from console.figures.months import find_newest_release
from pipelines.catalogue.outputs import name_lists
from pipelines.core.month import Month
from pipelines.documents.holdout_view import (
    HoldoutView,
    read_holdout_views,
    say_holdout,
    say_shares,
)
from pipelines.text.texts import fill_label
from pipelines.text.units import format_figure


@open_to(Role.ANALYST)
@require_safe
def show_effects(request: Any) -> Any:
    """Show what each list changed so far, and from which month on that can be read."""
    version = find_newest_release(settings.CONSOLE_HOME)
    lines: list[dict[str, Any]] = []
    views: list[HoldoutView] = []
    language = find_language()
    if version is not None:
        views = read_holdout_views(version)
        titles = name_lists(language)
        titles[OVERALL] = _("All lists")
        rows = read_effects(version)
        widest = find_widest(rows)
        for row in rows:
            title = titles.get(row.list, row.list)
            line = _describe(row, version.month, language)
            lines.append({"title": title, **line, "bounds": draw_bounds(row, widest)})
    holdouts = [say_holdout(view, language) for view in views]
    shares = say_shares(views)
    context = {
        "version": version,
        "lines": lines,
        "holdouts": holdouts,
        "holdout_note": fill_label(language, "tell.note", shares=shares),
    }
    return render(request, "console/effects.html", context)


def _describe(row: EffectRow, month: Month, language: str) -> dict[str, Any]:
    """A row in words."""
    return {
        "row": row,
        "treated": _say_share(row.treated_kept_count, row.treated_order_count),
        "holdout": _say_share(row.holdout_kept_count, row.holdout_order_count),
        "effect": _say_points(row.effect),
        "low": _say_points(row.effect_low),
        "high": _say_points(row.effect_high),
        "revenue": format_figure(row.revenue_kept, "amount"),
        "revenue_low": format_figure(row.revenue_kept_low, "amount"),
        "revenue_high": format_figure(row.revenue_kept_high, "amount"),
        "state": fill_label(language, f"effect.{row.state}"),
        "readable": _say_when(row, month),
    }


def _say_share(kept: int, orders: int) -> str:
    if not orders:
        return "–"
    return f"{format_figure(kept / orders, 'ratio')} ({kept:,} / {orders:,})"


def _say_points(value: float | None) -> str:
    return format_figure(value, "points")


def _say_when(row: EffectRow, month: Month) -> str:
    """From when on an effect can be read, and what that takes."""
    readable = find_readable_month(row, month)
    if readable is None and row.state != TOO_FEW:
        return str(_("told list by list"))
    if readable is None:
        return str(_("never as it is: nobody is held out"))
    if readable == month:
        return str(_("now"))
    if row.needed_order_count is None:
        said: str = _("a first interval with %(month)s")
        return said % {"month": readable}
    said = _("with %(month)s, after %(count)s orders more")
    return said % {"month": readable, "count": f"{row.needed_order_count:,}"}

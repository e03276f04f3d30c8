"""An analyst's figures: the company's, then branch, manager and rows; definitions side by side."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.access.context import find_language
from console.access.gate import open_to
from console.access.record import record_access
from console.access.roles import Role
from console.figures.behind import read_behind
from console.figures.kpis import (
    Meaning,
    Scope,
    Wanted,
    draw_scope_trend,
    list_managers,
    load_meanings,
    read_scope,
    read_scopes,
)
from console.figures.months import find_newest_release, require_newest_release
from pipelines.catalogue.outputs import Kpi, load_kpis
from pipelines.documents.month_view import read_scope_names
from pipelines.rooms.kpi.parts import SCOPES
from pipelines.store.lake import Version
from pipelines.text.texts import fill_label, say_reasons
from pipelines.text.units import format_figure

_COMPANY = Scope("company", "company")
_MONTHLY = "kpi_monthly"
_NAMELESS = ("company", "unclaimed")


def _find_meaning(wanted: Wanted) -> Meaning:
    meaning = load_meanings(find_language()).get(wanted)
    if meaning is None:
        raise Http404
    return meaning


def _read_names(version: Version) -> dict[str, str]:
    """What scopes are called, by id: also the company, and what nobody owns."""
    language = find_language()
    nameless = {name: fill_label(language, f"scope.{name}") for name in _NAMELESS}
    return read_scope_names(version) | nameless


# -- figures ---------------------------------------------------------------------------------------


@open_to(Role.ANALYST)
@require_safe
def show_company(request: Any) -> Any:
    """Show the company's KPIs of the newest released month, the worst first."""
    version = find_newest_release(settings.CONSOLE_HOME)
    context: dict[str, Any] = {"version": version}
    if version is not None:
        context["lines"] = read_scope(version, _COMPANY, find_language())
    return render(request, "console/analysis.html", context)


@open_to(Role.ANALYST)
@require_safe
def show_company_kpi(request: Any, kpi: str, variant: str) -> Any:
    """Show one KPI of the company over the months, and the branches behind it."""
    version, wanted = (
        require_newest_release(settings.CONSOLE_HOME),
        Wanted(kpi, variant),
    )
    where = {"kpi": kpi, "variant": variant, "scope_kind": "branch"}
    rows = version.read_rows(_MONTHLY, ["scope_id"], where)
    branches = {row["scope_id"] for row in rows}
    names = _read_names(version)
    context = _describe_kpi(version, wanted, _COMPANY, "branch", branches, names)
    for line in context["lines"]:
        scope_id = line["line"].scope_id
        line["link"] = reverse("branch_kpi", args=(*wanted, scope_id))
    context |= {
        "kind": _("Branch"),
        "way_back": reverse("analysis"),
        "way_back_words": _("Figures"),
    }
    return render(request, "console/kpi.html", context)


@open_to(Role.ANALYST)
@require_safe
def show_branch_kpi(request: Any, kpi: str, variant: str, branch_id: str) -> Any:
    """Show one KPI of a branch over the months, and the managers behind it."""
    version, wanted = (
        require_newest_release(settings.CONSOLE_HOME),
        Wanted(kpi, variant),
    )
    meaning = _find_meaning(wanted)
    managers = {row.manager_id for row in list_managers(version, branch_id)}
    names = _read_names(version)
    if not managers and branch_id not in names:
        raise Http404
    branch = Scope("branch", branch_id)
    context = _describe_kpi(version, wanted, branch, "manager", managers, names)
    context |= {
        "kind": _("Manager"),
        "scope_name": names.get(branch_id, branch_id),
        "way_back": reverse("company_kpi", args=wanted),
        "way_back_words": meaning.title,
    }
    return render(request, "console/kpi.html", context)


def _describe_kpi(
    version: Version,
    wanted: Wanted,
    scope: Scope,
    kind: str,
    below: set[str],
    names: dict[str, str],
) -> dict[str, Any]:
    """A KPI of a scope, and of those below it, each with the way to its rows."""
    meaning = _find_meaning(wanted)
    language = find_language()
    lines = []
    for line in read_scopes(version, kind, below, wanted, language):
        rows = reverse("figure_rows", args=(*wanted, kind, line.scope_id))
        name = names.get(line.scope_id, line.scope_id)
        lines.append({"line": line, "name": name, "rows": rows})
    return {
        "version": version,
        "meaning": meaning,
        "trend": draw_scope_trend(version, scope, wanted, language),
        "lines": lines,
        "rows": reverse("figure_rows", args=(*wanted, *scope)),
    }


@open_to(Role.ANALYST)
@require_safe
def show_rows(request: Any, kpi: str, variant: str, kind: str, scope_id: str) -> Any:
    """Show the rows that a figure is the sum of, by customer id alone."""
    version, wanted = (
        require_newest_release(settings.CONSOLE_HOME),
        Wanted(kpi, variant),
    )
    meaning = _find_meaning(wanted)
    if kind not in SCOPES:
        raise Http404
    record_access(request, "rows", f"{kpi}.{variant}:{kind}:{scope_id}")
    behind = read_behind(
        settings.CONSOLE_HOME,
        version,
        wanted,
        Scope(kind, scope_id),
        request.GET.get("page"),
        find_language(),
        has_names=False,
    )
    context = {
        "version": version,
        "behind": behind,
        "page": behind.page,
        "scope_name": _read_names(version).get(scope_id, ""),
        "title": meaning.title,
        "way_back": reverse("company_kpi", args=wanted),
    }
    return render(request, "console/behind.html", context)


# -- definitions -----------------------------------------------------------------------------------


class Cell(NamedTuple):
    """A scope's value by one definition, and the way to its rows; `note` says why it is none."""

    value: str
    sides: str
    note: str
    rows: str


@open_to(Role.ANALYST)
@require_safe
def list_definitions(request: Any) -> Any:
    """List the KPIs that are counted in more than one way."""
    language = find_language()
    lines = []
    for name, definitions in _gather_definitions().items():
        if len(definitions) > 1:
            title = definitions[0].kpi.meta["title"][language]
            words = [one.words(language) for one in definitions]
            lines.append({"name": name, "title": title, "definitions": words})
    return render(request, "console/definitions.html", {"lines": lines})


class Definition(NamedTuple):
    """One of the ways in which a KPI is counted: the file, and the variant in it."""

    kpi: Kpi
    variant: str

    def words(self, language: str) -> str:
        """What the definition says in words."""
        return str(self.kpi.spec.meta["variants"][self.variant][language])


def _gather_definitions() -> dict[str, list[Definition]]:
    """The definitions of each KPI, the default one first."""
    gathered: dict[str, list[Definition]] = defaultdict(list)
    for kpi in load_kpis():
        for variant in kpi.variants:
            place = 0 if variant == kpi.meta["default"] else len(gathered[kpi.name])
            gathered[kpi.name].insert(place, Definition(kpi, variant))
    return gathered


@open_to(Role.ANALYST)
@require_safe
def compare_definitions(request: Any, kpi: str) -> Any:
    """Show a KPI by all its definitions side by side: the company, and the branches."""
    language = find_language()
    definitions = _gather_definitions().get(kpi)
    if definitions is None:
        raise Http404
    meta = definitions[0].kpi.meta
    version = require_newest_release(settings.CONSOLE_HOME)
    where: dict[str, str | tuple[str, ...]] = {
        "kpi": kpi,
        "scope_kind": ("company", "branch"),
    }
    cells: dict[str, dict[str, Cell]] = {}
    kinds: dict[str, str] = {}
    for row in version.read_rows(_MONTHLY, where=where):
        scope_id = row["scope_id"]
        kinds[scope_id] = row["scope_kind"]
        cells.setdefault(scope_id, {})[row["variant"]] = _make_cell(
            row, meta["unit"], language
        )
    names = _read_names(version)
    variants = [one.variant for one in definitions]
    lines = []
    for scope_id in sorted(cells, key=lambda one: (kinds[one] != "company", one)):
        of_scope = [cells[scope_id].get(variant) for variant in variants]
        lines.append({"name": names.get(scope_id, scope_id), "cells": of_scope})
    context = {
        "version": version,
        "title": meta["title"][language],
        "definitions": [
            {"words": one.words(language), "file": one.kpi.spec.where}
            for one in definitions
        ],
        "lines": lines,
    }
    return render(request, "console/definition.html", context)


def _make_cell(row: dict[str, Any], unit: str, language: str) -> Cell:
    wanted = (row["kpi"], row["variant"], row["scope_kind"], row["scope_id"])
    sides = ""
    if row["numerator"] is not None and row["denominator"] is not None:
        sides = f"{row['numerator']:,.2f} / {row['denominator']:,.2f}"
    return Cell(
        value=format_figure(row["value"], unit),
        sides=sides,
        note=say_reasons(language, row["reason"]),
        rows=reverse("figure_rows", args=wanted),
    )

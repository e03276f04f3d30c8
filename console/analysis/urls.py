"""The addresses of the pages of analysts."""

from __future__ import annotations

from django.urls import path

from console.analysis import effect_pages, figure_pages, model_pages, why_pages

_KPI = "analysis/figures/<str:kpi>/<str:variant>/"

urlpatterns = [
    path("analysis/", figure_pages.show_company, name="analysis"),
    path(_KPI, figure_pages.show_company_kpi, name="company_kpi"),
    path(
        f"{_KPI}rows/<str:kind>/<str:scope_id>/",
        figure_pages.show_rows,
        name="figure_rows",
    ),
    path(f"{_KPI}<str:branch_id>/", figure_pages.show_branch_kpi, name="branch_kpi"),
    path("analysis/definitions/", figure_pages.list_definitions, name="definitions"),
    path(
        "analysis/definitions/<str:kpi>/",
        figure_pages.compare_definitions,
        name="definition",
    ),
    path("analysis/models/", model_pages.list_models, name="models"),
    path("analysis/models/<str:version>/", model_pages.show_model, name="model"),
    path(
        "analysis/models/<str:version>/promote/",
        model_pages.promote_model,
        name="promote",
    ),
    path(
        "analysis/models/<str:version>/errands/",
        model_pages.show_model_errands,
        name="model_errands",
    ),
    path("analysis/effects/", effect_pages.show_effects, name="effects"),
    path("analysis/why/", why_pages.ask_why, name="why"),
]

"""The addresses of a head's pages, and of what heads said of the lists."""

from __future__ import annotations

from django.urls import path

from console.branch import (
    behind_pages,
    list_pages,
    pages,
    places_pages,
    request_pages,
)

_KPI = "branch/<str:kpi>/<str:variant>/"

urlpatterns = [
    path("branch/", pages.show_branch, name="branch"),
    path("branch/orders/", pages.manage_orders, name="branch_orders"),
    path("branch/lists/", list_pages.show_branch_lists, name="branch_lists"),
    path("branch/places/", places_pages.show_places, name="places"),
    path(
        "branch/places/<str:manager_id>/",
        places_pages.slide_places,
        name="slide_places",
    ),
    path(_KPI, pages.show_kpi, name="kpi"),
    path(f"{_KPI}rows/", behind_pages.show_branch_rows, name="branch_rows"),
    path(
        f"{_KPI}rows/<str:manager_id>/",
        behind_pages.show_manager_rows,
        name="manager_rows",
    ),
    path("months/<str:month>/lists/", list_pages.show_decisions, name="decisions"),
    path("places/", request_pages.show_requests, name="place_requests"),
    path(
        "places/<int:number>/",
        request_pages.answer_places,
        name="answer_places",
    ),
]

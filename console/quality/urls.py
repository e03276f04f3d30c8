"""The addresses of the pages of quality."""

from __future__ import annotations

from django.urls import path

from console.quality import pages

urlpatterns = [
    path("quality/", pages.show_quality, name="quality"),
    path("quality/<str:month>/", pages.show_month, name="quality_month"),
    path("quality/<str:month>/run/", pages.ask_to_run, name="quality_run"),
    path("quality/<str:month>/release/", pages.ask_to_release, name="quality_release"),
    path("quality/<str:month>/errands/", pages.show_errands, name="quality_errands"),
    path(
        "quality/<str:month>/set-aside/",
        pages.fetch_set_aside,
        name="quality_set_aside",
    ),
    path("quality/<str:month>/restated/", pages.show_restated, name="quality_restated"),
    path(
        "quality/<str:month>/findings/<str:finding>/",
        pages.work_finding,
        name="quality_finding",
    ),
]

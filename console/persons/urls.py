"""The addresses of the pages of persons' rights."""

from __future__ import annotations

from django.urls import path

from console.persons import erase_pages, pages

urlpatterns = [
    path("persons/", pages.find_persons, name="persons"),
    path("persons/<str:customer_id>/", pages.show_person, name="person"),
    path("persons/<str:customer_id>/wish/", pages.say_wish, name="person_wish"),
    path("persons/<str:customer_id>/erase/", erase_pages.show_erasure, name="erasure"),
    path("persons/<str:customer_id>/data/", pages.ask_for_data, name="person_gather"),
    path(
        "persons/<str:customer_id>/data/<int:number>/<str:form>/",
        pages.fetch_data,
        name="person_data",
    ),
]

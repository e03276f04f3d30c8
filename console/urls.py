"""The addresses of all pages. Each page says itself to whom it is open (`access/gate.py`)."""

from __future__ import annotations

from django.urls import path

from console.accounts import pages as accounts
from console.accounts import staff_pages
from console.analysis import urls as analysis
from console.branch import urls as branch
from console.first_page import show_first_page
from console.persons.urls import urlpatterns as persons_pages
from console.quality.urls import urlpatterns as quality_pages
from console.work import book_pages, pages
from console.work.mine import show_own_figures

urlpatterns = [
    path("", show_first_page, name="first_page"),
    path("log-in/", accounts.log_in, name="log_in"),
    path("log-out/", accounts.log_out, name="log_out"),
    path("language/", accounts.choose_language, name="choose_language"),
    path("second-factor/", accounts.prove_second_factor, name="second_factor"),
    path("password/", accounts.change_password, name="password"),
    path("accounts/", staff_pages.show_accounts, name="accounts"),
    path("accounts/<str:name>/", staff_pages.change_account, name="change_account"),
    *branch.urlpatterns,
    *analysis.urlpatterns,
    path("queue/", pages.show_queue, name="queue"),
    path("orders/undo/", pages.undo_last, name="undo"),
    path("orders/<str:order_id>/", pages.work_order, name="order"),
    path("orders/<str:order_id>/number/", pages.show_number, name="number"),
    path("mine/", show_own_figures, name="mine"),
    path("books/", book_pages.show_books, name="books"),
    path("books/hand-in/", book_pages.hand_in_book, name="hand_in"),
    path("books/corrected/<str:link>/", book_pages.fetch_corrected, name="corrected"),
    path("books/<str:month>/", book_pages.fetch_book, name="book"),
    *quality_pages,
    *persons_pages,
]

handler400 = "console.access.errors.show_bad_request"
handler403 = "console.access.errors.show_forbidden"
handler404 = "console.access.errors.show_not_found"
handler500 = "console.access.errors.show_failure"

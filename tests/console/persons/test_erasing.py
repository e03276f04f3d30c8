"""A person's deletion by the console: shown first, confirmed in a second step, done by an errand."""

from __future__ import annotations

from typing import Any

from tests.support.console.visitors import Console
from tests.support.small import own_settings


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def confirm(client: Any, again: str = "ann", why: str = "asked by letter") -> Any:
    return client.post("/persons/ann/erase/", {"customer_id": again, "why": why})


def test_what_goes_is_shown_and_nothing_goes_unconfirmed(console: Console) -> None:
    from console.models import Errand

    qi = console.visit("qi")
    page = text_of(qi.get("/persons/ann/erase/"))
    assert "依法保留" in page and "密钥" in page
    assert "安哨兵" not in page and "13900000001" not in page
    assert confirm(qi, again="bob").status_code == 422
    assert confirm(qi, why=" ").status_code == 422
    assert qi.get("/persons/nobody/erase/").status_code == 404
    assert not Errand.objects.filter(kind="erase").exists()


def test_who_is_deleted_has_no_name_on_any_page_and_no_open_order(
    console: Console,
) -> None:
    from console.errands.work import do_errands
    from console.models import AuditEntry, Errand

    qi = console.visit("qi")
    assert "安哨兵" in text_of(console.visit("wang").get("/queue/"))
    assert confirm(qi).status_code == 302
    do_errands(console.home, own_settings())
    errand = Errand.objects.get(kind="erase")
    assert errand.state == "done", errand.said
    queue = text_of(console.visit("wang").get("/queue/"))
    assert "安哨兵" not in queue and "博哨兵" in queue
    page = text_of(qi.get("/persons/ann/"))
    assert "安**" not in page and "139****0001" not in page
    entry = AuditEntry.objects.get(action="erase_person")
    assert (entry.subject, entry.actor) == ("ann", "qi")

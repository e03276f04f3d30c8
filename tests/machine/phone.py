"""A manager with a phone: logs in, opens an order, answers it on its page, as a process of its own."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support.console.passwords import QUICK
from tests.support.console.visitors import PASSWORD, make_accounts

TAKEN, REFUSED = 0, 12
_HIDDEN = re.compile(r'name="(author|seen)" value="([^"]*)"')


def main() -> None:
    """Answer `HOME ORDER OUTCOME DAY`; end with 0 where it was taken, 12 where the page says no."""
    home, order, outcome, day = sys.argv[1:]

    from console.database import open_console
    from pipelines.core.settings import load_settings

    open_console(Path(home), load_settings())
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=QUICK):
        is_taken = answer_order(order, outcome, day)
    raise SystemExit(TAKEN if is_taken else REFUSED)


def answer_order(order_id: str, outcome: str, day: str) -> bool:
    """Answer an order as its manager does, and let the ten seconds pass."""
    from console.models import HeldAnswer, Order
    from console.work.holding import UNDO_SECONDS, settle_answers

    manager = Order.objects.get(pk=order_id).manager_id
    if not manager:
        return False
    client = log_in(manager)
    page = client.get(f"/orders/{order_id}/")
    if page.status_code != 200:
        return False
    hidden = dict(_HIDDEN.findall(page.content.decode()))
    answer = {"outcome": outcome, "contacted_on": day, "note": ""}
    said = client.post(f"/orders/{order_id}/", hidden | answer)
    assert said.status_code in (302, 409, 422), said.status_code
    for held in HeldAnswer.objects.all():
        held.due_at -= timedelta(seconds=UNDO_SECONDS + 1)
        held.save(update_fields=["due_at"])
    settle_answers()
    return bool(said.status_code == 302)


def log_in(manager: str) -> Any:
    """A browser in which a manager is logged in."""
    from django.test import Client

    from console.accounts.models import Account

    name = f"phone-{manager}"
    if not Account.objects.filter(name=name).exists():
        make_accounts({name: {"role": "manager", "manager_id": manager}})
    client = Client(SERVER_NAME="localhost")
    said = client.post("/log-in/", {"username": name, "password": PASSWORD})
    assert said.status_code == 302, said.status_code
    return client

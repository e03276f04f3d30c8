"""What is written of customers in free text, kept under their own keys: notes, and what they said.

    seal_words(customer_id, "note", text)    what the database keeps; nothing of who was deleted
    open_words(customer_id, "note", kept)    the text again; a dash where its key is gone

What was written before there were keys is read as it is.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence

from django.conf import settings

from pipelines.core.values import SEALED
from pipelines.store.persons.cipher import open_text, seal_text
from pipelines.store.persons.keys import PersonKeys

NOTE, SAID = "note", "said"
GONE = "–"


def seal_words(customer_id: str, place: str, text: str) -> str:
    """Seal a text about a customer, the same text in the same way."""
    [sealed] = seal_all([(customer_id, text)], place)
    return sealed


def seal_all(texts: Sequence[tuple[str, str]], place: str) -> list[str]:
    """Seal texts, each about the customer before it."""
    written = [customer_id for customer_id, text in texts if text]
    keys = PersonKeys(settings.CONSOLE_HOME).make(written) if written else {}
    sealed = []
    for customer_id, text in texts:
        key = keys.get(customer_id)
        if key is None or not text:
            sealed.append("")
            continue
        sealed.append(SEALED + b64encode(seal_text(key, place, text)).decode())
    return sealed


def open_words(customer_id: str, place: str, kept: str) -> str:
    """Open what was kept of a customer."""
    if not is_sealed(kept):
        return kept
    key = PersonKeys(settings.CONSOLE_HOME).find([customer_id]).get(customer_id)
    try:
        sealed = b64decode(kept.removeprefix(SEALED), validate=True)
    except Error:
        return kept
    text = open_text(key, place, sealed)
    return GONE if text is None else text


def is_sealed(kept: str) -> bool:
    """Whether a text was sealed before it was kept."""
    return kept.startswith(SEALED)

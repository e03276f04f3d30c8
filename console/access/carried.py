"""What was typed into a form when the session was over: carried through the log-in, and back.

It travels inside the log-in form, signed, and comes back only to the account that typed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core import signing
from django.shortcuts import render

from console.accounts.forms import LogInForm

AUTHOR = "author"  # the field of a form that says, signed, for whom it was drawn
CARRIED = "carried"  # the field of the log-in form, and what the session keeps
_AUTHOR_SALT = "console.author"
_CARRIED_SALT = "console.carried"
_SECONDS = 12 * 3600
_MOST_LETTERS = 8_000

Fields = Mapping[str, str]


def sign_author(account: Any) -> str:
    """Return what a form bears of the account it is drawn for."""
    signed: str = signing.dumps(account.pk, salt=_AUTHOR_SALT)
    return signed


def show_log_in_instead(request: Any) -> Any:
    """Answer a form that came without a session by the log-in, with what was typed inside."""
    context = {"form": LogInForm(request), CARRIED: _pack_fields(request)}
    return render(request, "console/log_in.html", context, status=401)


def unpack_after_log_in(request: Any) -> str | None:
    """Keep what came through the log-in for the page it belongs to; return that page's path.

    None where nothing was carried, or it is another account's, or was changed on the way.
    """
    packed = _load_signed(request.POST.get(CARRIED, ""), _CARRIED_SALT)
    if packed is None or packed[AUTHOR] != request.user.pk:
        return None
    request.session[CARRIED] = packed
    return str(packed["path"])


def take_carried(request: Any) -> Fields | None:
    """Return what was typed into this page's form before the session was lost, once."""
    packed = request.session.get(CARRIED)
    if packed is None or packed["path"] != request.path:
        return None
    del request.session[CARRIED]
    fields: Fields = packed["fields"]
    return fields


def _pack_fields(request: Any) -> str:
    """Sign a form's fields; nothing of one that does not say for whom it was drawn."""
    author = _load_signed(request.POST.get(AUTHOR, ""), _AUTHOR_SALT)
    if author is None:
        return ""
    hidden = ("csrfmiddlewaretoken", AUTHOR)
    fields = {name: value for name, value in request.POST.items() if name not in hidden}
    if sum(len(value) for value in fields.values()) > _MOST_LETTERS:
        return ""
    content = {"path": request.path, "fields": fields, AUTHOR: author}
    packed: str = signing.dumps(content, salt=_CARRIED_SALT)
    return packed


def _load_signed(text: str, salt: str) -> Any:
    """Return what was signed; None of what was not, or too long ago."""
    try:
        return signing.loads(text, salt=salt, max_age=_SECONDS)
    except signing.BadSignature:
        return None

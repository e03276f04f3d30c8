"""Text sealed under a person's key: AES-SIV, so that equal text gives equal bytes.

seal_text(key, "note", text)      bytes; without the key nobody learns what or how it was
seal_contents(keys, places, …)    the same of many at once
open_text(key, "note", sealed)    the text again; None without the key that it was sealed by
digest_text(key, "phone", text)   whether it is the same text, as long as there is the key
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.ciphers.aead import AESSIV


def seal_text(key: bytes, place: str, text: str) -> bytes:
    """Seal a text that stands in a place; it opens in that place alone."""
    return _make_cipher(key).encrypt(
        text.encode("utf-8", "surrogatepass"), [place.encode()]
    )


def seal_contents(
    keys: Iterable[bytes], places: Iterable[bytes], contents: Iterable[bytes]
) -> list[bytes]:
    """Seal many texts in UTF-8, each under its key and in its place, as `seal_text` does."""
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    asked = zip(keys, places, contents, strict=True)
    return [AESSIV(key).encrypt(content, [place]) for key, place, content in asked]


def open_text(key: bytes | None, place: str, sealed: bytes) -> str | None:
    """Open a text; None where the key is gone, or is another than it was sealed by."""
    if key is None:
        return None
    from cryptography.exceptions import InvalidTag

    try:
        content = _make_cipher(key).decrypt(sealed, [place.encode()])
    except InvalidTag:
        return None
    return content.decode("utf-8", "surrogatepass")


def digest_text(key: bytes, place: str, text: str) -> str:
    """Return a keyed hash of a text: with the key gone, nobody can try what it was."""
    message = f"{place}\x1f{text}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, message, "sha256").hex()


def _make_cipher(key: bytes) -> AESSIV:
    # Here, so that who reads no names does not wait for it.
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    return AESSIV(key)

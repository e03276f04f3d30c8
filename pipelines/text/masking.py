"""Personal data as people may see it: one function for each kind, used wherever it is shown."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

_WHOLE_NUMBER = 11  # digits of a mobile number


def mask_phone(phone: str | None) -> str | None:
    """Return `138****1234`; of a number shorter than eleven characters only the last two."""
    if not phone:
        return phone

    digits = phone.strip()
    count = len(digits)
    if count >= _WHOLE_NUMBER:
        stars = "*" * (count - 7)
        return f"{digits[:3]}{stars}{digits[-4:]}"

    # Of a number of three characters one is shown, of a shorter one none.
    hidden = max(count - 2, min(count, 2))
    stars = "*" * hidden
    behind_two = digits[2:]
    return stars + behind_two[-2:]


def digest_phone(key: bytes, phone: str | None) -> str | None:
    """Return a keyed hash of a number: whether it changed, and nothing else without the key."""
    digits = (phone or "").strip()
    if not digits:
        return None
    message = b"phone\x1f" + digits.encode()
    return hmac.digest(key, message, "sha256").hex()


def mask_name(name: str | None) -> str | None:
    """Return the first character and stars for the rest."""
    shown = (name or "").strip()
    if not shown:
        return name
    return f"{shown[:1]}**"


def mask_text(value: object) -> str | None:
    """Return the first character and stars for the rest of whatever it is."""
    if value is None:
        return None
    return mask_name(str(value))


def mask_id(value: str) -> str:
    """Return an id without its middle: of eighteen characters the first six and last four stay.

    Of eleven less than a telephone number shows: the id of a service is often its number.
    """
    count = len(value)
    half = (count - 4) // 2
    tail = max(min(half, count // 4, 4), 0)
    head = 0
    if tail:
        head = min(tail + 2, 6)

    hidden = count - head - tail
    stars = "*" * hidden
    last = value[count - tail :]
    return f"{value[:head]}{stars}{last}"


def mask_row(row: Mapping[str, object]) -> str:
    """Write a row as `column=value; …` with everything that says who it is about masked."""
    cells = []
    for name, value in row.items():
        is_ours = name.startswith("_")
        if value is not None and not is_ours:
            shown = mask_value(name, value)
            cells.append(f"{name}={shown}")
    return "; ".join(cells)


# Ids of what is nobody in person: they are shown as they are.
_OPEN_IDS = (
    "branch_id",
    "unit_id",
    "org_id",
    "parent_id",
    "plan_id",
    "from_plan_id",
    "to_plan_id",
)
_TEXTS = ("name", "phone", "email", "webhook_url", "note")


def mask_value(name: str, value: object) -> str:
    """Return a column's value as people may see it: names, numbers, ids of people masked."""
    text = str(value)
    if name in _TEXTS:
        mask = MASKS.get(name, mask_text)
        return str(mask(text))
    if name.endswith("_id") and name not in _OPEN_IDS:
        return mask_id(text)
    return text


MASKS = {"phone": mask_phone, "name": mask_name}

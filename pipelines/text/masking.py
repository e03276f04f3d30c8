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

    stars = "*" * max(count - 2, min(count, 2))
    behind_two = digits[2:]
    return stars + behind_two[-2:]


def digest_phone(key: bytes, phone: str | None) -> str | None:
    """Return a keyed hash of a number: whether it changed, and nothing else without the key."""
    if not phone or not phone.strip():
        return None
    message = b"phone\x1f" + phone.strip().encode()
    return hmac.digest(key, message, "sha256").hex()


def mask_name(name: str | None) -> str | None:
    """Return the first character and stars for the rest."""
    if not name or not name.strip():
        return name
    return f"{name.strip()[:1]}**"


def mask_text(value: object) -> str | None:
    """Return the first character and stars for the rest of whatever it is."""
    if value is None:
        return None
    return mask_name(str(value))


def mask_id(value: str) -> str:
    """Return an id without its middle: of eighteen characters the first six and last four stay."""
    count = len(value)
    tail = max(min((count - 4) // 2, 4), 0)
    head = min(tail + 2, 6) if tail else 0
    stars = "*" * (count - head - tail)
    return f"{value[:head]}{stars}{value[count - tail :]}"


def mask_row(row: Mapping[str, object]) -> str:
    """Write a row as `column=value; …` with everything that says who it is about masked."""
    cells = []
    for name, value in row.items():
        if value is not None and not name.startswith("_"):
            cells.append(f"{name}={mask_value(name, value)}")
    return "; ".join(cells)


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

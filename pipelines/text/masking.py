"""Personal data as people may see it: one function for each kind, used wherever it is shown."""

from __future__ import annotations

import hmac
from collections.abc import Mapping


def mask_phone(phone: str | None) -> str | None:
    """Return `138****1234`; of a number shorter than eleven characters only the last two."""
    if not phone:
        return phone
    digits = phone.strip()
    if len(digits) < 11:
        return "*" * max(len(digits) - 2, min(len(digits), 2)) + digits[2:][-2:]
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def digest_phone(key: bytes, phone: str | None) -> str | None:
    """Return a keyed hash of a number: tells whether it changed, and nothing else to who has not the key."""
    return (
        hmac.digest(key, b"phone\x1f" + phone.strip().encode(), "sha256").hex()
        if phone and phone.strip()
        else None
    )


def mask_name(name: str | None) -> str | None:
    """Return the first character and a star for the rest."""
    return f"{name.strip()[:1]}**" if name and name.strip() else name


def mask_text(value: object) -> str | None:
    """Return the first character and a star for the rest of whatever it is."""
    return None if value is None else mask_name(str(value))


def mask_id(value: str) -> str:
    """Return an id without its middle: of eighteen characters the first six and the last four stay."""
    shown = max(min((len(value) - 4) // 2, 4), 0)
    head = min(shown + 2, 6) if shown else 0
    return f"{value[:head]}{'*' * (len(value) - head - shown)}{value[len(value) - shown :] if shown else ''}"


def mask_row(row: Mapping[str, object]) -> str:
    """Write a row as `column=value; …` with everything that tells who it is about masked."""
    cells = {n: v for n, v in row.items() if v is not None and not n.startswith("_")}
    return "; ".join(f"{name}={mask_value(name, value)}" for name, value in cells.items())


_OPEN = ("branch_id", "unit_id", "org_id", "parent_id", "plan_id", "from_plan_id", "to_plan_id")
_WORDS = ("name", "phone", "email", "webhook_url", "note")


def mask_value(name: str, value: object) -> str:
    """Return the value of a column as people may see it: names, numbers and ids of people masked."""
    if name in _WORDS:
        return str(MASKS.get(name, mask_text)(str(value)))
    return mask_id(str(value)) if name.endswith("_id") and name not in _OPEN else str(value)


MASKS = {"phone": mask_phone, "name": mask_name}

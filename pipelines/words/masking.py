"""Personal data as people may see it: one function for each kind, used wherever it is shown."""

from __future__ import annotations


def mask_phone(phone: str | None) -> str | None:
    """Return `138****1234`; of a number shorter than eleven characters only the last two."""
    if not phone:
        return phone
    digits = phone.strip()
    if len(digits) < 11:
        return "*" * max(len(digits) - 2, min(len(digits), 2)) + digits[2:][-2:]
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def mask_name(name: str | None) -> str | None:
    """Return the first character and a star for the rest."""
    return f"{name.strip()[:1]}**" if name and name.strip() else name


def mask_text(value: object) -> str | None:
    """Return the first character and a star for the rest of whatever it is."""
    return None if value is None else mask_name(str(value))


MASKS = {"phone": mask_phone, "name": mask_name}

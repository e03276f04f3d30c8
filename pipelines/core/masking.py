"""Personal data as people may see it: one function for each kind, used wherever it is shown."""

from __future__ import annotations


def mask_phone(phone: str | None) -> str | None:
    """Return `138****1234`; of a number shorter than eight characters only the last two."""
    if not phone:
        return phone
    digits = phone.strip()
    if len(digits) < 8:
        return "*" * max(len(digits) - 2, 0) + digits[-2:] if len(digits) > 2 else "*" * len(digits)
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def mask_name(name: str | None) -> str | None:
    """Return the first character and a star for the rest."""
    return f"{name.strip()[:1]}**" if name and name.strip() else name


MASKS = {"phone": mask_phone, "name": mask_name}

"""The second factor: six digits of an authenticator app, by a secret that is shown once."""

from __future__ import annotations

from base64 import b32encode
from binascii import unhexlify
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote

import segno
from django.db import transaction
from django_otp import login as prove_login
from django_otp.plugins.otp_totp.models import TOTPDevice

ISSUER = "Retention office"


@dataclass(frozen=True)
class Secret:
    """What an app is shown: the secret as text in groups of four, and as a picture."""

    text: str
    picture: str


def find_or_make_device(account: Any) -> Any:
    """Return the account's device: the proved one, else one that waits for its first code."""
    with transaction.atomic():
        devices = TOTPDevice.objects.select_for_update().filter(user=account)
        device = devices.order_by("-confirmed", "pk").first()
        if device is None:
            device = TOTPDevice.objects.create(
                user=account, name="app", confirmed=False
            )
    return device


def check_code(request: Any, device: Any, code: str) -> bool:
    """Take a code once; the first right one proves the device. Wrong ones make it wait."""
    with transaction.atomic():
        locked = TOTPDevice.objects.select_for_update().get(pk=device.pk)
        is_allowed, _reason = locked.verify_is_allowed()
        is_right = is_allowed and locked.verify_token(code)
        if is_right and not locked.confirmed:
            locked.confirmed = True
            locked.save(update_fields=["confirmed"])
    if is_right:
        prove_login(request, locked)
    return bool(is_right)


def draw_secret(device: Any) -> Secret | None:
    """Return what the app has to be shown; None once it was proved: it is never shown again."""
    if device.confirmed:
        return None
    letters = b32encode(unhexlify(device.key)).decode().rstrip("=")
    groups = [letters[start : start + 4] for start in range(0, len(letters), 4)]
    picture = BytesIO()
    segno.make(_name_secret(device, letters), error="m").save(
        picture, kind="svg", scale=4, xmldecl=False, svgns=False, omitsize=True
    )
    return Secret(" ".join(groups), picture.getvalue().decode())


def _name_secret(device: Any, letters: str) -> str:
    """The address by which apps take a secret in."""
    label = quote(f"{ISSUER}:{device.user.name}")
    return f"otpauth://totp/{label}?secret={letters}&issuer={quote(ISSUER)}"

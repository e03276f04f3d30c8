"""Who is sent what, over which channel: the YAML that RETENTION_DELIVERY_FILE names.

It holds no secret, only where they lie.
"""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.core.written import read_written
from pipelines.delivery.failures import Closed

Part = Literal["manager", "branch", "company"]
Seconds = Annotated[float, Field(gt=0, le=300)]
Port = Annotated[int, Field(ge=1, le=65535)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FolderChannel(_Model):
    """A folder, mounted or local.

    It must be there, or a share that is not mounted would go unnoticed.
    """

    kind: Literal["folder"]
    path: Path
    what: tuple[Part, ...]


class SftpChannel(_Model):
    """A folder behind SFTP; the host's key must be known before anything is sent."""

    kind: Literal["sftp"]
    host: str
    port: Port = 22
    user: str
    key_file: Path
    known_hosts_file: Path
    folder: str = "."
    timeout: Seconds = 30
    what: tuple[Part, ...]


class SmtpChannel(_Model):
    """E-mail. Managers' addresses stand here or in `account_manager.email`.

    All must be of one of `domains`. With `notices` accounts of the console hear each day what
    waits for them, at the addresses that they have there.
    """

    kind: Literal["smtp"]
    host: str
    port: Port = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = None
    user: str | None = None
    password_file: Path | None = None
    sender: str = Field(alias="from", pattern=r"^[^@\s]+@[A-Za-z0-9.-]+$")
    domains: tuple[str, ...] = Field(min_length=1)
    managers: dict[str, str] = {}
    branches: dict[str, tuple[str, ...]] = {}
    company: tuple[str, ...] = ()
    timeout: Seconds = 30
    what: tuple[Part, ...]
    notices: bool = False

    @model_validator(mode="after")
    def _check_security_and_login(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError("security: none is for 127.0.0.1 only")
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file go together")
        return self


class RobotChannel(_Model):
    """A group's robot. Its link is a secret and lies in a file.

    It must lead to `host`, by https. With `notices` it says each day what waits for the office.
    """

    kind: Literal["robot"]
    type: Literal["dingtalk", "wecom", "feishu", "plain"]
    url_file: Path
    secret_file: Path | None = None
    host: str | None = None
    proxy: str | None = Field(default=None, pattern=r"^http://[A-Za-z0-9.-]+:\d+$")
    ca_file: Path | None = None
    link: str | None = None
    timeout: Seconds = 15
    notices: bool = False

    @model_validator(mode="after")
    def _check_host(self) -> Self:
        if self.type == "plain" and self.host is None:
            raise ValueError(
                "type: plain needs host, the one host that its link may lead to"
            )
        return self


Channel = Annotated[
    FolderChannel | SftpChannel | SmtpChannel | RobotChannel,
    Field(discriminator="kind"),
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Deliveries(_Model):
    """All channels, by name; `since` is the first month that is delivered at all."""

    since: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    language: Literal["zh", "en"] = "zh"
    channels: dict[Name, Channel] = Field(min_length=1)


def load_deliveries(path: Path) -> Deliveries:
    """Read who is sent what.

    Raise SpecError that names the place, never the value: it might be a misplaced password.
    """
    written = read_written(path, shows_values=False)
    return written.hold_to(Deliveries, written.read())


def missing_places(deliveries: Deliveries) -> list[str]:
    """Return the files and folders that the channels name and that are not there."""
    missing = set()
    for channel in deliveries.channels.values():
        for _, value in channel:
            if isinstance(value, Path) and not value.exists():
                missing.add(str(value))
    return sorted(missing)


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine, by its address: a name could lead anywhere."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_secret(path: Path) -> str:
    """Read a secret from its file; raise Closed when there is none."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if not secret:
        raise Closed("no_secret", file=str(path))
    return secret


def load_trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return whose certificates are believed: the system's, or those of a file.

    Raise Closed when it cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError:  # an SSLError is one
        raise Closed("no_secret", file=str(ca_file)) from None

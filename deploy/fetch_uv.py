"""Fetch the pinned uv from the package index and unpack it, with Python alone.

It needs no pip, no venv, no package of Debian's.

`fetch_uv.py FOLDER`. The index, its password, proxies and certificates are those that pip would
take: PIP_INDEX_URL, pip.conf, https_proxy, PIP_CERT, SSL_CERT_FILE. What comes is compared with a
checksum that stands here.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import html
import io
import os
import platform
import re
import ssl
import sys
import zipfile
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit
from urllib.request import Request, urlopen

VERSION = "0.13.9"
# The file of each kind of machine (system, processor) and its SHA-256.
WHEELS = {
    ("Linux", "x86_64"): (
        "py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    ("Linux", "aarch64"): (
        "py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    ),
    ("Darwin", "arm64"): (
        "py3-none-macosx_11_0_arm64",
        "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    ),
}
INDEX = "https://pypi.org/simple"
OTHERWISE = f"Or put uv {VERSION} there yourself and name it: make UV=/path/to/uv"


class NotFetched(Exception):
    """Why uv cannot be had, in a line."""


def fetch_uv(folder: Path) -> None:
    """Put uv into a folder."""
    name, checksum = _find_wheel()
    index = _find_index()
    address = f"{index.rstrip('/')}/uv/"
    page = _fetch_bytes(address).decode()
    content = _fetch_bytes(_find_link(page, name, address))
    if hashlib.sha256(content).hexdigest() != checksum:
        shown = _drop_password(index)
        raise NotFetched(
            f"{name} from {shown} is not the file that was pinned (SHA-256 differs)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        program = wheel.read(f"uv-{VERSION}.data/scripts/uv")
    temporary = folder / "uv.partial"
    temporary.write_bytes(program)
    temporary.chmod(0o755)
    temporary.rename(folder / "uv")


def _find_wheel() -> tuple[str, str]:
    kind = platform.system(), platform.machine()
    if kind not in WHEELS:
        raise NotFetched(f"no uv is pinned for {' '.join(kind)}")
    tags, checksum = WHEELS[kind]
    return f"uv-{VERSION}-{tags}.whl", checksum


def _find_index() -> str:
    """Return the index that pip would ask."""
    if found := os.environ.get("PIP_INDEX_URL"):
        return found
    for path in _list_pip_settings():
        settings = configparser.RawConfigParser()
        settings.read(path)
        for section in ("install", "global"):
            if settings.has_option(section, "index-url"):
                return settings.get(section, "index-url")
    return INDEX


def _list_pip_settings() -> list[Path]:
    """The files that pip reads its settings from, the strongest first."""
    home = Path.home()
    paths = [
        home / ".config/pip/pip.conf",
        home / ".pip/pip.conf",
        Path("/etc/pip.conf"),
    ]
    if "PIP_CONFIG_FILE" in os.environ:
        paths.insert(0, Path(os.environ["PIP_CONFIG_FILE"]))
    return paths


def _find_link(page: str, name: str, address: str) -> str:
    for link in re.findall(r'href="([^"]+)"', page):
        target = urldefrag(urljoin(address, html.unescape(link))).url
        if unquote(urlsplit(target).path).endswith(f"/{name}"):
            return target
    raise NotFetched(f"{_drop_password(address)} has no {name}")


def _fetch_bytes(address: str) -> bytes:
    """Return what an address has; a name and password in it are sent as a header."""
    parts = urlsplit(address)
    request = Request(_drop_password(address), headers={"Accept": "text/html, */*"})
    if parts.username:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        encoded = base64.b64encode(secret.encode()).decode()
        request.add_header("Authorization", f"Basic {encoded}")
    try:
        with urlopen(request, timeout=60, context=_load_certificates()) as answer:
            content: bytes = answer.read()
    except (URLError, OSError) as error:
        why = getattr(error, "reason", error)
        raise NotFetched(f"{_drop_password(address)}: {why}") from None
    return content


def _load_certificates() -> ssl.SSLContext:
    own = os.environ.get("PIP_CERT") or os.environ.get("REQUESTS_CA_BUNDLE")
    return ssl.create_default_context(
        cafile=own if own and Path(own).is_file() else None
    )


def _drop_password(address: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def main() -> int:
    """Fetch it; say in a line why not."""
    folder = Path(sys.argv[1])
    print(
        f"setup: uv {VERSION} from {_drop_password(_find_index())} into {folder}",
        flush=True,
    )
    try:
        fetch_uv(folder)
    except NotFetched as error:
        print(f"setup: {error}. {OTHERWISE}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

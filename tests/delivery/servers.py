"""Receivers that are really there: an HTTP server that misbehaves on order, an SFTP server, a mail server."""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import SMTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

import paramiko
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from paramiko import common, sftp

from tests.delivery.certificates import server_context

HANG = "hang"
CLOSE = "close"
DRIP = "drip"


# -- a robot's host ----------------------------------------------------------------------------------------------


@dataclass
class Robot:
    """Answers each message as the script says, the last line for ever; keeps what it took."""

    script: list[Any]
    messages: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0
    let_go: threading.Event = field(default_factory=threading.Event)

    def next_line(self) -> Any:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class _Handler(BaseHTTPRequestHandler):
    """Does what the script of the server's robot says."""

    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        one = self.server.robot
        one.messages.append(
            json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        )
        one.paths.append(self.path)
        line = one.next_line()
        if line == HANG:
            one.let_go.wait(120)
        elif line == DRIP:
            self.send_response(200)
            self.end_headers()
            while not one.let_go.wait(0.05):
                self.wfile.write(b" ")
        elif line != CLOSE:
            self._answer(*line)
        self.close_connection = True

    def _answer(self, status: int, headers: dict[str, str], body: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    robot: Robot

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is what some tests are about."""


@contextmanager
def robot(*script: Any, pem: Path | None = None) -> Iterator[Robot]:
    """A host whose answers are (status, headers, body), or HANG, CLOSE, DRIP."""
    one, server = Robot(list(script)), _Server(("127.0.0.1", 0), _Handler)
    server.robot = one
    if pem is not None:
        server.socket = server_context(pem).wrap_socket(server.socket, server_side=True)
    one.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


# -- a mail server -----------------------------------------------------------------------------------------------


@dataclass
class Mailbox:
    """Takes mails, or answers as `answers` says by address: an SMTP reply a try, the last one for ever."""

    port: int = 0
    answers: dict[str, list[str]] = field(default_factory=dict)
    mails: list[tuple[str, Message]] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        self.senders.append(address)
        reply = self.answers.get(address, ["250 OK"])[0]
        if reply.startswith("250"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        self.tries.append(address)
        replies = self.answers.get(address, ["250 OK"])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if (reply := self.answers.get("data", ["250 OK"])[0]) != "250 OK":
            return reply
        self.mails.append(
            (envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=SMTP))
        )
        return "250 OK"


@contextmanager
def mail_server(
    password: str | None = None,
    pem: Path | None = None,
    limit: int = 0,
    answers: Mapping[str, list[str]] = {},
) -> Iterator[Mailbox]:
    """A server that takes mail up to a limit; with a certificate it wants STARTTLS, with a password a login."""
    box = Mailbox(answers=dict(answers))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]

    def authenticate(
        server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        box.logins.append(data.password)
        return AuthResult(success=data.password.decode() == password, handled=False)

    more: dict[str, Any] = {"data_size_limit": limit} if limit else {}
    if pem is not None:
        more |= {"tls_context": server_context(pem), "require_starttls": True}
    if password is not None:
        more |= {
            "authenticator": authenticate,
            "auth_required": True,
            "auth_require_tls": pem is not None,
        }
        if pem is None:
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **more)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


# -- an SFTP server ----------------------------------------------------------------------------------------------


class _Handle(paramiko.SFTPHandle):
    # What paramiko reads and writes, once they are set.
    filename: str
    readfile: BinaryIO
    writefile: BinaryIO

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class _Files(paramiko.SFTPServerInterface):
    """A folder as OpenSSH serves it: a rename never replaces."""

    def __init__(self, server: Any, *args: Any, **more: Any) -> None:
        self.box: SftpBox = server.box
        super().__init__(server, *args, **more)

    def _real(self, path: str) -> str:
        return f"{self.box.root}{self.canonicalize(path)}"

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(os.stat(self._real(path)))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or errno.EIO)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        if self.box.is_read_only:
            return sftp.SFTP_PERMISSION_DENIED
        descriptor = os.open(self._real(path), flags, 0o600)
        handle = _Handle(flags)
        handle.filename = path
        handle.readfile = handle.writefile = os.fdopen(descriptor, "r+b")
        return handle

    def rename(self, oldpath: str, newpath: str) -> int:
        if os.path.exists(self._real(newpath)):
            return sftp.SFTP_FAILURE
        os.rename(self._real(oldpath), self._real(newpath))
        self.box.renamed.append(newpath)
        return sftp.SFTP_OK

    def mkdir(self, path: str, attr: Any) -> int:
        os.mkdir(self._real(path))
        return sftp.SFTP_OK


class _Doorman(paramiko.ServerInterface):
    def __init__(self, box: SftpBox) -> None:
        self.box = box

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        is_known = username == "retention" and key == self.box.client_key
        return common.AUTH_SUCCESSFUL if is_known else common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return common.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"


@dataclass
class SftpBox:
    """A folder behind SFTP, the keys to it, and what was put in place in it."""

    root: Path
    host_key: paramiko.PKey
    client_key: paramiko.PKey
    port: int = 0
    is_read_only: bool = False
    renamed: list[str] = field(default_factory=list)
    transports: list[paramiko.Transport] = field(default_factory=list)

    def known_hosts(self, path: Path, key: paramiko.PKey | None = None) -> Path:
        """Write a known_hosts file that holds the server's key, or another."""
        key = key or self.host_key
        path.write_text(
            f"[127.0.0.1]:{self.port} {key.get_name()} {key.get_base64()}\n"
        )
        return path


@contextmanager
def sftp_server(root: Path) -> Iterator[SftpBox]:
    """A server that lets in who has the client key, with `inbox/` in its folder."""
    (root / "inbox").mkdir(parents=True)
    box = SftpBox(root, paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate())
    listener = socket.create_server(("127.0.0.1", 0))
    box.port = listener.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            transport.add_server_key(box.host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
            box.transports.append(transport)
            try:
                transport.start_server(server=_Doorman(box))
            except (EOFError, paramiko.SSHException):
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for transport in box.transports:
            transport.close()
        thread.join(10)


@contextmanager
def mute() -> Iterator[int]:
    """A port that lets a connection in and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]

"""The console as a server: gunicorn, the same for one office on SQLite and in service."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from gunicorn.app.base import BaseApplication

from console.errands.settler import Settler
from pipelines.core.errors import StorageError, UsageError

_THREADS = 8
_SECONDS = 60  # a request that takes longer is given up


def application(environ: Any, start_response: Any) -> Any:
    """Answer a request, as WSGI wants it."""
    return _load_application()(environ, start_response)


def _load_application() -> Any:
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def check_address(address: str, is_in_service: bool) -> str:
    """Return an address to listen on, `HOST:PORT`.

    Raise UsageError for what is none, or one that other machines reach while no name is set by
    which they should (RETENTION_CONSOLE_HOSTS).
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError("metrics.bad_address", address=address)
    if not is_in_service and not _is_loopback(host.strip("[]")):
        raise UsageError("console.beyond", address=address)
    return address


def refuse_taken_address(address: str) -> None:
    """Raise StorageError for an address on which nobody may listen, or somebody does already."""
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        family, kind, _proto, _name, place = found[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise StorageError(
            "console.cannot_listen", address=address, why=error.strerror
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ConsoleServer(BaseApplication):
    """Listens on an address until it is stopped; `began` is called once it does."""

    def __init__(
        self, address: str, workers: int, began: Callable[[str], None]
    ) -> None:
        self.address = address
        self.workers = workers
        self.began = began
        self.settler: Settler | None = None  # of this process, where it is a worker
        super().__init__()

    def load_config(self) -> None:
        """Say how to serve: threads in a few processes, no word of what is asked for."""
        options = {
            "bind": self.address,
            "workers": self.workers,
            "threads": _THREADS,
            "worker_class": "gthread",
            "timeout": _SECONDS,
            "graceful_timeout": 15,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "limit_request_line": 4094,
            "limit_request_fields": 50,
            "control_socket_disable": True,
            "when_ready": self._tell_address,
            "post_worker_init": self._start_settling,
            "worker_exit": self._end_settling,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application; each process has its own."""
        _tell_failures()
        return _load_application()

    def _start_settling(self, worker: Any) -> None:
        from django.conf import settings

        self.settler = Settler(settings.CONSOLE_HOME, settings.CONSOLE_DOES_ERRANDS)
        self.settler.start()

    def _end_settling(self, arbiter: Any, worker: Any) -> None:
        """End what a worker began; the server itself, which is told as well, began nothing."""
        if self.settler is not None:
            self.settler.stop()
            settle_all()

    def _tell_address(self, arbiter: Any) -> None:
        for listener in arbiter.LISTENERS:
            host, port, *_ = listener.sock.getsockname()
            self.began(f"http://{host}:{port}")


class FailureFormatter(logging.Formatter):
    """Says of a failure what it was and where in the code, and no word of its own.

    The words of an error may be a customer's.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        status = getattr(record, "status_code", "")
        line = f"{record.levelname} {record.name} {status}".rstrip()
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return line
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{line} {type(error).__name__} in {last.filename}:{last.lineno}"


def _tell_failures() -> None:
    """Have failures told on the error stream, by their place alone."""
    teller = logging.StreamHandler()
    teller.setFormatter(FailureFormatter())
    teller.setLevel(logging.ERROR)
    for name in ("django", "axes"):
        logger = logging.getLogger(name)
        logger.handlers = [teller]
        logger.propagate = False


def settle_all() -> None:
    """Take what is held before a process ends: nobody could undo it any more."""
    from django.db import Error

    from console.work.holding import settle_answers

    try:
        settle_answers(only_due=False)
    except Error:
        return  # it stays in the database, and the next start takes it

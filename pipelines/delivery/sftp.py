"""SFTP as a channel: the host's key must be known, files are written beside and renamed, what is there was delivered."""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname

import paramiko

from pipelines.delivery.config import SftpChannel
from pipelines.delivery.failures import Closed, Later, NotSent, Rejected
from pipelines.store.failpoints import failpoint
from pipelines.store.outbox import Letter


class SftpSender:
    """Puts files into a folder of another machine, over one connection as long as it holds."""

    def __init__(self, channel: SftpChannel) -> None:
        self.channel = channel
        self.client: paramiko.SSHClient | None = None
        self.sftp: paramiko.SFTPClient | None = None

    def send(self, letter: Letter, files: list[Path]) -> None:
        """Put the letter's file at its target."""
        try:
            self._place(
                self.sftp or self._connect(),
                files[0],
                f"{self.channel.folder.rstrip('/')}/{letter.target}",
            )
        except NotSent:
            raise
        except PermissionError:
            raise Rejected("sftp_denied", where=letter.target) from None
        except (OSError, EOFError, ValueError, paramiko.SSHException) as error:
            self.close()
            raise Later("sftp_broken", is_away=True, error=type(error).__name__) from None

    def close(self) -> None:
        """Let the connection go."""
        if self.client is not None:
            self.client.close()
        self.client = self.sftp = None

    def _place(self, sftp: paramiko.SFTPClient, source: Path, target: str) -> None:
        if _is_there(sftp, target):
            return
        if not _is_there(sftp, self.channel.folder):
            raise Closed("folder_missing", where=self.channel.folder)
        _make_folders(sftp, dirname(target), self.channel.folder.rstrip("/"))
        beside = f"{dirname(target)}/.{source.name}.part"
        sftp.put(str(source), beside, confirm=True)
        failpoint("deliver.beside")
        sftp.rename(beside, target)

    def _connect(self) -> paramiko.SFTPClient:
        channel = self.channel
        self.client = client = self._client()
        key, limit = self._key(), channel.timeout
        try:
            client.connect(
                channel.host, channel.port, channel.user, pkey=key, allow_agent=False, look_for_keys=False,
                timeout=limit, banner_timeout=limit, auth_timeout=limit, channel_timeout=limit,
            )  # fmt: skip
        except paramiko.BadHostKeyException:
            raise Closed("host_key", host=channel.host) from None
        except paramiko.AuthenticationException:
            raise Closed("login", host=channel.host) from None
        self.sftp = sftp = client.open_sftp()
        sftp.get_channel().settimeout(limit)  # type: ignore[union-attr]
        return sftp

    def _client(self) -> paramiko.SSHClient:
        """A client that knows the host's key already; a host that is not known is not even called."""
        channel, client = self.channel, paramiko.SSHClient()
        try:
            client.load_host_keys(str(channel.known_hosts_file))
        except (OSError, paramiko.SSHException):
            raise Closed("no_secret", file=str(channel.known_hosts_file)) from None
        name = channel.host if channel.port == 22 else f"[{channel.host}]:{channel.port}"
        if client.get_host_keys().lookup(name) is None:
            raise Closed("host_key", host=channel.host)
        return client

    def _key(self) -> paramiko.PKey:
        try:
            return paramiko.PKey.from_path(self.channel.key_file)
        except (OSError, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType):
            raise Closed("no_secret", file=str(self.channel.key_file)) from None


def _is_there(sftp: paramiko.SFTPClient, path: str) -> bool:
    try:
        sftp.stat(path)
    except FileNotFoundError:
        return False
    return True


def _make_folders(sftp: paramiko.SFTPClient, path: str, below: str) -> None:
    if path != below and not _is_there(sftp, path):
        _make_folders(sftp, dirname(path), below)
        sftp.mkdir(path, 0o750)

"""SFTP as a channel.

The host's key must be known, files are written beside and renamed, what is there was delivered.
"""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname

import paramiko

from pipelines.delivery.config import SftpChannel
from pipelines.delivery.failures import Closed, Later, NotSent, Rejected
from pipelines.store.failpoints import failpoint
from pipelines.store.outbox import Letter

_SSH_PORT = 22
_FOLDER_MODE = 0o750


class SftpSender:
    """Puts files into a folder of another machine, over one connection as long as it holds."""

    def __init__(self, channel: SftpChannel) -> None:
        self.channel = channel
        self.folder = channel.folder.rstrip("/")
        self.client: paramiko.SSHClient | None = None
        self.sftp: paramiko.SFTPClient | None = None

    def send(self, letter: Letter, files: list[Path]) -> None:
        """Put the letter's file at its target."""
        target = f"{self.folder}/{letter.target}"
        try:
            sftp = self.sftp or self._open_connection()
            self._put_file(sftp, files[0], target)
        except NotSent:
            raise
        except PermissionError:
            raise Rejected("sftp_denied", where=letter.target) from None
        except (OSError, EOFError, ValueError, paramiko.SSHException) as error:
            self.close()
            raise Later(
                "sftp_broken", is_away=True, error=type(error).__name__
            ) from None

    def close(self) -> None:
        """Let the connection go."""
        if self.client is not None:
            self.client.close()
        self.client = self.sftp = None

    def _put_file(self, sftp: paramiko.SFTPClient, source: Path, target: str) -> None:
        if _is_there(sftp, target):
            return
        if not _is_there(sftp, self.channel.folder):
            raise Closed("folder_missing", where=self.channel.folder)
        target_folder = dirname(target)
        _make_folders(sftp, target_folder, self.folder)
        beside = f"{target_folder}/.{source.name}.part"
        sftp.put(str(source), beside, confirm=True)
        failpoint("deliver.beside")
        sftp.rename(beside, target)

    def _open_connection(self) -> paramiko.SFTPClient:
        channel = self.channel
        client = self._make_client()
        self.client = client
        key = self._read_key()
        try:
            client.connect(
                channel.host,
                channel.port,
                channel.user,
                pkey=key,
                allow_agent=False,
                look_for_keys=False,
                timeout=channel.timeout,
                banner_timeout=channel.timeout,
                auth_timeout=channel.timeout,
                channel_timeout=channel.timeout,
            )
        except paramiko.BadHostKeyException:
            raise Closed("host_key", host=channel.host) from None
        except paramiko.AuthenticationException:
            raise Closed("login", host=channel.host) from None
        sftp = client.open_sftp()
        self.sftp = sftp
        sftp.get_channel().settimeout(channel.timeout)  # type: ignore[union-attr]
        return sftp

    def _make_client(self) -> paramiko.SSHClient:
        """A client that knows the host's key already.

        A host that is not known is not even called.
        """
        channel = self.channel
        client = paramiko.SSHClient()
        try:
            client.load_host_keys(str(channel.known_hosts_file))
        except (OSError, paramiko.SSHException):
            raise Closed("no_secret", file=str(channel.known_hosts_file)) from None
        name = channel.host
        if channel.port != _SSH_PORT:
            name = f"[{channel.host}]:{channel.port}"
        if client.get_host_keys().lookup(name) is None:
            raise Closed("host_key", host=channel.host)
        return client

    def _read_key(self) -> paramiko.PKey:
        key_file = self.channel.key_file
        try:
            return paramiko.PKey.from_path(key_file)
        except (
            OSError,
            ValueError,
            paramiko.SSHException,
            paramiko.pkey.UnknownKeyType,
        ):
            raise Closed("no_secret", file=str(key_file)) from None


def _is_there(sftp: paramiko.SFTPClient, path: str) -> bool:
    try:
        sftp.stat(path)
    except FileNotFoundError:
        return False
    return True


def _make_folders(sftp: paramiko.SFTPClient, path: str, below: str) -> None:
    """Make a folder and those above it, down from one that is there."""
    if path == below or _is_there(sftp, path):
        return
    _make_folders(sftp, dirname(path), below)
    sftp.mkdir(path, _FOLDER_MODE)

"""A folder as a channel: written beside, then renamed; a file that is there was delivered and is left alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipelines.delivery.config import FolderChannel
from pipelines.delivery.failures import Closed, Later
from pipelines.store.failpoints import failpoint
from pipelines.store.outbox import Letter


class FolderSender:
    """Puts files into a folder."""

    def __init__(self, channel: FolderChannel) -> None:
        self.channel = channel

    def send(self, letter: Letter, files: list[Path]) -> None:
        """Put the letter's file at its target; what a receiver has written into it since is not touched."""
        if not self.channel.path.is_dir():
            raise Closed("folder_missing", where=str(self.channel.path))
        target = self.channel.path / letter.target
        try:
            if not target.exists():
                _place(files[0], target)
        except OSError as error:
            raise Later(
                "folder_failed", is_away=True, error=error.strerror or type(error).__name__
            ) from None

    def close(self) -> None:
        """There is nothing to close."""


def _make_shared(folder: Path) -> None:
    """Make a folder of the share and those above it, for the share's group to read: the one thing that is not private."""
    if not folder.exists():
        _make_shared(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o750)


def _place(source: Path, target: Path) -> None:
    _make_shared(target.parent)
    beside = target.with_name(
        f".{target.name}.part"
    )  # always the same, so that what a dead delivery left is overwritten
    with source.open("rb") as read, beside.open("wb") as write:
        shutil.copyfileobj(read, write)
        write.flush()
        os.fsync(write.fileno())
    beside.chmod(0o640)
    failpoint("deliver.beside")
    beside.rename(target)

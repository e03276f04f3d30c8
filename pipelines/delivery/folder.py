"""A folder as a channel: written beside, then renamed.

A file that is there was delivered and is left alone.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipelines.delivery.config import FolderChannel
from pipelines.delivery.failures import Closed, Later
from pipelines.store.failpoints import failpoint
from pipelines.store.outbox import Letter

_GROUP_MAY_ENTER, _GROUP_MAY_READ = 0o750, 0o640


class FolderSender:
    """Puts files into a folder."""

    def __init__(self, channel: FolderChannel) -> None:
        self.channel = channel

    def send(self, letter: Letter, files: list[Path]) -> None:
        """Put the letter's file at its target.

        What a receiver has written into it since is not touched.
        """
        folder = self.channel.path
        if not folder.is_dir():
            raise Closed("folder_missing", where=str(folder))
        target = folder / letter.target
        try:
            if not target.exists():
                _copy_file(files[0], target)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Later("folder_failed", is_away=True, error=why) from None

    def close(self) -> None:
        """There is nothing to close."""


def _make_shared_folder(folder: Path) -> None:
    """Make a folder of the share and those above it, for the share's group to read.

    It is the one thing that is not private.
    """
    if folder.exists():
        return
    _make_shared_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(_GROUP_MAY_ENTER)


def _copy_file(source: Path, target: Path) -> None:
    _make_shared_folder(target.parent)
    # Always the same name, so that what a dead delivery left is overwritten.
    beside = target.with_name(f".{target.name}.part")
    with source.open("rb") as read, beside.open("wb") as write:
        shutil.copyfileobj(read, write)
        write.flush()
        os.fsync(write.fileno())
    beside.chmod(_GROUP_MAY_READ)
    failpoint("deliver.beside")
    beside.rename(target)

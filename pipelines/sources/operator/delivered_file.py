"""Open what an operator put into a folder: a regular file, or a link to one that stays inside the delivery."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from pipelines.core.errors import SourceNotReady
from pipelines.core.names import show_name
from pipelines.sources.operator.delivery import FileRefused

_NO_PERMISSION = (errno.EACCES, errno.EPERM)


def open_delivered(path: Path, roots: Sequence[Path] | None = None) -> BinaryIO:
    """Open a file for reading; raise FileRefused for what is none, SourceNotReady when it cannot be read now.

    A link must lead to a regular file under one of the roots; without roots it may lead anywhere. Nothing blocks here:
    a pipe is recognised before it is opened, and opened without waiting if it takes a file's place meanwhile.
    """
    _check_kind(path)
    target = _follow_link(path, roots) if path.is_symlink() else path
    try:
        descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise refuse_unreadable(path, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileRefused("is_special", file=show_name(path.name))
    return os.fdopen(descriptor, "rb")


def stat_delivered(path: Path) -> tuple[int, ...]:
    """Return what must not move while we read: kind, size, mtime (ns) and inode, of a link also those of its target."""
    try:
        found = [path.lstat()]
    except OSError as error:
        raise _not_ready(path, error) from error
    if stat.S_ISLNK(found[0].st_mode):
        with suppress(OSError):  # one that dangles is told when it is opened
            found.append(path.stat())
    return tuple(
        value for one in found for value in (one.st_mode, one.st_size, one.st_mtime_ns, one.st_ino)
    )


def refuse_unreadable(path: Path, error: OSError) -> FileRefused | SourceNotReady:
    """Return why a file cannot be read: not by us at all, or not now."""
    if error.errno in _NO_PERMISSION:
        return FileRefused("no_permission", file=show_name(path.name))
    if error.errno == errno.ELOOP:  # a link took the file's place meanwhile
        return SourceNotReady("source.growing", file=show_name(path.name))
    return _not_ready(path, error)


def _check_kind(path: Path) -> None:
    name = show_name(path.name)
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            mode = path.stat().st_mode
    except OSError as error:
        if path.is_symlink() and error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
            raise FileRefused("link_dangling", file=name) from error
        raise refuse_unreadable(path, error) from error
    if stat.S_ISDIR(mode):
        raise FileRefused("is_folder", file=name)
    if not stat.S_ISREG(mode):
        raise FileRefused("is_special", file=name)


def _follow_link(path: Path, roots: Sequence[Path] | None) -> Path:
    """Return the real file behind a link; raise FileRefused when it lies outside the roots."""
    target = Path(os.path.realpath(path))
    if roots is None or any(target.is_relative_to(os.path.realpath(root)) for root in roots):
        return target
    raise FileRefused("link_outside", file=show_name(path.name))


def _not_ready(path: Path, error: OSError) -> SourceNotReady:
    return SourceNotReady(
        "source.unreadable", file=show_name(path.name), error=os.strerror(error.errno or 0)
    )

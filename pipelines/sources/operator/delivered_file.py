"""Open what an operator put into a folder.

That is a regular file, or a link to one that stays inside the delivery.
"""

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
_DANGLING = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)
_OPEN_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


def open_delivered(path: Path, roots: Sequence[Path] | None = None) -> BinaryIO:
    """Open a file for reading.

    Raise FileRefused for what is no file, SourceNotReady when it cannot be read now. A link must
    lead to a regular file under one of the roots; without roots it may lead anywhere. Nothing
    blocks here: a pipe is recognised before it is opened, and opened without waiting if it takes a
    file's place meanwhile.
    """
    _check_kind(path)
    target = _follow_link(path, roots) if path.is_symlink() else path
    try:
        descriptor = os.open(target, _OPEN_FLAGS)
    except OSError as error:
        raise refuse_unreadable(path, error) from error

    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise FileRefused("is_special", file=show_name(path.name))
    return os.fdopen(descriptor, "rb")


def stat_delivered(path: Path) -> tuple[int, ...]:
    """Return what must not move while we read: kind, size, mtime (ns) and inode.

    Of a link, also those of its target.
    """
    try:
        entry = path.lstat()
    except OSError as error:
        raise _report_unreadable(path, error) from error

    facts = _list_facts(entry)
    if stat.S_ISLNK(entry.st_mode):
        with suppress(OSError):  # one that dangles is reported when it is opened
            facts += _list_facts(path.stat())
    return facts


def _list_facts(entry: os.stat_result) -> tuple[int, ...]:
    """Return kind, size, mtime (ns) and inode."""
    return entry.st_mode, entry.st_size, entry.st_mtime_ns, entry.st_ino


def refuse_unreadable(path: Path, error: OSError) -> FileRefused | SourceNotReady:
    """Return why a file cannot be read: not by us at all, or not now."""
    if error.errno in _NO_PERMISSION:
        return FileRefused("no_permission", file=show_name(path.name))
    if error.errno == errno.ELOOP:  # a link took the file's place meanwhile
        return SourceNotReady("source.growing", file=show_name(path.name))
    return _report_unreadable(path, error)


def _check_kind(path: Path) -> None:
    """Refuse what is neither a regular file nor a link to one."""
    name = show_name(path.name)
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            mode = path.stat().st_mode
    except OSError as error:
        if path.is_symlink() and error.errno in _DANGLING:
            raise FileRefused("link_dangling", file=name) from error
        raise refuse_unreadable(path, error) from error

    if stat.S_ISDIR(mode):
        raise FileRefused("is_folder", file=name)
    if not stat.S_ISREG(mode):
        raise FileRefused("is_special", file=name)


def _follow_link(path: Path, roots: Sequence[Path] | None) -> Path:
    """Return the real file behind a link; raise FileRefused when it lies outside the roots."""
    target = Path(os.path.realpath(path))
    if roots is None:
        return target
    for root in roots:
        if target.is_relative_to(os.path.realpath(root)):
            return target
    raise FileRefused("link_outside", file=show_name(path.name))


def _report_unreadable(path: Path, error: OSError) -> SourceNotReady:
    """Say that a file cannot be read now, and why."""
    reason = os.strerror(error.errno or 0)
    return SourceNotReady("source.unreadable", file=show_name(path.name), error=reason)

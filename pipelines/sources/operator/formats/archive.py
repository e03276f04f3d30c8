"""Look into a workbook's zip before anything opens it.

What it is, what it claims to hold, and what it really holds.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.formats.encoding import find_disguise

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_OLE_PASSWORD = "EncryptedPackage".encode("utf-16-le")
_OLE_LONGEST = (
    64 << 20
)  # bytes of an old workbook that is searched for the mark of a password
_BLOCK = 1 << 20
_MEMBERS = 10_000
_IS_LOCKED = 1  # a bit of a member's flags
_RAW_DEFLATE = -15  # zlib: a stream without a header of its own
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# What Python's reader of zips raises for a directory that is damaged.
_BAD_DIRECTORY = (
    zipfile.BadZipFile,
    ValueError,
    NotImplementedError,
    struct.error,
    OSError,
    EOFError,
)
# What a damaged member raises: its offsets may point anywhere.
_BAD_MEMBER = (zlib.error, struct.error, OSError, ValueError, OverflowError)


@dataclass(frozen=True)
class Archive:
    """A checked zip.

    Members go by their folded names, since parts of a workbook are told apart regardless of case.
    """

    path: Path
    name: str
    members: dict[str, zipfile.ZipInfo]

    def has_member(self, member: str) -> bool:
        """Return whether there is such a member."""
        return fold_member(member) in self.members

    def declared_size(self, member: str) -> int:
        """Return the bytes a member declares; 0 when there is none."""
        info = self.members.get(fold_member(member))
        if info is None:
            return 0
        return info.file_size

    def inflate_member(self, member: str) -> Iterator[bytes]:
        """Yield a member's bytes; raise FileRefused when it holds more than it declares.

        Other unpackers believe the compressed stream, not the declared size, so a lie is found
        out here.
        """
        info = self.members.get(fold_member(member))
        if info is None:
            raise FileRefused(
                "xlsx_damaged", file=self.name, detail=f"{member} is missing"
            )

        total = 0
        try:
            for block in _unpack_blocks(self.path, info):
                total += len(block)
                if total > info.file_size:
                    limit = f"{info.file_size:,} bytes declared"
                    raise FileRefused("archive_bomb", file=self.name, limit=limit)
                yield block
        except _BAD_MEMBER as error:
            raise FileRefused("xlsx_damaged", file=self.name, detail=member) from error


def fold_member(name: str) -> str:
    """Return how a member is looked for.

    Without a leading slash, in small letters, parted by slashes.
    """
    return name.replace("\\", "/").removeprefix("/").lower()


def open_archive(path: Path, name: str, limits: Limits) -> Archive:
    """Check a workbook's container.

    Raise FileRefused for what is none, is locked, or is a trap; `name` is the file's in it.
    """
    _check_kind(path, name)
    try:
        with zipfile.ZipFile(path) as file:
            infos = file.infolist()
    except _BAD_DIRECTORY as error:
        raise FileRefused("xlsx_damaged", file=name, detail="zip directory") from error

    for info in infos:
        _check_member(info, name)
    _check_sizes(infos, path, name, limits)
    members = {fold_member(info.filename): info for info in infos}
    if len(members) < len(infos):
        raise FileRefused("xlsx_damaged", file=name, detail="a member occurs twice")
    return Archive(path, name, members)


def _check_kind(path: Path, name: str) -> None:
    """Refuse a file whose first bytes say that it is no zip."""
    with open(path, "rb") as file:
        head = file.read(64)
    if not head:
        raise FileRefused("empty_file", file=name)

    kind = find_disguise(head)
    if kind == "xls":
        key = "xlsx_password" if _has_password(path) else "xlsx_is_xls"
        raise FileRefused(key, file=name)
    if kind == "html":
        raise FileRefused("xlsx_is_html", file=name)
    if kind != "xlsx/zip":
        raise FileRefused("not_xlsx", file=name, looks_like=kind or "?")


def _has_password(path: Path) -> bool:
    """Whether an OLE container, as old workbooks are, holds a locked new one."""
    if path.stat().st_size >= _OLE_LONGEST:
        return False
    return _OLE_PASSWORD in path.read_bytes()


def _check_member(info: zipfile.ZipInfo, name: str) -> None:
    """Refuse a member that would land elsewhere, is locked, or packed in a way of its own."""
    if _leads_outside(info.orig_filename):
        raise FileRefused("archive_slip", file=name)
    if info.flag_bits & _IS_LOCKED:
        raise FileRefused("xlsx_password", file=name)
    if info.compress_type not in _COMPRESSIONS:
        raise FileRefused("xlsx_damaged", file=name, detail="compression")


def _leads_outside(filename: str) -> bool:
    """Whether a member's name would lead out of the folder it is unpacked into."""
    member = PurePosixPath(filename.replace("\\", "/"))
    if member.is_absolute() or ".." in member.parts:
        return True
    has_drive = ":" in filename[:2]
    return has_drive or "\0" in filename


def _check_sizes(
    infos: Sequence[zipfile.ZipInfo],
    path: Path,
    name: str,
    limits: Limits,
) -> None:
    """Refuse an archive that claims to hold more than it may."""
    declared = sum(info.file_size for info in infos)
    is_beyond_floor = declared > limits.xlsx_ratio_floor
    is_steep = declared > limits.xlsx_ratio * path.stat().st_size
    is_bomb = is_beyond_floor and is_steep
    if is_bomb or declared > limits.xlsx_bytes or len(infos) > _MEMBERS:
        limit = f"{limits.xlsx_bytes:,} bytes, 1:{limits.xlsx_ratio}"
        raise FileRefused("archive_bomb", file=name, limit=limit)


def _unpack_blocks(path: Path, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a member's bytes in blocks of bounded size."""
    is_deflated = info.compress_type == zipfile.ZIP_DEFLATED
    unpack = zlib.decompressobj(_RAW_DEFLATE) if is_deflated else None
    with open(path, "rb") as file:
        file.seek(info.header_offset)
        header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        name_size, extra_size = header[-2:]
        file.seek(name_size + extra_size, 1)

        left = info.compress_size
        while left > 0 and (data := file.read(min(left, _BLOCK))):
            left -= len(data)
            if unpack is None:
                yield data
                continue
            while data:
                yield unpack.decompress(data, _BLOCK)
                data = unpack.unconsumed_tail
    if unpack and not unpack.eof:
        raise zlib.error("the member ends early")

"""Look into a workbook's zip before anything opens it: what it is, what it claims, what it really holds."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.formats.encoding import find_disguise

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_OLE_PASSWORD = "EncryptedPackage".encode("utf-16-le")
_BLOCK = 1 << 20
_MEMBERS = 10_000


@dataclass(frozen=True)
class Archive:
    """A checked zip: the members by their folded names, since parts of a workbook are told apart regardless of case."""

    path: Path
    name: str
    members: dict[str, zipfile.ZipInfo]

    def holds(self, member: str) -> bool:
        """Return whether there is such a member."""
        return fold_member(member) in self.members

    def size(self, member: str) -> int:
        """Return the bytes a member declares; 0 when there is none."""
        info = self.members.get(fold_member(member))
        return info.file_size if info else 0

    def inflate(self, member: str) -> Iterator[bytes]:
        """Yield a member's bytes; raise FileRefused when it holds more than the directory declares.

        Other unpackers believe the compressed stream, not the declared size, so a lie is found out here.
        """
        info = self.members.get(fold_member(member))
        if info is None:
            raise FileRefused("xlsx_damaged", file=self.name, detail=f"{member} is missing")
        total = 0
        try:
            for block in _inflate_member(self.path, info):
                total += len(block)
                if total > info.file_size:
                    raise FileRefused(
                        "archive_bomb", file=self.name, limit=f"{info.file_size:,} bytes declared"
                    )
                yield block
        except (
            zlib.error,
            struct.error,
            OSError,
            ValueError,
            OverflowError,
        ) as error:  # offsets may point anywhere
            raise FileRefused("xlsx_damaged", file=self.name, detail=member) from error


def fold_member(name: str) -> str:
    """Return how a member is looked for: without a leading slash, in small letters, parted by slashes."""
    return name.replace("\\", "/").removeprefix("/").lower()


def open_archive(path: Path, name: str, limits: Limits) -> Archive:
    """Check a workbook's container; raise FileRefused for what is none, is locked, or is a trap."""
    _check_kind(path, name)
    try:
        with zipfile.ZipFile(path) as file:
            infos = file.infolist()
    except (
        zipfile.BadZipFile,
        ValueError,
        NotImplementedError,
        struct.error,
        OSError,
        EOFError,
    ) as error:
        raise FileRefused("xlsx_damaged", file=name, detail="zip directory") from error
    _check_names(infos, name)
    _check_sizes(infos, path, name, limits)
    members = {fold_member(info.filename): info for info in infos}
    if len(members) < len(infos):
        raise FileRefused("xlsx_damaged", file=name, detail="a member occurs twice")
    return Archive(path, name, members)


def _check_kind(path: Path, name: str) -> None:
    content = path.read_bytes() if path.stat().st_size < 64 << 20 else b""
    with open(path, "rb") as file:
        head = file.read(64)
    if not head:
        raise FileRefused("empty_file", file=name)
    kind = find_disguise(head)
    if kind == "xls":
        raise FileRefused("xlsx_password" if _OLE_PASSWORD in content else "xlsx_is_xls", file=name)
    if kind == "html":
        raise FileRefused("xlsx_is_html", file=name)
    if kind != "xlsx/zip":
        raise FileRefused("not_xlsx", file=name, looks_like=kind or "?")


def _check_names(infos: list[zipfile.ZipInfo], name: str) -> None:
    for info in infos:
        member = PurePosixPath(info.orig_filename.replace("\\", "/"))
        if (
            member.is_absolute()
            or ".." in member.parts
            or ":" in info.orig_filename[:2]
            or "\0" in info.orig_filename
        ):
            raise FileRefused("archive_slip", file=name)
        if info.flag_bits & 1:
            raise FileRefused("xlsx_password", file=name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileRefused("xlsx_damaged", file=name, detail="compression")


def _check_sizes(infos: list[zipfile.ZipInfo], path: Path, name: str, limits: Limits) -> None:
    declared = sum(info.file_size for info in infos)
    is_steep = (
        declared > limits.xlsx_ratio_floor and declared > limits.xlsx_ratio * path.stat().st_size
    )
    if declared > limits.xlsx_bytes or is_steep or len(infos) > _MEMBERS:
        raise FileRefused(
            "archive_bomb", file=name, limit=f"{limits.xlsx_bytes:,} bytes, 1:{limits.xlsx_ratio}"
        )


def _inflate_member(path: Path, info: zipfile.ZipInfo) -> Iterator[bytes]:
    unpack = zlib.decompressobj(-15) if info.compress_type == zipfile.ZIP_DEFLATED else None
    with open(path, "rb") as file:
        file.seek(info.header_offset)
        header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        file.seek(header[-2] + header[-1], 1)
        left = info.compress_size
        while left > 0 and (data := file.read(min(left, _BLOCK))):
            left -= len(data)
            while data:
                yield unpack.decompress(data, _BLOCK) if unpack else data
                data = unpack.unconsumed_tail if unpack else b""
    if unpack and not unpack.eof:
        raise zlib.error("the member ends early")

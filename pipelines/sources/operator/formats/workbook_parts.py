"""What a workbook says of itself: its sheets in order, how its numbers are shown, where its texts lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from posixpath import basename, dirname, join, normpath

from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.formats.archive import Archive
from pipelines.sources.operator.formats.cell_values import (
    NumberForm,
    builtin_form,
    read_format,
    unescape_text,
)
from pipelines.sources.operator.formats.xml_stream import parse_xml

_SMALL = 16 << 20  # bytes beyond which a part is no list of sheets, and no table of styles
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_STRICT = (
    "http://purl.oclc.org/ooxml"  # “Strict Open XML” has the same elements in namespaces of its own
)
_NAMESPACES = ("", f"{_MAIN} ", f"{_STRICT}/spreadsheetml/main ", f"{_PACKAGE} ")
_IDS = ("id", f"{_RELATIONS} id", f"{_STRICT}/officeDocument/relationships id")
_TRUE = ("1", "true", "on")


def name_elements(*names: str) -> dict[str, str]:
    """Return the local name of each element by its full names: without a namespace, transitional, strict."""
    return {namespace + name: name for namespace in _NAMESPACES for name in names}


def is_true(value: str | None) -> bool:
    """Return whether an attribute says yes."""
    return value in _TRUE


@dataclass(frozen=True)
class Sheet:
    """A worksheet: its name, the member that holds it, whether the reader is not shown it."""

    name: str
    member: str
    is_hidden: bool


@dataclass(frozen=True)
class Workbook:
    """The worksheets, visible ones first, and what is needed to read their cells."""

    sheets: Sequence[Sheet]
    is_1904: bool
    strings: str | None  # member names
    styles: str | None
    has_macros: bool


def read_workbook(archive: Archive) -> Workbook:
    """Read the list of worksheets; raise FileRefused for a zip that is no workbook of XML."""
    _refuse_kin(archive)
    links = _read_links(archive, "_rels/.rels")
    main = next(
        (link.target("") for link in links if link.kind == "officeDocument"), "xl/workbook.xml"
    )
    book = _Book()
    _parse_whole(archive, main, book)
    folder = dirname(main)
    links = _read_links(archive, f"{folder}/_rels/{basename(main)}.rels")
    members = {link.id: link.target(folder) for link in links if link.kind == "worksheet"}
    found = [
        Sheet(name, members[link], is_hidden)
        for name, link, is_hidden in book.sheets
        if link in members and archive.holds(members[link])
    ]
    names = [sheet.name.casefold() for sheet in found]
    if len(set(names)) < len(names):
        raise FileRefused("xlsx_damaged", file=archive.name, detail="two sheets of one name")
    found.sort(
        key=lambda sheet: sheet.is_hidden
    )  # a hidden sheet is read only when no visible one stands before it
    parts = {link.kind: link.target(folder) for link in links if archive.holds(link.target(folder))}
    has_macros = any(member.endswith("vbaproject.bin") for member in archive.members)
    return Workbook(
        found, book.is_1904, parts.get("sharedStrings"), parts.get("styles"), has_macros
    )


def read_number_forms(archive: Archive, member: str | None) -> list[NumberForm]:
    """Return, by the style of a cell, what its number is shown as."""
    styles = _Styles()
    if member is not None:
        _parse_whole(archive, member, styles)
    return [styles.codes.get(number) or builtin_form(number) for number in styles.numbers]


def read_strings(archive: Archive, member: str | None, limits: Limits) -> list[str]:
    """Return the texts that the cells refer to by number."""
    strings = _Strings(archive.name, limits.field_chars)
    if member is not None:
        for _ in parse_xml(archive.inflate(member), strings, archive.name, member):
            pass
    return strings.found


def _refuse_kin(archive: Archive) -> None:
    """Name the other formats that come as a zip and are renamed."""
    if archive.holds("xl/workbook.bin"):
        raise FileRefused("xlsx_is_binary", file=archive.name)
    if archive.holds("mimetype") and b"opendocument" in next(archive.inflate("mimetype"), b""):
        raise FileRefused("xlsx_is_ods", file=archive.name)


def _parse_whole(archive: Archive, member: str, handler: _Book | _Links | _Styles) -> None:
    if archive.size(member) > _SMALL:
        raise FileRefused("xlsx_damaged", file=archive.name, detail=member)
    for _ in parse_xml(archive.inflate(member), handler, archive.name, member):
        pass


# -- the list of sheets ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Link:
    id: str
    kind: str
    path: str

    def target(self, folder: str) -> str:
        """The member it leads to; one outside the archive is held by nobody."""
        return normpath(
            self.path.lstrip("/") if self.path.startswith("/") else join(folder, self.path)
        )


def _read_links(archive: Archive, member: str) -> list[_Link]:
    links = _Links()
    if archive.holds(member):
        _parse_whole(archive, member, links)
    return links.found


class _Quiet:
    """A handler that hears no ends and no text."""

    def end(self, name: str) -> None:
        """Ignore the end of an element."""

    def text(self, data: str) -> None:
        """Ignore text."""


class _Links(_Quiet):
    _NAMES = name_elements("Relationship")

    def __init__(self) -> None:
        self.found: list[_Link] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take a relationship inside the archive."""
        if name in self._NAMES and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found.append(_Link(attributes.get("Id", ""), kind, attributes.get("Target", "")))


class _Book(_Quiet):
    _NAMES = name_elements("sheet", "workbookPr")

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.is_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take a sheet, or the date system."""
        local = self._NAMES.get(name)
        if local == "sheet":
            link = next((attributes[key] for key in _IDS if key in attributes), "")
            is_hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((attributes.get("name", ""), link, is_hidden))
        elif local == "workbookPr":
            self.is_1904 = is_true(attributes.get("date1904"))


# -- styles and texts --------------------------------------------------------------------------------------------


@dataclass
class _Styles:
    """The formats that have a code, and the number of each cell style's format."""

    codes: dict[int, NumberForm] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    _is_inside: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take a format, or the style of cells."""
        local = _STYLE_NAMES.get(name)
        if local == "numFmt":
            self.codes[_number(attributes.get("numFmtId"))] = read_format(
                attributes.get("formatCode", "")
            )
        elif local == "cellXfs":
            self._is_inside = True
        elif local == "xf" and self._is_inside:
            self.numbers.append(_number(attributes.get("numFmtId")))

    def end(self, name: str) -> None:
        """Leave the styles of cells."""
        if _STYLE_NAMES.get(name) == "cellXfs":
            self._is_inside = False

    def text(self, data: str) -> None:
        """Ignore text."""


_STYLE_NAMES = name_elements("numFmt", "cellXfs", "xf")


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else 0


class _Strings:
    """Shared strings: the runs of a rich text joined, how it is pronounced left out."""

    def __init__(self, file: str, longest: int) -> None:
        self.found: list[str] = []
        self._file, self._longest = file, longest
        self._runs: list[str] = []
        self._pieces: list[str] = []
        self._size = 0
        self._is_text = self._is_said = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a string or a piece of it."""
        local = _STRING_NAMES.get(name)
        if local == "si":
            self._runs, self._size = [], 0
        elif local == "rPh":
            self._is_said = True
        elif local == "t":
            self._is_text, self._pieces = not self._is_said, []

    def end(self, name: str) -> None:
        """End a string or a piece of it."""
        local = _STRING_NAMES.get(name)
        if local == "si":
            self.found.append("".join(self._runs))
        elif local == "rPh":
            self._is_said = False
        elif local == "t" and self._is_text:
            self._runs.append(unescape_text("".join(self._pieces)))
            self._is_text = False

    def text(self, data: str) -> None:
        """Take a piece of a string."""
        if not self._is_text:
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size > self._longest:
            place = f"string {len(self.found)}, more than {self._longest:,} characters"
            raise FileRefused("xlsx_damaged", file=self._file, detail=place)


_STRING_NAMES = name_elements("si", "t", "rPh")

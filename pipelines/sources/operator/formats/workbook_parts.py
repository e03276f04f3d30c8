"""What a workbook says of itself.

Its sheets in order, how its numbers are shown, where its texts lie.
"""

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
    read_whole,
    unescape_text,
)
from pipelines.sources.operator.formats.xml_stream import XmlHandler, parse_xml

_SMALL = (
    16 << 20
)  # bytes beyond which a part is no list of sheets, and no table of styles
_WORKBOOK = "xl/workbook.xml"  # where it lies unless the archive says otherwise
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
# “Strict Open XML” has the same elements in namespaces of its own.
_STRICT = "http://purl.oclc.org/ooxml"
_NAMESPACES = ("", f"{_MAIN} ", f"{_STRICT}/spreadsheetml/main ", f"{_PACKAGE} ")
_IDS = ("id", f"{_RELATIONS} id", f"{_STRICT}/officeDocument/relationships id")
_TRUE = ("1", "true", "on")


def name_elements(*names: str) -> dict[str, str]:
    """Return the local name of each element by its full names.

    They are those without a namespace, transitional and strict.
    """
    local_names: dict[str, str] = {}
    for namespace in _NAMESPACES:
        for name in names:
            local_names[namespace + name] = name
    return local_names


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
    main = _find_main(archive)
    book = _BookHandler()
    _parse_part(archive, main, book)

    folder = dirname(main)
    links = _read_links(archive, f"{folder}/_rels/{basename(main)}.rels")
    parts: dict[str, str] = {}  # the last of each kind that is there
    for link in links:
        target = link.resolve_target(folder)
        if archive.has_member(target):
            parts[link.kind] = target

    return Workbook(
        sheets=_find_sheets(archive, book, links, folder),
        is_1904=book.is_1904,
        strings=parts.get("sharedStrings"),
        styles=parts.get("styles"),
        has_macros=any(member.endswith("vbaproject.bin") for member in archive.members),
    )


def _find_sheets(
    archive: Archive,
    book: _BookHandler,
    links: Sequence[_Link],
    folder: str,
) -> list[Sheet]:
    """Return the worksheets that the archive holds, hidden ones last.

    So a hidden sheet is read only when no visible one stands before it.
    """
    members = {
        link.id: link.resolve_target(folder)
        for link in links
        if link.kind == "worksheet"
    }
    sheets: list[Sheet] = []
    for entry in book.sheets:
        member = members.get(entry.link_id)
        if member is not None and archive.has_member(member):
            sheets.append(Sheet(entry.name, member, entry.is_hidden))

    names = {sheet.name.casefold() for sheet in sheets}
    if len(names) < len(sheets):
        raise FileRefused(
            "xlsx_damaged", file=archive.name, detail="two sheets of one name"
        )
    return sorted(sheets, key=lambda sheet: sheet.is_hidden)


def read_number_forms(archive: Archive, member: str | None) -> list[NumberForm]:
    """Return, by the style of a cell, what its number is shown as."""
    styles = _StylesHandler()
    if member is not None:
        _parse_part(archive, member, styles)
    return [
        styles.codes.get(number) or builtin_form(number) for number in styles.numbers
    ]


def read_strings(archive: Archive, member: str | None, limits: Limits) -> list[str]:
    """Return the texts that the cells refer to by number."""
    strings = _StringsHandler(archive.name, limits.field_chars)
    if member is not None:
        _parse_whole(archive, member, strings)
    return strings.found


def _refuse_kin(archive: Archive) -> None:
    """Name the other formats that come as a zip and are renamed."""
    if archive.has_member("xl/workbook.bin"):
        raise FileRefused("xlsx_is_binary", file=archive.name)
    if archive.has_member("mimetype"):
        start = next(archive.inflate_member("mimetype"), b"")
        if b"opendocument" in start:
            raise FileRefused("xlsx_is_ods", file=archive.name)


def _parse_part(archive: Archive, member: str, handler: XmlHandler) -> None:
    """Parse a member that describes the workbook; raise FileRefused for one that is too large."""
    if archive.declared_size(member) > _SMALL:
        raise FileRefused("xlsx_damaged", file=archive.name, detail=member)
    _parse_whole(archive, member, handler)


def _parse_whole(archive: Archive, member: str, handler: XmlHandler) -> None:
    """Feed a member to a handler to its end."""
    blocks = archive.inflate_member(member)
    for _ in parse_xml(blocks, handler, archive.name, member):
        pass


# -- the list of sheets --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Link:
    """What one member of the archive says of another."""

    id: str
    kind: str
    path: str

    def resolve_target(self, folder: str) -> str:
        """Return the member it leads to; one outside the archive is held by nobody."""
        if self.path.startswith("/"):
            return normpath(self.path.lstrip("/"))
        return normpath(join(folder, self.path))


def _find_main(archive: Archive) -> str:
    """Return the member that lists the sheets."""
    for link in _read_links(archive, "_rels/.rels"):
        if link.kind == "officeDocument":
            return link.resolve_target("")
    return _WORKBOOK


def _read_links(archive: Archive, member: str) -> list[_Link]:
    """Return what a member says of others; nothing when it is not there."""
    links = _LinksHandler()
    if archive.has_member(member):
        _parse_part(archive, member, links)
    return links.found


class _StartsOnly:
    """A handler that hears no ends and no text."""

    def end_element(self, name: str) -> None:
        """Ignore the end of an element."""

    def take_text(self, data: str) -> None:
        """Ignore text."""


class _LinksHandler(_StartsOnly):
    """The links from one member of the archive to others."""

    _NAMES = name_elements("Relationship")

    def __init__(self) -> None:
        self.found: list[_Link] = []

    def start_element(self, name: str, attributes: dict[str, str]) -> None:
        """Take a relationship inside the archive."""
        if name not in self._NAMES or attributes.get("TargetMode") == "External":
            return
        link = _Link(
            id=attributes.get("Id", ""),
            kind=attributes.get("Type", "").rpartition("/")[2],
            path=attributes.get("Target", ""),
        )
        self.found.append(link)


@dataclass(frozen=True)
class _SheetEntry:
    """A line of the workbook's list of sheets; `link_id` leads to the member that holds it."""

    name: str
    link_id: str
    is_hidden: bool


class _BookHandler(_StartsOnly):
    """The list of sheets, and from when days are counted."""

    _NAMES = name_elements("sheet", "workbookPr")

    def __init__(self) -> None:
        self.sheets: list[_SheetEntry] = []
        self.is_1904 = False

    def start_element(self, name: str, attributes: dict[str, str]) -> None:
        """Take a sheet, or the date system."""
        local = self._NAMES.get(name)
        if local == "sheet":
            self._take_sheet(attributes)
        elif local == "workbookPr":
            self.is_1904 = is_true(attributes.get("date1904"))

    def _take_sheet(self, attributes: dict[str, str]) -> None:
        """Add a sheet to the list."""
        link_ids = [attributes[key] for key in _IDS if key in attributes]
        entry = _SheetEntry(
            name=attributes.get("name", ""),
            link_id=link_ids[0] if link_ids else "",
            is_hidden=attributes.get("state", "visible") != "visible",
        )
        self.sheets.append(entry)


# -- styles and texts ----------------------------------------------------------------------------


@dataclass
class _StylesHandler:
    """The formats that have a code, and the number of each cell style's format."""

    codes: dict[int, NumberForm] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    _is_inside: bool = False

    def start_element(self, name: str, attributes: dict[str, str]) -> None:
        """Take a format, or the style of cells."""
        local = _STYLE_NAMES.get(name)
        if local == "numFmt":
            number = _format_number(attributes)
            self.codes[number] = read_format(attributes.get("formatCode", ""))
        elif local == "cellXfs":
            self._is_inside = True
        elif local == "xf" and self._is_inside:
            self.numbers.append(_format_number(attributes))

    def end_element(self, name: str) -> None:
        """Leave the styles of cells."""
        if _STYLE_NAMES.get(name) == "cellXfs":
            self._is_inside = False

    def take_text(self, data: str) -> None:
        """Ignore text."""


_STYLE_NAMES = name_elements("numFmt", "cellXfs", "xf")


def _format_number(attributes: dict[str, str]) -> int:
    """Return the number of the format that an element has; 0, the plain one, for none."""
    return read_whole(attributes.get("numFmtId", "")) or 0


class _StringsHandler:
    """Shared strings: the runs of a rich text joined, how it is pronounced left out."""

    def __init__(self, file: str, longest: int) -> None:
        self.found: list[str] = []
        self._file = file
        self._longest = longest
        self._runs: list[str] = []
        self._pieces: list[str] = []
        self._size = 0
        self._is_text = False
        self._is_pronunciation = False

    def start_element(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a string or a piece of it."""
        local = _STRING_NAMES.get(name)
        if local == "si":
            self._runs = []
            self._size = 0
        elif local == "rPh":
            self._is_pronunciation = True
        elif local == "t":
            self._is_text = not self._is_pronunciation
            self._pieces = []

    def end_element(self, name: str) -> None:
        """End a string or a piece of it."""
        local = _STRING_NAMES.get(name)
        if local == "si":
            self.found.append("".join(self._runs))
        elif local == "rPh":
            self._is_pronunciation = False
        elif local == "t" and self._is_text:
            run = "".join(self._pieces)
            self._runs.append(unescape_text(run))
            self._is_text = False

    def take_text(self, data: str) -> None:
        """Take a piece of a string."""
        if not self._is_text:
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size > self._longest:
            number = len(self.found)
            detail = f"string {number}, more than {self._longest:,} characters"
            raise FileRefused("xlsx_damaged", file=self._file, detail=detail)


_STRING_NAMES = name_elements("si", "t", "rPh")

"""The list: what each bad input is, its verdict, and the cases that plant it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.bad_inputs.month import Planting

Verdict = Literal["N", "Q", "R"]
Facts = Mapping[str, object]
WORDS = {"N": "normalised", "Q": "quarantined", "R": "refused"}


@dataclass(frozen=True)
class Bad:
    """A row that must be in quarantine; `rule` of None stands for any rule."""

    table: str
    file: str
    line: int
    column: str | None
    value: str | None
    rule: str | None


@dataclass(frozen=True)
class Expected:
    """What must come of a case."""

    verdict: Verdict
    forms: Mapping[tuple[str, str, str], int] = field(
        default_factory=dict
    )  # table, column, form (or "*") -> rows
    noted: Mapping[str, str] = field(
        default_factory=dict
    )  # column of extract_delivery -> what it says
    table: str = ""  # of `noted`, and the refused one
    repeats: int = 0
    bad: tuple[Bad, ...] = ()
    key: str = ""
    facts: Facts = field(default_factory=dict)


def normalised(
    table: str,
    /,
    repeats: int = 0,
    forms: Mapping[tuple[str, str], int] = {},
    **noted: str,
) -> Expected:
    """N: the snapshot is the clean one; `forms` by column and form are counted, `noted` is in extract_delivery."""
    return Expected(
        "N", {(table, *of): n for of, n in forms.items()}, noted, table, repeats
    )


def set_aside(*bad: Bad) -> Expected:
    """Q: exactly these rows are in quarantine."""
    return Expected("Q", bad=tuple(bad))


def refused(table: str, key: str, /, **facts: object) -> Expected:
    """R: the table is refused with that message and those facts."""
    return Expected("R", table=table, key=f"source.{key}", facts=facts)


@dataclass(frozen=True)
class Case:
    """One way to plant a bad input."""

    number: int
    name: str
    verdict: Verdict
    plant: Callable[..., Expected]
    tables: tuple[
        str, ...
    ] = ()  # refused ones: planted into each of these, one required and one optional

    @property
    def id(self) -> str:
        """How the case is called in the tests."""
        return f"{self.number:02d}-{self.name}"

    def put(self, month: Planting, table: str | None = None) -> Expected:
        """Plant the fault; return what must come of it."""
        return self.plant(month, table) if table else self.plant(month)


CASES: list[Case] = []
_BOTH = (
    "customer",
    "account_manager",
)  # one required, one not; both with Chinese names

Plant = Callable[..., Expected]


def case(
    number: int, verdict: Verdict, tables: tuple[str, ...] = ()
) -> Callable[[Plant], Plant]:
    """Register a case under the name of its function."""

    def register(plant: Plant) -> Plant:
        CASES.append(Case(number, plant.__name__, verdict, plant, tables))
        return plant

    return register


def refusal(number: int, tables: tuple[str, ...] = _BOTH) -> Callable[[Plant], Plant]:
    """Register a refusal, to be planted into a required and into an optional table."""
    return case(number, "R", tables)


@dataclass(frozen=True)
class BadInput:
    """One line of the list."""

    number: int
    text: str
    listed: str
    chosen: str = ""  # where it differs from what is listed
    why: str = ""
    tests: tuple[str, ...] = ()  # what is tried elsewhere than on the snapshot
    sees: str = ""

    @property
    def verdict(self) -> str:
        """The verdict that is tested."""
        return self.chosen or self.listed


_GATE = "tests/bad_inputs/test_gate.py::"
_OUT = "tests/bad_inputs/test_outputs.py::"
_ENTRIES = "tests/sources/test_entries.py::"
_SHEET = "tests/sources/test_sheet_xml.py::"
_LIMITS = "tests/sources/test_limits.py::"
_ENCODING = "tests/sources/test_encoding.py::"

_ALL = (
    BadInput(1, "GBK CSV", "N"),
    BadInput(2, "GB18030 rare characters (𠮷, 䶮)", "N"),
    BadInput(3, "UTF-8 BOM", "N"),
    BadInput(4, "UTF-16, Excel's “Unicode text”", "N/R", why="N with a BOM, as the contract names it; R without one"),
    BadInput(5, "GBK with one broken byte", "Q"),
    BadInput(6, "mojibake (UTF-8 read as GBK) in names", "R"),
    BadInput(7, "mixed encodings in one file", "R"),
    BadInput(8, "NUL byte in a field", "R"),
    BadInput(9, "CR only, mixed line ends", "N"),
    BadInput(10, "0-byte file", "R"),
    BadInput(
        11, "header only", "R unless zero is declared", "R/N",
        "R for a required table; for an optional one the header is the declaration of zero (contract)",
    ),
    BadInput(12, "no trailer, row count differs from the control file", "R", "–", "does not apply: there is no control file"),
    BadInput(
        13, "CSV cut in mid-row", "Q+R", "R",
        "a last row without its cells and without a line end proves that more is lost, and nobody knows how much",
    ),
    BadInput(14, "truncated Parquet", "R"),
    BadInput(15, "truncated .gz", "R"),
    BadInput(16, "zip bomb", "R"),
    BadInput(17, "zip-slip names, nested zip", "R"),
    BadInput(18, ".xls or HTML named .xlsx; password", "R"),
    BadInput(19, "CSV with `sep=;` as first line", "N"),
    BadInput(20, "wrong delimiter (tab, `|`, `，`)", "R", "R/N", "R; but a tab is N, as the contract names it"),
    BadInput(21, "duplicated headers", "R"),
    BadInput(22, "headers with spaces, full-width, line breaks, BOM inside", "N"),
    BadInput(23, "two header rows, title row above", "N"),
    BadInput(24, "total row 合计 at the end", "Q"),
    BadInput(25, "merged cells, hidden rows, active filter", "N"),
    BadInput(26, "blank lines between", "N"),
    BadInput(27, "ragged rows", "Q"),
    BadInput(28, "unterminated quote", "R"),
    BadInput(29, "embedded newline or comma in notes", "N"),
    BadInput(30, "several sheets, the wrong one first", "R unless named", "R/N", "N when the sheet has the table's name"),
    BadInput(
        31, "ten times or a tenth of the usual rows", "R (gate)", tests=tuple(_GATE + f"test_{what}_the_rows" for what in ("ten_times", "a_tenth_of", "exactly_a_tenth_of")),
        sees="What is made of the table is withheld, with the finding `row_count_jump` as reason; everything else is released.",
    ),
    BadInput(32, "the same file twice under two names", "R"),
    BadInput(33, "leading zeros lost", "Q"),
    BadInput(34, "id as float “12345.0”", "N"),
    BadInput(35, "scientific “8.61381E+11”", "Q"),
    BadInput(36, "18-digit id stored as a number", "Q"),
    BadInput(37, "NaN, None, NULL, -, \\N, #N/A as id", "Q"),
    BadInput(38, "NaN double as id", "Q"),
    BadInput(39, "duplicate ids, same or different content", "N/Q", why="N (counted) with the same content; Q, all of them, where they contradict each other"),
    BadInput(40, "full-width digits １２３", "N"),
    BadInput(41, "zero-width, NBSP, U+3000, trailing spaces in ids", "N"),
    BadInput(
        42, "phone with +86, spaces, dashes; 10 or 12 digits; landline", "N/Q", "N",
        "a customer's services and bills do not hang on his phone: signs are folded, a number of odd length is kept as it is",
    ),
    BadInput(
        43, "id in the arrears file unknown in the customer file", "Q + rate gate", tests=(_GATE + "test_a_tenth_of_the_arrears_of_nobody",),
        sees="Above 5 % of the rows: what is made of the table is withheld (`quarantined_share_5`).",
    ),
    BadInput(
        44, "manager or branch name variants (城关 / 城关支局 / 城 关)", "N by alias table, else Q", "N/Q",
        "ids are the keys and names are only shown, so no alias table: spaces are trimmed (N), one id under two names is Q",
    ),
    BadInput(
        45, "branch named `../../x` or `CON`, 300 characters, emoji", "N",
        tests=(_OUT + "test_hostile_names_make_harmless_files",),
        sees="The file's name is a slug of the name with the id behind it; the name itself stands in the workbook.",
    ),
    BadInput(46, "“1,234.50”, “￥86.5”, “(45.00)”, “45-”, “1．5”", "N"),
    BadInput(
        47, "negative bill (credit note)", "N, separate measure", "N",
        "accepted with its sign; revenue is the sum of all bills, negative ones included (definitions)",
    ),
    BadInput(48, "NaN, inf, 1e308", "Q"),
    BadInput(49, "“5.6” for a count, “1e3”", "Q"),
    BadInput(
        50, "yuan and fen mixed (a jump of ×100)", "R (gate)",
        tests=(_GATE + "test_bills_in_fen", _GATE + "test_half_the_bills_in_fen", _GATE + "test_arrears_in_fen"),
        sees="What is made of the amount is withheld, with the finding `unit_jump` as reason; everything else is released.",
    ),
    BadInput(51, "Excel serial date 46326, 1904 system", "N"),
    BadInput(
        52, "20261031, 2026/10/31, 31/10/2026, 2026年10月31日, 2026-02-30", "N/Q",
        why="N for every form the contract names; Q for a day that does not exist, or month first",
    ),
    BadInput(
        53, "two-digit year, 9999-12-31 as “no end”, 1900-01-00", "N/Q",
        why="9999-12-31 is a date like any other (N); the others name no day (Q)",
    ),
    BadInput(54, "mixed months in one snapshot", "R"),
    BadInput(
        55, "future dates, birth after activation", "Q",
        why="Q for a day or year after the cut-off; birth against activation concerns two tables and removes no rows (contract)",
    ),
    BadInput(56, "unknown status code", "Q"),
    BadInput(57, "contract ends before it begins", "Q"),
    BadInput(58, "usage negative, or above 744 h in a month", "Q"),
    BadInput(59, "formula without a cached value", "Q"),
    BadInput(
        60, "text that begins with = + - @ tab CR or full-width ＝＋－＠", "N",
        tests=(_OUT + "test_hostile_text_is_shown_literally_in_workbooks", _OUT + "test_hostile_text_is_escaped_in_csv"),
        sees="Shown as it is; nothing is evaluated.",
    ),
    BadInput(
        61, "`<script>`, `'; drop table`, `{{7*7}}`, `${jndi:` as a name", "N",
        tests=(_OUT + "test_hostile_text_is_shown_literally_in_workbooks", _OUT + "test_script_text_is_shown_literally_on_the_page"),
        sees="Shown as it is; nothing is run.",
    ),
    BadInput(
        62, "right-to-left override, a note of 10,000 characters", "N, cut", "N",
        "the sign is taken out and counted; the note is kept whole and cut only to what a cell can hold",
        tests=(_OUT + "test_a_long_note_fits_a_cell",),
    ),
    BadInput(63, "a file's name that is not UTF-8, or holds line ends, control or direction marks", "N", why="shown escaped, the same everywhere"),
    BadInput(
        64, "a dangling link, a link out of the delivery, a pipe, socket, device or folder where a file should be", "R",
        tests=(_ENTRIES + "test_what_is_no_file_refuses_its_table_by_name", _ENTRIES + "test_a_link_inside_the_delivery_is_followed"),
        sees="The table is refused with the file's name; a link inside the delivery is followed, a pipe is never waited for.",
    ),
    BadInput(
        65, "a workbook's errors and formulas without a value, however its XML is written", "Q",
        tests=(_SHEET + "test_an_error_cell_is_marked_however_it_is_written", _SHEET + "test_a_formula_without_a_value_is_marked_with_its_text"),
        sees="As 59; the quarantine shows the error or the formula.",
    ),
    BadInput(
        66, "a sheet whose XML is no sheet's: entities, places out of order, strings that are not there, tags without end", "R",
        tests=(_SHEET + "test_places_that_cannot_be_refuse_the_workbook", _SHEET + "test_no_sheet_takes_long"),
        sees="The table is refused as damaged, with the place.",
    ),
    BadInput(67, "a workbook saved as Strict Open XML", "N", tests=(_SHEET + "test_strict_open_xml_is_read",), sees="Read as it is."),
    BadInput(68, "an .xlsb or .ods named .xlsx", "R", tests=(_SHEET + "test_other_formats_that_are_renamed_are_named",)),
    BadInput(
        69, "more columns, rows, bytes or seconds than one file may cost", "R", tests=(_LIMITS + "test_too_many_columns_in_a_csv", _LIMITS + "test_no_csv_takes_long"),
        sees="The table is refused with the limit: 2,000 columns, 100 million rows, 64 GiB unpacked, an hour of the processor.",
    ),
    BadInput(
        70, "bytes that are text both as UTF-8 and as GB18030", "N",
        tests=(_ENCODING + "test_a_sister_file_tells_the_encoding", _ENCODING + "test_where_no_sister_tells_the_file_carries_the_caveat"),
        sees="Read like the delivery's other files; where those do not tell, the file is noted as doubtful.",
    ),
)  # fmt: skip

INPUTS = {bad.number: bad for bad in _ALL}

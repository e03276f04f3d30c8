"""Where a delivered string meets another language: one function each, and no other place.

| it meets       | through                                                          | held by                                   |
|----------------|------------------------------------------------------------------|-------------------------------------------|
| SQL, a name    | `core.quoting.quote_name`, `quote_names`                         | no f-string puts quotes around a value    |
| SQL, a text    | parameters, `core.quoting.quote_text`                            | the same; closed words of our own apart   |
| SQL, a file    | `DuckEngine.bind`; the gate's views                              | who opens DuckDB, who names a file        |
| a path         | `text.safe_text.file_stem`                                    | no row, no id in a file's name            |
| HTML           | `documents.pages.page.write_page`: a template that escapes              | who makes a template; what is called safe |
| SVG            | `documents.reports.charts`: `escape`                               | who writes markup                         |
| Word           | `documents.reports.docx`: a template that escapes                  | who makes a template                      |
| Typst          | `documents.reports.pdf`: JSON as an input, never source            | who compiles, and from what               |
| a mail header  | `delivery.mail_text`      : the library's policy                  | who makes a mail                          |
| a spreadsheet  | `documents.workbooks.sheet.open_workbook` and `write_string`                | who opens a book; no `write` that guesses |
| a log          | nothing: the office logs no row                                  | who has a logger                          |
| a note, a line | `core.quoting.show_odd_text`                                     | tests of the engine                       |
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from pipelines.core.paths import ROOT

FOLDERS = ("pipelines", "models", "console", "dags")


@cache
def trees() -> dict[str, ast.Module]:
    """Our code, parsed, by path from the root."""
    files = [
        path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for path in files
    }


def calls(wanted: str) -> dict[str, list[ast.Call]]:
    """The calls whose function is written so (a pattern on the whole of it), by file."""
    found: dict[str, list[ast.Call]] = {}
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and re.fullmatch(
                wanted, ast.unparse(node.func)
            ):
                found.setdefault(file, []).append(node)
    return found


# -- SQL ----------------------------------------------------------------------------------------------------------

_SQL = re.compile(
    r"\b(SELECT|FROM|WHERE|CAST|AS|AND|OR|IN|NULL|CASE|WHEN|INSERT|UPDATE|CREATE|DATE)\b|^[\"', ]+$|[a-z]\.\""
)
# Texts of a closed set of words of our own, none of them delivered: kinds of scopes, KPIs, steps, lists, rules, days.
OWN_WORDS = {
    "catalogue/expectations.py", "core/values.py", "rooms/dispatch/__init__.py", "rooms/dispatch/holdout.py", "rooms/dispatch/write.py",
    "rooms/features.py", "rooms/snapshot/__init__.py", "rooms/snapshot/cells.py",
}  # fmt: skip


def quoting_by_hand(tree: ast.AST, quote: str) -> Iterator[int]:
    """The lines of f-strings that put quotes around a value, as SQL has them around a name or a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and _quotes_a_value(node, quote):
            yield node.lineno


def _quotes_a_value(node: ast.JoinedStr, quote: str) -> bool:
    pieces = [
        part.value if isinstance(part, ast.Constant) else None for part in node.values
    ]
    around = zip(pieces, pieces[1:], pieces[2:], strict=False)
    is_quoted = any(
        value is None
        and re.search(rf"(^|[^=\w]){quote}$", str(before or ""))
        and str(after or "").startswith(quote)
        for before, value, after in around
    )
    return is_quoted and bool(
        _SQL.search("".join(str(piece) for piece in pieces if piece).strip())
    )


@pytest.mark.parametrize("quote", ['"', "'"], ids=["names", "texts"])
def test_what_was_delivered_is_quoted_in_one_place(quote: str) -> None:
    found = [
        f"{file}:{line}"
        for file, tree in trees().items()
        for line in quoting_by_hand(tree, quote)
    ]
    if quote == "'":
        found = [
            place
            for place in found
            if place.partition(":")[0].removeprefix("pipelines/") not in OWN_WORDS
        ]
    assert found == []


def test_quoting_by_hand_is_found() -> None:
    names = "sql = f'SELECT \"{name}\" FROM x'\ncells = ', '.join(f'\"{n}\"' for n in names)\n"
    assert list(quoting_by_hand(ast.parse(names), '"')) == [1, 2]
    assert list(
        quoting_by_hand(
            ast.parse("sql = f\"SELECT * FROM read_parquet('{path}')\"\n"), "'"
        )
    ) == [1]


def test_who_opens_the_embedded_engine_is_known() -> None:
    """Beside the engine: the gate, on a private file that the checks' library reads; the answers' macros; who reads the
    rows of a finished table; who reads names out of a delivery to seal them, or hashes its rows where it was read; and who tries a rule or a word on tables
    without rows."""
    assert set(calls(r"duckdb\.connect")) == {
        "pipelines/documents/workbooks/quarantine.py", "pipelines/returns/return_values.py", "pipelines/catalogue/check_rules.py",
        "pipelines/engines/duckdb.py", "pipelines/engines/executors.py", "pipelines/engines/pieces.py", "pipelines/jobs/new_files.py", "pipelines/store/rows.py", "pipelines/rooms/validate/gate.py",
        "pipelines/sources/operator/sealing.py", "pipelines/sources/operator/tables/finishing.py",
    }  # fmt: skip


def test_nothing_is_sent_to_the_engine_past_its_look_at_the_statement() -> None:
    """`_connection.execute` stands where the engine is set up, and in `execute`, which looks first."""
    sent = calls(r"self\._connection\.(execute|sql|query|executemany)")
    assert set(sent) == {"pipelines/engines/duckdb.py"}
    texts = [ast.unparse(call.args[0]) for call in sent["pipelines/engines/duckdb.py"]]
    assert all(
        re.match(r"f?[\"']+(SET|CREATE SCHEMA) |statements\[0\]$", text)
        for text in texts
    ), texts


# -- paths --------------------------------------------------------------------------------------------------------

_DELIVERED = re.compile(
    r"\b(row|order|record)\[|\b(?!letter\.id\b)\w+_id\b|\b(manager|holder|desk|customer|phone|value|cell)\b"
)


def delivered_in_paths(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """What is put into a file's name that may have been delivered, without `file_stem` around it."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and isinstance(node.right, ast.JoinedStr)
        ):
            for part in node.right.values:
                said = (
                    ast.unparse(part.value)
                    if isinstance(part, ast.FormattedValue)
                    else ""
                )
                if _DELIVERED.search(said) and not said.startswith(
                    ("file_stem(", "_id_part(")
                ):
                    yield node.lineno, said


def test_what_was_delivered_stands_in_a_path_through_one_function() -> None:
    assert {
        file: found
        for file, tree in trees().items()
        if (found := list(delivered_in_paths(tree)))
    } == {}
    planted = "path = out / f\"{month}_{row['manager_id']}.xlsx\"\npath = out / f'{file_stem(name, manager_id)}.xlsx'\n"
    assert [line for line, _ in delivered_in_paths(ast.parse(planted))] == [1]


# -- documents ----------------------------------------------------------------------------------------------------


def test_every_template_escapes() -> None:
    made = calls(r"(\w+\.)*(Sandboxed|Native|Immutable\w*)?Environment")
    assert set(made) == {
        "pipelines/documents/pages/page.py",
        "pipelines/documents/reports/docx.py",
    }
    for call in (call for found in made.values() for call in found):
        assert {k.arg: ast.unparse(k.value) for k in call.keywords}.get(
            "autoescape"
        ) == "True", ast.unparse(call)
    assert not calls(r"(\w+\.)*(Template|from_string|Markup|mark_safe|format_html)")


def test_what_a_template_takes_as_markup_is_a_chart_or_a_word_of_its_own() -> None:
    safe = {}
    for path in sorted((ROOT / "pipelines").rglob("*.j2")):
        text = path.read_text(encoding="utf-8")
        safe[path.name] = set(
            re.findall(r"([^\s{]+|' class=\"off\"')\s*\|\s*safe\b", text)
        )
        assert "autoescape" not in text and "|tojson" not in text
    assert {said for found in safe.values() for said in found} <= {
        "block.svg",
        "' class=\"off\"'",
    }


def test_markup_is_written_by_charts_alone_and_every_text_in_it_is_escaped() -> None:
    makers = {
        file
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        and re.search(
            r"</?(svg|text|rect|line|p|td|tr|a|b|div|span)\b", ast.unparse(node)
        )
    }
    assert makers == {"pipelines/documents/reports/charts.py"}
    for node in ast.walk(trees()["pipelines/documents/reports/charts.py"]):
        if isinstance(node, ast.FormattedValue) and re.search(
            r"\b(text|title|name|label)\b", ast.unparse(node.value)
        ):
            assert ast.unparse(node.value).startswith("escape("), ast.unparse(
                node.value
            )


def test_typst_is_given_a_source_of_ours_and_data_as_an_input() -> None:
    compiled = calls(r"typst\.\w*compile\w*")
    assert set(compiled) == {"pipelines/documents/reports/pdf.py"}
    assert [
        ast.unparse(call.args[0])
        for call in compiled["pipelines/documents/reports/pdf.py"]
    ] == ["source"]
    given = calls("_compile_typst")["pipelines/documents/reports/pdf.py"]
    assert {ast.unparse(call.args[0]) for call in given} == {
        "SOURCE.read_bytes()",
        "_PICTURE",
    }
    assert "eval(" not in (ROOT / "pipelines/documents/reports/summary.typ").read_text(
        encoding="utf-8"
    )


def test_a_mail_is_made_in_one_place_under_a_policy_that_refuses_line_breaks() -> None:
    made = calls(r"(\w+\.)*(EmailMessage|Message|MIME\w+)")
    assert set(made) == {"pipelines/delivery/mail_text.py"}
    assert (
        [
            ast.unparse(k.value)
            for call in made["pipelines/delivery/mail_text.py"]
            for k in call.keywords
        ]
        == [
            "SMTP.clone(refold_source='none')"  # still refuses line breaks, and leaves what was folded as it is
        ]
    )


def test_a_workbook_takes_every_text_as_text() -> None:
    books = calls(r"(xlsxwriter\.)?Workbook")
    books.pop(
        "pipelines/sources/operator/formats/workbook_parts.py", None
    )  # a type of its own, of a book that is read
    assert set(books) == {"pipelines/documents/workbooks/sheet.py"}
    said = ast.unparse(books["pipelines/documents/workbooks/sheet.py"][0])
    assert all(
        f"'strings_to_{kind}': False" in said
        for kind in ("formulas", "urls", "numbers")
    )
    assert calls(r"(page|sheet|worksheet)\.write(_formula|_url|_array_formula)?") == {}


def test_the_office_logs_no_row() -> None:
    """Nobody has a logger but those who silence a library's, progress, which tells of months, rooms and tables, and the
    console's server, which tells of a failure by its place in the code."""
    told = {
        "console/server.py",
        "pipelines/delivery/robot.py",
        "pipelines/rooms/judge/gx.py",
        "pipelines/text/progress.py",
    }
    assert set(calls(r"logging\.\w+")) <= told
    assert not calls(
        r"(log|logger|_log|_logger)\.(debug|info|warning|error|exception|critical)"
    )

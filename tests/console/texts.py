"""The texts of the console's pages: `python -m tests.console.texts` puts new ones into the Chinese catalogue.

English is what stands in the code. What the catalogue has no Chinese for is written there empty, to be filled in; called
again, the command compiles what is there. A test finds a text that was forgotten, and a catalogue that is not compiled.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from pipelines.core.paths import ROOT

CONSOLE = ROOT / "console"
TEMPLATES = CONSOLE / "templates"
FOLDER = CONSOLE / "locale" / "zh_Hans" / "LC_MESSAGES"
WRITTEN = FOLDER / "django.po"
COMPILED = FOLDER / "django.mo"
_LITERAL = r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_CALL = re.compile(rf"\b(?:n?gettext|_)\(u?{_LITERAL}(?:,\s*u?{_LITERAL})?")
_MARKERS = {"_", "gettext", "ngettext"}

_NO_CLOCK = datetime(2026, 1, 1, tzinfo=UTC)  # the same texts make the same bytes

Text = str | tuple[str, str]  # one form, or that of one and that of many


def find_texts() -> dict[Text, str]:
    """Return every text that is marked to be translated, with the first file it stands in."""
    found: dict[Text, str] = {}
    for path in sorted(TEMPLATES.rglob("*.html")):
        code = templatize(path.read_text("utf-8"), origin=str(path))
        for text in _read_marked_in_template(code):
            found.setdefault(text, path.name)
    for path in sorted(CONSOLE.rglob("*.py")):
        for text in read_marked(path.read_text("utf-8")):
            found.setdefault(text, path.name)
    return found


def _read_marked_in_template(code: str) -> Iterator[Text]:
    """What Django makes of a template for the tools that collect texts: one call a text."""
    for call in _CALL.finditer(code):
        one, many = (text and ast.literal_eval(text) for text in call.groups())
        yield (one, many) if many else one


def read_marked(code: str) -> Iterator[Text]:
    """The texts of the calls of `_` and its kin in Python code."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id not in _MARKERS:
            continue
        texts = [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
        if node.func.id == "ngettext":
            yield texts[0], texts[1]
        elif texts:
            yield texts[0]


def read_catalogue() -> Catalog:
    """Return the Chinese catalogue as it is written."""
    with WRITTEN.open("rb") as stream:
        return read_po(stream, locale="zh_Hans")


def compile_catalogue(catalogue: Catalog) -> bytes:
    """Return what Django reads of a catalogue."""
    target = BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def main() -> None:
    """Write the catalogue with what is marked now, and compile it."""
    before = read_catalogue() if WRITTEN.exists() else Catalog(locale="zh_Hans")
    catalogue = Catalog(
        locale="zh_Hans", project="Retention office", version="1", charset="utf-8", fuzzy=False,
        header_comment="# The console in Chinese.", creation_date=_NO_CLOCK, revision_date=_NO_CLOCK,
        msgid_bugs_address="-", last_translator="-", language_team="-",
    )  # fmt: skip
    for text, file in find_texts().items():
        held = before.get(text if isinstance(text, str) else text[0])
        catalogue.add(text, held.string if held else "", auto_comments=[file])
    with WRITTEN.open("wb") as stream:
        write_po(stream, catalogue, width=0, no_location=True)
    COMPILED.write_bytes(compile_catalogue(catalogue))
    missing = [message.id for message in catalogue if message.id and not message.string]
    print(f"{len(catalogue)} texts, without Chinese: {missing}")


if __name__ == "__main__":
    main()

"""The glossary knows every room and floor, says each word once, and names no code word nobody uses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pipelines import ROOMS
from pipelines.catalogue.spec import EARLIER
from pipelines.core.paths import ROOT
from tests.structure.imports import FLOORS

PAGE = ROOT / "docs" / "glossary.md"
_ROW = re.compile(r"\| (?P<word>[^|]+?) \| (?P<rest>.+) \|")
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")


def read_rows() -> Iterator[tuple[str, list[str]]]:
    """Yield each word of the page with the other cells of its row; heads of tables are left out."""
    lines = PAGE.read_text("utf-8").splitlines()
    for line, behind in zip(lines, [*lines[1:], ""], strict=True):
        row = _ROW.fullmatch(line)
        if row and not behind.startswith("|---"):
            yield row["word"], row["rest"].split(" | ")


def test_every_room_and_floor_is_in_it() -> None:
    words = {word for word, _ in read_rows()}
    assert {*ROOMS, *FLOORS} <= words


def test_no_word_stands_there_twice() -> None:
    rows = list(read_rows())
    words = Counter(word for word, _ in rows)
    in_code = Counter(cells[0] for word, cells in rows if _CHINESE.search(word))
    assert [word for word, count in (words + in_code).items() if count > 1] == []


def test_every_word_has_one_line_of_meaning() -> None:
    for word, cells in read_rows():
        meaning = cells[-1]
        assert 10 <= len(meaning) <= 130 and not meaning.endswith("."), word
        assert len(cells) == (2 if _CHINESE.search(word) else 1), word


def test_the_fields_words_stand_in_what_people_read() -> None:
    folders = ("locales", "sql", "pipelines", "docs")
    texts = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".yml", ".sql", ".py", ".md"} and path != PAGE:
                texts.append(path.read_text("utf-8"))
    everything = "\n".join(texts)
    unused = []
    for word, _ in read_rows():
        if _CHINESE.search(word) and word.removesuffix("户") not in everything:
            unused.append(word)
    assert unused == []


def test_the_eras_are_named() -> None:
    page = PAGE.read_text("utf-8")
    assert all(f"`{era}`" in page for era in EARLIER)

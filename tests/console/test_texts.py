"""Every text of the pages is marked to be translated, and there in Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console.database import start_django
from tests.console import texts
from tests.support.console.visitors import Console

start_django()


def test_every_marked_text_has_its_chinese_and_none_is_left_over() -> None:
    catalogue = texts.read_catalogue()
    written = {message.id: message.string for message in catalogue if message.id}
    assert set(written) == set(texts.find_texts())
    assert [text for text, chinese in written.items() if not chinese] == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    catalogue = texts.read_catalogue()
    assert texts.COMPILED.read_bytes() == texts.compile_catalogue(catalogue)


def test_a_translation_has_the_same_places() -> None:
    for message in texts.read_catalogue():
        if message.id and isinstance(message.id, str):
            chinese = set(re.findall(r"%\((\w+)\)s", str(message.string)))
            assert set(re.findall(r"%\((\w+)\)s", message.id)) == chinese, message.id


def find_bare_words(template: str) -> list[str]:
    """Words that a template says in no language but its own: neither marked nor filled in."""
    said = re.sub(
        r"\{% blocktranslate.*?%\}.*?\{% endblocktranslate %\}",
        "",
        template,
        flags=re.DOTALL,
    )
    said = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", said, flags=re.DOTALL)
    shown = re.findall(r"\b(?:title|aria-label|placeholder|alt)=\"([^\"]*)\"", said)
    shown.append(re.sub(r"<[^>]*>", " ", said))
    words = re.findall(r"[^\W\d_]{2,}", " ".join(shown))
    return [word for word in words if word not in {"English", "中文"}]


@pytest.mark.parametrize(
    "path", sorted(texts.TEMPLATES.rglob("*.html")), ids=lambda path: path.stem
)
def test_a_template_has_no_words_that_are_not_marked(path: Path) -> None:
    assert find_bare_words(path.read_text("utf-8")) == []


def test_a_word_that_is_not_marked_is_found() -> None:
    template = '<p title="Hint">{% translate "Said" %} Bare {{ name }}</p>'
    assert find_bare_words(template) == ["Hint", "Bare"]
    assert list(texts.read_marked("x = _('one') + gettext('two')")) == ["one", "two"]


def test_the_same_page_speaks_both_languages(console: Console) -> None:
    visitor = console.visit()
    assert "用户名" in visitor.get("/log-in/").content.decode()
    answer = visitor.post("/language/", {"language": "en", "next": "/log-in/"})
    assert answer.url == "/log-in/"
    page = visitor.get("/log-in/").content.decode()
    assert "Name" in page and not re.search(
        r"[\u4e00-\u9fff]", page.replace("中文", "")
    )

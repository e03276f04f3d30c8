"""Templates that are kept compiled: the same page, and nothing that does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from pipelines.documents.pages import compiled
from pipelines.documents.pages.compiled import CompiledTemplates


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    kept = tmp_path / "kept"
    monkeypatch.setattr(compiled, "cache_from_source", lambda file: str(kept / "a.pyc"))
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    return kept


def fill(text: str, language: str = "zh") -> str:
    environment = Environment(
        loader=DictLoader({"page": text}),
        bytecode_cache=CompiledTemplates(language),
        autoescape=True,
    )
    environment.filters["said"] = lambda word: f"{word} in {language}"
    return environment.get_template("page").render(name="<b>")


def test_a_page_is_filled_from_what_was_compiled(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fill("{{ name }}")
    (kept,) = folder.iterdir()

    def compile_nothing(*told: object, **named: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(Environment, "compile", compile_nothing)
    assert fill("{{ name }}") == first == "&lt;b&gt;"
    assert kept.stat().st_mode & 0o777 == 0o644


def test_a_changed_template_is_compiled_anew(folder: Path) -> None:
    assert [fill("{{ name }}"), fill("{{ name }}!")] == ["&lt;b&gt;", "&lt;b&gt;!"]


def test_what_is_constant_is_of_its_language(folder: Path) -> None:
    text = "{{ 'word'|said }}"
    assert [fill(text, "zh"), fill(text, "en")] == ["word in zh", "word in en"]


@pytest.mark.parametrize("keep", [0, 10, 30, -1])
def test_a_torn_file_is_compiled_anew(folder: Path, keep: int) -> None:
    fill("{{ name }}")
    (kept,) = folder.iterdir()
    kept.write_bytes(kept.read_bytes()[:keep])
    assert fill("{{ name }}") == "&lt;b&gt;"


def test_where_no_compiled_code_is_kept_none_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert fill("{{ name }}") == "&lt;b&gt;" and not folder.exists()

"""Texts: the same keys and places in every language, and one for everything the code can say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from string import Formatter

import pytest

from pipelines.catalogue.outputs import load_lists
from pipelines.core import errors
from pipelines.core.contract import load_contract
from pipelines.core.errors import RetentionError, UsageError
from pipelines.core.paths import ROOT
from pipelines.documents.workbooks.columns import OUTCOMES
from pipelines.text.texts import (
    LANGUAGES,
    describe_error,
    fill_label,
    find_local_language,
    load_labels,
    say_reasons,
)
from tests.support.small import read, twin_operator

FAMILY = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, RetentionError)
}


@cache
def parse_code() -> list[ast.Module]:
    """The program's own files."""
    files = [*(ROOT / "pipelines").rglob("*.py"), *(ROOT / "console").rglob("*.py")]
    return [ast.parse(file.read_text("utf-8")) for file in files]


def places(text: str) -> set[str]:
    """The names of a text's placeholders."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def words_of(first: ast.expr) -> list[str]:
    """The texts an argument may be: one, or either of `a if x else b`."""
    either = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    return [
        e.value
        for e in either
        if isinstance(e, ast.Constant) and isinstance(e.value, str)
    ]


def raised() -> Iterator[tuple[str, set[str], bool]]:
    """Every (key, facts, are there others) that the code raises or refuses a file with."""
    for tree in parse_code():
        for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.args):
            name = (
                call.func.id
                if isinstance(call.func, ast.Name)
                else getattr(call.func, "attr", "")
            )
            facts, more = (
                {k.arg for k in call.keywords if k.arg},
                any(k.arg is None for k in call.keywords),
            )
            for word in (
                words_of(call.args[0]) if name in FAMILY | {"FileRefused"} else ()
            ):
                yield f"source.{word}" if name == "FileRefused" else word, facts, more


@cache
def list_raised() -> list[tuple[str, set[str], bool]]:
    """The same in order."""
    return sorted(raised(), key=str)


def test_every_language_has_the_same_keys() -> None:
    assert set(LANGUAGES) >= {"en", "zh"}
    assert {
        language: set(load_labels(language)) ^ set(load_labels("zh"))
        for language in LANGUAGES
    } == {name: set() for name in LANGUAGES}


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "zh"])
def test_every_language_has_the_same_places(language: str) -> None:
    assert {k: places(str(t)) for k, t in load_labels(language).items()} == {
        k: places(str(t)) for k, t in load_labels("zh").items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_are_in_order_and_texts_are_there(language: str) -> None:
    assert list(load_labels(language)) == sorted(load_labels(language))
    assert all(
        isinstance(text, str) and text.strip()
        for text in load_labels(language).values()
    )


def test_chinese_texts_are_chinese() -> None:
    assert [
        k
        for k, text in load_labels("zh").items()
        if not re.search("[\u4e00-\u9fff\u3001-\u3002\uff00-\uffef…]", text)
    ] == []


def test_the_scan_finds_what_is_raised() -> None:
    assert (
        len({key for key, _, _ in list_raised()}) > 60
        and ("room.unknown", {"room", "rooms"}, False) in list_raised()
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_raised_has_its_text_and_facts(language: str) -> None:
    texts = load_labels(language)
    untold = {key for key, _, _ in list_raised() if f"error.{key}" not in texts}
    assert sorted(untold) == []
    short = {
        key: places(texts[f"error.{key}"]) - facts
        for key, facts, more in list_raised()
        if not more
    }
    assert {key: lacking for key, lacking in short.items() if lacking} == {}


def test_every_error_text_is_of_an_error_that_is_raised() -> None:
    nodes = [
        n
        for tree in parse_code()
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant)
    ]
    words = {n.value for n in nodes if isinstance(n.value, str)}
    said = {f"error.{word}" for word in words} | {
        f"error.source.{word}" for word in words
    }
    assert [
        key for key in load_labels("zh") if key.startswith("error.") and key not in said
    ] == []


def test_what_the_lists_say_has_a_text() -> None:
    wanted = {f"purpose.{spec.meta['purpose']}" for spec in load_lists()} | {
        f"outcome.{code}" for code in OUTCOMES
    }
    for spec in load_lists():
        wanted |= {
            f"reason.{code}"
            for code in re.findall(r"'([a-z0-9_]+)' AS reason_code", spec.sql)
        }
    assert wanted <= set(load_labels("zh")) and {
        "reason.past_due_over_90",
        "reason.newly_qualified",
    } <= set(load_labels("zh"))


def test_a_text_is_filled_and_a_missing_fact_is_seen() -> None:
    assert (
        fill_label("en", "error.month.bad", value="x")
        == "'x' is not a month. Write it as YYYY-MM, for example 2026-10."
    )
    assert (
        "'?'" in fill_label("en", "error.month.bad")
        and fill_label("en", "no.such", a=1) == "no.such, a=1"
    )
    assert "kitchen" in describe_error(
        "zh", UsageError("room.unknown", room="kitchen", rooms="a, b")
    )


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LANG": "en_GB"}, "en"), ({"LC_ALL": "en_US", "LANG": "zh_CN"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"), ({"LANG": "de_DE"}, "en"), ({}, "zh"),
    ],
)  # fmt: skip
def test_the_shell_s_language(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert find_local_language() == language


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("absent: receivable", "missing: receivable"),
        ("absent: a; absent: b.c (2026-07)", "missing: a; missing: b.c (2026-07)"),
        (
            "complaints unknown: absent: trouble_ticket",
            "complaints unknown (missing: trouble_ticket)",
        ),
        ("not held: 2026-07", "month not held: 2026-07"),
        ("small_denominator", "small denominator, not ranked"),
        ("usage.overlap", "usage.overlap"),
        (None, ""),
    ],
)
def test_reasons_in_words(code: str | None, words: str) -> None:
    assert say_reasons("en", code) == words


def said_of_the_twin() -> set[str]:
    """Every reason the synthetic operator's newest month gives, taken apart."""
    version = twin_operator().version
    rows = [
        *read(version, "kpi_monthly"),
        *read(version, "dispatch_list"),
        *read(version, "dispatch_why_not"),
    ]
    return {part for row in rows for part in (row["reason"] or "").split("; ") if part}


@pytest.mark.parametrize(
    "code", ["months held: 3 of 12", "no month held before: 2026-06"]
)
def test_reasons_that_are_whole_sentences_are_put_into_words(code: str) -> None:
    assert not re.search("months? ", say_reasons("zh", code))


def test_months_held_are_counted_in_the_words_of_the_language() -> None:
    assert say_reasons("en", "months held: 8 of 12") == "8 of 12 months held"
    assert say_reasons("zh", "months held: 8 of 12") == "持有 12 个月中的 8 个月"


def test_every_reason_given_is_put_into_words() -> None:
    plain = {code for code in said_of_the_twin() if say_reasons("zh", code) == code}
    assert (
        said_of_the_twin()
        and {code for code in plain if code.split(".")[0] not in load_contract()}
        == set()
    )

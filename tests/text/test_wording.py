"""A third language: one file in `locales/`, and the words of SQL files and checks in English there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.catalogue.expectations import load_suites
from pipelines.catalogue.outputs import load_kpis, load_lists
from pipelines.core.month import Month
from pipelines.core.paths import ROOT
from pipelines.core.yaml_files import Wording, mark_wordings

MONTH = "2026-05"
CODE = ("pipelines", "console", "models", "twin", "sql", "expectations", "locales")
LEFT = shutil.ignore_patterns("__pycache__", "*.pyc")


def test_a_text_is_english_where_nobody_wrote_it() -> None:
    read = mark_wordings({"title": {"zh": "甲", "en": "A"}, "by": ["x"], "zh": "单"})
    assert (read["title"]["zh"], read["title"]["fr"]) == ("甲", "A")
    assert not isinstance(read, Wording), "English is not there: no text in languages"
    with pytest.raises(KeyError):
        read["fr"]


def test_what_files_say_has_words_in_any_language() -> None:
    assert all(kpi.meta["title"]["fr"] for kpi in load_kpis())
    assert all(spec.title("fr") == spec.title("en") for spec in load_lists())
    rules = [rule for suite in load_suites(Month(2026, 5)).values() for rule in suite]
    titled = [rule.meta["title"] for rule in rules if "title" in rule.meta]
    assert len(titled) > 50 and all(one["fr"] == one["en"] for one in titled)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program that has one language more."""
    folder = tmp_path_factory.mktemp("checkout")
    for part in CODE:
        shutil.copytree(ROOT / part, folder / part, ignore=LEFT)
    shutil.copy(ROOT / "pyproject.toml", folder)
    english = (ROOT / "locales" / "en.yml").read_text(encoding="utf-8")
    french = english.replace("coverage.line: '", "coverage.line: 'Au total ")
    assert french != english
    (folder / "locales" / "fr.yml").write_text(french, encoding="utf-8")
    return folder


def run_in(checkout: Path, *words: str) -> str:
    """Run a command of the copy; return what it says, having ended with 0 or 12."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", *words],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 12), done.stdout + done.stderr
    return done.stdout


def test_a_month_in_a_third_language_needs_no_other_file(checkout: Path) -> None:
    run_in(checkout, "twin", "--services", "100", "--months", "1", "--seed", "1", "--through", MONTH, "--out", "twin_files")  # fmt: skip
    told = run_in(checkout, "run", MONTH, "--source", "twin_files", "--lang", "fr")
    assert "Au total" in told
    assert "Arrears rate" in run_in(checkout, "kpi", MONTH, "--lang", "fr")
    assert "Arrears" in run_in(checkout, "lists", MONTH, "--lang", "fr")
    run_in(checkout, "status", MONTH, "--lang", "fr")
    run_in(checkout, "export", MONTH, "--out", "out", "--lang", "fr")
    assert (checkout / "out").is_dir()
    outbox = checkout / "home" / "months" / MONTH / "v0001" / "outbox"
    assert {page.name for page in outbox.glob("*.fr.html")} == {
        "dictionary.fr.html", "quality.fr.html", "summary.fr.html",
    }  # fmt: skip

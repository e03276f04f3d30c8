"""Refused tables at the command line: 12 for an optional one, 13 for a required one, with the message and what next."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import cli
from pipelines.text.texts import LANGUAGES, fill_label
from tests.bad_inputs import container, values
from tests.bad_inputs.month import MONTH, Planting
from tests.support.small import KEY


def retention(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Call the command line; return its exit code."""
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    monkeypatch.setattr("sys.argv", ["retention", *words])
    try:
        cli.main()
    except SystemExit as end:
        return int(str(end.code))
    return 0


@pytest.fixture
def run(tmp_path: Path) -> list[str]:
    """The words of a run of a month with an empty file of an optional table."""
    month = Planting()
    container.empty_csv(month, container.NAMES)
    return [
        str(MONTH),
        "--source",
        str(month.write(tmp_path / "source")),
        "--home",
        str(tmp_path / "home"),
    ]


def test_an_optional_table_ends_with_12(
    run: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retention(monkeypatch, "run", *run, "--lang", "en") == 12
    assert "retention status 2026-08" in capsys.readouterr().err
    for language in LANGUAGES:
        assert (
            retention(monkeypatch, "status", str(MONTH), *run[3:], "--lang", language)
            == 0
        )
        assert (
            fill_label(language, "error.source.empty_file", file="account_manager.csv")
            in capsys.readouterr().out
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_required_table_ends_with_13(
    language: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    month = Planting()
    values.bills_of_two_months(month, "bill")
    where = [
        "--source",
        str(month.write(tmp_path / "source")),
        "--home",
        str(tmp_path / "home"),
    ]
    assert retention(monkeypatch, "run", str(MONTH), *where, "--lang", language) == 13
    said = capsys.readouterr().err
    assert "bill" in said and "2026-08" in said and "Traceback" not in said

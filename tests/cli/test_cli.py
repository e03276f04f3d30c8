"""The command line: every command helps, answers in two languages or as JSON, and ends with its exit code."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.store.lake import MonthFolder
from tests.cli.conftest import Retention
from tests.support.small import MONTH, Town

pytestmark = pytest.mark.filterwarnings("ignore:'get_text_stream':DeprecationWarning")
COMMANDS = [
    "run",
    "status",
    "show",
    "kpi",
    "lists",
    "export",
    "twin",
    "why",
    "figure",
    "daily",
    "doctor",
    "plan",
]
COMMANDS += ["backup", "restore", "tidy", "due", "metrics", "lineage", "deliver"]


# -- a number opened ----------------------------------------------------------------------------------------------


def test_a_figure_tells_what_it_means_and_writes_its_rows(
    retention: Retention, made: Path, tmp_path: Path
) -> None:
    asked = (
        "figure",
        "unclaimed_rate:branch:B1",
        "2026-08",
        "--home",
        made / "home",
        "--lang",
    )
    told = retention(*asked, "en")
    assert (
        told.code == 0
        and "unclaimed_rate.customers" in told.out
        and "= 1 ÷ 3" in told.out
    )
    assert "未认领率" in retention(*asked, "zh").out
    content = json.loads(retention(*asked, "en", "--json").out)
    assert content["row_count"] == 3 and content["definition"]["version"] == 1
    # What makes it big comes first: nobody claims cat.
    assert [row["customer_id"] for row in content["rows"]] == ["cat", "=bob", "ann"]
    assert retention(*asked, "en", "--out", tmp_path / "rows.csv").code == 0
    rows = list(
        csv.reader((tmp_path / "rows.csv").read_text(encoding="utf-8-sig").splitlines())
    )
    assert (
        rows[0] == ["customer_id", "part", "numerator", "denominator"]
        and rows[1][0] == "'=bob"
    )
    assert retention("figure", "nothing", "2026-08", "--home", made / "home").code == 2


# -- help and usage ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps(retention: Retention, command: str) -> None:
    answer = retention(command, "--help")
    assert (
        answer.code == 0
        and "--home" in answer.out
        and "--lang" in answer.out
        and "--json" in answer.out
    )


def test_the_help_names_every_command(retention: Retention) -> None:
    answer = retention("--help")
    assert answer.code == 0 and all(command in answer.out for command in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        ("status", "2026-13"), ("status", "2026-8"), ("status", "--lang", "fr"), ("run", "2026-08"), ("kpi", "2030-01"),
        ("run", "2026-08", "--engine", "abacus"), ("show", "kpi_monthly", "2030-01"), ("run", "2030-01", "--release"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_wrong_call_ends_with_2(retention: Retention, words: tuple[str, ...]) -> None:
    answer = retention(*words)
    assert answer.code == 2 and answer.err.strip()


@pytest.mark.parametrize(
    "words",
    [
        ("fly",),
        ("run",),
        ("show", "kpi_monthly"),
        ("kpi", "2026-08", "--bad"),
        ("export", "2026-08"),
    ],
    ids=" ".join,
)
def test_words_the_parser_does_not_know_end_with_2(
    retention: Retention, words: tuple[str, ...]
) -> None:
    answer = retention(*words)
    assert answer.code == 2 and answer.err.strip()


@pytest.mark.parametrize(
    "words", [("--services", "5"), ("--services", "300", "--months", "0")], ids=" ".join
)
def test_a_twin_out_of_range_ends_with_2(
    retention: Retention, words: tuple[str, ...]
) -> None:
    rest = {"--services": "300", "--months": "1", "--seed": "1", "--out": "twin"}
    rest |= dict(zip(words[::2], words[1::2], strict=True))
    assert retention("twin", *(w for pair in rest.items() for w in pair)).code == 2


# -- running -----------------------------------------------------------------------------------------------------


def test_a_run_ends_with_0_and_says_where(retention: Retention, copied: Path) -> None:
    answer = retention("run", MONTH, "--source", "source")
    assert (
        (answer.code, answer.err) == (0, "")
        and "2026-08" in answer.out
        and "v0001" in answer.out
    )


def test_a_run_as_json(retention: Retention, copied: Path) -> None:
    answer = retention("run", MONTH, "--source", "source", "--json")
    content = json.loads(answer.out)
    assert (content["month"], content["version"], content["released"]) == (
        "2026-08",
        1,
        False,
    )
    assert (
        content["not_computed"]["card_issue"] == "absent: vip_card"
        and content["withheld"] == {}
    )


def test_a_release_seals_and_a_later_one_only_reads(
    retention: Retention, copied: Path
) -> None:
    assert (
        retention("run", MONTH, "--release").code == 0
        and MonthFolder(copied / "home", MONTH).read_seal()
    )
    again = retention("run", MONTH, "--source", "source", "--release", "--json")
    assert again.code == 0 and json.loads(again.out)["released"]


def test_a_sealed_month_and_another_source_end_with_15(
    retention: Retention, copied: Path
) -> None:
    retention("run", MONTH, "--release")
    Town().person("zoe").write(copied / "source")
    answer = retention("run", MONTH, "--source", "source")
    assert answer.code == 15 and "retention restate 2026-08" in answer.err


def test_a_busy_month_ends_with_16(retention: Retention, copied: Path) -> None:
    with MonthFolder(copied / "home", MONTH).lock():
        assert retention("run", MONTH, "--source", "source").code == 16


@pytest.mark.parametrize(
    ("change", "code"),
    [(Town.without, 11), (Town.header_only, 13)],
    ids=["absent", "empty"],
)
def test_a_required_table_that_is_not_there(
    retention: Retention, tmp_path: Path, change: Callable[[Town, str], Town], code: int
) -> None:
    change(Town().person("ann"), "bill").write(tmp_path / "source")
    answer = retention("run", MONTH, "--source", "source")
    assert answer.code == code and "bill" in answer.err


def test_a_month_that_is_not_delivered_ends_with_11(
    retention: Retention, copied: Path
) -> None:
    answer = retention("run", "2026-09", "--source", "source")
    assert answer.code == 11 and "2026-09" in answer.err


def test_a_refused_table_ends_with_12_and_the_rest_is_done(
    retention: Retention, tmp_path: Path
) -> None:
    Town().person("ann").drop_column("usage", "data_mb").write(tmp_path / "source")
    answer = retention("run", MONTH, "--source", "source", "--json")
    assert answer.code == 12 and json.loads(answer.err)["error"] == "run.held_back"
    assert (
        list(json.loads(answer.out)["refused_tables"]) == ["usage"]
        and MonthFolder(tmp_path / "home", MONTH).current()
    )


def test_a_bad_setting_ends_with_10(
    retention: Retention, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETENTION_HOLDOUT_SHARE", "2")
    answer = retention("run", MONTH, "--source", "source")
    assert answer.code == 10 and "RETENTION_HOLDOUT_SHARE" in answer.err


def test_room_after_room(retention: Retention, tmp_path: Path) -> None:
    Town().person("ann").write(tmp_path / "source")
    assert retention("run", MONTH, "--source", "source", "--only", "extract").code == 0
    answer = retention("run", MONTH, "--source", "source", "--only", "kpi")
    assert answer.code == 2 and "snapshot" in answer.err
    assert retention("run", MONTH, "--source", "source", "--only", "kitchen").code == 2
    answer = retention("status", MONTH, "--json")
    assert (
        json.loads(answer.out)["draft_rooms"] == ["extract"]
        and json.loads(answer.out)["current"] is None
    )


# -- languages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "word"), [("zh", "2030-01"), ("en", "is not held")])
def test_failures_speak_the_language_asked_for(
    retention: Retention, lang: str, word: str
) -> None:
    answer = retention("kpi", "2030-01", "--lang", lang)
    assert (
        answer.code == 2
        and word in answer.err
        and (lang == "en") == ("Month" in answer.err)
    )


def test_the_shell_s_language_is_the_default(
    retention: Retention, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    english = retention("lists", MONTH).out
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    chinese = retention("lists", MONTH).out
    assert "Arrears" in english and "欠费" in chinese and "Arrears" not in chinese


def test_a_failure_as_json_is_json_on_stderr(retention: Retention) -> None:
    answer = retention("status", "2030-01", "--json")
    error = json.loads(answer.err)
    assert (answer.code, answer.out, error["error"], error["facts"]) == (
        2,
        "",
        "month.not_held",
        {"month": "2030-01"},
    )

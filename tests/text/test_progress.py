"""How far work is: step k of n in words on stderr, or JSON lines; how a run ended is told, and a stop by hand has a code."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import pytest

from pipelines import ROOMS
from pipelines.core.errors import Interrupted, SourceNotReady
from pipelines.jobs.daily import STEPS as DAY_STEPS
from pipelines.jobs.restate import STEPS as RESTATE_STEPS
from pipelines.jobs.training.churn import STEPS as TRAIN_STEPS
from pipelines.jobs.verify import STEPS as VERIFY_STEPS
from pipelines.text import progress
from pipelines.text.progress import report_to_task_log, show_steps
from pipelines.text.texts import LANGUAGES, load_labels

EXPORT_STEPS = ("export_lists", "export_pay", "export_documents")
TWIN_STEPS = ("twin_again", "twin_answer")


@pytest.fixture
def as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION_LOG_FORMAT", "json")


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("as_json")
def test_each_step_each_table_and_the_end_are_a_line_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with show_steps(ROOMS, "2026-08", is_quiet=True) as report:
        report("snapshot")
        report("snapshot_bill")
        report("train_fit")
    out, err = capsys.readouterr()
    begun, first, second, last = lines(err)
    assert (
        out == ""
        and datetime.fromisoformat(str(first.pop("ts"))).utcoffset() is not None
    )
    assert (begun["key"], begun["begun"], begun["number"], begun["total"]) == (
        "begun",
        "snapshot",
        2,
        9,
    )
    assert first == {
        "level": "info", "key": "step", "month": "2026-08", "room": "snapshot", "table": "snapshot_bill", "count": 1,
    }  # fmt: skip
    assert (
        "room" not in second
        and (last["key"], last["count"]) == ("done", 2)
        and float(str(last["seconds"])) >= 0
    )


@pytest.mark.usefixtures("as_json")
def test_a_failure_is_named_without_its_facts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SourceNotReady), show_steps(ROOMS, "2026-08"):
        raise SourceNotReady("source.unreadable", file="13812345678.csv", error="gone")
    (line,) = lines(capsys.readouterr().err)
    assert (line["level"], line["error"], line["exit_code"]) == (
        "error",
        "source.unreadable",
        11,
    )
    assert "13812345678" not in str(line)


@pytest.mark.usefixtures("as_json")
def test_a_failure_nobody_knows_is_named_by_its_kind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyError), show_steps(ROOMS, "2026-08"):
        raise KeyError("13812345678")
    (line,) = lines(capsys.readouterr().err)
    assert (
        line["error"] == "KeyError"
        and "exit_code" not in line
        and "138" not in str(line)
    )


def test_a_task_tells_names_or_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report_to_task_log("2026-11-05")("daily_order")
    assert capsys.readouterr().out == "daily_order\n"
    monkeypatch.setenv("RETENTION_LOG_FORMAT", "json")
    report_to_task_log("2026-11-05")("daily_order")
    (line,) = lines(capsys.readouterr().out)
    assert (line["day"], line["table"]) == (
        "2026-11-05",
        "daily_order",
    ) and "month" not in line


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "第 3/9 步 校验 …\n"), ("en", "Step 3 of 9: validating …\n")],
)
def test_off_a_terminal_a_step_is_a_line_in_words_and_a_table_is_none(
    capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    with show_steps(ROOMS, "2026-08", language) as report:
        report("validate")
        report("validate_bill")
    assert capsys.readouterr() == ("", said)


def test_where_a_program_listens_nothing_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with show_steps(ROOMS, "2026-08", is_quiet=True) as report:
        report("validate")
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_a_bar_names_the_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    with show_steps(ROOMS, "2026-08", "zh") as report:
        report("kpi")
        report("kpi_arpu")
    out, err = capsys.readouterr()
    assert out == "" and "第 8/9 步 计算指标 …" in err and "arpu" not in err


@pytest.mark.parametrize(
    ("can_go_on", "key"),
    [(True, "interrupted.kept"), (False, "interrupted.nothing_kept")],
)
def test_a_stop_by_hand_says_what_is_kept(can_go_on: bool, key: str) -> None:
    with pytest.raises(Interrupted) as caught, show_steps(ROOMS, can_go_on=can_go_on):
        raise KeyboardInterrupt
    assert (caught.value.key, caught.value.exit_code) == (key, 130)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_of_every_command_has_words(language: str) -> None:
    steps = {
        *ROOMS,
        *VERIFY_STEPS,
        *RESTATE_STEPS,
        *TRAIN_STEPS,
        *DAY_STEPS,
        *EXPORT_STEPS,
        *TWIN_STEPS,
    }
    words = load_labels(language)
    assert [step for step in sorted(steps) if f"step.{step}" not in words] == []

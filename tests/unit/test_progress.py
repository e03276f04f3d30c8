"""A run's progress as JSON lines: every line one object with its month, room and count; how a run ended is told."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from pipelines.core.errors import SourceNotReady
from pipelines.words.progress import month_progress, task_progress


@pytest.fixture
def as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION_LOG_FORMAT", "json")


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("as_json")
def test_each_step_and_the_end_are_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with month_progress("2026-08", enabled=False) as report:
        report("snapshot_bill")
        report("train_fit")
    out, err = capsys.readouterr()
    first, second, last = lines(err)
    assert out == "" and datetime.fromisoformat(str(first.pop("ts"))).utcoffset() is not None
    assert first == {
        "level": "info", "key": "step", "month": "2026-08", "room": "snapshot", "table": "snapshot_bill", "count": 1,
    }  # fmt: skip
    assert "room" not in second and (last["key"], last["count"]) == ("done", 2) and float(str(last["seconds"])) >= 0


@pytest.mark.usefixtures("as_json")
def test_a_failure_is_named_without_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceNotReady), month_progress("2026-08"):
        raise SourceNotReady("source.unreadable", file="13812345678.csv", error="gone")
    (line,) = lines(capsys.readouterr().err)
    assert (line["level"], line["error"], line["exit_code"]) == ("error", "source.unreadable", 11)
    assert "13812345678" not in str(line)


@pytest.mark.usefixtures("as_json")
def test_a_failure_nobody_knows_is_named_by_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), month_progress("2026-08"):
        raise KeyError("13812345678")
    (line,) = lines(capsys.readouterr().err)
    assert line["error"] == "KeyError" and "exit_code" not in line and "138" not in str(line)


def test_a_task_tells_names_or_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    task_progress("2026-11-05")("daily_order")
    assert capsys.readouterr().out == "daily_order\n"
    monkeypatch.setenv("RETENTION_LOG_FORMAT", "json")
    task_progress("2026-11-05")("daily_order")
    (line,) = lines(capsys.readouterr().out)
    assert (line["day"], line["table"]) == ("2026-11-05", "daily_order") and "month" not in line


def test_as_text_nothing_is_told_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with month_progress("2026-08") as report:
        report("snapshot_bill")
    assert capsys.readouterr() == ("", "")

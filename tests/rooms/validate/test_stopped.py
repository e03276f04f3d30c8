"""A month that is stopped, or holds outputs back, says by what, shows it, and names commands that work."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from pipelines import cli
from pipelines.documents.month_view import read_output_states, summarise_outcome
from pipelines.jobs.run import run_month
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import LANGUAGES, fill_label
from tests.support.small import KEY, MONTH, Town, read, ungated_job

PHONE = "13812345678"
RULE = "service.column_values_to_not_be_null:status"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)


def retention(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Call the command line; return its exit code."""
    monkeypatch.setattr("sys.argv", ["retention", *map(str, words)])
    try:
        cli.main()
    except SystemExit as end:
        return int(str(end.code or 0))
    return 0


def town_of(count: int = 40) -> Town:
    town = Town()
    for number in range(count):
        town.person(f"c{number:03d}", name="张三丰", phone=PHONE)
    return town


def cells_of(path: Path, sheet: int = 0) -> list[list[Any]]:
    found: list[list[Any]] = (
        CalamineWorkbook.from_path(str(path)).get_sheet_by_index(sheet).to_python()
    )
    return found


def commands_in(text: str) -> list[list[str]]:
    """The commands of ours that a message names."""
    named = re.findall(
        r"retention ((?:show|quarantine|status|waive|run)[^;,()（）。、\n]*)", text
    )
    return [shlex.split(command) for command in named]


def run(
    monkeypatch: pytest.MonkeyPatch, folder: Path, town: Town, language: str = "en"
) -> int:
    source = town.write(folder / "source")
    where = ["--source", source, "--home", folder / "home", "--lang", language]
    return retention(monkeypatch, "run", MONTH, *where)


# -- 13 ----------------------------------------------------------------------------------------------------------


def spoil_all(town: Town) -> None:
    for row in town.tables["service"]:
        row["status"] = "双停"


def spoil_months(town: Town) -> None:
    town.tables["bill"][3]["bill_month"] = "2026-07"


STOPS = {
    "all_set_aside": (spoil_all, ["service.csv", "双停", "suspended_arrears", "40"]),
    "empty": (lambda town: town.header_only("bill"), ["bill"]),
    "refused": (
        lambda town: town.drop_column("bill", "due_on"),
        ["bill.csv", "due_on"],
    ),
    "another_month": (spoil_months, ["bill.csv", "2026-07", "5"]),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", STOPS)
def test_what_stops_a_month_is_said_with_an_example_and_commands_that_work(
    name: str,
    language: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change, said = STOPS[name]
    town = town_of()
    change(town)
    assert run(monkeypatch, tmp_path, town, language) == 13
    message = capsys.readouterr().err
    assert [word for word in said if word not in message] == [] and PHONE not in message
    monkeypatch.chdir(tmp_path)
    for command in commands_in(message):
        assert retention(monkeypatch, *command, "--home", tmp_path / "home") == 0, (
            command
        )
    assert (
        retention(
            monkeypatch,
            "show",
            "snapshot_intake",
            MONTH,
            "--draft",
            "--home",
            tmp_path / "home",
        )
        == 0
    )
    assert (
        retention(
            monkeypatch,
            "status",
            MONTH,
            "--home",
            tmp_path / "home",
            "--lang",
            language,
        )
        == 0
    )
    assert (
        fill_label(language, "cli.draft_stopped", month=MONTH)
        in capsys.readouterr().out
    )


def test_the_rows_of_a_stopped_run_go_back_and_a_corrected_one_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home, out = tmp_path / "home", tmp_path / "rows.xlsx"
    town = town_of()
    spoil_all(town)
    assert run(monkeypatch, tmp_path, town) == 13
    assert (
        retention(
            monkeypatch,
            "quarantine",
            MONTH,
            "--out",
            out,
            "--home",
            home,
            "--lang",
            "zh",
        )
        == 0
    )
    assert fill_label("zh", "cli.of_a_draft", month=MONTH) in capsys.readouterr().out
    head, *rows = cells_of(out)
    assert len(rows) == 40 and head[:3] == [
        fill_label("zh", f"quarantine.{name}") for name in ("line", "column", "value")
    ]
    assert rows[0][:4] == [2.0, "status", "双停", fill_label("zh", "rule.not_a_enum")]
    assert MonthFolder(home, MONTH).current() is None
    version = run_month(ungated_job(home, town_of().write(tmp_path / "source")))
    assert (
        "stopped" not in version.manifest and read(version, "snapshot_quarantine") == []
    )
    assert (
        retention(
            monkeypatch,
            "quarantine",
            MONTH,
            "--out",
            out,
            "--home",
            home,
            "--lang",
            "en",
        )
        == 0
    )
    assert (
        fill_label("en", "cli.nothing_quarantined", month=MONTH)
        in capsys.readouterr().out
    )


def test_the_same_delivery_is_stopped_again_and_its_rooms_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = town_of(3)
    spoil_all(town)
    for _ in range(2):
        assert run(monkeypatch, tmp_path, town) == 13
        draft = MonthFolder(tmp_path / "home", MONTH).draft()
        assert draft.rooms == ["extract"] and not any(
            name.startswith("snapshot_") for name in draft.finished
        )
        assert draft.stopped_room is not None and draft.is_computed(
            "snapshot_quarantine"
        )


# -- people ------------------------------------------------------------------------------------------------------


def test_people_are_masked_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    town = town_of(3)
    town.tables["customer"][0]["vip_tier"] = "platinum"
    run_month(ungated_job(home, town.write(tmp_path / "source")))
    for extra, is_there in (((), False), (("--unmasked",), True)):
        out = tmp_path / f"rows{len(extra)}.xlsx"
        assert (
            retention(
                monkeypatch,
                "quarantine",
                MONTH,
                "--out",
                out,
                "--home",
                home,
                "--lang",
                "en",
                *extra,
            )
            == 0
        )
        tabs = CalamineWorkbook.from_path(str(out)).sheet_names
        cells = {
            cell
            for number in range(len(tabs))
            for line in cells_of(out, number)
            for cell in line
        }
        assert (
            ({PHONE, "张三丰"} <= cells) == is_there
            and "platinum" in cells
            and out.stat().st_mode & 0o077 == 0
        )
        assert ("names and numbers" in capsys.readouterr().err) == is_there


def test_rows_go_back_as_a_workbook_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    town = town_of(2)
    town.tables["customer"][0]["vip_tier"] = "platinum"
    run_month(ungated_job(home, town.write(tmp_path / "source")))
    assert (
        retention(
            monkeypatch,
            "quarantine",
            MONTH,
            "--out",
            tmp_path / "rows.csv",
            "--home",
            home,
        )
        == 2
    )
    assert (
        retention(
            monkeypatch,
            "quarantine",
            "2026-07",
            "--out",
            tmp_path / "rows.xlsx",
            "--home",
            home,
        )
        == 2
    )


# -- one state on all surfaces -----------------------------------------------------------------------------------


def a_month_held_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A month with outputs withheld, with a caveat, and not computed."""
    town = town_of()
    town.tables["service"][3]["status"] = "双停"
    town.tables["usage"][4]["data_mb"] = "-5"
    assert run(monkeypatch, folder, town) == 12
    return folder / "home"


def test_a_finding_shows_its_values_first_and_both_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = a_month_held_back(tmp_path, monkeypatch)
    version = MonthFolder(home, MONTH).version()
    seen = capsys.readouterr().out
    assert retention(monkeypatch, "status", MONTH, "--home", home, "--lang", "en") == 0
    status = capsys.readouterr().out
    page = (version.path / "outbox" / "quality.en.html").read_text(encoding="utf-8")
    for surface in (seen, status, page):
        about = surface[surface.index(RULE) :]
        places = [
            about.index(word)
            for word in ("双停", "active, suspended_arrears", "retention waive")
        ]
        assert places == sorted(places)
    failed = read(version, "validate_result", success=False)
    for row in failed:
        assert (
            row["severity"] == "info"
            or f"retention waive {row['finding']}" in status + page
        )
    waive = next(
        command for command in commands_in(status) if command[:2] == ["waive", RULE]
    )
    assert retention(monkeypatch, *waive, "--home", home) == 0


def test_every_surface_says_the_same_of_every_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = a_month_held_back(tmp_path, monkeypatch)
    version = MonthFolder(home, MONTH).version()
    states = read_output_states(version)
    counts = Counter(state.status for state in states)
    assert min(counts["withheld"], counts["caveat"], counts["not_computed"]) > 0

    told = summarise_outcome(version)
    assert {s: set(told[s]) for s in ("withheld", "caveat", "not_computed")} == {
        status: {state.name for state in states if state.status == status}
        for status in ("withheld", "caveat", "not_computed")
    }
    capsys.readouterr()
    assert retention(monkeypatch, "status", "--home", home, "--lang", "en") == 0
    (line,) = [
        text for text in capsys.readouterr().out.splitlines() if str(MONTH) in text
    ]
    figures = [int(cell) for cell in re.findall(r"\d+", line.replace(str(MONTH), ""))]
    assert figures[-4:-1] == [
        counts["withheld"],
        counts["caveat"],
        counts["not_computed"],
    ]

    page = (version.path / "outbox" / "quality.en.html").read_text(encoding="utf-8")
    facts = {
        "withheld": counts["withheld"],
        "caveats": counts["caveat"],
        "not_computed": counts["not_computed"],
    }
    parts = sum(
        state.status == "released" and state.parts_status is not None
        for state in states
    )
    assert (
        fill_label("en", "quality.held_counted", **facts, all=len(states), parts=parts)
        in page
    )

    assert retention(monkeypatch, "kpi", MONTH, "--home", home, "--json") == 0
    assert capsys.readouterr().out.count('"scope_kind": "company"') == sum(
        s.kind == "kpi" for s in states
    )

    assert (
        retention(
            monkeypatch,
            "export",
            MONTH,
            "--out",
            tmp_path / "out",
            "--home",
            home,
            "--lang",
            "en",
        )
        == 0
    )
    book = CalamineWorkbook.from_path(str(tmp_path / "out" / f"{MONTH}_company.xlsx"))
    cells = [
        line
        for line in book.get_sheet_by_name(
            fill_label("en", "sheet.withheld")
        ).to_python()
        if line
    ]
    words = {fill_label("en", f"status.{status}"): status for status in counts}
    held = Counter(
        words[str(cell)] for line in cells for cell in line if str(cell) in words
    )
    assert held == {status: n for status, n in counts.items() if status != "released"}

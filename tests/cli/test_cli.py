"""The command line: every command helps, answers in two languages or as JSON, and ends with its exit code."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from pipelines import cli
from pipelines.documents.table_files import TABLE_ALIASES
from pipelines.store.lake import MonthFolder
from tests.support.small import KEY, MONTH, Town, row, run_town, write_csv

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


class Answer(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Retention = Callable[..., Answer]


@pytest.fixture
def retention(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Retention:
    """Run `retention` with those words, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    monkeypatch.setenv("RETENTION_THREADS", "1")
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["retention", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source and a home; names begin like formulas."""
    folder = tmp_path_factory.mktemp("cli")
    town = (
        Town()
        .person("ann", name="=HYPERLINK(1)")
        .person("=bob", calls=0, name="+博")
        .person("cat", manager=None)
    )
    run_town(folder / "home", town.owe("ann"), folder / "source")
    return folder


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


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
    assert [row["customer_id"] for row in content["rows"]] == ["=bob", "ann", "cat"]
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


# -- looking -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["status", "kpi", "lists"])
def test_looking_draws_or_prints_json(
    retention: Retention, copied: Path, command: str
) -> None:
    drawn, printed = retention(command, MONTH), retention(command, MONTH, "--json")
    assert drawn.code == printed.code == 0 and len(drawn.out.splitlines()) > 5
    assert json.loads(printed.out)


def test_drawing_uses_nothing_that_will_go(retention: Retention, copied: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert retention("lists", MONTH).code == 0


def test_status_without_a_month_lists_what_is_held(
    retention: Retention, copied: Path
) -> None:
    (row,) = json.loads(retention("status", "--json").out)
    assert (row["month"], row["version"], row["is_sealed"], row["withheld"]) == (
        "2026-08",
        1,
        False,
        0,
    )
    assert "2026-08" in retention("status").out
    assert retention("status", "--home", "elsewhere").code == 0


def test_status_names_the_deadlines_and_how_they_stand(
    retention: Retention, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pipelines.cli.commands.month.local_today", lambda: date(2026, 9, 8)
    )
    content = json.loads(retention("status", MONTH, "--json").out)
    assert [
        (row["due_on"], row["name"], row["state"]) for row in content["deadlines"]
    ] == [
        ("2026-09-03", "dispatch", "overdue"),
        ("2026-09-04", "appraisal", "overdue"),
        ("2026-09-04", "unclaimed", "overdue"),
        ("2026-09-10", "new_high_value", "due"),
        ("2026-09-11", "quality_analysis", "due"),
        ("2026-09-11", "service_bulletin", "by_hand"),
    ]
    said = retention("status", MONTH, "--lang", "en").out
    assert (
        "2026-09-04  overdue  monthly appraisal: results  report_pay: missing: appraisal_input"
        in said
    )
    assert (
        "2026-09-10  待办  新增高端分配、发卡"
        in retention("status", MONTH, "--lang", "zh").out
    )
    assert content["has_development_key"] is False


@pytest.mark.parametrize(
    "table",
    [
        "kpi_monthly",
        "dispatch_order",
        "dispatch_why_not",
        "quarantine",
        "validate_result",
        "snapshot_customer",
    ],
)
def test_tables_are_shown(retention: Retention, copied: Path, table: str) -> None:
    answer = retention("show", table, MONTH, "--json")
    rows = [json.loads(line) for line in answer.out.splitlines()]
    held = (
        MonthFolder(copied / "home", MONTH)
        .version()
        .table(TABLE_ALIASES.get(table, table))
    )
    assert answer.code == 0 and len(rows) == pq.ParquetFile(held).metadata.num_rows
    assert retention("show", table, MONTH).code == 0


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("score_churn", "no champion model"),
        ("nothing", "nothing"),
        ("dispatch_list", ""),
    ],
)
def test_a_table_that_is_not_computed_says_why(
    retention: Retention, copied: Path, table: str, why: str
) -> None:
    answer = retention("show", table, MONTH)
    assert (answer.code, why in answer.err) == (2 if why else 0, True)


def test_another_version_is_shown_on_demand(retention: Retention, copied: Path) -> None:
    assert retention("show", "kpi_monthly", MONTH, "--version", 1).code == 0
    assert retention("show", "kpi_monthly", MONTH, "--version", 2).code == 2


def test_a_table_goes_to_a_file_of_each_kind(
    retention: Retention, copied: Path
) -> None:
    for kind in ("csv", "parquet", "xlsx"):
        answer = retention(
            "show", "snapshot_customer", MONTH, "--out", f"deep/t.{kind}", "--json"
        )
        assert (answer.code, json.loads(answer.out)["rows"]) == (0, 3)
    frame = pq.read_table(copied / "deep" / "t.parquet").to_pylist()
    assert [r["customer_id"] for r in frame] == ["=bob", "ann", "cat"]
    sheet = (
        CalamineWorkbook.from_path(str(copied / "deep" / "t.xlsx"))
        .get_sheet_by_index(0)
        .to_python()
    )
    assert [line[0] for line in sheet] == ["customer_id", "=bob", "ann", "cat"]
    assert (
        retention("show", "snapshot_customer", MONTH, "--out", "t.txt").code == 2
        and not (copied / "t.txt").exists()
    )


def test_no_text_in_a_csv_is_a_formula(retention: Retention, copied: Path) -> None:
    retention("show", "snapshot_customer", MONTH, "--out", "t.csv")
    retention("show", "snapshot_bill", MONTH, "--out", "b.csv")
    with (copied / "t.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row["customer_id"] for row in csv.DictReader(stream)] == [
            "'=bob",
            "ann",
            "cat",
        ]
    with (copied / "b.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert {row["billed_amount"] for row in csv.DictReader(stream)} == {"100"}


@pytest.mark.parametrize("table", ["snapshot_person", "extract_customer"])
@pytest.mark.parametrize("kind", ["screen", "json", "csv", "parquet"])
def test_personal_data_are_masked_however_they_are_shown(
    retention: Retention, copied: Path, table: str, kind: str
) -> None:
    extra = {"screen": (), "json": ("--json",)}.get(kind, ("--out", f"t.{kind}"))
    text = retention("show", table, MONTH, *extra).out
    if kind in ("csv", "parquet"):
        text = str(duckdb.sql(f"SELECT * FROM '{copied}/t.{kind}'").fetchall())
    assert "13812345678" not in text and "HYPERLINK" not in text
    assert kind == "screen" or "138****5678" in text


def test_raw_text_of_unknown_columns_is_masked_or_left_out(
    retention: Retention, tmp_path: Path
) -> None:
    town = Town().person("ann")
    town.tables["customer"][0]["mobile_2"] = "13900009999"
    run_town(tmp_path / "home", town, tmp_path / "source")
    assert (
        "13900009999" not in retention("show", "extract_customer", MONTH, "--json").out
    )


def test_export_and_twin_write_and_say_so(retention: Retention, copied: Path) -> None:
    answer = retention("export", MONTH, "--out", "out", "--json")
    assert answer.code == 0 and sorted(json.loads(answer.out)["files"]) == sorted(
        p.name for p in (copied / "out").iterdir()
    )
    made = retention(
        "twin", "--services", 100, "--months", 1, "--seed", 1, "--out", "twin", "--json"
    )
    assert (made.code, json.loads(made.out)["months"]) == (0, 1) and (
        copied / "twin" / "2026-08" / "customer.parquet"
    ).exists()


def test_daily_answers_in_both_forms_and_refuses_what_is_no_day(
    retention: Retention, tmp_path: Path
) -> None:
    run_town(tmp_path / "home", Town().person("ann"), tmp_path / "source")
    line = row("service", MONTH, service_id="ann-1", status="suspended_arrears")
    write_csv(
        tmp_path / "source" / "daily" / "2026-09-08" / "service.csv", "service", [line]
    )
    said = retention("daily", "2026-09-08", "--source", "source", "--json")
    content = json.loads(said.out)
    assert (said.code, content["orders"]) == (12, 1)
    assert content["not_computed"]["daily_suspended"] == "absent: status_change"
    said = retention(
        "daily", "2026-09-08", "--source", "source", "--lang", "en", "--out", "out"
    )
    assert (
        "Orders of the day, added to those of 2026-08: 1" in said.out
        and "daily_arrears" in said.err
    )
    assert any((tmp_path / "out").glob("2026-09-08_manager_*.xlsx"))
    assert retention("daily", "8.9.2026", "--source", "source").code == 2
    assert retention("daily", "2026-09-09", "--source", "source").code == 11

"""`retention outcomes`: what it answers, the workbook of refused rows, and a death half-way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines import cli
from pipelines.catalogue.outputs import list_outcomes, load_lists
from pipelines.core.outcomes import load_outcomes
from pipelines.text.texts import load_labels
from tests.support.office import (
    answers_of,
    exported,
    fill,
    reading,
    released_town,
    rows_of,
    taken,
)
from tests.support.postgres import Cluster
from tests.support.small import KEY, MONTH, Town, own_settings, read, run_town

PAID = {"outcome": "paid", "contacted_on": date(2026, 9, 7)}
Command = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose month is released: ann and bob owe."""
    home = tmp_path_factory.mktemp("outcomes") / "home"
    released_town(
        home,
        Town()
        .person("ann", name="安安安")
        .person("bob", name="博博")
        .owe("ann")
        .owe("bob"),
    )
    return home


@pytest.fixture
def home(released: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(released, tmp_path / "home"))


@pytest.fixture
def book(home: Path, tmp_path: Path) -> Path:
    return exported(home, tmp_path / "out")["M1"]


@pytest.fixture
def outcomes_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> Command:
    """Run `retention outcomes … --json`; return exit code and answer."""
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)

    def run(*words: object) -> tuple[int, Any]:
        line = [
            "retention",
            "outcomes",
            *map(str, words),
            "--home",
            str(home),
            "--json",
            "--lang",
            "en",
        ]
        monkeypatch.setattr(sys, "argv", line)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return int(stop.value.code or 0), json.loads(capsys.readouterr().out)

    return run


def test_all_taken_is_exit_0_and_again_changes_nothing(
    outcomes_command: Command, book: Path, home: Path
) -> None:
    fill(book, {"ann": PAID})
    code, (first,) = outcomes_command(book)
    assert (code, first["accepted"], first["unfilled"], first["corrected"]) == (
        0,
        1,
        1,
        None,
    )
    code, (again,) = outcomes_command(book)
    assert (code, again["accepted"], again["unchanged"]) == (0, 0, 1) and len(
        answers_of(home)
    ) == 1


def test_a_refused_row_goes_back_corrected_and_then_comes_in(
    outcomes_command: Command, book: Path, home: Path
) -> None:
    def spoil(sheet: Any) -> None:
        sheet.cell(4, 6).value = 1

    fill(
        book,
        {"ann": PAID, "bob": {"outcome": "promised", "contacted_on": date(2026, 9, 7)}},
        edit=spoil,
    )
    code, (told,) = outcomes_command(book)
    assert code == 12 and [row["key"] for row in told["refused"]] == [
        "changed_cell",
        "needs",
    ]
    corrected = Path(told["corrected"])
    assert corrected.stat().st_mode & 0o077 == 0
    ann, bob = rows_of(corrected)
    assert (ann["amount"], ann["outcome"], ann["customer_name"]) == (
        50,
        "已缴费",
        "安安安",
    )
    assert (
        "改动" in ann["refusal"]
        and "承诺日期" in bob["refusal"]
        and bob["outcome"] == "承诺缴费"
    )
    fill(corrected, {"bob": {"promised_on": date(2026, 9, 12), "promised_amount": 50}})
    code, (told,) = outcomes_command(corrected)
    assert (code, told["accepted"]) == (0, 2)
    assert [(row["customer_id"], row["outcome"]) for row in answers_of(home)] == [
        ("ann", "paid"),
        ("bob", "promised"),
    ]


def test_an_answer_of_another_list_is_refused_by_row_and_says_what_the_list_takes(
    outcomes_command: Command, book: Path, home: Path
) -> None:
    answers = {"ann": PAID, "bob": PAID | {"outcome": "card_delivered"}}
    fill(book, answers)
    code, (told,) = outcomes_command(book)
    (refused,) = told["refused"]
    assert (code, told["accepted"], refused["key"]) == (12, 1, "foreign_outcome")
    words = "Arrears of high-value customers”, which does not take this outcome. It takes: Paid, Promised to pay, "
    assert words in refused["reason"] and "Card delivered" not in refused["reason"]
    assert [row["outcome"] for row in answers_of(home)] == ["paid"]

    corrected = Path(told["corrected"])
    fill(corrected, {"bob": {"outcome": "no_answer"}})
    code, (told,) = outcomes_command(corrected)
    assert (code, told["accepted"]) == (0, 1)


def test_every_list_takes_what_is_common_and_its_own() -> None:
    taken = {spec.name: set(list_outcomes(spec)) for spec in load_lists()}
    common = {
        "call_back",
        "refused",
        "no_answer",
        "wrong_number",
        "do_not_contact",
        "left_already",
    }
    stayed = {"retained", "accepted"}
    own: dict[str, set[str]] = {
        "termination_save": stayed,
        "suspended_reactivation": {"paid", "promised", "reactivated"},
        "arrears": {"paid", "promised"},
        "fixed_arrears": {"paid", "promised"},
        "group_arrears": {"paid", "promised"},
        "renewal": {"renewed"},
        "vip_zero_usage": stayed,
        "group_zero_usage": stayed,
        "cohort_at_risk": stayed,
        "churn_risk": stayed,
        "down_migration": stayed,
        "card_issue": {"card_delivered"},
        "vip_allocation": {"claimed"},
        "unclaimed": {"claimed"},
        "points_redemption": {"redeemed"},
        "activity_invite": {"accepted"},
    }
    assert taken == {name: common | codes for name, codes in own.items()}


def test_an_order_nobody_sent_does_not_become_signed_by_going_round(
    outcomes_command: Command, book: Path, home: Path
) -> None:
    def forge(sheet: Any) -> None:
        places = {cell.value: cell.column for cell in sheet[3]}
        words = load_labels("zh")
        for name in ("order_id", "row_id"):
            sheet.cell(4, places[words[name]]).value = "202608-AAAAAAAAAAAA"

    fill(book, {"ann": PAID}, edit=forge)
    _, (told,) = outcomes_command(book)
    code, (again,) = outcomes_command(told["corrected"])
    assert code == 12 and again["accepted"] == 0 and answers_of(home) == []


def test_a_file_that_cannot_be_read_holds_back_no_other(
    outcomes_command: Command, book: Path, tmp_path: Path
) -> None:
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0 and so on")
    (tmp_path / "cut.xlsx").write_bytes(book.read_bytes()[:-2000])
    (tmp_path / "list.csv").write_text("name,phone\nann,1\n", encoding="utf-8")
    fill(book, {"ann": PAID})
    code, told = outcomes_command(
        *(tmp_path / n for n in ("old.xls", "cut.xlsx", "list.csv", "none.xlsx")), book
    )
    assert (
        code == 12
        and all(one["error"] for one in told[:-1])
        and told[-1]["accepted"] == 1
    )


def test_people_are_told_in_their_language(
    book: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill(book, {"ann": PAID | {"contacted_on": date(2026, 9, 1)}})
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    for language, words in (("zh", "日期不可能"), ("en", "is impossible")):
        monkeypatch.setattr(
            sys,
            "argv",
            [
                "retention",
                "outcomes",
                str(book),
                "--home",
                str(home),
                "--lang",
                language,
            ],
        )
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        assert (
            stop.value.code == 12
            and words in said.out
            and "安安安" not in said.out + said.err
        )


def test_an_answer_to_the_hold_out_is_an_unknown_order(tmp_path: Path) -> None:
    town = Town()
    for place in range(20):
        town.person(f"c{place}", calls=0)
    folder = released_town(tmp_path / "home", town, holdout_share="0.5")
    held_out = read(folder.version(), "dispatch_order", arm="holdout")
    lines = ["order_id,outcome", *(f"{row['order_id']},retained" for row in held_out)]
    (tmp_path / "back.csv").write_text("\n".join(lines), encoding="utf-8")
    receipt = taken(tmp_path / "home", tmp_path / "back.csv")
    assert (
        held_out
        and {row.refusal.key for row in receipt.refused} == {"unknown_order"}
        and not receipt.accepted
    )


_DIE = """
import sys
from pathlib import Path
from tests.support.office import taken
taken(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("step", "kept"),
    [("office.answered", 0), ("office.marked", 0), ("office.taken", 2)],
)
def test_a_file_whose_taking_is_killed_is_in_wholly_or_not_at_all(
    home: Path, book: Path, step: str, kept: int
) -> None:
    fill(
        book,
        {
            "ann": PAID,
            "bob": {"outcome": "do_not_contact", "contacted_on": date(2026, 9, 7)},
        },
    )
    environment = os.environ | {
        "RETENTION_FAILPOINT": f"{step}=kill",
        "RETENTION_SECRET_KEY": KEY,
    }
    died = subprocess.run(
        [sys.executable, "-c", _DIE, str(home), str(book)],
        env=environment,
        check=False,
        timeout=120,
    )
    assert died.returncode == -signal.SIGKILL
    assert len(answers_of(home)) == kept
    receipt = taken(home, book)
    assert (receipt.accepted, receipt.unchanged) == (2 - kept, kept) and len(
        answers_of(home)
    ) == 2


def test_every_row_of_a_file_is_on_record(home: Path, book: Path) -> None:
    fill(book, {"ann": PAID})
    taken(home, book)
    from console.models import AuditEntry, Intake

    intake, entry = Intake.objects.get(), AuditEntry.objects.get(action="take_back")
    assert (intake.accepted, intake.unfilled, intake.actor) == (1, 1, "test")
    assert (
        entry.detail["sha256"] == intake.sha256 == reading(book).sha256
        and len(intake.sha256) == 64
    )


def test_the_office_is_its_owner_s(home: Path, book: Path) -> None:
    taken(home, book)
    assert (home / "office.sqlite3").stat().st_mode & 0o077 == 0


def test_the_tables_are_what_the_models_say(home: Path, book: Path) -> None:
    taken(home, book)
    from django.core.management import call_command

    call_command("makemigrations", "console", check=True, dry_run=True, verbosity=0)
    call_command("check", verbosity=0)


def test_codes_have_their_flags_and_words() -> None:
    reached = {code for code, outcome in load_outcomes().items() if outcome.is_contact}
    assert set(load_outcomes()) - reached == {
        "no_answer",
        "wrong_number",
        "left_already",
    }
    assert {
        code for code, outcome in load_outcomes().items() if outcome.is_success
    } == {
        *(
            "retained",
            "renewed",
            "paid",
            "card_delivered",
            "redeemed",
            "claimed",
            "reactivated",
            "accepted",
        ),
    }
    assert all(
        set(outcome.words) >= {"zh", "en"} for outcome in load_outcomes().values()
    )


# -- PostgreSQL --------------------------------------------------------------------------------------------------


def test_the_loop_on_postgresql(
    postgres_cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Release, return, and the next month's lists, with the office in PostgreSQL."""
    url = postgres_cluster.create("office")
    monkeypatch.setenv("RETENTION_OFFICE_URL", url)
    town = Town().person("ann").person("bob").owe("ann").owe("bob")
    released_town(tmp_path / "home", town)
    book = exported(tmp_path / "home", tmp_path / "out")["M1"]
    fill(
        book,
        {
            "ann": {"outcome": "do_not_contact", "contacted_on": date(2026, 9, 7)},
            "bob": PAID,
        },
    )
    assert (
        taken(tmp_path / "home", book).accepted,
        taken(tmp_path / "home", book).unchanged,
    ) == (
        2,
        2,
    )
    after = Town(MONTH.plus(1)).person("ann").person("bob").owe("ann").owe("bob")
    version = run_town(tmp_path / "home", after)
    assert (
        read(version, "dispatch_why_not", reason="do_not_contact")[0]["customer_id"]
        == "ann"
    )
    assert sorted(row["outcome"] for row in read(version, "extract_outcome")) == [
        "do_not_contact",
        "paid",
    ]
    assert not (tmp_path / "home" / "office.sqlite3").exists()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert (
            connection.exec_driver_sql("SELECT COUNT(*) FROM console_answer").scalar()
            == 2
        )
    engine.dispose()


def test_an_office_that_is_away_stops_the_run_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.core.errors import SourceNotReady, StorageError

    monkeypatch.setenv(
        "RETENTION_OFFICE_URL", "postgresql+psycopg://nobody:secret@127.0.0.1:9/office"
    )
    with pytest.raises(SourceNotReady) as error:
        run_town(tmp_path / "home", Town().person("ann"))
    assert "secret" not in str(error.value)
    from console.database import open_office

    with pytest.raises(StorageError):
        open_office(tmp_path / "home", own_settings())

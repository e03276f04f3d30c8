"""Settings: from the environment alone, checked by name, and those that change figures are part of a month."""

from __future__ import annotations

import ast
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import SpecError
from pipelines.core.paths import ROOT
from pipelines.core.settings import DEVELOPMENT_KEY, Settings, load_settings


@pytest.fixture(autouse=True)
def no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RETENTION_SECRET_KEY", raising=False)
    monkeypatch.delenv("RETENTION_DEMONSTRATION", raising=False)


def test_the_defaults_are_those_of_the_definitions() -> None:
    settings = load_settings()
    assert (settings.high_value_threshold, settings.holdout_share) == (
        Decimal("89.00"),
        Decimal("0.10"),
    )
    assert (
        settings.small_denominator,
        settings.cool_down_days,
        settings.lowest_reward_points,
    ) == (
        30,
        60,
        1000,
    )
    assert settings.dispatch_working_day == 3


def test_the_environment_and_a_dotenv_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(
        "RETENTION_SMALL_DENOMINATOR=7\nRETENTION_THREADS=1\nRETENTION_SOMETHING=else\n"
    )
    monkeypatch.setenv("RETENTION_THREADS", "3")
    assert (load_settings().small_denominator, load_settings().threads) == (7, 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOLDOUT_SHARE", "1"),
        ("HOLDOUT_SHARE", "-0.1"),
        ("COOL_DOWN_DAYS", "90"),
        ("THREADS", "0"),
        ("HIGH_VALUE_THRESHOLD", "x"),
    ],
)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"RETENTION_{name}", value)
    with pytest.raises(SpecError) as caught:
        load_settings()
    assert caught.value.facts["name"] == f"RETENTION_{name}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("RETENTION_HOLDOUT_SHAER", "RETENTION_HOLDOUT_SHARE"),
        ("RETENTION_THREAD", "RETENTION_THREADS"),
        ("retention_contact_costs", "RETENTION_CONTACT_COST"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "dotenv"])
def test_a_slip_in_a_name_is_refused_with_the_name_that_was_meant(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: str,
    meant: str,
    place: str,
) -> None:
    if place == "environment":
        monkeypatch.setenv(written, "1")
    else:
        (tmp_path / ".env").write_text(f"{written}=1\n")
    with pytest.raises(SpecError) as caught:
        load_settings()
    facts = caught.value.facts
    assert (str(facts["name"]).upper(), facts["meant"]) == (written.upper(), meant)


def test_variables_of_others_are_no_slips(monkeypatch: pytest.MonkeyPatch) -> None:
    repository = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "docker-compose.yml", ROOT / "Makefile")
    )
    others = set(re.findall(r"RETENTION_[A-Z_]+", repository))
    others -= {f"RETENTION_{name.upper()}" for name in Settings.model_fields}
    assert len(others) >= 5
    for name in others:
        monkeypatch.setenv(name, "something")
    load_settings()


def test_the_key_is_no_part_of_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION_SECRET_KEY", "very secret, and long enough")
    settings = load_settings()
    assert (
        "very secret" not in f"{settings!r} {settings} {settings.meaning()}"
        and not settings.has_development_key
    )
    assert load_settings(secret_key=DEVELOPMENT_KEY).has_development_key


@pytest.mark.parametrize("key", ["", "short"])
def test_a_key_too_short_to_sign_with_is_refused(key: str) -> None:
    with pytest.raises(SpecError):
        load_settings(secret_key=key)


def test_the_engine_is_no_part_of_what_a_month_means() -> None:
    files = {
        "calendar_file",
        "gate_file",
        "scorecard_file",
    }  # by their content, not by their name
    technical = {
        "secret_key",
        "check_timeout_seconds",
        "memory_limit",
        "threads",
        "office_url",
        "log_format",
        "delivery_file",
    } | files
    technical |= {
        name
        for name in Settings.model_fields
        if name.startswith(("keep_", "console_", "airflow_"))
    }
    technical |= {
        "engine",
        "spark_master",
    }  # engines agree to the byte (tests/engines/test_spark.py)
    technical |= {
        "demonstration",
        "signed_returns",
    }  # what may leave, and what may come back
    technical |= {"start_working_day"}  # Airflow's alone
    technical |= {
        "source"
    }  # by what was delivered a month is told, not by where it lay
    technical |= {
        "table_parts"
    }  # how tables lie; told beside the settings (tests/jobs/parts/test_parts.py)
    technical |= {
        "uplift_holdout_orders"
    }  # says when a model is fitted; a month is made of the model
    assert set(load_settings().meaning()) == set(Settings.model_fields) - technical


def test_the_same_number_is_the_same_setting() -> None:
    assert (
        load_settings(high_value_threshold="89").meaning() == load_settings().meaning()
    )


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({}, "priority"),
        ({"duties_take_places": False}, "value"),
        ({"duties_take_places": False, "capacity_rule": "priority"}, "priority"),
        ({"capacity_rule": "value"}, "value"),
    ],
)
def test_places_go_by_value_where_duties_take_none(
    given: dict[str, Any], rule: str
) -> None:
    """What is given counts, and a month records the rule that was followed."""
    settings = load_settings(**given)
    assert settings.places_go_by == rule
    assert settings.meaning()["capacity_rule"] == rule


def test_nobody_else_reads_the_environment() -> None:
    # The settings; a URL by its name, the shell's language, what GX is told, what a test wants to go wrong,
    # whether this shell is set up for Airflow, and where Airflow's tasks find home and source.
    may = {
        "core/settings.py",
        "operations/doctor/services.py",
        "operations/orchestration.py",
        "rooms/judge/gx.py",
        "sources/operator/database_spec.py",
        "store/failpoints.py",
        "text/texts.py",
    }
    found = set()
    for path in (ROOT / "pipelines").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
        }
        if named & {"environ", "getenv"}:
            found.add(str(path.relative_to(ROOT / "pipelines")))
    assert found == may


EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


def test_the_example_names_every_setting_with_its_meaning() -> None:
    wanted = {
        n: f"# {f.description}\n# RETENTION_{n.upper()}="
        for n, f in Settings.model_fields.items()
    }
    wanted["secret_key"] = "\nRETENTION_SECRET_KEY=\n"
    assert [name for name, text in wanted.items() if text not in EXAMPLE] == []
    deployment = {
        f"RETENTION_{name}_FOLDER" for name in ("HOME", "SOURCE", "BACKUP")
    }  # for docker compose
    deployment |= {"RETENTION_APPROVERS"}  # for the DAG processor
    named = set(re.findall(r"^(?:# )?(RETENTION_\w+)=", EXAMPLE, re.MULTILINE))
    assert named - deployment == {
        f"RETENTION_{name.upper()}" for name in Settings.model_fields
    }


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    shown = re.findall(r"^# (RETENTION_\w+=.+)$", EXAMPLE, re.MULTILINE)
    defaults = {
        name
        for name, field in Settings.model_fields.items()
        if field.default is not None
    }
    assert {line.partition("=")[0] for line in shown} == {
        f"RETENTION_{n.upper()}" for n in defaults - {"secret_key"}
    }
    (tmp_path / ".env").write_text("\n".join(shown))
    assert load_settings() == Settings.model_construct()


def test_parts_are_as_many_as_digits_tell_apart() -> None:
    """Sixteen beginnings of one digit, 256 of two; in three parts a table would lose most of its rows."""
    for count in (1, 16, 256):
        assert load_settings(table_parts=count).table_parts == count
    with pytest.raises(SpecError) as caught:
        load_settings(table_parts=3)
    assert caught.value.facts["name"] == "RETENTION_TABLE_PARTS"


def test_only_a_demonstration_says_which_day_it_is() -> None:
    day = date(2026, 9, 3)
    assert load_settings(demonstration=True, console_today=day).console_today == day
    with pytest.raises(SpecError) as caught:
        load_settings(console_today=day)
    assert caught.value.facts["name"] == "RETENTION_CONSOLE_TODAY"
    assert "RETENTION_DEMONSTRATION=true" in str(caught.value.facts)

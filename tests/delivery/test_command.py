"""`retention deliver` and `retention status`: what they say in both languages and as JSON, and how they end."""

from __future__ import annotations

import ast
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import cli
from pipelines.core.errors import UsageError
from pipelines.core.paths import ROOT
from pipelines.delivery.post import deliver_letters
from pipelines.jobs.daily import DayJob, run_day
from pipelines.jobs.run import release_month
from pipelines.text.texts import LANGUAGES, load_labels
from tests.delivery.conftest import House
from tests.delivery.servers import HANG, robot
from tests.delivery.test_robot import TAKEN
from tests.jobs.test_daily import DAY
from tests.jobs.test_daily import deliver as deliver_day
from tests.support.small import KEY, Town, job, own_settings, run_town

pytestmark = pytest.mark.filterwarnings("ignore:'get_text_stream':DeprecationWarning")
Retention = Callable[..., tuple[int, str, str]]


@pytest.fixture
def retention(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Retention:
    """Run `retention` on the house's home."""
    monkeypatch.chdir(house.folder)
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(
            sys, "argv", ["retention", *words, "--home", str(house.home)]
        )
        if house.channels:
            monkeypatch.setenv("RETENTION_DELIVERY_FILE", str(house.file))
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fresh_installation_says_that_it_sends_nothing(
    retention: Retention, language: str
) -> None:
    code, out, _ = retention("deliver", "2026-08", "--lang", language)
    assert code == 0 and "RETENTION_DELIVERY_FILE" in out


def test_json_lists_every_letter(retention: Retention, house: House) -> None:
    house.add_folder()
    code, out, _ = retention("deliver", "2026-08", "--json")
    told = json.loads(out)
    assert (
        code == 0
        and told["counts"] == {"sent": len(told["letters"])}
        and told["nothing"] is None
    )
    assert {one["state"] for one in told["letters"]} == {"sent"}


def test_a_dry_run_ends_with_0(retention: Retention, house: House) -> None:
    place = house.add_folder()
    code, out, _ = retention("deliver", "2026-08", "--dry-run", "--lang", "en")
    assert code == 0 and "waiting" in out and not list(place.iterdir())


def test_what_is_open_is_told_with_the_way_out_of_it(
    retention: Retention, house: House
) -> None:
    with robot(HANG, TAKEN) as host:
        house.add_robot(host.port, timeout=2)
        code, out, err = retention("deliver", "2026-08", "--lang", "en")
        assert (
            code == 12
            and "--again" in out
            and "1 unsure" in err
            and "canary" not in out + err
        )
        assert "may have arrived 1" in retention("status", "--lang", "en")[1]
        status = retention("status", "2026-08", "--lang", "en")
        assert "may have arrived 1" in status[1]
        assert json.loads(retention("status", "2026-08", "--json")[1])[
            "deliveries"
        ] == {"unsure": 1}
        letter = json.loads(retention("deliver", "2026-08", "--json")[1])["letters"][0]
        assert retention("deliver", "2026-08", "--again", letter["id"][:8])[0] == 0
    assert json.loads(retention("status", "2026-08", "--json")[1])["deliveries"] == {}
    assert "may have arrived" not in retention("status", "--lang", "en")[1]


@pytest.mark.parametrize(
    "occasion", ["2026-13", "2026-8", "tomorrow", "2030-01", "2030-01-05", "20260805"]
)
def test_a_month_or_day_that_is_none(retention: Retention, occasion: str) -> None:
    assert retention("deliver", occasion)[0] == 2


def test_every_reason_has_words() -> None:
    said = {"died", "no_address", "address_not_allowed", "taken_for_received"}
    for path in (ROOT / "pipelines" / "delivery").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.args
            ):
                first = call.args[0]
                if call.func.id in (
                    "Later",
                    "Rejected",
                    "Unsure",
                    "Closed",
                ) and isinstance(first, ast.Constant):
                    said.add(str(first.value))
    known = {
        key.removeprefix("deliver.why.")
        for key in load_labels("zh")
        if key.startswith("deliver.why.")
    }
    assert said == known and len(said) > 15


# -- days --------------------------------------------------------------------------------------------------------


def test_a_day_after_the_month_is_sent_by_itself(tmp_path: Path) -> None:
    house = House(tmp_path)
    run_town(
        house.home,
        Town().person("ann").person("bob"),
        tmp_path / "source",
        holdout_share=0,
    )
    release_month(job(house.home, None, holdout_share=0))
    deliver_day(tmp_path / "source", DAY, "ann")
    run_day(
        DayJob(
            house.home, DAY, tmp_path / "source", settings=own_settings(holdout_share=0)
        )
    )
    place = house.add_folder()
    house.since = "2026-10"
    assert deliver_letters(house.home, str(DAY), house.settings).nothing == "before"
    house.since = (
        "2026-09"  # the day's own month; its orders are added to those of August
    )
    with robot(TAKEN) as host:
        house.add_robot(host.port)
        report = deliver_letters(house.home, str(DAY), house.settings)
    assert (
        set(report.counts) == {"sent"} and (house.home / "outbox" / str(DAY)).is_dir()
    )
    assert str(DAY) in host.messages[0]["text"]["content"]
    files = {path.parts[-3]: path.name for path in place.rglob("*.xlsx")}
    assert (
        files.keys() == {"manager-M1", "company"}
        and files["company"] == f"{DAY}_bulletin.xlsx"
    )


def test_a_day_that_is_not_held(released: Path, tmp_path: Path) -> None:
    home = shutil.copytree(released, tmp_path / "home")
    with pytest.raises(UsageError, match="day.not_held"):
        deliver_letters(home, "2026-09-08", own_settings())

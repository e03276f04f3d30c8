"""The twin lives on with the orders it was given: by its managers' habits, to the same byte, and truly."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

import twin
from pipelines.catalogue.outputs import load_lists
from pipelines.cli import app
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.export import export_month
from pipelines.documents.workbooks.signature import is_signed_by, list_protected_cells
from pipelines.documents.workbooks.workbook import HEADER_ROW, WORK_LIST_COLUMNS
from pipelines.jobs.run import release_month, run_month
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import LANGUAGES, load_labels
from tests.support.small import job, ungated_job
from twin import TwinConfig
from twin.codes import LISTS, OUTCOMES
from twin.respond.books import read_dispatch
from twin.respond.form import HEADERS, LIST_TITLES, OUTCOME_WORDS

MONTH = Month.parse("2026-07")
SEED = 5
SERVICES = 1000


def make(out: Path, **changes: Any) -> None:
    twin.generate(
        out,
        services=SERVICES,
        months=3,
        seed=SEED,
        through=str(MONTH),
        config=TwinConfig(**changes),
    )


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A twin of three months, run and released, its orders exported in both languages, and once as drafts."""
    folder = tmp_path_factory.mktemp("loop")
    make(folder / "twin")
    for month in (MONTH.plus(-2), MONTH.plus(-1), MONTH):
        run_month(ungated_job(folder / "home", folder / "twin", month))
    export_month(MonthFolder(folder / "home", MONTH), folder / "draft", "en")
    release_month(job(folder / "home", None, MONTH))
    for language in LANGUAGES:
        export_month(MonthFolder(folder / "home", MONTH), folder / language, language)
    return folder


@pytest.fixture(scope="module")
def lived(office: Path) -> Path:
    """The twin's folder after it has lived August with its orders."""
    out = office / "lived"
    shutil.copytree(office / "twin", out)
    assert twin.respond(out, office / "en") == "2026-08"
    return out


def truth(out: Path, name: str = "order_truth") -> pd.DataFrame:
    path = out / "truth" / "2026-08" / f"{name}.parquet"
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame


def digest(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def filled_rows(out: Path, language: str = "en") -> pd.DataFrame:
    """All rows of the returned work lists, by column name."""
    frames = []
    for path in sorted((out / "returned" / str(MONTH)).glob("*.xlsx")):
        page = load_workbook(path).worksheets[0]
        lines = list(page.iter_rows(min_row=HEADER_ROW + 2, values_only=True))
        frames.append(
            pd.DataFrame(lines, columns=[column.name for column in WORK_LIST_COLUMNS])
        )
    return pd.concat(frames, ignore_index=True)


# The form is the house's, in both languages.


@pytest.mark.parametrize(("place", "language"), [(0, "zh"), (1, "en")])
def test_words_of_the_work_list_are_those_of_the_house(
    place: int, language: str
) -> None:
    words = load_labels(language)
    assert {name: titles[place] for name, titles in HEADERS.items()} == {
        name: words[name] for name in HEADERS
    }
    assert {code: said[place] for code, said in OUTCOME_WORDS.items()} == {
        c: words[f"outcome.{c}"] for c in OUTCOMES
    }
    titles = {spec.name: spec.title(language) for spec in load_lists()}
    assert {name: LIST_TITLES[name][place] for name in titles} == titles


def test_both_languages_give_the_same_orders(office: Path) -> None:
    assert read_dispatch(office / "zh").orders.equals(
        read_dispatch(office / "en").orders
    )


def test_orders_are_those_that_left_the_house(office: Path) -> None:
    decided = pq.read_table(
        MonthFolder(office / "home", MONTH).version().table("dispatch_order")
    ).to_pandas()
    given = read_dispatch(office / "en").orders.to_pandas()
    assert set(given.order_id) == set(decided[decided.arm == "treated"].order_id)
    assert len(given) > 60 and set(given["list"]) <= set(LISTS)


# The same orders give the same bytes, and nothing else changes.


def test_same_orders_give_the_same_bytes(
    office: Path, lived: Path, tmp_path: Path
) -> None:
    shutil.copytree(office / "twin", tmp_path / "again")
    twin.respond(tmp_path / "again", office / "en")
    assert digest(tmp_path / "again") == digest(lived)
    twin.respond(
        tmp_path / "again", office / "en"
    )  # once more: as if it had not been lived
    assert digest(tmp_path / "again") == digest(lived)


def test_months_before_stay_as_they_were(office: Path, lived: Path) -> None:
    before, after = digest(office / "twin"), digest(lived)
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"truth/kpi.parquet", "truth/twin.json"}


def test_a_second_month_goes_on_from_the_first(
    office: Path, lived: Path, tmp_path: Path
) -> None:
    out, home = tmp_path / "twin", tmp_path / "home"
    shutil.copytree(lived, out)
    shutil.copytree(office / "home", home)
    following = MONTH.plus(1)
    run_month(ungated_job(home, out, following))
    release_month(job(home, None, following))
    export_month(MonthFolder(home, following), tmp_path / "out", "zh")
    assert twin.respond(out, tmp_path / "out") == "2026-09"
    ids = [
        set(pq.read_table(out / month / "service.parquet")["service_id"].to_pylist())
        for month in ("2026-08", "2026-09")
    ]
    assert len(ids[0] & ids[1]) > 0.9 * len(ids[0])
    kpis = pq.read_table(out / "truth" / "kpi.parquet").to_pandas()
    assert sorted(kpis.month.unique()) == [
        "2026-05",
        "2026-06",
        "2026-07",
        "2026-08",
        "2026-09",
    ]


# What the orders do.


def test_without_contact_the_month_is_the_one_without_orders(
    office: Path, tmp_path: Path
) -> None:
    """Managers who work nothing: customers live as they would have, to the line."""
    make(tmp_path / "idle", worked_share=0.0, false_claim_share=0.0)
    twin.respond(tmp_path / "idle", office / "en")
    twin.generate(
        tmp_path / "plain", services=SERVICES, months=4, seed=SEED, through="2026-08",
        config=TwinConfig(worked_share=0.0, false_claim_share=0.0),
    )  # fmt: skip
    for path in sorted((tmp_path / "plain" / "2026-08").glob("*.parquet")):
        assert pq.read_table(path).equals(
            pq.read_table(tmp_path / "idle" / "2026-08" / path.name)
        ), path.name
    told = truth(tmp_path / "idle")
    assert not told.is_worked.any() and told.outcome.isna().all()
    assert (told.stays == told.stays_untreated).all() and (
        told.succeeds == told.succeeds_untreated
    ).all()


def test_only_those_reached_differ_from_the_untreated(lived: Path) -> None:
    told = truth(lived)
    for aim in ("stays", "succeeds"):
        expected = np.where(
            told.is_reached, told[f"{aim}_if_contacted"], told[f"{aim}_untreated"]
        )
        assert (told[aim] == expected).all()
    assert (told.is_worked | ~told.is_reached).all()
    assert 0.6 < told.is_worked.mean() < 0.98 and 0.4 < told.is_reached.mean() < 0.9


def test_truth_of_staying_is_what_the_files_say(lived: Path) -> None:
    told = truth(lived)
    services = (
        pq.read_table(lived / "2026-08" / "service.parquet")
        .to_pandas()
        .set_index("service_id")
    )
    named = told[told.service_id.notna()]
    status = services.status.reindex(named.service_id)
    renumbered = set(services.replaces_service_id.dropna())
    counted = ~named.service_id.isin(renumbered).to_numpy()
    in_net = status.isin(
        ["active", "suspended_arrears", "suspended_request"]
    ).to_numpy()
    assert (in_net == named.stays.to_numpy())[counted].all()


@pytest.fixture(scope="module")
def eager(office: Path) -> Path:
    """A twin whose managers reach everybody, and whose customers do as they are asked, or promise it."""
    lifts = {
        "redeem_lift": 1.0,
        "claim_lift": 1.0,
        "debt_lift": 0.5,
        "broken_promise_share": 1.0,
    }
    make(
        office / "eager",
        worked_share=1.0,
        reach_rate=1.0,
        wrong_number_rate=0.0,
        false_claim_share=0.0,
        **lifts,
    )
    twin.respond(office / "eager", office / "en")
    return office / "eager"


def test_promises_are_kept_or_broken(eager: Path) -> None:
    rows, told = filled_rows(eager), truth(eager).set_index("order_id")
    promised = rows[rows.outcome == "Promised to pay"]
    assert len(promised) > 5 and promised.promised_on.notna().all()
    assert (promised.promised_on >= promised.contacted_on).all()
    kept = told.succeeds.reindex(promised.order_id)
    assert kept.any() and not kept.all()


def test_lifts_of_one_let_everybody_reached_succeed(eager: Path) -> None:
    told = truth(eager)
    able = told[(told["list"] == "points_redemption") & told.is_reached & told.stays]
    assert able.succeeds.mean() > 0.95 > able.succeeds_untreated.mean()
    claims = told[(told["list"] == "unclaimed") & told.is_reached]
    assert claims.succeeds.all() and not claims.succeeds_untreated.all()
    owners = pq.read_table(eager / "2026-08" / "ownership.parquet").to_pandas()
    owned = owners[owners.valid_to.isna() & owners.manager_id.notna()].customer_id
    assert claims.customer_id.isin(owned).mean() > 0.98  # the rest has left


def test_contact_drives_some_away_and_keeps_others(
    office: Path, tmp_path: Path
) -> None:
    """With hazards high enough to see it: the persuadable stay, the sleeping dogs go."""
    strength = dict.fromkeys(LISTS, 1.0)
    config = TwinConfig(
        voluntary_rate=0.25,
        treated_factors=(0.1, 1.0, 3.0),
        retention_strength=strength,
        worked_share=1,
    )
    twin.generate(
        tmp_path / "twin",
        services=SERVICES,
        months=3,
        seed=SEED,
        through=str(MONTH),
        config=config,
    )
    twin.respond(tmp_path / "twin", office / "en")
    reached = truth(tmp_path / "twin")[lambda rows: rows.is_reached]
    effect = (
        (reached.stays.astype(int) - reached.stays_untreated)
        .groupby(reached.persuasion)
        .mean()
    )
    assert effect["persuadable"] > 0 == effect["indifferent"] > effect["sleeping_dog"]


def test_list_effect_is_the_mean_over_its_orders(lived: Path) -> None:
    told, effects = truth(lived), truth(lived, "list_effect").set_index("list")
    for name, rows in told.groupby("list"):
        assert (
            effects.orders[name] == len(rows)
            and effects.reached[name] == rows.is_reached.sum()
        )
        effect = rows.succeeds.mean() - rows.succeeds_untreated.mean()
        assert effects.success_effect[name] == pytest.approx(effect, abs=1e-12)
    assert effects.success_effect["unclaimed"] > 0.3


# The workbooks that come back.


def test_returned_rows_are_signed_and_say_what_the_truth_says(lived: Path) -> None:
    rows, told, key = (
        filled_rows(lived),
        truth(lived).set_index("order_id"),
        load_settings().key,
    )
    assert set(rows.order_id) == set(told.index)
    for record in rows.to_dict("records"):
        clean = {
            str(name): (None if pd.isna(value) else value)
            for name, value in record.items()
        }
        assert is_signed_by(
            key, list_protected_cells(WORK_LIST_COLUMNS, clean), str(clean["signature"])
        )
    words = {code: said[1] for code, said in OUTCOME_WORDS.items()}
    said = rows.set_index("order_id").outcome.reindex(told.index)
    assert said.dropna().equals(told.outcome.dropna().map(words).astype(said.dtype))
    assert rows.contacted_on.notna().equals(rows.outcome.notna())


def test_false_claims_name_a_success_that_is_none(lived: Path) -> None:
    false = truth(lived)[lambda rows: rows.is_false_claim]
    assert len(false) > 0 and not false.succeeds.any()
    assert set(false.outcome) <= {
        "retained",
        "renewed",
        "paid",
        "card_delivered",
        "redeemed",
        "claimed",
        "reactivated",
    }


def test_who_asks_for_peace_gets_it(lived: Path) -> None:
    told = truth(lived)
    asked = told[told.outcome == "do_not_contact"].customer_id
    people = (
        pq.read_table(lived / "2026-08" / "customer.parquet")
        .to_pandas()
        .set_index("customer_id")
    )
    assert len(asked) > 0 and people.do_not_contact.reindex(asked).dropna().all()


# Refusals.


def test_drafts_are_refused(office: Path, tmp_path: Path) -> None:
    shutil.copytree(office / "twin", tmp_path / "twin")
    with pytest.raises(ValueError, match="draft"):
        twin.respond(tmp_path / "twin", office / "draft")


def test_orders_of_another_month_are_refused(office: Path, tmp_path: Path) -> None:
    twin.generate(
        tmp_path / "other", services=300, months=2, seed=SEED, through="2026-06"
    )
    with pytest.raises(
        ValueError,
        match="orders are of 2026-07, but this twin's newest month is 2026-06",
    ):
        twin.respond(tmp_path / "other", office / "en")


def test_orders_of_another_twin_are_refused(office: Path, tmp_path: Path) -> None:
    twin.generate(
        tmp_path / "other", services=300, months=2, seed=SEED, through=str(MONTH)
    )
    with pytest.raises(ValueError, match="belong to another one"):
        twin.respond(tmp_path / "other", office / "en")


def test_a_folder_without_work_lists_or_without_a_twin_is_refused(
    office: Path, tmp_path: Path
) -> None:
    shutil.copytree(office / "twin", tmp_path / "twin")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no work lists"):
        twin.respond(tmp_path / "twin", tmp_path / "empty")
    with pytest.raises(ValueError, match=r"twin\.json"):
        twin.respond(tmp_path / "empty", office / "en")


def test_a_twin_that_cannot_be_lived_again_is_refused(
    office: Path, tmp_path: Path
) -> None:
    shutil.copytree(office / "twin", tmp_path / "twin")
    diary = tmp_path / "twin" / "truth" / "twin.json"
    diary.write_text(diary.read_text().replace('"state": "', '"state": "0'))
    with pytest.raises(ValueError, match="other versions"):
        twin.respond(tmp_path / "twin", office / "en")


# The command line.


def test_command_lives_on_and_refuses_what_the_folder_says(
    office: Path, lived: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "twin"
    shutil.copytree(office / "twin", out)
    app(
        ["twin", "--out", str(out), "--respond", str(office / "en"), "--json"],
        standalone_mode=False,
    )
    assert '"2026-08"' in capsys.readouterr().out and digest(out) == digest(lived)
    with pytest.raises(UsageError) as refused:
        app(
            ["twin", "--out", str(out), "--respond", str(office / "en"), "--seed", "1"],
            standalone_mode=False,
        )
    assert "leave out --seed" in str(refused.value.facts["why"])


def test_command_reads_parameters_and_asks_for_a_size(tmp_path: Path) -> None:
    config = tmp_path / "twin.yml"
    config.write_text("no_such_rate: 1\n")
    asked = [
        "twin",
        "--services",
        "200",
        "--months",
        "1",
        "--seed",
        "1",
        "--out",
        str(tmp_path / "out"),
    ]
    with pytest.raises(UsageError) as refused:
        app([*asked, "--config", str(config)], standalone_mode=False)
    assert "not a parameter of the twin: no_such_rate" in str(
        refused.value.facts["why"]
    )
    with pytest.raises(UsageError):
        app(["twin", "--out", str(tmp_path / "out")], standalone_mode=False)

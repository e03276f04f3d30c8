"""Each bad input planted into a clean month: what is read, what is set aside, what is refused, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.contract import load_contract
from pipelines.core.errors import GateStopped, SourceNotReady
from pipelines.text.texts import LANGUAGES, describe_error, fill_label, load_labels
from tests.bad_inputs import container, keys, shape, values
from tests.bad_inputs.month import (
    MONTH,
    REQUIRED,
    Planting,
    Taken,
    clean,
    take_in,
    twin_source,
)
from tests.bad_inputs.registry import CASES, INPUTS, Case, Expected

assert container and keys and shape and values  # the cases register themselves

_PLAIN = [case for case in CASES if not case.tables]
_REFUSED = [(case, table) for case in CASES for table in case.tables]


def planted(
    case: Case, folder: Path, table: str | None = None
) -> tuple[Planting, Expected, Taken]:
    month = Planting()
    expected = case.put(month, table)
    return month, expected, take_in(month.write(folder / "source"), folder / "home")


# -- normalised, set aside ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", _PLAIN, ids=[case.id for case in _PLAIN])
def test_read(tmp_path: Path, case: Case) -> None:
    month, expected, taken = planted(case, tmp_path)
    assert taken.error is None
    _every_row_is_accounted_for(month, taken)
    if expected.verdict == "N":
        _equals_the_clean_one(month, expected, taken)
        _is_counted(month, expected, taken)
    else:
        _is_set_aside(expected, taken)
        _the_rest_is_accepted(month, taken)


def _every_row_is_accounted_for(month: Planting, taken: Taken) -> None:
    intake = {row["table"]: row for row in taken.rows("snapshot_intake")}
    for table in month.tables():
        row = intake[table]
        delivered = len(taken.rows(f"extract_{table}"))
        assert (
            row["rows_in"]
            == delivered
            == row["accepted"] + row["repeats"] + row["quarantined"]
        ), table
        assert row["accepted"] == len(taken.rows(f"snapshot_{table}"))


def _equals_the_clean_one(month: Planting, expected: Expected, taken: Taken) -> None:
    assert taken.rows("snapshot_quarantine") == []
    right = clean(month)
    for name in (*month.tables(), "person"):
        file = f"snapshot_{name}.parquet"
        assert (taken.draft / file).read_bytes() == (right.draft / file).read_bytes(), (
            name
        )
    assert taken.people() == right.people()
    repeats = {
        row["table"]: row["repeats"]
        for row in taken.rows("snapshot_intake")
        if row["repeats"]
    }
    assert repeats == ({expected.table: expected.repeats} if expected.repeats else {})


def _is_counted(month: Planting, expected: Expected, taken: Taken) -> None:
    counted = {
        (r["table"], r["column"], r["form"]): r["rows"]
        for r in taken.rows("snapshot_normalised")
    }
    loose = {key[:2] for key in expected.forms if key[2] == "*"}
    found: Counter[tuple[str, ...]] = Counter()
    for key, rows in counted.items():
        found[*key[:2], "*" if key[:2] in loose else key[2]] += rows
    assert found == dict(expected.forms)
    for language in LANGUAGES:
        assert {f"form.{form}" for _, _, form in counted} <= set(load_labels(language))
    for row in taken.rows("extract_delivery"):
        for column, text in (
            expected.noted.items() if row["table"] == expected.table else ()
        ):
            assert text in (row[column] or ""), (column, row[column])


def _is_set_aside(expected: Expected, taken: Taken) -> None:
    found = {
        (r["table"], r["file"], r["line"]): r for r in taken.rows("snapshot_quarantine")
    }
    wanted = {(bad.table, bad.file, bad.line): bad for bad in expected.bad}
    assert set(found) == set(wanted)
    assert len(taken.rows("snapshot_quarantine")) == len(wanted)
    for place, bad in wanted.items():
        row = found[place]
        assert (row["column"], row["value"]) == (bad.column, bad.value), bad
        assert row["rule"] == bad.rule or (bad.rule is None and row["rule"]), bad


def _the_rest_is_accepted(month: Planting, taken: Taken) -> None:
    right = clean(month)
    for table in month.tables():
        accepted, all_rows = (
            Counter(map(_frozen, t.rows(f"snapshot_{table}"))) for t in (taken, right)
        )
        assert accepted <= all_rows, table


def _frozen(row: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(row.items())


# -- refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "table"), _REFUSED, ids=[f"{case.id}-{table}" for case, table in _REFUSED]
)
def test_refused(tmp_path: Path, case: Case, table: str) -> None:
    month, expected, taken = planted(case, tmp_path, table)
    facts = (
        _stopped(expected, taken)
        if table in REQUIRED
        else _left_out(month, expected, taken)
    )
    assert {name: facts.get(name) for name in expected.facts} == {
        n: str(v) for n, v in expected.facts.items()
    }
    _says_what_where_and_what_next(expected.key, facts)


def _stopped(expected: Expected, taken: Taken) -> dict[str, str]:
    """A required table: the month ends with 11 or 13, and nothing of it is held."""
    error = taken.error
    assert isinstance(error, GateStopped | SourceNotReady)
    assert error.key == expected.key and error.facts["table"] == expected.table
    assert error.exit_code == (13 if isinstance(error, GateStopped) else 11)
    for language in LANGUAGES:
        assert "?" not in describe_error(language, error)
    return {name: str(value) for name, value in error.facts.items()}


def _left_out(month: Planting, expected: Expected, taken: Taken) -> dict[str, str]:
    """An optional table: not computed, by name, and the others are as ever."""
    assert taken.error is None
    entry, table = taken.entry(f"extract_{expected.table}"), expected.table
    assert (entry["state"], entry["reasons"]) == ("refused", [expected.key])
    assert taken.entry(f"snapshot_{table}")["reasons"] == [f"refused: {table}"]
    assert {r["table"]: r["state"] for r in taken.rows("snapshot_intake")}[
        table
    ] == "refused"
    assert {
        r["reason"] for r in taken.rows("extract_delivery") if r["table"] == table
    } == {expected.key}
    assert not (taken.draft / f"extract_{table}.parquet").exists()
    right = clean(month)
    for name in (*REQUIRED, "person"):
        file = f"snapshot_{name}.parquet"
        assert (taken.draft / file).read_bytes() == (right.draft / file).read_bytes()
    return {"table": table, "month": str(MONTH), **entry["facts"]}


def _says_what_where_and_what_next(key: str, facts: dict[str, str]) -> None:
    texts = {
        language: fill_label(language, f"error.{key}", **facts)
        for language in LANGUAGES
    }
    where = [facts[name] for name in ("file", "files") if name in facts] or [
        facts["table"]
    ]
    for language, text in texts.items():
        assert f"error.{key}" in load_labels(language) and all(
            name in text for name in where
        ), text
        assert " ?" not in text and not text.startswith("?"), (
            text
        )  # a fact the message wants and nobody gave
        assert (
            len(
                [
                    part
                    for part in text.replace("；", "。").split(
                        {"zh": "。", "en": ". "}[language]
                    )
                    if part
                ]
            )
            > 1
        ), text
    assert len(set(texts.values())) == len(LANGUAGES)


# -- the list is whole -------------------------------------------------------------------------------------------


def test_every_bad_input_is_tried_with_its_verdict() -> None:
    assert sorted(INPUTS) == list(range(1, 71))
    for number, bad in INPUTS.items():
        tried = {case.verdict for case in CASES if case.number == number}
        chosen = {
            letter for letter in "NQR" if letter in bad.verdict.replace("gate", "")
        }
        assert tried <= chosen or number == 12, number
        assert tried == chosen or bad.tests or number == 12, number


def test_a_clean_month_as_csv_is_the_same_month_and_nothing_is_counted(
    tmp_path: Path,
) -> None:
    month = Planting()
    delivered = {path.stem for path in (twin_source() / str(MONTH)).glob("*.parquet")}
    # The synthetic operator makes offers only where it is told to.
    assert set(load_contract()) - delivered == {"offer"}
    for table in load_contract():
        if table in delivered:
            month.send_csv(table)
    taken = take_in(month.write(tmp_path / "source"), tmp_path / "home")
    _every_row_is_accounted_for(month, taken)
    _equals_the_clean_one(month, Expected("N"), taken)
    _is_counted(month, Expected("N"), taken)

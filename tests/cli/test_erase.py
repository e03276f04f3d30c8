"""The command of a person's deletion: a rehearsal, the deletion, and what it says of what it cannot reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.rooms import extract
from tests.cli.conftest import Retention
from tests.support.small import KEY, MONTH, Town, run_town

SHOWN = ("show", "snapshot_person", MONTH, "--json")
ERASE = ("erase", "cat", "--why", "asked by letter", "--json")


def test_a_rehearsal_touches_nothing_and_a_deletion_leaves_the_id(
    retention: Retention, copied: Path
) -> None:
    before = retention(*SHOWN).out
    rehearsed = retention("erase", "cat", "--dry-run")
    assert rehearsed.code == 0 and "nothing was touched" in rehearsed.out
    assert retention(*SHOWN).out == before
    deleted = retention(*ERASE)
    assert deleted.code == 0, deleted
    told = {(trace["kind"], trace["fate"]) for trace in json.loads(deleted.out)}
    assert told == {("key", "gone"), ("names", "gone"), ("bills", "stays")}
    rows = {
        row["customer_id"]: row
        for row in map(json.loads, retention(*SHOWN).out.splitlines())
    }
    assert (rows["cat"]["name"], rows["cat"]["phone"]) == (None, None)
    assert rows["ann"]["phone"] == "138****5678"


def test_who_nobody_knows_and_a_deletion_without_a_reason_are_refused(
    retention: Retention, copied: Path
) -> None:
    assert retention("erase", "nobody", "--why", "x").code == 2
    assert retention("erase", "cat").code == 2


def test_a_month_of_before_is_named_and_shows_the_name_no_more(
    retention: Retention, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETENTION_SECRET_KEY", KEY)
    with monkeypatch.context() as before:
        before.setattr(extract, "seal_table", lambda *_: False)
        run_town(
            tmp_path / "home", Town().person("cat").person("ann"), tmp_path / "source"
        )
    assert "138****5678" in retention(*SHOWN).out
    deleted = retention(*ERASE)
    assert deleted.code == 12 and "months" in deleted.err
    rows = {
        row["customer_id"]: row
        for row in map(json.loads, retention(*SHOWN).out.splitlines())
    }
    assert rows["cat"]["phone"] is None and rows["ann"]["phone"] == "138****5678"

"""What is recorded of a version: types over the same JSON, and reasons over the same texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipelines.core.errors import StorageError
from pipelines.core.month import Month
from pipelines.core.reasons import Reason, ReasonKind, join_reasons, split_reasons
from pipelines.store.inputs import DayInputs, MonthInputs, PlanInputs
from pipelines.store.manifest import Manifest, TableEntry
from pipelines.store.versions import Draft, Version
from tests.support.small import MONTH, Town, run_town

TEXTS = (
    "absent: bill.amount",
    "absent: bill.amount (2026-05)",
    "not held: 2026-01",
    "base month",
    "by rules alone: absent: features_arrears (2026-05)",
    "interval: 0.1250 … 0.3310",
    "waived: bill.sum_ties (2026-05)",
    "small_denominator",
    "absent: ",
    "(odd) text: of nobody's (2026-13)",
)
TABLES: dict[str, dict[str, Any]] = {
    "extract_bill": {
        "room": "extract", "status": "computed", "rows": 2, "sha256": "a", "state": "present",
        "missing": ["adjustment_amount"], "content": "2:77",
    },
    "extract_plan": {
        "room": "extract", "status": "not_computed", "rows": 0, "state": "refused", "missing": [],
        "content": "", "reasons": ["source.no_header"], "facts": {"file": "plan.csv"},
    },
    "snapshot_bill": {"room": "snapshot", "status": "computed", "rows": 2, "sha256": "b", "absent": []},
    "features_revenue": {
        "room": "features", "status": "computed", "rows": 2, "sha256": "c",
        "definition": {"file": "sql/features/revenue.sql", "sha256": "d", "version": 1},
        "inputs": {"snapshot_bill": "b", "m1.snapshot_bill": None},
    },
    "dispatch_capacity": {
        "room": "dispatch", "status": "computed", "rows": 1, "sha256": "e", "rule": "per_manager",
    },
    "score_churn": {"room": "score", "status": "not_computed", "reasons": list(TEXTS)},
    "plan_part": {"status": "computed", "rows": 0, "sha256": "f"},
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_reason_gives_its_text_back_unchanged(text: str) -> None:
    assert str(Reason.parse(text)) == text


def test_reasons_are_split_and_joined_without_a_byte_lost() -> None:
    assert join_reasons(split_reasons("; ".join(TEXTS))) == "; ".join(TEXTS)
    assert split_reasons(None) == split_reasons("") == ()


def test_a_reason_says_its_kind_its_table_and_its_month() -> None:
    reason = Reason.parse("by rules alone: absent: features_arrears (2026-05)")
    assert reason.kind == ReasonKind.BY_RULES_ALONE
    assert reason.cause == Reason.absent("features_arrears", "2026-05")
    assert Reason.parse("absent: bill").in_month(
        Month.parse("2026-05")
    ) == Reason.absent("bill", "2026-05")
    assert (
        str(Reason.parse("absent: bill (2026-04)").in_month("2026-05"))
        == "absent: bill (2026-04)"
    )


def test_a_manifest_is_written_as_it_was_read() -> None:
    record = {
        "month": "2026-08",
        "inputs": {"source": "a"},
        "rooms": ["extract"],
        "tables": TABLES,
    }
    assert Manifest.from_json(record).to_json() == record


def test_entries_have_what_rooms_ask_of_them() -> None:
    entries = {name: TableEntry.from_json(record) for name, record in TABLES.items()}
    refused = entries["extract_plan"].delivery
    assert refused is not None and refused.facts == {"file": "plan.csv"}
    assert (
        entries["snapshot_bill"].absent == ()
        and entries["snapshot_bill"].delivery is None
    )
    assert entries["score_churn"].reasons[0] == Reason.absent("bill.amount")
    assert entries["dispatch_capacity"].absent_columns == ()


@pytest.mark.parametrize(
    "inputs",
    [
        MonthInputs(source="a", restates="b", earlier={"m1": None}),
        DayInputs("2026-08-05", "a", "b", "c", {}, "d", None, "2026-07 e", ()),
        PlanInputs({"year": 2027}, {"net_revenue": "a"}, "b", {}),
    ],
)
def test_inputs_are_read_as_they_were_written(
    inputs: MonthInputs | DayInputs | PlanInputs,
) -> None:
    assert type(inputs).from_json(json.loads(json.dumps(inputs.to_json()))) == inputs


class Company(NamedTuple):
    kpi: str
    status: str


def test_a_version_is_read_in_one_way(tmp_path: Path) -> None:
    version = run_town(tmp_path / "home", Town().person("ann"), tmp_path / "source")
    raw = json.loads((version.path / "manifest.json").read_text(encoding="utf-8"))
    assert version.read_manifest().to_json() == raw
    assert version.month_inputs.to_json() == raw["inputs"]
    company = {"scope_kind": "company"}
    rows = version.read_rows("kpi_monthly", ["kpi", "status"], where=company)
    assert version.read_as(Company, "kpi_monthly", where=company) == [
        Company(**row) for row in rows
    ]
    assert 0 < len(rows) <= version.count_rows("kpi_monthly")
    assert version.list_columns("kpi_monthly")[:3] == ["month", "kpi", "variant"]
    assert version.month == MONTH


def test_a_manifest_with_a_torn_entry_is_named(tmp_path: Path) -> None:
    entry = {
        "status": "computed",
        "rows": 1,
        "sha256": "a",
        "definition": {"file": "x.sql"},
    }
    content = {"month": "2026-08", "inputs": {}, "tables": {"kpi_monthly": entry}}
    (tmp_path / "v0001").mkdir()
    (tmp_path / "v0001" / "manifest.json").write_text(
        json.dumps(content), encoding="utf-8"
    )
    version = Version(Month.parse("2026-08"), tmp_path / "v0001")
    for read in (version.read_manifest, lambda: version.find_entry("kpi_monthly")):
        with pytest.raises(StorageError, match=r"storage\.torn"):
            read()


FULL = {
    "month": "2026-08",
    "rooms": ["extract"],
    "inputs": {
        "source": "a",
        "settings": {"engine": "duckdb"},
        "waivers": [{"finding": "bill.x", "scope": "all"}],
        "champion": {"name": "gbm"},
        "uplift": None,
        "earlier": {"m1": "2026-07 a", "m2": None},
        "parts": 16,
    },
    "tables": {
        "extract_bill": {
            "status": "computed",
            "room": "extract",
            "rows": 1,
            "sha256": "a",
            "state": "present",
            "missing": ["due_on"],
            "content": "b",
        },
        "kpi_monthly": {
            "status": "computed",
            "rows": 1,
            "sha256": "a",
            "absent": ["bill.adjustment_amount"],
            "inputs": {"features_revenue": "a"},
            "definition": {"file": "x.sql", "sha256": "a", "version": 1},
            "parts": {"count": 16, "column": "kpi", "order": ["rank DESC"]},
        },
        "score_churn": {"status": "not_computed", "reasons": ["not held: 2026-07"]},
    },
}
STOPPED = {"room": "validate", "tables": FULL["tables"], "why": "gate.stopped"}
OTHERS: tuple[object, ...] = (
    None,
    0,
    1.5,
    True,
    "x",
    [],
    [1],
    [[]],
    {},
    {"x": 1},
    {"x": {}},
)


def list_broken(record: object) -> Iterator[object]:
    """A record with one value gone, or another in its place, at every place that it has."""
    yield from OTHERS
    if isinstance(record, dict):
        for name, value in record.items():
            rest = {other: record[other] for other in record if other != name}
            yield rest
            for broken in list_broken(value):
                yield record | {name: broken}
    if isinstance(record, list):
        for place, value in enumerate(record):
            for broken in list_broken(value):
                yield [*record[:place], broken, *record[place + 1 :]]


def read_all(made: Version | Draft) -> None:
    """Read all that is recorded, and write it anew: what is of another type shows there."""
    json.dumps({name: entry.to_json() for name, entry in made.entries.items()})
    json.dumps(made.month_inputs.to_json())
    if isinstance(made, Draft):
        json.dumps(made.to_manifest().to_json())
        assert 1 <= made.parts <= 256
    else:
        json.dumps(made.read_manifest().to_json())
        assert made.of_month and all(isinstance(room, str) for room in made.rooms)


def test_a_manifest_with_anything_in_any_place_is_read_or_named(tmp_path: Path) -> None:
    path = tmp_path / "v0001" / "manifest.json"
    path.parent.mkdir()
    version = Version(MONTH, path.parent)
    refused = []
    for broken in list_broken(FULL):
        path.write_text(json.dumps(broken), encoding="utf-8")
        try:
            read_all(version)
        except StorageError as error:
            refused.append(error.facts)
    assert len(refused) > 300
    assert all(facts == {"where": path} for facts in refused)


def test_a_draft_with_anything_in_any_place_goes_on_or_begins_anew(
    tmp_path: Path,
) -> None:
    path = tmp_path / "v0001.draft" / "draft.json"
    path.parent.mkdir()
    for broken in list_broken(FULL | {"stopped": STOPPED}):
        path.write_text(json.dumps(broken), encoding="utf-8")
        read_all(Draft(MONTH, path.parent))

"""OpenLineage events: as the specification wants them, what the manifest says, and the same every time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openlineage.client.event_v2 import RunEvent

from pipelines import ROOMS
from pipelines.operations.events import make_events, write_events
from pipelines.store.lake import Version
from tests.support.small import twin_operator

# What version 2-0-2 of the specification asks of a run event.
_FACETS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["_producer", "_schemaURL"],
        "properties": {
            "_producer": {"type": "string", "pattern": r"^\w+:"},
            "_schemaURL": {
                "type": "string",
                "pattern": r"^https://openlineage\.io/spec/.*#/\$defs/\w+$",
            },
        },
    },
}
_NAMED = {
    "namespace": {"type": "string", "minLength": 1},
    "name": {"type": "string", "minLength": 1},
}
_JOB = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": _NAMED | {"facets": _FACETS},
}
_DATASET = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": _NAMED
    | {"facets": _FACETS, "inputFacets": _FACETS, "outputFacets": _FACETS},
}
_UUID = {"type": "string", "pattern": r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
SPECIFICATION = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventType": {
            "enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]
        },
        "eventTime": {
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
        },
        "producer": {"type": "string", "pattern": r"^\w+:"},
        "schemaURL": {
            "const": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
        },
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {"runId": _UUID, "facets": _FACETS},
        },
        "job": _JOB,
        "inputs": {"type": "array", "items": _DATASET},
        "outputs": {"type": "array", "items": _DATASET},
    },
}
Event = dict[str, Any]


@pytest.fixture(scope="module")
def version() -> Version:
    return twin_operator().version


@pytest.fixture(scope="module")
def events(version: Version, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    out = tmp_path_factory.mktemp("events") / "a.ndjson"
    count = write_events(version, out)
    told = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert count == len(told) > 100
    return told


def complete(events: list[Event]) -> dict[str, Event]:
    return {e["job"]["name"]: e for e in events if e["eventType"] == "COMPLETE"}


def test_every_event_is_as_the_specification_wants_it(events: list[Event]) -> None:
    validator = jsonschema.Draft202012Validator(SPECIFICATION)
    assert [
        error.message for event in events for error in validator.iter_errors(event)
    ] == []
    broken = events[0] | {"run": {"runId": "x"}}
    assert not validator.is_valid(broken), "the schema would see what is wrong"


def test_every_run_starts_and_completes_once_a_table_inside_its_room(
    events: list[Event],
) -> None:
    states: dict[str, list[str]] = {}
    for event in events:
        states.setdefault(event["run"]["runId"], []).append(event["eventType"])
    assert all(seen == ["START", "COMPLETE"] for seen in states.values())
    done = complete(events)
    assert [name for name in done if "." not in name] == list(ROOMS) and len(
        done
    ) == len(states)
    for name, event in done.items():
        parent = event["run"]["facets"].get("parent")
        room = name.partition(".")[0]
        assert (parent and parent["run"]["runId"]) == (
            done[room]["run"]["runId"] if "." in name else None
        )


def test_the_datasets_are_those_of_the_manifest(
    events: list[Event], version: Version
) -> None:
    tables, done = version.manifest["tables"], complete(events)
    for room in ROOMS:
        outputs = {d["name"]: d for d in done[room]["outputs"]}
        assert set(outputs) == {n for n, e in tables.items() if e["room"] == room}
        for name in (n for n in outputs if "sha256" in tables[n]):
            facets = outputs[name]["facets"]
            assert (
                facets["version"]["datasetVersion"] == tables[name]["sha256"]
                and facets["schema"]["fields"]
            )
            assert outputs[name]["outputFacets"]["outputStatistics"][
                "rowCount"
            ] == tables[name].get("rows")
    service = done["features.features_arrears"]
    assert {d["name"] for d in service["inputs"]} == set(
        tables["features_arrears"]["inputs"]
    )
    assert "SELECT" in service["job"]["facets"]["sql"]["query"]
    assert {d["name"] for d in done["extract"]["inputs"]} == {"delivery"}
    assert "extract_bill" in {d["name"] for d in done["snapshot"]["inputs"]}


def test_the_same_version_gives_the_same_events_and_another_gives_others(
    version: Version, tmp_path: Path
) -> None:
    copy = Version(
        version.month, shutil.copytree(version.path, tmp_path / version.path.name)
    )
    for where in (version, copy):
        write_events(where, tmp_path / f"{where is copy}.ndjson")
    assert (tmp_path / "True.ndjson").read_bytes() == (
        tmp_path / "False.ndjson"
    ).read_bytes()
    manifest = copy.path / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    assert not _ids(make_events(copy)) & _ids(make_events(version))


def _ids(events: Any) -> set[str]:
    return {event.run.runId for event in events if isinstance(event, RunEvent)}


def test_sql_that_is_not_the_one_that_made_the_table_is_left_out(
    version: Version, tmp_path: Path
) -> None:
    copy = Version(
        version.month, shutil.copytree(version.path, tmp_path / version.path.name)
    )
    manifest = copy.path / "manifest.json"
    content = json.loads(manifest.read_text())
    content["tables"]["features_arrears"]["definition"]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(content))
    told = {e.job.name: e.job.facets or {} for e in make_events(copy)}
    assert (
        "sql" not in told["features.features_arrears"]
        and "sql" in told["features.features_service"]
    )

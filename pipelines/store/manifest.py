"""What a version holds, as types: the manifest, an entry a table, a stopped room, the seal.

On disk these are JSON (`manifest.json`, `draft.json`, `SEAL.json`); `from_json` reads what is there
and `to_json` gives the very same JSON back, keys that were not there left out, so that hashes of
manifests hold for ever.

How to use it:

    version.entries["kpi_monthly"].rows              Version and Draft: TableEntry by table
    version.find_entry("score_churn")                TableEntry, or None when there is none
    version.is_computed("score_churn")               whether there is a file to read
    entry.is_computed · .sha256 · .rows · .room · .absent · .definition · .inputs
    entry.reasons                                    tuple[Reason, ...] of one not computed
    join_reasons(entry.reasons)                      their text in tables (core.reasons)
    entry.delivery                                   of extract_<table>, else None
    entry.parts                                      of a table in parts, else None
    version.month_inputs.source · .settings …        MonthInputs (store.inputs); day_, plan_inputs
    draft.stopped_room                               StoppedRoom(room, entries, why), or None
    folder.read_seal()                               Seal(version, manifest), or None

    context.find_entry(TableName("score_churn"))     TableEntry of this or an earlier month, or None
    context.missing_reasons("score_churn")           why it is not there; () when it is
    context.entries                                  what this room has written so far
    context.record_entry("extract_bill", entry)      a table that the room wrote by itself

    TableEntry.computed(room, written, absent=(…))   a table that was written (rows and sha256)
    TableEntry.not_computed(room, reasons)           a table that could not be
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pipelines.core.reasons import Reason
from pipelines.store.parts import Parts
from pipelines.store.torn import Json as Json

COMPUTED, NOT_COMPUTED = "computed", "not_computed"


class WrittenFile(Protocol):
    """What is known of a table once it is written."""

    @property
    def rows(self) -> int:
        """How many rows it has."""

    @property
    def sha256(self) -> str:
        """The hash of its bytes, be it a file or in parts."""


@dataclass(frozen=True)
class Definition:
    """The SQL file a table is made by: its path, its hash, and its front matter's version."""

    file: str
    sha256: str
    version: int

    @classmethod
    def from_json(cls, record: Json) -> Definition:
        """Read what a manifest says."""
        return cls(record["file"], record["sha256"], record["version"])

    def to_json(self) -> Json:
        """Give the JSON of a manifest."""
        return {"file": self.file, "sha256": self.sha256, "version": self.version}


@dataclass(frozen=True)
class DeliveryFacts:
    """How a table was delivered.

    `missing` are the columns it lacked, `content` is a hash whatever the order of its rows.

    `state` is present, empty, absent or refused; `facts` fill in the message that says why it was
    refused.
    """

    state: str
    missing: tuple[str, ...] = ()
    content: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableEntry:
    """One table of a version. What is None or empty does not stand in the manifest.

    `absent` are the optional columns that were not delivered (None: of a table of which that is not
    told); `inputs` the hash of each table it was made of, None for one that was not there; `rule`
    the rule of `dispatch_capacity`; `parts` how it stands in parts, None of one that is a file.
    """

    status: str
    room: str | None = None
    rows: int | None = None
    sha256: str | None = None
    reasons: tuple[Reason, ...] = ()
    absent: tuple[str, ...] | None = None
    rule: str | None = None
    definition: Definition | None = None
    inputs: Mapping[str, str | None] | None = None
    delivery: DeliveryFacts | None = None
    parts: Parts | None = None

    @classmethod
    def computed(
        cls,
        room: str | None,
        written: WrittenFile,
        absent: Iterable[str] | None = None,
        rule: str | None = None,
        parts: Parts | None = None,
    ) -> TableEntry:
        """Make the entry of a table that was written."""
        columns = None if absent is None else tuple(absent)
        return cls(
            COMPUTED,
            room,
            written.rows,
            written.sha256,
            absent=columns,
            rule=rule,
            parts=parts,
        )

    @classmethod
    def not_computed(
        cls, room: str | None, reasons: Iterable[Reason | str]
    ) -> TableEntry:
        """Make the entry of a table that could not be computed."""
        return cls(
            NOT_COMPUTED,
            room,
            reasons=tuple(_read_reason(reason) for reason in reasons),
        )

    @classmethod
    def from_json(cls, record: Json) -> TableEntry:
        """Read what a manifest says of a table."""
        absent = record.get("absent")
        definition = record.get("definition")
        parts = record.get("parts")
        return cls(
            status=record["status"],
            room=record.get("room"),
            rows=record.get("rows"),
            sha256=record.get("sha256"),
            reasons=tuple(Reason.parse(text) for text in record.get("reasons", ())),
            absent=None if absent is None else tuple(absent),
            rule=record.get("rule"),
            definition=None if definition is None else Definition.from_json(definition),
            inputs=record.get("inputs"),
            delivery=_read_delivery(record),
            parts=None if parts is None else Parts.from_json(parts),
        )

    def to_json(self) -> Json:
        """Give the JSON of a manifest."""
        optional: Json = {
            "room": self.room,
            "rows": self.rows,
            "sha256": self.sha256,
            "absent": None if self.absent is None else list(self.absent),
            "rule": self.rule,
            "inputs": None if self.inputs is None else dict(self.inputs),
            "parts": None if self.parts is None else self.parts.to_json(),
            "definition": None
            if self.definition is None
            else self.definition.to_json(),
        }
        record: Json = {"status": self.status}
        for name, value in optional.items():
            if value is not None:
                record[name] = value
        if not self.is_computed:
            record["reasons"] = [str(reason) for reason in self.reasons]
        if self.delivery is not None:
            record |= self._delivery_json(self.delivery)
        return record

    def _delivery_json(self, delivery: DeliveryFacts) -> Json:
        record: Json = {
            "state": delivery.state,
            "missing": list(delivery.missing),
            "content": delivery.content,
        }
        if not self.is_computed:
            record["facts"] = dict(delivery.facts)
        return record

    @property
    def is_computed(self) -> bool:
        """Whether the table has a file to read."""
        return self.status == COMPUTED

    @property
    def absent_columns(self) -> tuple[str, ...]:
        """The optional columns that were not delivered; none where that is not told."""
        return self.absent or ()


def _read_reason(reason: Reason | str) -> Reason:
    return reason if isinstance(reason, Reason) else Reason.parse(reason)


def _read_delivery(record: Json) -> DeliveryFacts | None:
    """What an `extract_<table>` says of its delivery; None for every other table."""
    if "state" not in record:
        return None
    return DeliveryFacts(
        state=record["state"],
        missing=tuple(record.get("missing", ())),
        content=record.get("content", ""),
        facts=record.get("facts", {}),
    )


Entries = Mapping[str, TableEntry]


def read_entries(records: Mapping[str, Json]) -> dict[str, TableEntry]:
    """Read the entries of a manifest, by table."""
    return {name: TableEntry.from_json(record) for name, record in records.items()}


def write_entries(entries: Entries) -> dict[str, Json]:
    """Give the JSON of entries, by table."""
    return {name: entry.to_json() for name, entry in entries.items()}


@dataclass(frozen=True)
class Manifest:
    """A finished version: its month, what it is made of (JSON.

    `store.inputs` gives it types), rooms and tables.
    """

    month: str
    inputs: Json
    rooms: tuple[str, ...]
    tables: Entries

    @classmethod
    def from_json(cls, record: Json) -> Manifest:
        """Read a manifest that has the form of one (`store.torn.check_manifest`)."""
        rooms = tuple(record.get("rooms", ()))
        return cls(
            record["month"], record["inputs"], rooms, read_entries(record["tables"])
        )

    def to_json(self) -> Json:
        """Give the JSON of the file."""
        return {
            "month": self.month,
            "inputs": dict(self.inputs),
            "rooms": list(self.rooms),
            "tables": write_entries(self.tables),
        }


@dataclass(frozen=True)
class StoppedRoom:
    """What a room had written when the gate stopped it, and the message key that says why."""

    room: str
    entries: Entries
    why: str

    @classmethod
    def from_json(cls, record: Json) -> StoppedRoom:
        """Read what a draft says."""
        return cls(record["room"], read_entries(record["tables"]), record["why"])

    def to_json(self) -> Json:
        """Give the JSON of a draft."""
        return {
            "room": self.room,
            "tables": write_entries(self.entries),
            "why": self.why,
        }


@dataclass(frozen=True)
class Seal:
    """The seal of a released month: the version's number, and the hash of its manifest."""

    version: int
    manifest: str

    def to_json(self) -> Json:
        """Give the JSON of the file."""
        return {"version": self.version, "manifest": self.manifest}

"""What a version is made of, as types: of a month, of a day after it, of a year's plan.

The same inputs make the same tables. A run compares them with those of the version that is there,
and a draft goes on only while they are the same. In the manifest they are JSON; an older home may
lack a key, which reads as None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.store.torn import Json

ONE_PART = 1  # the parts of a table that is a file, which no manifest tells


@dataclass(frozen=True)
class MonthInputs:
    """What a month is made of; hashes are SHA-256.

    `source` is None for a database that has not been read yet. `mapping` tells one mapping of names
    from another. `earlier` names, for each era (m1, m2, m3, m12, prior, base), the version it means
    as `<month> <identity>`. `champion` and `uplift` are what `Champion.meaning` says. `restates` is
    the identity of the released version. `parts` is in how many parts a table that grows stands.
    """

    source: str | None = None
    mapping: str | None = None
    office: str | None = None
    code: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    key: str | None = None
    calendar: str | None = None
    gate: str | None = None
    scorecard: str | None = None
    waivers: tuple[Mapping[str, str], ...] = ()
    champion: Mapping[str, str] | None = None
    uplift: Mapping[str, str] | None = None
    earlier: Mapping[str, str | None] = field(default_factory=dict)
    restates: str | None = None
    parts: int = ONE_PART

    @classmethod
    def from_json(cls, record: Json) -> MonthInputs:
        """Read what a manifest says."""
        return cls(
            source=record.get("source"),
            mapping=record.get("mapping"),
            office=record.get("office"),
            code=record.get("code"),
            settings=record.get("settings", {}),
            key=record.get("key"),
            calendar=record.get("calendar"),
            gate=record.get("gate"),
            scorecard=record.get("scorecard"),
            waivers=tuple(record.get("waivers", ())),
            champion=record.get("champion"),
            uplift=record.get("uplift"),
            earlier=record.get("earlier", {}),
            restates=record.get("restates"),
            parts=record.get("parts", ONE_PART),
        )

    def to_json(self) -> Json:
        """Give the JSON of a manifest."""
        record: Json = {
            "source": self.source,
            "mapping": self.mapping,
            "office": self.office,
            "code": self.code,
            "settings": dict(self.settings),
            "key": self.key,
            "calendar": self.calendar,
            "gate": self.gate,
            "scorecard": self.scorecard,
            "waivers": list(self.waivers),
            "champion": self.champion,
            "uplift": self.uplift,
            "earlier": dict(self.earlier),
        }
        if self.restates is not None:
            record["restates"] = self.restates
        if self.parts != ONE_PART:
            record["parts"] = self.parts
        return record


@dataclass(frozen=True)
class DayInputs:
    """What a day is made of; the month and the days before it as `<name> <identity>`."""

    day: str
    source: str
    office: str
    code: str
    settings: Mapping[str, object]
    key: str
    calendar: str | None
    month: str
    days: tuple[str, ...]

    @classmethod
    def from_json(cls, record: Json) -> DayInputs:
        """Read what a manifest says."""
        return cls(
            day=record["day"],
            source=record["source"],
            office=record["office"],
            code=record["code"],
            settings=record["settings"],
            key=record["key"],
            calendar=record.get("calendar"),
            month=record["month"],
            days=tuple(record["days"]),
        )

    def to_json(self) -> Json:
        """Give the JSON of a manifest."""
        return {
            "day": self.day,
            "source": self.source,
            "office": self.office,
            "code": self.code,
            "settings": dict(self.settings),
            "key": self.key,
            "calendar": self.calendar,
            "month": self.month,
            "days": list(self.days),
        }


@dataclass(frozen=True)
class PlanInputs:
    """What a year's plan is made of.

    `plan` is the plan as written; `keys` has a hash a measure, `parts` one of all parts.

    `targets` has a hash a month, `months` the identity of each held month the plan was split by.
    """

    plan: Json
    keys: Mapping[str, str]
    parts: str
    targets: Mapping[str, str]
    months: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, record: Json) -> PlanInputs:
        """Read what a manifest says."""
        return cls(
            plan=record["plan"],
            keys=record["keys"],
            parts=record["parts"],
            targets=record["targets"],
            months=record.get("months", {}),
        )

    def to_json(self) -> Json:
        """Give the JSON of a manifest."""
        return {
            "plan": dict(self.plan),
            "keys": dict(self.keys),
            "parts": self.parts,
            "targets": dict(self.targets),
            "months": dict(self.months),
        }

"""What a room is given: the month, the settings, the engine with every table it may read, and where to write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.catalogue.lineage import ColumnName, feature_columns, origin, table_columns
from pipelines.catalogue.spec import Spec, TableName
from pipelines.core.calendar import Calendar
from pipelines.core.contract import contract, snapshot_columns
from pipelines.core.month import Month
from pipelines.core.reasons import Reason
from pipelines.core.settings import PAY_RULES, Settings
from pipelines.core.values import SQL_TYPES
from pipelines.engines.duckdb import Answer, DuckEngine, native
from pipelines.store.champions import Champion
from pipelines.store.files import OWNER_ALONE
from pipelines.store.manifest import Entries, TableEntry, read_entries
from pipelines.store.torn import check_table
from pipelines.store.versions import Draft, Version
from pipelines.store.waivers import Waiver

AUDIT_DUE_DAY = 10  # of the month after: what an audit finds is to be closed by then


@dataclass
class Context:
    """One room's view of the month being built. `tables` grows as the room writes."""

    month: Month
    settings: Settings
    calendar: Calendar
    draft: Draft
    engine: DuckEngine
    earlier: Mapping[str, Version | None]
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    champion: Champion | None = None
    uplift: Champion | None = None
    source: Any = None
    office: Any = None
    progress: Callable[[str], None] = lambda step: None
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    at_work_on: Spec | None = None

    # -- what it is about ----------------------------------------------------------------------------------------

    @property
    def occasion(self) -> str:
        """What the orders are made for: the month, or a day after it."""
        return str(self.month)

    @property
    def dispatch_on(self) -> date:
        """The day the orders go out: a working day of the next month, never the clock."""
        return self.calendar.nth_of(self.month.plus(1), self.settings.dispatch_working_day)

    # -- what is there -------------------------------------------------------------------------------------------

    @property
    def scored_by(self) -> frozenset[ColumnName]:
        """The feature columns that the month's champion is shown; none without one."""
        return feature_columns(self.champion.features) if self.champion else frozenset()

    def entry(self, table: TableName) -> dict[str, Any] | None:
        """The manifest entry of a table of this month or of an earlier one."""
        if not table.era:
            return self.tables.get(table.name) or self.draft.tables.get(table.name)
        version = self.earlier.get(table.era)
        entry: dict[str, Any] | None = (
            version.manifest["tables"].get(table.name) if version else None
        )
        return entry

    def find_entry(self, table: TableName) -> TableEntry | None:
        """What is recorded of a table of this month or of an earlier one; None when nothing is known of it."""
        record = self.entry(table)
        return None if record is None else TableEntry.from_json(record)

    def missing_reasons(self, table: str, era: str = "") -> tuple[Reason, ...]:
        """Why a table was not computed; none for one that was, or that nothing is known of."""
        entry = self.find_entry(TableName(table, era))
        return entry.reasons if entry else ()

    @property
    def entries(self) -> Entries:
        """What is recorded of the tables that this room has written so far."""
        return read_entries(self.tables)

    def record_entry(self, table: str, entry: TableEntry) -> None:
        """Record a table that the room wrote by itself, or knows without writing it."""
        self.tables[table] = entry.to_json()

    def bind_everything(self) -> None:
        """Make every table that earlier rooms and earlier months have computed readable."""
        for name, entry in self.draft.tables.items():
            if entry["status"] != "not_computed":
                self.engine.bind(TableName(name), check_table(self.draft.path / f"{name}.parquet"))
        for era, version in self.earlier.items():
            if version is not None:
                self._bind_version(era, version)

    def _bind_version(self, era: str, version: Version) -> None:
        for name, entry in version.manifest["tables"].items():
            if entry["status"] != "not_computed" and not name.startswith("extract_"):
                self.engine.bind(
                    TableName(name, era), check_table(version.path / f"{name}.parquet")
                )

    def missing(self, spec: Spec) -> list[str]:
        """Why a SQL file cannot be computed this month: absent tables and columns, months not held; empty if it can."""
        self.at_work_on = spec
        reasons = [
            reason for table in sorted(spec.reads) for reason in self._missing_table(spec, table)
        ]
        reasons += [
            f"absent: {need}" for need in spec.meta.get("needs", ()) if self.is_absent(need)
        ]
        return sorted(dict.fromkeys(reasons))

    def is_computed(self, table: str, era: str = "") -> bool:
        """Whether a table of this month, or of an earlier one, is there."""
        entry = self.entry(TableName(table, era))
        return entry is not None and entry["status"] == "computed"

    def is_absent(self, need: str) -> bool:
        """Whether a delivered column (`table.column`) is not there this month."""
        table, column = need.split(".")
        entry = self.entry(TableName(f"snapshot_{table}")) or {}
        return entry.get("status") != "computed" or column in entry.get("absent", ())

    def _missing_table(self, spec: Spec, table: TableName) -> list[str]:
        short = table.name.removeprefix("snapshot_")
        if {str(table), short, f"{table.era}.*"} & spec.tolerates:
            return []
        if table.era and self.earlier.get(table.era) is None:
            return [self._not_held(table.era)]
        entry = self.entry(table)
        version = self.earlier.get(table.era)
        where = f" ({version.month})" if version else ""
        if entry is None:
            return [f"absent: {table.name}{where}"]
        if entry["status"] != "computed":
            return [reason + where if "(" not in reason else reason for reason in entry["reasons"]]
        absent = set(entry.get("absent", ())) & self._columns_read(spec, table)
        tolerated = {c for c in absent if f"{short}.{c}" in spec.tolerates}
        return [f"absent: {short}.{column}{where}" for column in absent - tolerated]

    def _not_held(self, era: str) -> str:
        if era == "base":
            return "base month"
        months = {"m1": -1, "m2": -2, "m3": -3, "m12": -12}
        return (
            f"not held: {self.month.plus(months[era])}"
            if era in months
            else f"no month held before: {self.month}"
        )

    @staticmethod
    def _columns_read(spec: Spec, table: TableName) -> set[str]:
        return {c.column for c in origin(spec).all() if c.table == table}

    # -- what is written -----------------------------------------------------------------------------------------

    def parameters(self, wanted: Iterable[str]) -> dict[str, object]:
        """The values of the `:parameters` a SQL file names; days are dates, money is decimal.

        `:has_<table>` says whether a table that the file tolerates to be missing was computed.
        """
        known = self.known_parameters()
        present = {
            n: self.is_computed(n.removeprefix("has_")) for n in wanted if n.startswith("has_")
        }
        return {name: present[name] if name in present else known[name] for name in wanted}

    def known_parameters(self) -> dict[str, object]:
        """The value of every parameter that the month has, `:has_<table>` left out."""
        month, settings = self.month, self.settings
        quarter = month.plus(-((month.number - 1) % 3))
        base = self.earlier.get("base")
        return {
            "month": str(month),
            "previous_month": str(month.plus(-1)),
            "first_day": month.first_day,
            "last_day": month.last_day,
            "next_first_day": month.plus(1).first_day,
            "next_last_day": month.plus(1).last_day,
            "last_day_m3": month.plus(-3).last_day,
            "base_last_day": base.month.last_day if base else None,
            "month_m5": str(month.plus(-5)),
            "first_day_m5": month.plus(-5).first_day,
            "audit_due_on": self.calendar.on_or_before(
                month.plus(1).first_day.replace(day=AUDIT_DUE_DAY)
            ),
            "first_day_m6": month.plus(-6).first_day,
            "month_m12": str(month.plus(-12)),
            "month_m24": str(month.plus(-24)),
            "month_number": month.number,
            "year": month.year,
            "last_year": month.year - 1,
            "year_begins": str(Month(month.year, 1)),
            "quarter_begins": str(quarter),
            "last_quarter_begins": str(quarter.plus(-3)),
            **{name: getattr(settings, name) for name in PAY_RULES},
            "high_value_threshold": settings.high_value_threshold,
            "lowest_reward_points": settings.lowest_reward_points,
            "is_previous_month_held": self.earlier.get("m1") is not None,
        }

    def compute(self, spec: Spec, sql: str | None = None) -> bool:
        """Write the table of a SQL file, or record why it cannot be; say whether it was written."""
        self.progress(spec.table)
        reasons = self.missing(spec)
        if reasons:
            self.record_missing(spec.table, reasons, spec)
            return False
        self.bind_tolerated(spec)
        answer = self.answer(spec, sql)
        self.write(spec.table, answer.sql, spec.meta["key"], answer.parameters, spec)
        return True

    def answer(self, spec: Spec, sql: str | None = None) -> Answer:
        """Have the engine answer a SQL file, or the SQL that a room made of it."""
        return self.engine.answer(sql or native(spec), self.parameters(spec.parameters))

    def bind_tolerated(self, spec: Spec) -> None:
        """Put empty tables where a SQL file reads one that is missing and says it can do without."""
        for table in spec.reads:
            entry = self.entry(table)
            if entry is None or entry["status"] == "not_computed":
                self.engine.bind_empty(table, self._types(table.name))

    @staticmethod
    def _types(table: str) -> dict[str, str]:
        short = table.removeprefix("snapshot_")
        if short != table and short in contract():
            return {c.name: SQL_TYPES[c.kind] for c in snapshot_columns(short)}
        return {
            name: DECLARED_TYPES.get(name) or _promised_type(name) for name in table_columns(table)
        }

    def write(
        self,
        table: str,
        sql: str,
        key: Iterable[str],
        parameters: Mapping[str, object] | None = None,
        spec: Spec | None = None,
        **facts: object,
    ) -> None:
        """Write a table of this room, ordered by its key; `facts` go into the manifest."""
        path = self.draft.path / f"{table}.parquet"
        written = self.engine.write(sql, path, key, parameters)
        os.chmod(path, OWNER_ALONE)
        self._record(
            table,
            {"status": "computed", "rows": written.rows, "sha256": written.sha256, **facts},
            spec,
        )
        self.engine.bind(TableName(table), path)

    def record_missing(
        self, table: str, reasons: Iterable[Reason | str], spec: Spec | None = None
    ) -> None:
        """Record that a table is not computed, and why."""
        texts = [str(reason) for reason in reasons]
        self._record(table, {"status": "not_computed", "reasons": texts}, spec)

    def _record(self, table: str, entry: dict[str, Any], spec: Spec | None) -> None:
        entry["room"] = table.split("_", 1)[0]
        if spec is not None:
            entry["definition"] = {
                "file": spec.where,
                "sha256": spec.hash,
                "version": spec.meta.get("version", 1),
            }
            entry["inputs"] = {
                str(t): (self.entry(t) or {}).get("sha256") for t in sorted(spec.reads)
            }
        self.tables[table] = entry

    def path(self, table: str) -> Path:
        """The Parquet file of a table of this draft."""
        return self.draft.path / f"{table}.parquet"


def _promised_type(name: str) -> str:
    """The type that the name of a column of ours promises."""
    if name.startswith(("is_", "has_")):
        return "BOOLEAN"
    ends = {"_on": "DATE", "_at": "TIMESTAMP", "_amount": "DECIMAL(18,2)", "_count": "INTEGER"}
    return next((kind for end, kind in ends.items() if name.endswith(end)), "VARCHAR")


# Types of columns of our own tables that a SQL file may read when the table is missing and whose name promises none.
DECLARED_TYPES = {
    "also_on": "VARCHAR",
    "voice_minutes": "DECIMAL(18,6)",
    "data_mb": "DECIMAL(18,6)",
    "p_voluntary": "DOUBLE",
    "p_involuntary": "DOUBLE",
    "p_down_migration": "DOUBLE",
    "decile": "INTEGER",
    "revenue": "DECIMAL(18,2)",
    "target": "DOUBLE",
    "total_score": "DECIMAL(18,6)",
    "age_months": "INTEGER",
    **{f"{arm}_revenue_sum": "DECIMAL(28,2)" for arm in ("treated", "holdout")},
    **{f"{arm}_square_sum": "DECIMAL(38,4)" for arm in ("treated", "holdout")},
    "year": "INTEGER",
    "year_score": "DOUBLE",
}

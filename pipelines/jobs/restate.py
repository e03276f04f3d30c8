"""A released month against corrected input: as published, as now known, and the difference by cause.

The released version stays what it is. Beside it comes a version made of what is known now, and one derived month for each
cause in between: the deliveries of a cause are exchanged on top of those before it, so what each changes adds up to the
whole difference, exactly. The order is the order of `CAUSES`: what others refer to comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import ROOMS
from pipelines.core.contract import contract
from pipelines.core.errors import Refused, SourceNotReady
from pipelines.core.month import Month
from pipelines.engines.duckdb import DuckEngine
from pipelines.jobs.run import Job, Raw, derive_month, open_draft, raw_of, run_draft_room
from pipelines.sources import Source, open_source
from pipelines.sources.office.answers import TABLES
from pipelines.store.faults import StorageErrors
from pipelines.store.lake import Draft, MonthFolder, Version, held_months
from pipelines.store.torn import check_table

Row = dict[str, Any]
Made = Version | Draft
ROOM = "restate"

# Cause -> the delivered tables it is about. `definition` is about none: SQL, settings, models, waivers, earlier months.
_NAMED = {
    "definition": (),
    "status": ("service", "status_change", "plan_change", "customer", "plan"),
    "owner": ("organisation", "account_manager", "ownership"),
    "bill": ("bill",),
    "credit_note": ("adjustment",),
    "arrears": ("receivable", "payment", "prepaid_balance"),
}
_LEFT = tuple(name for name in contract() if not any(name in tables for tables in _NAMED.values()))
CAUSES: dict[str, tuple[str, ...]] = _NAMED | {"other": _LEFT, "office": tuple(TABLES)}
STEPS = (
    *ROOMS,
    *(f"restate_{cause}" for cause in CAUSES),
)  # of the causes those that differ, but for the last


@dataclass(frozen=True)
class Restatement:
    """What a restatement says: its rows of `restate_kpi`, `restate_cause` and `restate_order`."""

    version: Version
    published: int
    kpis: list[Row]
    causes: list[Row]
    orders: list[Row]


def read_restatement(job: Job, version: Version) -> Restatement:
    """Read what `restate_month` found."""
    seal = job.folder.seal() or {}
    tables = (
        pq.read_table(version.table(f"restate_{name}")).to_pylist()
        for name in ("kpi", "cause", "order")
    )
    return Restatement(version, seal["version"], *tables)


def restate_month(job: Job) -> Version:
    """Make a released month of what its source says now; return the new version, which stands beside the released one.

    The same input again gives the version that is there. Raise Refused when the month is not released.
    """
    with StorageErrors(job.home, job.month), job.folder.lock():
        job.folder.recover()
        seal = job.folder.seal()
        if seal is None:
            raise Refused("month.not_sealed", month=job.month)
        published = job.folder.version(seal["version"])
        draft = open_draft(job, restates=published.identity)
        for room in ROOMS[len(draft.rooms) :]:
            run_draft_room(job, draft, room)
            if room == ROOMS[0] and (same := _same(job, draft)):
                job.folder.discard(draft)
                return same
        if ROOM not in draft.rooms:
            draft.finish_room(ROOM, _write_comparison(job, published, draft))
        return job.folder.commit(draft)


def find_changed(home: Path, source: str, newest: int = 3) -> list[Month]:
    """Return those of the newest released months whose deliveries no version is made of, oldest first.

    A month that is no longer delivered is left out, and one of a database, which is known only once it is read.
    """
    held = [month for month in held_months(home) if MonthFolder(home, month).seal()]
    delivered = open_source(source)
    return [month for month in held[-newest:] if _is_changed(MonthFolder(home, month), delivered)]


def _is_changed(folder: MonthFolder, source: Source) -> bool:
    try:
        now = source.fingerprint(folder.month)
    except SourceNotReady:
        return False
    return now is not None and all(
        now != version.manifest["inputs"]["source"] for version in folder.versions()
    )


def _same(job: Job, draft: Draft) -> Version | None:
    return next((v for v in job.folder.versions() if v.manifest["inputs"] == draft.inputs), None)


# -- one cause after the other -----------------------------------------------------------------------------------


def _steps(job: Job, published: Version, draft: Draft) -> Iterator[tuple[str, Made]]:
    """Yield each cause that differs, with the month as it is once the causes up to it are exchanged."""
    before, now = raw_of(published), raw_of(draft)
    causes = [cause for cause in CAUSES if _differs(cause, published, draft, before, now)]
    taken: set[str] = set()
    for cause in causes:
        taken |= {f"extract_{table}" for table in CAUSES[cause]}
        if cause == causes[-1]:
            yield cause, draft
            return
        job.progress(f"restate_{cause}")
        mixed = {
            name: before[name] if name in before and name not in taken else now[name]
            for name in now
        }
        path = draft.scratch / cause
        apart = replace(job, progress=lambda step: None)  # its rooms are no steps of the whole
        yield (
            cause,
            derive_month(apart, path, draft.inputs, mixed, ROOMS[1 : ROOMS.index("kpi") + 1]),
        )


def _differs(cause: str, published: Version, draft: Draft, before: Raw, now: Raw) -> bool:
    if cause == "definition":
        apart = {"source", "mapping", "office", "restates"}
        then, here = (
            {k: v for k, v in m.items() if k not in apart}
            for m in (published.manifest["inputs"], draft.inputs)
        )
        return then != here
    tables = [f"extract_{table}" for table in CAUSES[cause]]
    return any(
        name not in before or _content(before[name][1]) != _content(now[name][1]) for name in tables
    )


def _content(entry: Row) -> tuple[object, ...]:
    """What a delivery says, whatever the order of its rows."""
    return entry.get("state"), entry.get("content", entry.get("sha256"))


# -- the comparison ----------------------------------------------------------------------------------------------

_KPI_KEY = ("kpi", "variant", "scope_kind", "scope_id")
_MEASURES = ("numerator", "denominator", "value")
_EXACT = pa.decimal128(38, 12)
_PLACES = Decimal(1).scaleb(-12)
_KPI = pa.schema(
    [
        *[(name, pa.string()) for name in (*_KPI_KEY, "status_published", "status_known")],
        *[
            (f"{name}_{when}", _EXACT)
            for name in _MEASURES
            for when in ("published", "known", "difference")
        ],
    ]
)
_CAUSE = pa.schema(
    [
        *[(n, pa.string()) for n in (*_KPI_KEY, "cause")],
        *[(f"{n}_change", _EXACT) for n in _MEASURES],
    ]
)
_ORDER_KEY = ("list", "customer_id")
_COMPARED = ("service_id", "branch_id", "manager_id", "arm", "amount")
_ORDER_TEXTS = (
    "order_id",
    *_ORDER_KEY,
    "change",
    "cause",
    "why",
    "manager_published",
    "manager_known",
)
_ORDER = pa.schema(
    [
        *[(name, pa.string()) for name in _ORDER_TEXTS],
        *[(f"amount_{when}", pa.decimal128(18, 2)) for when in ("published", "known")],
    ]
)


def _write_comparison(job: Job, published: Version, draft: Draft) -> dict[str, Row]:
    """Write `restate_kpi`, `restate_cause` and `restate_order`; return their manifest entries."""
    months: list[tuple[str, dict[tuple[str, ...], Row], dict[tuple[str, ...], Row]]] = []
    for cause, made in [("published", published), *_steps(job, published, draft)]:
        months.append(
            (cause, _read(made, "kpi_monthly", _KPI_KEY), _read(made, "dispatch_order", _ORDER_KEY))
        )
    kpis = [(cause, rows) for cause, rows, _ in months]
    why = _read(draft, "dispatch_why_not", _ORDER_KEY)
    tables = {
        "restate_kpi": (list(_kpi_rows(kpis[0][1], kpis[-1][1])), _KPI, _KPI_KEY),
        "restate_cause": (list(_cause_rows(kpis)), _CAUSE, (*_KPI_KEY, "cause")),
        "restate_order": (
            list(_order_rows([(c, orders) for c, _, orders in months], why)),
            _ORDER,
            _ORDER_KEY,
        ),
    }
    entries = {}
    with DuckEngine(
        draft.scratch, [draft.path], job.settings.memory_limit, job.settings.threads
    ) as engine:
        for name, (rows, schema, key) in tables.items():
            engine.register("made", pa.Table.from_pylist(rows, schema=schema))
            written = engine.write("SELECT * FROM made", draft.path / f"{name}.parquet", key)
            facts = {"rows": written.rows, "sha256": written.sha256}
            entries[name] = {"room": ROOM, "status": "computed", **facts}
    return entries


def _read(made: Made, table: str, key: tuple[str, ...]) -> dict[tuple[str, ...], Row]:
    path = check_table(made.path / f"{table}.parquet")
    return {tuple(row[name] for name in key): row for row in pq.read_table(path).to_pylist()}


def _exact(row: Row | None, name: str) -> Decimal | None:
    value = row[name] if row else None
    return None if value is None else Decimal(value).quantize(_PLACES)


def _minus(now: Decimal | None, then: Decimal | None, *, is_sum: bool) -> Decimal | None:
    """The difference; a sum over nobody is nothing, a quotient that is not there has no difference."""
    if is_sum and (now is not None or then is not None):
        return (now or Decimal(0)) - (then or Decimal(0))
    return None if now is None or then is None else now - then


def _kpi_rows(
    then: Mapping[tuple[str, ...], Row], now: Mapping[tuple[str, ...], Row]
) -> Iterator[Row]:
    for key in sorted(then.keys() | now.keys()):
        row: Row = dict(zip(_KPI_KEY, key, strict=True))
        for when, rows in (("published", then), ("known", now)):
            row[f"status_{when}"] = rows[key]["status"] if key in rows else None
            row |= {f"{name}_{when}": _exact(rows.get(key), name) for name in _MEASURES}
        for name in _MEASURES:
            ends = row[f"{name}_known"], row[f"{name}_published"]
            row[f"{name}_difference"] = _minus(*ends, is_sum=name != "value")
        yield row


def _cause_rows(months: list[tuple[str, dict[tuple[str, ...], Row]]]) -> Iterator[Row]:
    """Yield what each cause changed, where it changed anything; the changes of a figure add up to its difference."""
    first, last = months[0][1], months[-1][1]
    for key in sorted({key for _, rows in months for key in rows}):
        standing = {name: _exact(first.get(key), name) for name in _MEASURES}
        has_value = standing["value"] is not None and _exact(last.get(key), "value") is not None
        for cause, rows in months[1:]:
            found = {name: _exact(rows.get(key), name) for name in _MEASURES}
            if found["value"] is None:
                found["value"] = standing[
                    "value"
                ]  # gone for one step: the next cause is given the whole change
            changes = {
                name: _minus(found[name], standing[name], is_sum=name != "value")
                for name in _MEASURES
            }
            if not has_value:
                changes["value"] = None
            if any(changes.values()):
                named = {f"{name}_change": change for name, change in changes.items()}
                yield dict(zip(_KPI_KEY, key, strict=True)) | {"cause": cause} | named
            standing = found


def _order_rows(
    months: list[tuple[str, dict[tuple[str, ...], Row]]], why: Mapping[tuple[str, ...], Row]
) -> Iterator[Row]:
    """Yield the orders that would have been others, each with the last cause that changed it and why it is not made."""
    first, last = months[0][1], months[-1][1]
    for key in sorted(first.keys() | last.keys()):
        states = [_order_state(rows.get(key)) for _, rows in months]
        if states[0] == states[-1]:
            continue
        then, now = first.get(key), last.get(key)
        cause = next(
            months[n][0] for n in range(len(months) - 1, 0, -1) if states[n] != states[n - 1]
        )
        yield {
            "order_id": (then or now or {})["order_id"],
            **dict(zip(_ORDER_KEY, key, strict=True)),
            "change": "dropped" if now is None else "new" if then is None else "changed",
            "cause": cause,
            "why": _why(then, now, why.get(key)),
            **{
                f"manager_{when}": row and row["manager_id"]
                for when, row in (("published", then), ("known", now))
            },
            **{
                f"amount_{when}": row and row["amount"]
                for when, row in (("published", then), ("known", now))
            },
        }


def _order_state(row: Row | None) -> tuple[object, ...] | None:
    return tuple(row[name] for name in _COMPARED) if row else None


def _why(then: Row | None, now: Row | None, left_out: Row | None) -> str | None:
    """Why an order is not made now, or which of its fields differ."""
    if now is None:
        return left_out["reason"] if left_out else "not_on_list"
    return "; ".join(name for name in _COMPARED if then[name] != now[name]) if then else None

"""A tiny operator in the contract's form, and short ways to run its months and read what came of them."""

from __future__ import annotations

import atexit
import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.catalogue.spec import TableName
from pipelines.core.calendar import Calendar
from pipelines.core.contract import load_contract
from pipelines.core.month import Month
from pipelines.core.settings import Settings, load_settings
from pipelines.engines.duckdb import DuckEngine
from pipelines.jobs.run import ROOMS, Job, run_month, run_room
from pipelines.rooms.context import Context
from pipelines.rooms.judge.client import JudgeProcess
from pipelines.rooms.validate.gate import Suites, judge_suites
from pipelines.rooms.validate.verdicts import Verdict
from pipelines.store.lake import Draft, MonthFolder, Version
from pipelines.store.manifest import COMPUTED, TableEntry, read_entries
from pipelines.store.persons.vault import read_open_rows
from tests.support.made_once import make_once
from twin import generate

MONTH = Month.parse("2026-08")
KEY = "a key of the tests' own, 32 bytes"
Row = dict[str, Any]
Item = TypeVar("Item")

# What a row holds where a test says nothing; {month}, {first}, {last} and {next} stand for the month's own days.
_DEFAULTS: dict[str, dict[str, str]] = {
    "customer": {
        "customer_id": "ann", "customer_type": "individual", "vip_tier": "gold", "group_customer_id": "",
        "name": "张三丰", "phone": "13812345678", "do_not_contact": "false", "personalisation_opt_out": "false",
        "is_key_account_registered": "",
    },
    "service": {
        "service_id": "ann-1", "customer_id": "ann", "service_type": "mobile", "status": "active",
        "activated_on": "2020-01-01", "terminated_on": "", "termination_reason": "", "plan_id": "P1",
        "contract_end_on": "", "promotion_end_on": "", "promotion_discount_amount": "",
        "is_fee_waiver_approved": "", "is_excluded": "false",
    },
    "bill": {
        "bill_id": "ann-1/{month}", "service_id": "ann-1", "customer_id": "ann", "bill_month": "{month}",
        "billed_amount": "100.00", "adjustment_amount": "", "due_on": "{next}-15",
    },
    "receivable": {
        "bill_id": "ann-1/{month}", "service_id": "ann-1", "customer_id": "ann", "bill_month": "{month}",
        "open_amount": "100.00", "due_on": "{first}",
    },
    "usage": {
        "service_id": "ann-1", "voice_calls": "5", "voice_minutes": "12.5", "sms_count": "1", "data_mb": "300",
    },
    "ownership": {
        "customer_id": "ann", "valid_from": "2020-01-01", "valid_to": "", "branch_id": "B1", "unit_id": "U1",
        "manager_id": "M1",
    },
    "organisation": {"org_id": "B1", "org_kind": "branch", "name": "城关", "parent_id": "T1"},
    "account_manager": {
        "manager_id": "M1", "name": "王经理", "branch_id": "B1", "role": "vip", "capacity": "50", "is_active": "true",
    },
    "vip_card": {
        "card_id": "K1", "customer_id": "ann", "tier": "gold", "card_status": "valid", "delivered_on": "2021-01-01",
        "expires_on": "",
    },
    "loyalty": {"customer_id": "ann", "points_balance": "5000", "points_expire_on": "", "is_barred": "false"},
    "trouble_ticket": {
        "ticket_id": "T1", "customer_id": "ann", "service_id": "", "opened_at": "{first} 10:00:00", "closed_at": "",
        "category": "complaint", "severity": "high",
    },
    "target": {"kpi": "churn_rate", "scope_kind": "branch", "scope_id": "B1", "target_value": "0.01"},
    "plan": {"plan_id": "P1", "name": "畅享", "monthly_fee": "100.00", "included_minutes": "100"},
    "payment": {"payment_id": "Y1", "customer_id": "ann", "bill_id": "", "paid_on": "{first}", "amount": "10.00"},
}  # fmt: skip


def row(table: str, month: Month = MONTH, /, **values: object) -> dict[str, str]:
    """Return a row of a table: what is given, and sensible defaults for the rest."""
    days = {
        "month": month,
        "first": month.first_day,
        "last": month.last_day,
        "next": month.plus(1),
    }
    default = {
        name: text.format(**days) for name, text in _DEFAULTS.get(table, {}).items()
    }
    return default | {
        name: "" if value is None else str(value) for name, value in values.items()
    }


class Town:
    """What an operator delivers for one month; it has managers M1, M2 in branch B1 and M3 in B2, and no people yet."""

    def __init__(self, month: Month = MONTH) -> None:
        self.month = month
        self.tables: dict[str, list[dict[str, str]]] = {}
        self.header_only("customer", "service", "bill", "ownership", "usage")
        for branch in ("B1", "B2"):
            self.add("organisation", org_id=branch, name=f"{branch} 支局")
        self.add("organisation", org_id="T1", org_kind="city", name="市", parent_id="")
        for manager, branch in (("M1", "B1"), ("M2", "B1"), ("M3", "B2")):
            self.add(
                "account_manager",
                manager_id=manager,
                branch_id=branch,
                name=f"经理{manager}",
            )

    def add(self, table: str, /, **values: object) -> Self:
        """Add a row of a table."""
        self.tables.setdefault(table, []).append(row(table, self.month, **values))
        return self

    def header_only(self, *tables: str) -> Self:
        """Deliver tables with a header and no rows."""
        self.tables |= {table: [] for table in tables}
        return self

    def without(self, *tables: str) -> Self:
        """Deliver nothing for tables."""
        for table in tables:
            self.tables.pop(table, None)
        return self

    def drop_column(self, table: str, column: str) -> Self:
        """Deliver a table without one of its columns."""
        self.tables[table] = [
            {n: v for n, v in record.items() if n != column}
            for record in self.tables[table]
        ]
        return self

    def person(
        self, who: str, /, *, manager: str | None = "M1", branch: str = "B1", revenue: object = "100.00",
        calls: int = 5, service: Mapping[str, object] = {}, **customer: object,
    ) -> Self:  # fmt: skip
        """Add a customer with one service `<who>-1`, its bill, its usage and his owner."""
        line = f"{who}-1"
        self.add("customer", customer_id=who, **customer)
        self.add("service", **{"service_id": line, "customer_id": who, **service})
        self.add(
            "bill",
            bill_id=f"{line}/{self.month}",
            service_id=line,
            customer_id=who,
            billed_amount=revenue,
        )
        some = {} if calls else {"voice_minutes": "0", "sms_count": "0", "data_mb": "0"}
        if "usage" in self.tables:
            self.add("usage", service_id=line, voice_calls=calls, **some)
        if "ownership" in self.tables and branch:
            self.add("ownership", customer_id=who, branch_id=branch, manager_id=manager)
        return self

    def owe(
        self, name: str, amount: object = "50.00", due_on: object | None = None
    ) -> Self:
        """Leave a bill of a customer's service open; past due where no day is given."""
        line, month = f"{name}-1", self.month.plus(-1)
        due = due_on or self.month.first_day
        return self.add(
            "receivable", bill_id=f"{line}/{month}", service_id=line, customer_id=name, bill_month=month,
            open_amount=amount, due_on=due,
        )  # fmt: skip

    def write(self, source: Path) -> Path:
        """Write the month's folder as CSV; return the source."""
        for table, rows in self.tables.items():
            write_csv(source / str(self.month) / f"{table}.csv", table, rows)
        return source


def write_csv(path: Path, table: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Write rows under the contract's columns that any of them has, then those the contract does not know."""
    known = [c.name for c in load_contract()[table].columns]
    delivered = {name for record in rows for name in record} if rows else set(known)
    names = [n for n in known if n in delivered] + sorted(delivered - set(known))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


# -- running and reading -----------------------------------------------------------------------------------------


def own_settings(**changes: Any) -> Settings:
    """Settings with a key of the tests' own and one thread."""
    return load_settings(**{"secret_key": KEY, "threads": 1, **changes})


def job(home: Path, source: Path | None, month: Month = MONTH, **settings: Any) -> Job:
    """Return a month's job, judged by the one process of Great Expectations of these tests."""
    return Job(
        home,
        month,
        str(source) if source else None,
        settings=own_settings(**settings),
        judge=judge_by_one_process,
    )


def judge_by_one_process(context: Context, suites: Suites) -> list[Verdict]:
    """Judge as a run does, by a process that is begun once for all of them: it takes seconds."""
    return judge_suites(begin_judge(os.getpid()), context, suites)


@cache
def begin_judge(asked_by: int) -> JudgeProcess:
    """Begin Great Expectations for a process, by its number: a fork begins its own."""
    process = JudgeProcess()
    atexit.register(process.close)
    return process


def ungated_job(
    home: Path, source: Path | None, month: Month = MONTH, **settings: Any
) -> Job:
    """The same with Great Expectations left out: seconds that only tests of the gate need."""
    return replace(job(home, source, month, **settings), judge=judge_nothing)


def judge_nothing(context: Context, suites: Suites) -> list[Verdict]:
    """Find nothing wrong, for nothing is looked at."""
    return []


def run_town(
    home: Path, town: Town, source: Path | None = None, **settings: Any
) -> Version:
    """Deliver a month and run all its rooms, Great Expectations left out."""
    return run_month(
        ungated_job(
            home,
            town.write(source or home.parent / "source"),
            town.month,
            **settings,
        )
    )


def run_through(home: Path, source: Path, last: str, month: Month = MONTH) -> Path:
    """Run a month's rooms up to one of them; return the folder of its draft."""
    for room in ROOMS[: ROOMS.index(last) + 1]:
        run_room(job(home, source, month), room)
    return MonthFolder(home, month).draft().path


def read(where: Version | Path, table: str, /, **wanted: object) -> list[Row]:
    """Return a table's rows; only those with the wanted values."""
    folder = where.path if isinstance(where, Version) else where
    rows: list[Row] = pq.read_table(folder / f"{table}.parquet").to_pylist()
    return [r for r in rows if all(r[name] == value for name, value in wanted.items())]


def read_people(version: Version) -> list[Row]:
    """Return who the customers of a version are, as the one reader of names opens them."""
    return read_open_rows(version, "snapshot_person")


def only(items: Sequence[Item]) -> Item:
    """Return the one row, or whatever is asked for, that there is."""
    assert len(items) == 1, items
    return items[0]


def yuan(text: str) -> Decimal:
    """Return an amount."""
    return Decimal(text)


@dataclass(frozen=True)
class Operator:
    """A source and the home made of it; shared between tests, so nobody may change it."""

    source: Path
    home: Path
    months: tuple[Month, ...]

    @property
    def version(self) -> Version:
        """The newest month's version."""
        return MonthFolder(self.home, self.months[-1]).version()


@cache
def twin_operator() -> Operator:
    """Three months of a synthetic operator of about 300 services, run without the gate, once a run of tests."""
    months = tuple(MONTH.plus(back) for back in (-2, -1, 0))
    return run_twin("twin", months, services=300, seed=1)


def run_twin(
    name: str, months: Sequence[Month], services: int, seed: int, left: int = 0
) -> Operator:
    """Make a synthetic operator's months and run all but the last `left`, without the gate, once a run of tests."""

    def make(folder: Path) -> None:
        generate(
            folder / "source",
            services=services,
            months=len(months),
            seed=seed,
            through=str(months[-1]),
        )
        for month in months[: len(months) - left]:
            run_month(ungated_job(folder / "home", folder / "source", month))

    folder = make_once(name, make)
    return Operator(folder / "source", folder / "home", tuple(months))


# -- one room on tables made by hand -----------------------------------------------------------------------------

_TYPES = {
    "capacity": pa.int32(),
    "rank": pa.int32(),
    "numerator": pa.int64(),
    "denominator": pa.int64(),
}
_MONEY = pa.decimal128(18, 2)


def _type(column: str) -> pa.DataType:
    if column.startswith("is_"):
        return pa.bool_()
    if column.endswith("_on"):
        return pa.date32()
    return _TYPES.get(
        column, _MONEY if column.endswith(("amount", "_value")) else pa.string()
    )


@dataclass(frozen=True)
class Earlier(Version):
    """An earlier month that holds the tables a test gave it."""

    names: tuple[str, ...] = ()

    @property
    def manifest(self) -> dict[str, Any]:
        """The tables as computed ones."""
        return {"tables": {name: {"status": "computed"} for name in self.names}}

    def read_tables(self) -> dict[str, TableEntry]:
        """The same as entries."""
        return read_entries(self.manifest["tables"])


_BEFORE = {"m1": -1, "m2": -2, "m3": -3, "m12": -12, "prior": -1, "base": -8}


@contextmanager
def room_context(
    folder: Path,
    tables: Mapping[str, Sequence[Row] | pa.Table | str],
    month: Month = MONTH,
    **settings: Any,
) -> Iterator[Context]:
    """Open a room's context on tables made by hand (`m1.x` is an earlier month's).

    A text instead of rows says why the table is not computed; of tables not given nothing is known.
    """
    draft = Draft(month, folder)
    missing = {name: why for name, why in tables.items() if isinstance(why, str)}
    given = {name: rows for name, rows in tables.items() if not isinstance(rows, str)}
    names = [TableName(*reversed(text.rpartition(".")[::2])) for text in given]
    eras = {era: tuple(n.name for n in names if n.era == era) for era in _BEFORE}
    earlier = {
        era: Earlier(month.plus(_BEFORE[era]), folder, held) if held else None
        for era, held in eras.items()
    }
    with DuckEngine(folder / "tmp", [folder], "1GB", 1) as engine:
        for name, rows in zip(names, given.values(), strict=True):
            path = folder / f"given_{name}.parquet"
            pq.write_table(rows if isinstance(rows, pa.Table) else _typed(rows), path)
            engine.bind(name, path)
        draft.finished = {
            name.name: TableEntry(COMPUTED) for name in names if not name.era
        }
        for lacking, why in missing.items():
            draft.finished[lacking] = TableEntry.not_computed(None, [why])
        yield Context(
            month, own_settings(**settings), Calendar(), draft, engine, earlier
        )


def _typed(rows: Sequence[Row]) -> pa.Table:
    """A list of rows as a table; a row of None alone stands for no rows of those columns."""
    table = pa.Table.from_pylist(
        list(rows), schema=pa.schema([(name, _type(name)) for name in rows[0]])
    )
    return (
        table.slice(0, 0)
        if len(rows) == 1 and not any(v is not None for v in rows[0].values())
        else table
    )


def none_of(*columns: str) -> list[Row]:
    """A table of those columns without rows, for `room_context`."""
    return [dict.fromkeys(columns)]

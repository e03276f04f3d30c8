"""What of a plan a month's KPIs read: its `target` table in the contract's form, one CSV a month."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from hashlib import sha256
from io import StringIO
from pathlib import Path

from sqlglot import exp

from pipelines.catalogue.spec import TableName, room_specs
from pipelines.core.contract import contract
from pipelines.core.errors import UsageError
from pipelines.jobs.plan.form import HandedDown, YearPlan
from pipelines.jobs.plan.split import Part, months_of
from pipelines.jobs.plan.weights import Held
from pipelines.store.files import hash_file, write_text

NAME = "target.csv"
_TABLE = TableName("snapshot_target")
Target = tuple[str, str, str]


@cache
def sums_read() -> frozenset[str]:
    """The targets that are sums and that some SQL file reads, by the names it compares `kpi` with: `revenue` and others."""
    specs = [
        spec for room in ("features", "kpi") for spec in room_specs(room) if _TABLE in spec.reads
    ]
    equal = [comparison for spec in specs for comparison in spec.tree.find_all(exp.EQ)]
    return frozenset(
        one.expression.name
        for one in equal
        if isinstance(one.this, exp.Column) and one.this.name == "kpi"
    )


def month_targets(plan: YearPlan, parts: dict[str, list[Part]], held: Held) -> dict[str, str]:
    """Return each month's `target` table as CSV text; no months where the plan has nothing that a KPI reads.

    Raise UsageError when two handed-down targets are for the same scope.
    """
    amounts: dict[str, dict[Target, Decimal]] = {month: {} for month in months_of(plan.year)}
    for name in sorted(sums_read() & set(parts)):
        for month, target, amount in _of_measure(name, parts[name]):
            amounts[month][target] = amount
    for handed in plan.handed_down:
        for month, value in handed.by_month(plan.year).items():
            for target in _of_handed_down(handed, plan, held):
                if target in amounts[month]:
                    raise UsageError("plan.twice", kpi=target[0], scope=":".join(target[1:]))
                amounts[month][target] = value
    return {month: _csv(found) for month, found in amounts.items() if found}


def _of_measure(name: str, parts: Sequence[Part]) -> Iterator[tuple[str, Target, Decimal]]:
    """Yield a measure's parts by month and scope: who manages in two branches has one target."""
    sums: dict[tuple[str, Target], Decimal] = defaultdict(Decimal)
    for part in parts:
        if part.month is not None:
            sums[part.month, (name, part.scope_kind, part.scope_id)] += part.amount
    for (month, target), amount in sums.items():
        yield month, target, amount


def _of_handed_down(handed: HandedDown, plan: YearPlan, held: Held) -> Iterator[Target]:
    if handed.scope_kind == "company":
        yield handed.kpi, "company", "company"
        return
    scopes = handed.scope_ids
    if scopes is None:
        places = held.places(plan.held)
        scopes = sorted(places.branches if handed.scope_kind == "branch" else places.managers)
    for scope in scopes:
        yield handed.kpi, handed.scope_kind, scope


def _csv(amounts: dict[Target, Decimal]) -> str:
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in contract()["target"].columns])
    writer.writerows([*target, f"{amount:f}"] for target, amount in sorted(amounts.items()))
    return stream.getvalue()


# -- where the months' sources are ---------------------------------------------------------------------------------


def digest(text: str) -> str:
    """Return the SHA-256 of a target table as it is written."""
    return sha256(text.encode()).hexdigest()


def refuse_others(out: Path, targets: dict[str, str], ours: frozenset[str]) -> None:
    """Raise UsageError when a month's folder has a target table that no version of the plan has written."""
    for month, text in targets.items():
        for path in _delivered(out / month):
            if path.name != NAME or hash_file(path) not in ours | {digest(text)}:
                raise UsageError("plan.target_there", file=f"{month}/{path.name}")


def _delivered(folder: Path) -> list[Path]:
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if path.name.lower().startswith("target."))


def write_targets(
    out: Path, year: int, targets: dict[str, str], ours: frozenset[str]
) -> list[Path]:
    """Write each month's table into its folder and return the files; take away ours where the plan has no target any more."""
    for month in months_of(year):
        path = out / month / NAME
        if month in targets:
            write_text(path, targets[month])
        elif path.is_file() and hash_file(path) in ours:
            path.unlink()
    return [out / month / NAME for month in targets]

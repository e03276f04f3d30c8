"""What of a plan a month's KPIs read.

Its `target` table in the contract's form, one CSV a month.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from sqlglot import exp

from pipelines.catalogue.spec import TableName, load_room_specs
from pipelines.core.contract import load_contract
from pipelines.core.errors import UsageError
from pipelines.jobs.plan.form import HandedDown, YearPlan
from pipelines.jobs.plan.split import Part, list_months
from pipelines.jobs.plan.weights import HeldMonths
from pipelines.store.files import hash_file, write_text

NAME = "target.csv"
_TABLE = TableName("snapshot_target")


class Target(NamedTuple):
    """What a target is for.

    A KPI or a sum, of the company, a branch, a manager or a touch point.
    """

    kpi: str
    scope_kind: str
    scope_id: str


TargetAmounts = dict[Target, Decimal]


@cache
def list_summed_targets() -> frozenset[str]:
    """The targets that are sums and that some SQL file reads.

    By the names that it compares `kpi` with: `revenue` and others.
    """
    names = set()
    for room in ("features", "kpi"):
        for spec in load_room_specs(room):
            if _TABLE not in spec.reads:
                continue
            for comparison in spec.find_parts(exp.EQ):
                compared = comparison.this
                if isinstance(compared, exp.Column) and compared.name == "kpi":
                    names.add(comparison.expression.name)

    return frozenset(names)


def draw_month_targets(
    plan: YearPlan, parts: Mapping[str, Sequence[Part]], held: HeldMonths
) -> dict[str, str]:
    """Return each month's `target` table as CSV text.

    No months where the plan has nothing that a KPI reads.

    Raise UsageError when two handed-down targets are for the same scope.
    """
    amounts: dict[str, TargetAmounts] = {month: {} for month in list_months(plan.year)}
    for measure in sorted(list_summed_targets() & set(parts)):
        for month, sums in _sum_by_scope(measure, parts[measure]).items():
            amounts[month] |= sums

    for handed in plan.handed_down:
        targets = list(_list_handed_down(handed, plan, held))
        for month, value in handed.list_values(plan.year).items():
            _add_handed_down(amounts[month], targets, value)

    return {month: _draw_csv(found) for month, found in amounts.items() if found}


def _sum_by_scope(measure: str, parts: Sequence[Part]) -> dict[str, TargetAmounts]:
    """Add up a measure's parts by month and scope: who manages in two branches has one target."""
    sums: dict[str, TargetAmounts] = defaultdict(lambda: defaultdict(Decimal))
    for part in parts:
        if part.month is not None:
            target = Target(measure, part.scope_kind, part.scope_id)
            sums[part.month][target] += part.amount
    return sums


def _list_handed_down(
    handed: HandedDown, plan: YearPlan, held: HeldMonths
) -> Iterator[Target]:
    """Yield what a handed-down target is for.

    Where it names no scopes, all that the plan's month has.
    """
    if handed.scope_kind == "company":
        yield Target(handed.kpi, "company", "company")
        return

    scopes = handed.scope_ids
    if scopes is None:
        places = held.read_places(plan.held)
        known = places.managers
        if handed.scope_kind == "branch":
            known = places.branches
        scopes = sorted(known)

    for scope in scopes:
        yield Target(handed.kpi, handed.scope_kind, scope)


def _add_handed_down(
    amounts: TargetAmounts, targets: Sequence[Target], value: Decimal
) -> None:
    for target in targets:
        if target in amounts:
            scope = f"{target.scope_kind}:{target.scope_id}"
            raise UsageError("plan.twice", kpi=target.kpi, scope=scope)
        amounts[target] = value


def _draw_csv(amounts: TargetAmounts) -> str:
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in load_contract()["target"].columns])
    for target, amount in sorted(amounts.items()):
        writer.writerow([*target, f"{amount:f}"])
    return stream.getvalue()


# -- where the months' sources are -----------------------------------------------------------------


def hash_text(text: str) -> str:
    """Return the SHA-256 of a target table as it is written."""
    return sha256(text.encode()).hexdigest()


def refuse_others(out: Path, targets: Mapping[str, str], ours: frozenset[str]) -> None:
    """Raise UsageError when a month's folder has a target table that is not the plan's."""
    for month, text in targets.items():
        may_be_replaced = ours | {hash_text(text)}
        for path in _list_delivered_targets(out / month):
            if path.name != NAME or hash_file(path) not in may_be_replaced:
                raise UsageError("plan.target_there", file=f"{month}/{path.name}")


def _list_delivered_targets(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.name.lower().startswith("target.")
    )


def write_targets(
    out: Path, year: int, targets: Mapping[str, str], ours: frozenset[str]
) -> list[Path]:
    """Write each month's table into its folder and return the files.

    Take ours away where the plan has no target any more.
    """
    written = []
    for month in list_months(year):
        path = out / month / NAME
        if month in targets:
            write_text(path, targets[month])
            written.append(path)
        elif path.is_file() and hash_file(path) in ours:
            path.unlink()

    return written

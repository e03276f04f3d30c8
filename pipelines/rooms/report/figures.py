"""The figures of the month's documents: each with its KPI, variant, scope and month, as a number and as it is printed.

A document prints a figure's `shown` and nothing else, so that no two documents can disagree. What was withheld or not
computed has no figure. A figure's id says what it is: `value:arrears_rate.t1_amount:branch:B1:2026-08`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.catalogue.outputs import QUALITY, kpis
from pipelines.core.apportion import apportion
from pipelines.rooms.context import Context
from pipelines.text.units import exact, in_words

Row = dict[str, Any]
PLACES = 12
_NUMBER = pa.decimal128(28, PLACES)
SCHEMA = pa.schema(
    [
        *(
            (n, pa.string())
            for n in ("figure", "measure", "topic", "scope_kind", "scope_id", "scope_name", "month")
        ),
        *((n, pa.string()) for n in ("unit", "shown", "source")),
        *((n, _NUMBER) for n in ("number", "numerator", "denominator")),
        ("definition_version", pa.int32()),
    ]
)
USABLE = ("released", "caveat")
# A difference of ratios is told in percentage points, one of anything else in its own unit.
DIFFERENCE = {"ratio": "points"}
_IN_QUALITY = f"k.kpi || '.' || k.variant IN ({', '.join(map(repr, QUALITY))})"
_KPIS = f"""
SELECT k.*, o.name AS scope_name FROM kpi_monthly AS k LEFT JOIN scope_name AS o
    ON o.scope_kind = k.scope_kind AND o.scope_id = k.scope_id
WHERE (k.is_default AND k.scope_kind IN ('company', 'branch'))
    OR ({_IN_QUALITY} AND k.scope_kind IN ('branch', 'manager'))
ORDER BY k.kpi, k.variant, k.scope_kind, k.scope_id
"""
_MONTH_BEFORE = f"""
SELECT k.*, o.name AS scope_name, b.value AS value_before FROM kpi_monthly AS k
JOIN m1.kpi_monthly AS b ON b.kpi = k.kpi AND b.variant = k.variant AND b.scope_kind = k.scope_kind
    AND b.scope_id = k.scope_id AND b.status IN ('released', 'caveat')
LEFT JOIN scope_name AS o ON o.scope_kind = k.scope_kind AND o.scope_id = k.scope_id
WHERE {_IN_QUALITY} AND k.scope_kind IN ('branch', 'manager') AND k.status IN ('released', 'caveat')
    AND k.value IS NOT NULL AND b.value IS NOT NULL
ORDER BY k.kpi, k.variant, k.scope_kind, k.scope_id
"""


def figure_id(measure: str, topic: str, kind: str, scope: str, month: object) -> str:
    """Return the id of a figure."""
    return f"{measure}:{topic}:{kind}:{scope}:{month}"


def collect(context: Context, others: Iterable[Row]) -> list[Row]:
    """Return every figure, in order of its id."""
    units = {
        f"{kpi.name}.{variant}": kpi.meta["unit"] for kpi in kpis() for variant in kpi.variants
    }
    name_scopes(context)
    rows = [*_of_kpis(context, units), *_of_trend(context, units), *_of_changes(context, units)]
    rows += _of_month_before(context, units)
    rows += [*_of_bridge(context), *_of_lists(context), *_of_gate(context), *others]
    versions = {
        f"{kpi.name}.{variant}": kpi.spec.meta["version"]
        for kpi in kpis()
        for variant in kpi.variants
    }
    for row in rows:
        # What an earlier month's figure was defined as stands in that month.
        row["definition_version"] = (
            versions.get(row["topic"]) if row["month"] == str(context.month) else None
        )
    return sorted(rows, key=lambda row: str(row["figure"]))


def name_scopes(context: Context) -> None:
    """Make `scope_name`: what branches and managers are called, where the operator said."""
    names = "SELECT '' AS scope_kind, '' AS scope_id, '' AS name WHERE FALSE"
    for table, named in (
        ("organisation", "org_kind, org_id"),
        ("account_manager", "'manager', manager_id"),
    ):
        if context.is_computed(f"snapshot_{table}"):
            names += f" UNION ALL SELECT {named}, name FROM snapshot_{table}"
    context.engine.table("scope_name", names)


def make_figure(
    measure: str, topic: str, of: Row, unit: str, number: Any, source: str, **parts: Any
) -> Row:
    """Return a figure of the scope and month of a row; `parts` are its numerator and denominator."""
    told = exactly(number)
    kind, scope, month = of["scope_kind"], of["scope_id"], of["month"]
    return {
        "figure": figure_id(measure, topic, kind, scope, month),
        "measure": measure,
        "topic": topic,
        **{name: of.get(name) for name in ("scope_kind", "scope_id", "scope_name", "month")},
        "unit": unit,
        "shown": in_words(told, unit),
        "source": source,
        "number": told,
        **{name: None if value is None else exactly(value) for name, value in parts.items()},
    }


def exactly(number: Any) -> Decimal:
    """Return a number as the register has it."""
    return exact(number).quantize(Decimal(1).scaleb(-PLACES))


def _of_kpis(context: Context, units: dict[str, str]) -> Iterator[Row]:
    for row in context.engine.rows(_KPIS):
        topic = f"{row['kpi']}.{row['variant']}"
        unit = units[topic]
        if row["status"] not in USABLE or row["value"] is None:
            continue
        told = {
            "value": (unit, row["value"]),
            "target": (unit, row["target"]),
            "rank": ("rank", row["rank"]),
        }
        told["gap"] = (DIFFERENCE.get(unit, unit), row["gap"])
        for measure, (shown_in, number) in told.items():
            if number is not None:
                yield make_figure(
                    measure, topic, row, shown_in, number, "kpi_monthly", **_sides(row)
                )
        for side in ("numerator", "denominator"):
            if row[side] is not None:
                yield make_figure(
                    side,
                    topic,
                    row,
                    _plain_unit(row[side]),
                    row[side],
                    "kpi_monthly",
                    **_sides(row),
                )


def _sides(row: Row) -> Row:
    """What a KPI's figures all stand on."""
    return {name: row[name] for name in ("numerator", "denominator")}


def _plain_unit(number: Decimal) -> str:
    return "count" if number == number.to_integral_value() else "amount"


def _of_trend(context: Context, units: dict[str, str]) -> Iterator[Row]:
    """What the company's KPIs were in each of the months before this one, and the change since."""
    rows = context.engine.rows("SELECT * FROM kpi_trend WHERE scope_kind = 'company' ORDER BY ALL")
    now = {r["kpi"]: r for r in rows if r["seen_month"] == str(context.month)}
    for row in rows:
        topic, this = f"{row['kpi']}.{row['variant']}", now.get(row["kpi"])
        if row["value"] is None or row["status"] not in USABLE or row is this:
            continue
        of = row | {"month": row["seen_month"]}
        yield make_figure(
            "value", topic, of, units[topic], row["value"], "kpi_trend", **_sides(row)
        )
        ago = {str(context.month.plus(-1)): "change", str(context.month.plus(-12)): "year_change"}
        measure = ago.get(row["seen_month"])
        if measure and this and this["value"] is not None and this["status"] in USABLE:
            unit = DIFFERENCE.get(units[topic], units[topic])
            difference = exactly(this["value"]) - exactly(row["value"])
            here = this | {"month": str(context.month)}
            yield make_figure(measure, topic, here, unit, difference, "kpi_trend", **_sides(this))


def _of_month_before(context: Context, units: dict[str, str]) -> Iterator[Row]:
    """The change since the month before of each branch and manager."""
    rows = context.engine.rows(_MONTH_BEFORE) if context.is_computed("kpi_monthly", "m1") else []
    for row in rows:
        topic = f"{row['kpi']}.{row['variant']}"
        difference = exactly(row["value"]) - exactly(row["value_before"])
        unit = DIFFERENCE.get(units[topic], units[topic])
        yield make_figure("change", topic, row, unit, difference, "kpi_monthly", **_sides(row))


_CHANGES = """
SELECT c.*, o.name AS scope_name FROM kpi_change AS c LEFT JOIN scope_name AS o
    ON o.scope_kind = c.scope_kind AND o.scope_id = c.scope_id
JOIN kpi_monthly AS k ON k.kpi = c.kpi AND k.variant = c.variant AND k.scope_kind = 'company' AND k.is_default
WHERE c.comparison = 'previous_month' AND c.part_kind = 'branch' AND c.status IN ('released', 'caveat')
ORDER BY c.kpi, c.scope_kind DESC, c.scope_id
"""


def _of_changes(context: Context, units: dict[str, str]) -> Iterator[Row]:
    """The parts of the last month's change; the company's are rounded so that they add up as they are printed."""
    rows = context.engine.rows(_CHANGES) if context.is_computed("kpi_change") else []
    for row in rows:
        topic = f"{row['kpi']}.{row['variant']}"
        unit = DIFFERENCE.get(units[topic], units[topic])
        values = [row["value_mix"], row["value_rate"]]
        if row["scope_kind"] == "company":
            values = apportion(values, 4 if unit == "points" else 2)
        for measure, number in zip(("value_mix", "value_rate"), values, strict=True):
            yield make_figure(measure, topic, row, unit, number, "kpi_change")
        for measure in ("volume", "mix", "rate"):
            yield make_figure(measure, topic, row, "amount", row[measure], "kpi_change")


def _of_bridge(context: Context) -> Iterator[Row]:
    if not context.is_computed("kpi_bridge") or not _is_usable(
        context, "revenue_retention_rate", "net"
    ):
        return
    rows = context.engine.rows(
        "SELECT b.*, o.name AS scope_name FROM kpi_bridge AS b LEFT JOIN scope_name AS o "
        "ON o.scope_kind = b.scope_kind AND o.scope_id = b.scope_id "
        "WHERE b.scope_kind IN ('company', 'branch') ORDER BY b.scope_kind DESC, b.scope_id, b.place"
    )
    yield from (
        make_figure(row["step"], "bridge", row, "amount", row["amount"], "kpi_bridge")
        for row in rows
    )


def _is_usable(context: Context, kpi: str, variant: str) -> bool:
    """Whether a KPI's company and parts may be used."""
    found = context.engine.rows(
        "SELECT DISTINCT status FROM kpi_monthly WHERE kpi = $kpi AND variant = $variant",
        {"kpi": kpi, "variant": variant},
    )
    return all(row["status"] in USABLE for row in found)


def _of_lists(context: Context) -> Iterator[Row]:
    counts = ("candidate_count", "treated_count")
    for row in context.engine.rows("SELECT * FROM dispatch_list ORDER BY priority, list"):
        if row["status"] in USABLE:
            for name in counts:
                yield _count(context, name, row["list"], row[name], "dispatch_list")
    total = context.engine.rows("SELECT COALESCE(SUM(treated_count), 0) AS n, COUNT(*) FILTER (WHERE treated_count > 0) "
                                "AS lists FROM dispatch_list WHERE status IN ('released', 'caveat')")[0]  # fmt: skip
    yield _count(context, "treated_count", "lists", total["n"], "dispatch_list")
    yield _count(context, "list_count", "lists", total["lists"], "dispatch_list")


_GATE = """
SELECT
    (SELECT COUNT(*) FROM validate_result) AS check_count,
    (SELECT COUNT(*) FROM validate_result WHERE NOT success) AS failed_count,
    (SELECT COUNT(*) FROM validate_result WHERE NOT success AND severity = 'critical') AS critical_count,
    (SELECT COALESCE(SUM(rows_in), 0) FROM snapshot_intake) AS row_count,
    (SELECT COALESCE(SUM(quarantined), 0) FROM snapshot_intake) AS quarantined_count
"""


def _of_gate(context: Context) -> Iterator[Row]:
    for name, number in context.engine.rows(_GATE)[0].items():
        yield _count(context, name, "gate", number, "validate_result")


def _count(context: Context, measure: str, topic: str, number: Any, source: str) -> Row:
    of = {"scope_kind": "company", "scope_id": "company", "month": str(context.month)}
    return make_figure(measure, topic, of, "count", Decimal(int(number)), source)


def write_figures(context: Context, others: Iterable[Row]) -> list[Row]:
    """Write `report_figure`, those of `others` among them, and return its rows."""
    rows = collect(context, others)
    context.engine.register("figures", pa.Table.from_pylist(rows, schema=SCHEMA))
    context.write("report_figure", "SELECT * FROM figures", ["figure"])
    return rows


def by_id(rows: Iterable[Row]) -> dict[str, Row]:
    """Return the figures by their ids."""
    return {row["figure"]: row for row in rows}

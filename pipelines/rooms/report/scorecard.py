"""Managers' scorecards: KPIs against targets, weighted, over-achievement capped, less what events cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from pipelines.catalogue.outputs import kpis
from pipelines.catalogue.scorecard import WHOLE, Rules, load_rules
from pipelines.rooms.context import Context

Row = dict[str, Any]
Found = Mapping[
    tuple[str, str, str], Row
]  # rows of `kpi_monthly` by topic, kind of scope and scope
COUNTED_BY = (
    "feedback_outcome",
    "report_expense",
    "report_audit",
    "features_complaint",
    "features_owner",
)
_LINES = pa.schema(
    [
        *[(name, pa.string()) for name in ("month", "manager_id", "kpi", "variant")],
        *[(name, pa.float64()) for name in ("weight", "value", "target", "achievement", "points")],
        ("state", pa.string()),
    ]
)
_CARDS = pa.schema(
    [
        *[(name, pa.string()) for name in ("month", "manager_id", "state")],
        *[
            (name, pa.float64())
            for name in ("judged_weight", "reached_score", "deducted_points", "total_score")
        ],
        ("not_counted", pa.string()),
    ]
)


def achievement(value: float, target: float, better: str) -> float:
    """Return how far a target is reached: 1 is on it, never below 0; of a lower-is-better KPI 2 − value ÷ target."""
    if target <= 0:
        return float(value >= target if better == "higher" else value <= target)
    share = value / target
    return max(0.0, share if better == "higher" else 2 - share)


def write_scorecards(context: Context) -> None:
    """Write `report_scorecard`, a row a manager, and `report_scorecard_line`, a row a manager and KPI."""
    rules = load_rules(context.settings.scorecard_file)
    if not context.is_computed("features_owner"):
        for table in ("report_scorecard", "report_scorecard_line"):
            context.record_missing(
                table, (context.tables | context.draft.tables)["features_owner"]["reasons"]
            )
        return
    homes = _managers(context)
    rows = context.engine.rows(
        "SELECT * FROM kpi_monthly WHERE scope_kind IN ('company', 'branch', 'manager')"
    )
    found = {(f"{r['kpi']}.{r['variant']}", r["scope_kind"], r["scope_id"]): r for r in rows}
    lines = {who: list(_lines(rules, found, who, home)) for who, home in homes.items()}
    lost = _deducted(context, rules)
    away = "; ".join(name for name in COUNTED_BY if not context.is_computed(name)) or None
    cards = [
        _card(rules, lines[who], lost.get(who, 0.0)) | {"manager_id": who, "not_counted": away}
        for who in homes
    ]
    month = {"month": str(context.month)}
    flat = [line | {"manager_id": who} for who in homes for line in lines[who]]
    _write(context, "report_scorecard", [card | month for card in cards], _CARDS, ["manager_id"])
    _write(
        context,
        "report_scorecard_line",
        [r | month for r in flat],
        _LINES,
        ["manager_id", "kpi", "variant"],
    )


def _managers(context: Context) -> dict[str, str | None]:
    """Who has customers or is active, and each one's branch where it is known."""
    owners = "SELECT DISTINCT manager_id FROM features_owner WHERE manager_id IS NOT NULL"
    if not context.is_computed("snapshot_account_manager"):
        return {row["manager_id"]: None for row in context.engine.rows(f"{owners} ORDER BY ALL")}
    active = "SELECT manager_id FROM snapshot_account_manager WHERE is_active"
    sql = f"SELECT m.manager_id, a.branch_id FROM ({owners} UNION {active}) AS m LEFT JOIN snapshot_account_manager AS a"
    return {
        r["manager_id"]: r["branch_id"]
        for r in context.engine.rows(f"{sql} USING (manager_id) ORDER BY ALL")
    }


def _lines(rules: Rules, found: Found, who: str, home: str | None) -> Iterable[Row]:
    better = {kpi.name: kpi.meta["better"] for kpi in kpis()}
    places = (("manager", who), ("branch", home or ""), ("company", "company"))
    for topic, weight in sorted(rules.weights.items()):
        rows = [found.get((topic, *place), {}) for place in places]
        target = next((row["target"] for row in rows if row.get("target") is not None), None)
        value, (kpi, variant) = rows[0].get("value"), topic.split(".")
        state = _state(rows[0] or rows[-1], value, target)
        line = {
            "kpi": kpi,
            "variant": variant,
            "weight": weight,
            "value": value,
            "target": target,
            "state": state,
        }
        if state == "judged" and value is not None and target is not None:
            reached = achievement(value, target, better[kpi])
            line |= {"achievement": reached, "points": weight * min(reached, rules.cap)}
        yield line


def _state(row: Row, value: float | None, target: float | None) -> str:
    """Say whether a KPI counts for a manager; what was withheld or has no target takes nothing from him."""
    if row.get("status") in ("withheld", "not_computed"):
        return str(row["status"])
    if value is None:
        return "no_value"
    return "no_target" if target is None else "judged"


def _card(rules: Rules, lines: Iterable[Row], lost: float) -> Row:
    judged = [line for line in lines if line["state"] == "judged"]
    weight = sum(line["weight"] for line in judged)
    card: Row = {"judged_weight": weight, "deducted_points": lost}
    if weight < rules.least_weight:
        return card | {"state": "not_appraised", "reached_score": None, "total_score": None}
    reached = WHOLE * sum(line["points"] for line in judged) / weight
    return card | {
        "state": "appraised",
        "reached_score": reached,
        "total_score": max(0.0, reached - lost),
    }


def _deducted(context: Context, rules: Rules) -> dict[str, float]:
    lost: dict[str, float] = {}
    for row in context.engine.rows("SELECT * FROM report_deduction ORDER BY ALL"):
        points = rules.deductions.get(row["cause"], 0.0) * row["event_count"]
        lost[row["manager_id"]] = lost.get(row["manager_id"], 0.0) + points
    return {who: min(points, rules.most_deducted) for who, points in lost.items()}


def _write(
    context: Context, table: str, rows: list[Row], schema: pa.Schema, key: list[str]
) -> None:
    context.engine.register(f"{table}_row", pa.Table.from_pylist(rows, schema=schema))
    context.write(table, f"SELECT * FROM {table}_row", key)

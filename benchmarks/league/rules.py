"""A plain rule list: what a careful clerk does with pandas, and no more. One of the rows of the league table.

He looks whether every file opens and has its columns, whether keys repeat and ids are known, whether counts and sums jump;
he computes the KPIs he knows by heart in ordinary numbers; he ranks lines by signs everybody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

KEYS = {
    "customer": "customer_id", "service": "service_id", "bill": "bill_id", "receivable": "bill_id",
    "payment": "payment_id", "adjustment": "adjustment_id", "usage": "service_id", "vip_card": "card_id",
    "plan": "plan_id", "account_manager": "manager_id", "organisation": "org_id", "loyalty": "customer_id",
    "trouble_ticket": "ticket_id", "prepaid_balance": "customer_id",
}  # fmt: skip
SUMS = {
    "bill": ["billed_amount", "adjustment_amount"], "receivable": ["open_amount"], "payment": ["amount"],
    "usage": ["voice_minutes", "data_mb"], "prepaid_balance": ["balance_amount"], "adjustment": ["amount"],
}  # fmt: skip
JUMP = 0.20  # of a count or a sum, from one month to the next
SMALL = 200  # rows below which a jump says nothing
IN_NET = ["active", "suspended_arrears", "suspended_request"]
Kpis = dict[tuple[str, str], tuple[float, float]]


def read_table(folder: Path, table: str) -> pd.DataFrame:
    """Read a table as pandas reads it; several files are put together. Raise what pandas raises."""
    paths = sorted(
        path for path in folder.iterdir() if path.name.split(".")[0] == table
    )
    if not paths:
        raise FileNotFoundError(table)
    return pd.concat([_read_file(path) for path in paths], ignore_index=True)


def _read_file(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        frame: pd.DataFrame = pd.read_parquet(path)
        return frame
    ids = dict.fromkeys(("customer_id", "service_id", "bill_id", "payment_id"), str)
    return (
        pd.read_excel(path, dtype=ids)
        if path.suffix == ".xlsx"
        else pd.read_csv(path, dtype=ids, low_memory=False)
    )


def find_faults(folder: Path, before: Path) -> set[str]:
    """Look a month's folder over and say what seems wrong, given the month before."""
    tables: dict[str, pd.DataFrame] = {}
    wrong: set[str] = set()
    for table in KEYS:
        try:
            tables[table] = read_table(folder, table)
        except Exception as error:  # noqa: BLE001 - whatever stops the clerk is what he has found
            wrong.add(f"{table} cannot be read: {type(error).__name__}")
    for table, rows in tables.items():
        wrong |= set(_look_at(table, rows, read_table(before, table), tables))
    return wrong


def _look_at(
    table: str,
    rows: pd.DataFrame,
    earlier: pd.DataFrame,
    tables: dict[str, pd.DataFrame],
) -> Iterator[str]:
    missing = [name for name in earlier.columns if name not in rows.columns]
    if missing:
        yield f"{table} lacks {', '.join(missing)}"
        return
    if rows[KEYS[table]].duplicated().any():
        yield f"{table} repeats keys"
    if rows[KEYS[table]].isna().any():
        yield f"{table} has rows without key"
    for other in ("customer", "service"):
        key = KEYS[other]
        known = (
            tables[other][key].astype(str)
            if other in tables and key in tables[other]
            else None
        )
        if (
            known is not None
            and key in rows
            and not rows[key].dropna().astype(str).isin(known).all()
        ):
            yield f"{table} names unknown {key}"
    if len(earlier) >= SMALL and _jumps(len(rows), len(earlier)):
        yield f"{table} has {len(rows)} rows after {len(earlier)}"
    yield from _look_at_sums(table, rows, earlier)


def _look_at_sums(
    table: str, rows: pd.DataFrame, earlier: pd.DataFrame
) -> Iterator[str]:
    for name in SUMS.get(table, []):
        numbers = pd.to_numeric(rows[name], errors="coerce")
        if numbers.isna().sum() > rows[name].isna().sum():
            yield f"{table}.{name} holds what is no number"
        was = pd.to_numeric(earlier[name]).sum()
        if len(earlier) >= SMALL and _jumps(float(numbers.sum()), float(was)):
            yield f"{table}.{name} jumps"


def _jumps(now: float, before: float) -> bool:
    return abs(now - before) > JUMP * abs(before)


def compute_kpis(folder: Path, before: Path) -> Kpis:
    """Compute the KPIs a clerk knows by heart: numerator and denominator."""
    now = {
        name: read_table(folder, name)
        for name in ("customer", "service", "bill", "receivable", "usage", "vip_card")
    }
    earlier = {name: read_table(before, name) for name in ("service", "bill")}
    lines, owed = now["service"], now["receivable"]
    net, base = (
        frame[frame["status"].isin(IN_NET)] for frame in (lines, earlier["service"])
    )
    late = (
        owed.loc[owed["bill_month"] == before.name, "open_amount"].astype(float).sum()
    )
    return {
        ("churn_rate", "start_base"): (
            float((~base["service_id"].isin(net["service_id"])).sum()),
            float(len(base)),
        ),
        ("arrears_rate", "t1_amount"): (late, _revenue(earlier["bill"])),
        ("arpu", "mean_base"): (_revenue(now["bill"]), (len(net) + len(base)) / 2),
        ("zero_usage_rate", "all"): _zero_usage(now["usage"], lines, folder.name),
        ("vip_card_holding_rate", "holding"): _card_holding(
            now["customer"], now["vip_card"]
        ),
    }


def _revenue(bills: pd.DataFrame) -> float:
    return float(
        (
            bills["billed_amount"].astype(float)
            + bills["adjustment_amount"].astype(float)
        ).sum()
    )


def _zero_usage(
    usage: pd.DataFrame, lines: pd.DataFrame, month: str
) -> tuple[float, float]:
    mobile = lines[(lines["service_type"] == "mobile") & (lines["status"] == "active")]
    settled = mobile[
        pd.to_datetime(mobile["activated_on"]) < pd.Timestamp(f"{month}-01")
    ]
    used = usage[
        (usage["voice_calls"] > 0) | (usage["sms_count"] > 0) | (usage["data_mb"] > 0)
    ]
    return float((~settled["service_id"].isin(used["service_id"])).sum()), float(
        len(settled)
    )


def _card_holding(people: pd.DataFrame, cards: pd.DataFrame) -> tuple[float, float]:
    """Count VIPs with a valid, delivered card; the tier of the card is easily forgotten, and is forgotten here."""
    vips = people[
        (people["customer_type"] == "individual") & (people["vip_tier"] != "none")
    ]
    good = cards[(cards["card_status"] == "valid") & cards["delivered_on"].notna()]
    return float(vips["customer_id"].isin(good["customer_id"]).sum()), float(len(vips))


def rank_leavers(panel: pd.DataFrame) -> pd.Series:
    """Rank lines by the signs everybody knows, a point each: use halved, contract over, promotion over, complaint, new."""
    known = panel[
        [
            "data_trend",
            "voice_trend",
            "contract_months",
            "promotion_months",
            "complaints",
            "tenure_months",
        ]
    ]
    signs = known.astype(float)  # a missing value is no sign
    points = (signs["data_trend"] < 0.5).astype(float) + (signs["voice_trend"] < 0.5)
    points += signs["contract_months"].between(-2, 1) | signs[
        "promotion_months"
    ].between(-2, 0)
    points += (signs["complaints"] > 0).astype(float) + 0.5 * (
        signs["tenure_months"] < 12
    )
    return points + 0.001 * panel["revenue"].rank(
        pct=True
    )  # among equals the dearer line first

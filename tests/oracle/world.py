"""Tiny hand-made sources for the golden cases: a table is a header line and rows, blanks between, `-` for empty."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd

from .kpis import expected_kpis
from .read import month_folders

Tables = dict[str, str]


def write(source: Path, month: str, tables: Tables) -> None:
    folder = source / month
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        rows = [
            ["" if cell == "-" else cell for cell in line.split()]
            for line in text.strip().splitlines()
        ]
        content = "".join(",".join(row) + "\n" for row in rows)
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")


def bills(
    month: str, amounts: dict[str, str], adjustments: dict[str, str] | None = None
) -> str:
    """One bill a line `S…`, of the customer `C…` with the same number, due in the middle of the next month."""
    due = pd.Period(month, "M") + 1
    lines = [
        "bill_id service_id customer_id bill_month billed_amount adjustment_amount due_on"
    ]
    for line, amount in amounts.items():
        off = (adjustments or {}).get(line, "0")
        lines.append(
            f"{month}-{line} {line} C{line[1:]} {month} {amount} {off} {due}-15"
        )
    return "\n".join(lines)


def people(*names: str, kind: str = "individual", tier: str = "none") -> str:
    rows = [f"{name} {kind} {tier}" for name in names]
    return "\n".join(["customer_id customer_type vip_tier", *rows])


def lines(*rows: str) -> str:
    """`S1 active [activated_on [kind]]`: the customer has the line's number."""
    text = ["service_id customer_id service_type status activated_on"]
    for row in rows:
        name, status, *more = row.split()
        since = more[0] if more else "2020-01-01"
        kind = more[1] if len(more) > 1 else "mobile"
        text.append(f"{name} C{name[1:]} {kind} {status} {since}")
    return "\n".join(text)


class Table:
    """The expected table, by kpi.variant and scope."""

    def __init__(self, source: Path, month: str, theta: str = "89.00") -> None:
        frame = expected_kpis(source, month_folders(source), month, Decimal(theta))
        keys = zip(
            frame["kpi"] + "." + frame["variant"],
            frame["scope_kind"],
            frame["scope_id"],
            strict=True,
        )
        self.rows = dict(zip(keys, frame.to_dict("records"), strict=True))

    def status(self, name: str) -> str:
        return str(self.rows[name, "company", "company"]["status"])

    def pair(
        self, name: str, kind: str = "company", scope: str = "company"
    ) -> tuple[str, str]:
        """Numerator and denominator as text."""
        row = self.rows[name, kind, scope]
        return f"{row['numerator']}", f"{row['denominator']}"

    def scopes(self, name: str, kind: str) -> set[str]:
        return {key[2] for key in self.rows if key[:2] == (name, kind)}

    def rank(self, name: str, kind: str, scope: str) -> object:
        return self.rows[name, kind, scope]["rank"]

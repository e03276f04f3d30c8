"""What dispatch did, as the command line shows it: the places of each branch, and one customer's lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from pipelines.catalogue.outputs import lists
from pipelines.cli.screens.views import draw_grid
from pipelines.store.lake import Version
from pipelines.store.rows import read_rows
from pipelines.text.evidence import evidence_in_words
from pipelines.text.texts import label, reason_in_words

if TYPE_CHECKING:
    from pipelines.sources.office.changes import Change

Row = dict[str, Any]
_FIGURES = ("capacity", "wanted_count", "used_count", "left_count")
_TITLES = ("capacity", "wanted", "used", "left", "value", "bound", "gap", "price")


def capacity_rows(version: Version) -> list[Row]:
    """The company's row and the branches' of `dispatch_capacity`; none in a month made before there were any."""
    if not version.is_computed("dispatch_capacity"):
        return []
    rows = [
        row
        for row in read_rows(version.table("dispatch_capacity"))
        if row["scope_kind"] != "manager"
    ]
    return sorted(rows, key=lambda row: (row["scope_kind"] != "company", row["scope_id"]))


def draw_capacity(version: Version, language: str) -> None:
    """Draw who had how many places, what came of them, and what one more would have been worth."""
    rows = capacity_rows(version)
    if not rows:
        return
    body = [[row["scope_id"], *(str(row[name]) for name in _FIGURES), *_worth(row)] for row in rows]
    titles = [label(language, "scope_id"), *(label(language, f"cap.{name}") for name in _TITLES)]
    typer.echo()
    draw_grid(titles, body, set(range(1, 9)))
    typer.echo(
        label(language, f"cap.rule.{version.manifest['tables']['dispatch_capacity']['rule']}")
    )


def _worth(row: Row) -> list[str]:
    value, most, price = (
        f"{row[f'{name}_amount']:,.2f}" for name in ("value", "bound", "shadow_price")
    )
    return [value, most, f"{row['gap_rate']:.2%}", price]


def lists_of(
    version: Version,
    customer_id: str,
    language: str,
    changes: Mapping[str, tuple[Change, ...]] | None = None,
) -> list[Row]:
    """Every list a customer is on: why, and what came of it; the hold-out is a reason like any other here.

    `changes` are what was decided about orders since they left the house, by order id.
    """
    specs = {spec.name: spec for spec in lists()}
    orders = {
        r["list"]: r for r in _read(version, "dispatch_order", customer_id) if r["arm"] == "treated"
    }
    left = {r["list"]: r for r in _read(version, "dispatch_why_not", customer_id)}
    found = []
    for row in sorted(
        _read(version, "dispatch_candidate", customer_id),
        key=lambda r: specs[r["list"]].meta["priority"],
    ):
        spec, order, why = specs[row["list"]], orders.get(row["list"]), left.get(row["list"], {})
        found.append(
            {
                "list": spec.name,
                "title": spec.title(language),
                "rank": row["rank"],
                "evidence": evidence_in_words(spec, language, row),
                "order": order
                and {
                    name: order[name] for name in ("order_id", "manager_id", "branch_id", "due_on")
                },
                "changes": [asdict(one) for one in (changes or {}).get(order["order_id"], ())]
                if order
                else [],
                "why_not": why.get("reason"),
                "detail": why.get("detail"),
            }
        )
    return found


def _read(version: Version, table: str, customer_id: str) -> list[Row]:
    return read_rows(version.table(table), customer_id=customer_id)


def draw_lists_of(rows: list[Row], language: str) -> None:
    """Say of each list why he is on it and what came of it."""
    for row in rows:
        typer.echo(f"{row['title']} ({row['list']}) #{row['rank']}: {row['evidence']}")
        if row["order"]:
            desk = row["order"]["manager_id"] or row["order"]["branch_id"]
            typer.echo("  " + label(language, "asked.treated", **row["order"], desk=desk))
            for change in row["changes"]:
                typer.echo("  " + label(language, f"asked.{change['kind']}", **change))
        else:
            detail = label(language, "asked.detail", detail=row["detail"]) if row["detail"] else ""
            typer.echo(
                "  "
                + label(language, "asked.left", reason=reason_in_words(language, row["why_not"]))
                + detail
            )

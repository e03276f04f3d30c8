"""A year's plan as the command line tells it: totals and keys, and what differs from the version before."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import typer

from pipelines.cli.screens.views import draw_grid
from pipelines.store.lake import Version
from pipelines.text.texts import label
from pipelines.text.units import plain

SCREEN_CHANGES = 20
_WHERE = ("measure", "month", "scope_kind", "scope_id", "branch_id")


def tell_plan(version: Version) -> dict[str, Any]:
    """Return a plan's measures with total, key and number of parts, and the parts that differ from the version before."""
    inputs = version.manifest["inputs"]
    parts = (
        pq.read_table(version.table("plan_part"), columns=["measure"]).column("measure").to_pylist()
    )
    measures = [
        {
            "measure": name,
            "total": Decimal(body["total"]),
            "part_count": parts.count(name),
            "key_version": body["key"]["version"],
            "key_hash": inputs["keys"][name],
            "key_month": body["key"]["month"],
        }
        for name, body in sorted(inputs["plan"]["measures"].items())
    ]
    return {
        "year": inputs["plan"]["year"],
        "version": version.number,
        "version_path": str(version.path),
        "measures": measures,
        "months": inputs["months"],
        "changes": pq.read_table(version.table("plan_change")).to_pylist(),
    }


def draw_plan(content: Mapping[str, Any], language: str) -> None:
    """Draw the measures, the first changes, and where the files are."""
    names = ("measure", "total", "part_count", "key_version", "key_hash", "key_month")
    body = [[str(plain(row[name])) for name in names] for row in content["measures"]]
    draw_grid([label(language, f"plan.{name}") for name in names], body, {1, 2})
    _draw_changes(content, language)
    state = "plan.new" if content["is_new"] else "plan.same"
    typer.echo(label(language, state, year=content["year"], version=content["version"]))
    typer.echo(label(language, "plan.files", count=len(content["files"]), path=content["path"]))


def _draw_changes(content: Mapping[str, Any], language: str) -> None:
    changes = content["changes"]
    if not changes:
        return
    names = (*_WHERE, "amount_before", "amount_now", "amount_change")
    typer.echo(label(language, "plan.changed", count=len(changes), version=content["version"]))
    body = [
        [_cell(name, row[name], language) for name in names] for row in changes[:SCREEN_CHANGES]
    ]
    draw_grid([label(language, f"plan.{name}") for name in names], body, {5, 6, 7})
    if len(changes) > SCREEN_CHANGES:
        typer.echo(
            label(
                language,
                "plan.more",
                count=len(changes) - SCREEN_CHANGES,
                path=content["version_path"],
            )
        )


def _cell(name: str, value: object, language: str) -> str:
    if value is None:
        return ""
    is_word = name == "scope_kind" or value in ("company", "unclaimed")
    return label(language, f"scope.{value}") if is_word else str(plain(value))

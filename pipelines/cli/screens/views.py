"""A month as the command line draws it; what there is to draw is gathered in `documents.month_view`."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import typer

from pipelines.catalogue.outputs import kpis, lists
from pipelines.cli.screens.deliveries import count_open, draw_open
from pipelines.core.month import Month
from pipelines.documents.findings import ToldFinding, as_content, draw_findings, findings_of
from pipelines.documents.month_view import (
    read_output_states,
    read_reasons_to_retrain,
    summarise_outcome,
)
from pipelines.documents.table_files import find_table_file, read_masked_rows
from pipelines.operations.deadlines import deadlines, draw_deadlines
from pipelines.store.lake import Made, MonthFolder
from pipelines.store.rows import column_names, count_rows
from pipelines.text.texts import label, reason_in_words
from pipelines.text.units import in_words, plain

SCREEN_ROWS = 40


def one_month(home: Path, month: Month, today: date, language: str) -> dict[str, Any]:
    """A month's versions, draft, what was held back, and the deadlines as they stand today."""
    from pipelines.core.settings import load_settings  # a third of a second, which only this needs

    folder = MonthFolder(home, month)
    current = folder.current()
    draft = folder.draft() if next(folder.path.glob("v*.partial"), None) else None
    if current is None and draft is None:
        folder.version()
    found: dict[str, Any] = {}
    told: list[ToldFinding] = []
    if current:
        found = {**summarise_outcome(current), "retrain": read_reasons_to_retrain(current)}
        told = findings_of(current, read_output_states(current), language)
    held_back = found.get("withheld", {}) | found.get("not_computed", {})
    return {
        "month": str(month),
        "versions": [v.number for v in folder.versions()],
        "current": current.number if current else None,
        "seal": folder.seal(),
        "draft_rooms": draft.rooms if draft else None,
        "draft_stopped": draft.stopped["why"] if draft and draft.stopped else None,
        "findings": as_content(told),
        "deadlines": [vars(one) for one in deadlines(folder, held_back, today)],
        "deliveries": count_open(home, str(month)),
        "has_development_key": load_settings().has_development_key,
        **found,
    }


# -- drawing -----------------------------------------------------------------------------------------------------


def draw_grid(columns: list[str], rows: list[list[str]], numbers: Collection[int] = ()) -> None:
    """Print rows under titles; `numbers` are the columns set to the right."""
    from rich.console import Console  # here, so that programs do not wait for what draws
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False)
    for place, title in enumerate(columns):
        table.add_column(title, justify="right" if place in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 160, markup=False).print(table)


def draw_table(version: Made, table: str, language: str) -> None:
    """Draw the first rows of a table."""
    file = find_table_file(version, table)
    rows = list(islice(read_masked_rows(version, table), SCREEN_ROWS))
    draw_first_rows(column_names(file), rows, count_rows(file), language)


def draw_first_rows(
    names: list[str], rows: list[dict[str, Any]], total: int, language: str
) -> None:
    """Draw as many rows as a screen takes, and say how many there are."""
    shown = [
        ["" if row[n] is None else str(plain(row[n])) for n in names] for row in rows[:SCREEN_ROWS]
    ]
    draw_grid(list(names), shown)
    if total > SCREEN_ROWS:
        typer.echo(label(language, "cli.more_rows", rows=total))


def draw_kpis(rows: list[dict[str, Any]], language: str) -> None:
    """Draw KPI rows: title, variant, scope, value, target, gap, rank, status."""
    known = {k.name: k for k in kpis()}
    rows = sorted(
        rows,
        key=lambda r: (
            r["kpi"],
            not r["is_default"],
            r["variant"],
            r["rank"] or 10**9,
            r["scope_id"],
        ),
    )
    names = (
        "kpi_title",
        "variant",
        "scope_id",
        "value",
        "target",
        "gap",
        "rank",
        "numerator",
        "denominator",
    )
    body = []
    for row in rows:
        kpi = known[row["kpi"]]
        figures = [in_words(row[name], kpi.meta["unit"]) for name in ("value", "target", "gap")]
        ends = [
            str(plain(row[name])) if row[name] is not None else "–"
            for name in ("rank", "numerator", "denominator")
        ]
        state = [
            label(language, f"status.{row['status']}"),
            reason_in_words(language, row["reason"]),
        ]
        title = f"{kpi.meta['title'][language]}{' ●' if row['is_default'] else ''}"
        body.append([title, row["variant"], row["scope_id"], *figures, *ends, *state])
    titles = [label(language, name) for name in (*names, "status", "reason")]
    draw_grid(titles, body, {3, 4, 5, 6, 7, 8})


def draw_verification(content: dict[str, Any], language: str) -> None:
    """Say what differs in a month, and what has changed since it was made."""
    for note in content["notes"]:
        typer.echo(label(language, f"verify.note.{note}"))
    for difference in (*content["differences"], *content["told"]):
        what = label(language, f"verify.{difference['kind']}", what=difference["what"])
        typer.echo(f"  {what}")


def draw_lists(rows: list[dict[str, Any]], language: str) -> None:
    """Draw the lists: counts, status, and why people were left out."""
    titles = {spec.name: spec.title(language) for spec in lists()}
    body = []
    for row in rows:
        why = "; ".join(f"{reason_in_words(language, r)} {n}" for r, n in row["why_not"].items())
        counts = [str(row[f"{n}_count"]) for n in ("candidate", "treated", "holdout", "left_out")]
        state = [
            label(language, f"status.{row['status']}"),
            reason_in_words(language, row["reason"]) or why,
        ]
        body.append([row["list"], titles[row["list"]], *counts, *state])
    names = (
        "output",
        "list_title",
        "page.candidates",
        "page.treated",
        "page.heldout",
        "page.left",
        "status",
        "reason",
    )
    draw_grid([label(language, name) for name in names], body, {2, 3, 4, 5})


def draw_months(content: Sequence[Mapping[str, object]], language: str) -> None:
    """Draw one line a month."""
    if not content:
        typer.echo(label(language, "cli.nothing_held"))
        return
    names = (
        "month",
        "version",
        "cli.sealed",
        "cli.withheld",
        "cli.caveats",
        "cli.not_computed",
        "cli.refused_tables",
    )
    keys = ("month", "version", "is_sealed", "withheld", "caveat", "not_computed", "refused_tables")
    body = [
        ["✓" if row[k] is True else "" if row[k] is False else str(row[k]) for k in keys]
        for row in content
    ]
    draw_grid([label(language, name) for name in names], body)


def draw_month(content: dict[str, Any], language: str) -> None:
    """Draw one month: its state, what was held back, its deadlines."""
    state = "cli.sealed" if content["seal"] else "cli.waiting"
    typer.echo(
        f"{content['month']}  {label(language, 'cli.versions')}: {content['versions']}  {label(language, state)}"
    )
    if content["draft_rooms"] is not None:
        typer.echo(
            label(language, "cli.draft_rooms", rooms=", ".join(content["draft_rooms"]) or "–")
        )
    if content["draft_stopped"]:
        typer.echo(label(language, "cli.draft_stopped", month=content["month"]))
    for key, title in (
        ("withheld", "cli.withheld"),
        ("caveat", "cli.caveats"),
        ("not_computed", "cli.not_computed"),
    ):
        if content.get(key):
            typer.echo(f"\n{label(language, title)}")
            for output, reason in content[key].items():
                typer.echo(f"  {output}: {reason_in_words(language, reason)}")
    if content.get("refused_tables"):
        typer.echo(f"\n{label(language, 'cli.refused_tables')}")
        for table, why in content["refused_tables"].items():
            text = label(
                language, f"error.{why['reason']}", **({"month": content["month"]} | why["facts"])
            )
            typer.echo(f"  {table}: {text}")
    draw_findings([ToldFinding(**one) for one in content["findings"]], language)
    if content.get("retrain"):
        typer.echo(f"\n{label(language, 'cli.retrain', reasons=', '.join(content['retrain']))}")
    draw_deadlines(content["deadlines"], language)
    draw_open(content["deliveries"], language)
    if content["has_development_key"]:
        typer.echo(f"\n{label(language, 'cli.development_key')}")

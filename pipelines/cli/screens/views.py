"""A month as the command line shows it: content first, drawing apart."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipelines.catalogue.outputs import OutputState, kpis, lists, output_states
from pipelines.cli.screens.deliveries import count_open, draw_open
from pipelines.core.contract import contract
from pipelines.core.errors import UsageError
from pipelines.core.month import Month
from pipelines.documents.findings import ToldFinding, as_content, draw_findings, findings_of
from pipelines.cli.screens.deadlines import draw_deadlines
from pipelines.operations.deadlines import Deadline, list_deadlines
from pipelines.store.files import replacing
from pipelines.store.lake import Made, MonthFolder, Version, held_months
from pipelines.store.rows import column_names, count_rows, read_batches, read_rows
from pipelines.text.masking import MASKS, mask_text
from pipelines.text.texts import label, reason_in_words
from pipelines.text.units import in_words, plain

if TYPE_CHECKING:
    import pyarrow as pa

# The names people use for tables of the snapshot room.
ALIASES = {"quarantine": "snapshot_quarantine"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
SCREEN_ROWS = 40


# -- tables ------------------------------------------------------------------------------------------------------


def _masked(table: str, names: Iterable[str]) -> set[str]:
    """The columns of a table that may hold personal data; of a raw table also those nobody knows."""
    if table == "snapshot_person":
        return {"name", "phone"}
    delivered = contract().get(table.removeprefix("extract_"))
    if not table.startswith("extract_") or delivered is None:
        return set()
    plain_columns = {c.name for c in delivered.columns if not c.personal}
    return {name for name in names if name not in plain_columns and not name.startswith("_")}


def _file(version: Made, table: str) -> Path:
    return version.table(ALIASES.get(table, table))


def _batches(
    version: Made, table: str, columns: Sequence[str] = (), **wanted: str
) -> Iterator[list[dict[str, Any]]]:
    file = _file(version, table)
    hidden = _masked(file.stem, columns or column_names(file))
    for batch in read_batches(file, columns, **wanted):
        for record in batch:
            for column in hidden:
                record[column] = MASKS.get(column, mask_text)(record.get(column))
        yield batch


def table_rows(
    version: Made, table: str, columns: Sequence[str] = (), **wanted: str
) -> Iterator[dict[str, Any]]:
    """Yield a table's rows, all or those of the wanted values; personal data masked."""
    for batch in _batches(version, table, columns, **wanted):
        yield from batch


def write_table(version: Made, table: str, out: Path) -> int:
    """Write a table to .csv, .parquet or .xlsx; return its rows."""
    import pyarrow.parquet as pq  # here and below, so that who only looks does not wait for it

    return write_rows(out, pq.read_schema(_file(version, table)), _batches(version, table))


def write_rows(out: Path, schema: pa.Schema, batches: Iterator[list[dict[str, Any]]]) -> int:
    """Write rows to .csv, .parquet or .xlsx; return how many."""
    if out.suffix not in _WRITERS:
        raise UsageError("show.bad_out", file=out.name)
    with replacing(out) as temporary:
        return _WRITERS[out.suffix](temporary, schema, batches)


def _write_csv(path: Path, schema: pa.Schema, batches: Iterator[list[dict[str, Any]]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(schema.names)
        for batch in batches:
            writer.writerows([[_csv_cell(row[name]) for name in schema.names] for row in batch])
            count += len(batch)
    return count


def _csv_cell(value: object) -> object:
    """Keep a spreadsheet from taking text for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return plain(value)


def _write_parquet(path: Path, schema: pa.Schema, batches: Iterator[list[dict[str, Any]]]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _write_xlsx(path: Path, schema: pa.Schema, batches: Iterator[list[dict[str, Any]]]) -> int:
    from pipelines.documents.workbooks.plain_sheet import write_plain_sheet

    return write_plain_sheet(path, schema.names, (row for batch in batches for row in batch))


_WRITERS = {".csv": _write_csv, ".parquet": _write_parquet, ".xlsx": _write_xlsx}


def json_value(value: object) -> object:
    """Turn what JSON does not know into text: exact decimals, ISO dates."""
    if isinstance(value, Decimal):
        return float(value) if value == Decimal(str(float(value))) else str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


# -- what became of a month --------------------------------------------------------------------------------------


_KPI_STATE = ["kpi", "variant", "scope_kind", "status", "reason"]
_LIST_STATE = ["list", "priority", "status", "reason"]


def states_of(version: Version) -> list[OutputState]:
    """The state of every output of a version."""
    kpi_rows = read_rows(version.table("kpi_monthly"), _KPI_STATE)
    list_rows = read_rows(version.table("dispatch_list"), _LIST_STATE)
    return output_states(kpi_rows, list_rows)


def outcome(version: Version) -> dict[str, Any]:
    """What was withheld, carries a caveat, or is not computed, with the reason; and which tables were refused."""
    found: dict[str, Any] = {"withheld": {}, "caveat": {}, "not_computed": {}}
    for state in states_of(version):
        if state.status in found:
            found[state.status][state.name] = state.reason
    refused = [
        row["table"] for row in table_rows(version, "snapshot_intake", ("table",), state="refused")
    ]
    found["refused_tables"] = {table: _refusal(version, table) for table in refused}
    return found


def _refusal(version: Version, table: str) -> dict[str, Any]:
    """Why a table was refused: a message key and its facts."""
    entry = version.manifest["tables"][f"extract_{table}"]
    return {
        "reason": entry.get("reasons", ["source.wrong_month"])[0],
        "facts": {"table": table, **entry.get("facts", {})},
    }


def lists_with_why_not(version: Version) -> list[dict[str, Any]]:
    """Each list with its counts and, by reason, how many were left out."""
    counts = Counter(
        (row["list"], row["reason"])
        for row in table_rows(version, "dispatch_why_not", ("list", "reason"))
    )
    rows = sorted(table_rows(version, "dispatch_list"), key=lambda row: row["priority"])
    return [
        row | {"why_not": {r: n for (name, r), n in sorted(counts.items()) if name == row["list"]}}
        for row in rows
    ]


def all_months(home: Path) -> list[dict[str, Any]]:
    """One line a month held."""
    folders = [MonthFolder(home, month) for month in held_months(home)]
    return [_month_line(folder) for folder in folders]


def _month_line(folder: MonthFolder) -> dict[str, Any]:
    version = folder.version()
    counts = {kind: len(found) for kind, found in outcome(version).items()}
    return {
        "month": str(folder.month),
        "version": version.number,
        "is_sealed": folder.seal() is not None,
        **counts,
    }


def one_month(home: Path, month: Month, today: date, language: str) -> dict[str, Any]:
    """A month's versions, draft, what was held back, and the deadlines as they stand today."""
    from pipelines.core.settings import load_settings  # a third of a second, which only this needs

    folder = MonthFolder(home, month)
    current = folder.current()
    draft = folder.draft() if next(folder.path.glob("v*.partial"), None) else None
    if current is None and draft is None:
        folder.version()
    found = outcome(current) | {"retrain": _reasons_to_retrain(current)} if current else {}
    told = findings_of(current, states_of(current), language) if current else []
    held_back = found.get("withheld", {}) | found.get("not_computed", {})
    return {
        "month": str(month),
        "versions": [v.number for v in folder.versions()],
        "current": current.number if current else None,
        "seal": folder.seal(),
        "draft_rooms": draft.rooms if draft else None,
        "draft_stopped": draft.stopped["why"] if draft and draft.stopped else None,
        "findings": as_content(told),
        "deadlines": [vars(one) for one in list_deadlines(folder, held_back, today)],
        "deliveries": count_open(home, str(month)),
        "has_development_key": load_settings().has_development_key,
        **found,
    }


def _reasons_to_retrain(version: Version) -> list[str]:
    """Why it is time to train a challenger, as the month's watch says."""
    if not version.is_computed("score_watch"):
        return []
    return [
        row["subject"]
        for row in table_rows(version, "score_watch", ("subject",), measure="retrain")
    ]


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
    file = _file(version, table)
    rows = list(islice(table_rows(version, table), SCREEN_ROWS))
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


def draw_months(content: list[dict[str, Any]], language: str) -> None:
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
    draw_deadlines([Deadline(**one) for one in content["deadlines"]], language)
    draw_open(content["deliveries"], language)
    if content["has_development_key"]:
        typer.echo(f"\n{label(language, 'cli.development_key')}")

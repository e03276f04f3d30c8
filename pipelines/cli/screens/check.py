"""What a delivery was found to be, in words and as a program reads it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from pipelines.catalogue.outputs import kpis, lists
from pipelines.cli.screens.coverage import tell_coverage
from pipelines.text.texts import describe, label, say

if TYPE_CHECKING:
    from pipelines.jobs.intake.check import DeliveryCheck, TableCheck

_MOST_UNLOCKS = 8
_MOST_NAMES = 5


def check_content(check: DeliveryCheck, language: str) -> dict[str, Any]:
    """Return the check as a program reads it, messages in a language."""
    tables = []
    for table in check.tables:
        content = asdict(table)
        content["refused"] = describe(language, table.refused) if table.refused else None
        if table.worst:
            content["worst"]["says"] = say(language, table.worst.says)
        tables.append(content)
    stop = None
    if check.stop:
        why = describe(language, check.stop)
        stop = {"error": check.stop.key, "exit_code": check.stop.exit_code, "message": why}
    return {
        "month": check.month,
        "tables": tables,
        "unknown_files": [asdict(file) for file in check.unknown_files],
        "stop": stop,
        "quarantined": check.quarantined,
        "refused": check.refused,
        "withheld": check.withheld,
        "coverage": check.coverage.as_content() if check.coverage else None,
    }


def draw_check(check: DeliveryCheck, language: str) -> None:
    """Say table by table what was read, what not and why; then what the delivery would give."""
    for table in check.tables:
        if table.state != "absent":
            _draw_table(table, language)
    absent = [table.table for table in check.tables if table.state == "absent"]
    if absent:
        typer.echo(label(language, "intake.absent", tables=" ".join(absent)))
    for file in check.unknown_files:
        key = "intake.file_like" if file.like else "intake.file_unknown"
        typer.echo(label(language, key, file=file.name, table=file.like))
    if check.stop:
        typer.echo(label(language, "intake.stops", why=describe(language, check.stop)))
    if check.coverage:
        typer.echo()
        _draw_unlocks(check, language)
        typer.echo(tell_coverage(check.coverage, language))


def _draw_table(table: TableCheck, language: str) -> None:
    files = " + ".join(file.name for file in table.files)
    facts = {"rows": table.rows, "accepted": table.accepted, "repeated": table.repeated}
    facts["quarantined"] = table.quarantined
    typer.echo(
        label(language, f"intake.table.{table.state}", table=table.table, files=files, **facts)
    )
    if len(table.files) > 1:
        for file in table.files:
            counts = {"rows": file.rows, "quarantined": file.quarantined}
            typer.echo(f"    {label(language, 'intake.file', file=file.name, **counts)}")
    if table.refused:
        typer.echo(f"    {describe(language, table.refused)}")
    if table.worst:
        worst = asdict(table.worst) | {"rule": say(language, table.worst.says)}
        typer.echo(f"    {label(language, 'intake.worst', **worst)}")
    for unknown in table.unknown:
        key = "intake.column_like" if unknown.like else "intake.column_unknown"
        typer.echo(f"    {label(language, key, header=unknown.header, column=unknown.like)}")
    if table.missing and table.state != "refused":
        typer.echo(f"    {label(language, 'intake.missing', columns=' '.join(table.missing))}")


def _draw_unlocks(check: DeliveryCheck, language: str) -> None:
    if not check.unlocks:
        return
    titles = {spec.name: spec.title(language) for spec in lists()}
    for kpi in kpis():
        titles |= {
            f"{kpi.name}.{variant}": _kpi_title(kpi.meta, language, variant)
            for variant in kpi.variants
        }
    typer.echo(label(language, "intake.unlocks"))
    for unlock in check.unlocks[:_MOST_UNLOCKS]:
        names = list(
            dict.fromkeys(titles.get(output.name, output.name) for output in unlock.outputs)
        )
        more = "" if len(names) <= _MOST_NAMES else " …"
        shown = label(language, "intake.comma").join(names[:_MOST_NAMES]) + more
        typer.echo(
            f"    {label(language, 'intake.unlock', name=unlock.name, count=len(unlock.outputs), names=shown)}"
        )


def _kpi_title(meta: dict[str, Any], language: str, variant: str) -> str:
    title = meta.get("title", {}).get(language)
    return str(title) if title else variant

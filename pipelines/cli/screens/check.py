"""What a delivery was found to be, in words and as a program reads it; and what a month covers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from pipelines.catalogue.outputs import load_kpis, name_lists
from pipelines.cli.screens.lines import print_line
from pipelines.core.errors import RetentionError
from pipelines.text.texts import describe_error, fill_label, say_fact

if TYPE_CHECKING:
    from pipelines.jobs.intake.check import DeliveryCheck
    from pipelines.jobs.intake.coverage import Coverage, Output
    from pipelines.jobs.intake.table_check import FileCheck, RuleCheck, TableCheck

_MOST_UNLOCKS = 8
_MOST_NAMES = 5
_MOST_FAULTS = 8


# -- as a program reads it -------------------------------------------------------------------------


def describe_check(check: DeliveryCheck, language: str) -> dict[str, object]:
    """Return the check as a program reads it, messages in a language."""
    return {
        "month": check.month,
        "tables": [_describe_table(table, language) for table in check.tables],
        "unknown_files": [asdict(file) for file in check.unknown_files],
        "stop": _describe_stop(check.stop, language),
        "quarantined": check.quarantined,
        "refused": check.refused,
        "withheld": len(check.withheld),
        "coverage": check.coverage.as_content() if check.coverage else None,
    }


def _describe_table(table: TableCheck, language: str) -> dict[str, object]:
    content = asdict(table)
    content["refused"] = None
    if table.refused:
        content["refused"] = describe_error(language, table.refused)
    for written, fault in zip(content["faults"], table.faults, strict=True):
        written["says"] = say_fact(language, fault.says)
    return content


def _describe_stop(
    stop: RetentionError | None, language: str
) -> dict[str, object] | None:
    if stop is None:
        return None
    message = describe_error(language, stop)
    return {"error": stop.key, "exit_code": stop.exit_code, "message": message}


# -- in words --------------------------------------------------------------------------------------


def draw_check(check: DeliveryCheck, language: str) -> None:
    """Say table by table what was read, what not and why; then what the delivery would give."""
    absent = []
    for table in check.tables:
        if table.state == "absent":
            absent.append(table.table)
        else:
            _draw_table(table, language)
    if absent:
        print_line(language, "intake.absent", tables=" ".join(absent))
    _draw_awaited(check.tables, language)
    for file in check.unknown_files:
        key = "intake.file_like" if file.like else "intake.file_unknown"
        print_line(language, key, file=file.name, table=file.like, month=check.month)

    if check.stop:
        print_line(language, "intake.stops", why=describe_error(language, check.stop))
    if check.coverage:
        typer.echo()
        _draw_withheld(check, language)
        _draw_unlocks(check, language)
        typer.echo(describe_coverage(check.coverage, language))


def _draw_awaited(tables: Iterable[TableCheck], language: str) -> None:
    """Say which tables the mapping has names for and the month has no file of.

    They are among the absent ones: nobody may have wanted those, but these are delivered as a rule.
    """
    for table in tables:
        if table.awaited:
            files = " ".join(table.awaited)
            print_line(language, "intake.awaited", table=table.table, files=files)


def _draw_table(table: TableCheck, language: str) -> None:
    """Say what was read of a table; indented below, by file, what is wrong or not known."""
    print_line(
        language,
        f"intake.table.{table.state}",
        table=table.table,
        files=" + ".join(file.name for file in table.files),
        rows=table.rows,
        accepted=table.accepted,
        repeated=table.repeated,
        quarantined=table.quarantined,
    )
    if len(table.files) > 1:
        for file in table.files:
            _draw_indented(_describe_file(file, language))

    if table.refused:
        _draw_indented(_describe_refusal(table.table, table.refused, language))
    _draw_faults(table, language)
    _draw_unknown_columns(table, language)
    if table.missing and table.state != "refused":
        columns = name_columns(table.table, table.missing, language)
        _draw_indented(fill_label(language, "intake.missing", columns=columns))


def _draw_faults(table: TableCheck, language: str) -> None:
    for fault in table.faults[:_MOST_FAULTS]:
        _draw_indented(_describe_fault(table.table, fault, language))
    left = len(table.faults) - _MOST_FAULTS
    if left > 0:
        _draw_indented(fill_label(language, "intake.more_faults", count=left))


def _draw_unknown_columns(table: TableCheck, language: str) -> None:
    for unknown in table.unknown:
        if table.refused and not unknown.like:
            continue  # of a table that is not taken only what would mend it
        key = "intake.column_unknown"
        if unknown.like:
            key = "intake.column_like"
        line = fill_label(language, key, header=unknown.header, column=unknown.like)
        _draw_indented(line)


def name_column(table: str, column: str, language: str) -> str:
    """Name a column of the contract with the header that its file has: `due_on (缴费截止日)`."""
    # Imported here: who shows a month names no column of a delivery.
    from pipelines.catalogue.contract_texts import load_contract_texts

    columns = load_contract_texts()[table].columns
    text = columns.get(column)
    if text is None:
        return column
    return fill_label(
        language,
        "intake.column",
        column=column,
        header=text.header,
    )


def name_columns(table: str, columns: Iterable[str], language: str) -> str:
    """Name columns of a contract table with their headers, one behind the other."""
    names = [name_column(table, column, language) for column in columns]
    return " ".join(names)


def _draw_indented(text: str) -> None:
    typer.echo(f"    {text}")


def _describe_file(file: FileCheck, language: str) -> str:
    facts = {"file": file.name, "rows": file.rows, "quarantined": file.quarantined}
    return fill_label(language, "intake.file", **facts)


def _describe_refusal(table: str, refusal: RetentionError, language: str) -> str:
    """Say why a table was refused; required columns that it lacks with their headers."""
    if refusal.key != "source.missing_column":
        return describe_error(language, refusal)
    columns = str(refusal.facts["columns"]).split(", ")
    named = name_columns(table, columns, language)
    facts = refusal.facts | {"columns": named}
    return fill_label(language, f"error.{refusal.key}", **facts)


def _describe_fault(table: str, fault: RuleCheck, language: str) -> str:
    column = name_column(table, fault.column, language) if fault.column else ""
    facts = asdict(fault) | {"rule": say_fact(language, fault.says), "column": column}
    facts["more"] = _name_more_lines(fault, language)
    key = "intake.fault" if fault.column else "intake.fault_of_row"
    return fill_label(language, key, **facts)


def _name_more_lines(fault: RuleCheck, language: str) -> str:
    """Name the next lines on which a fault stands, if there are any.

    How many rows it took in all stands before them.
    """
    if not fault.more_lines:
        return ""

    lines = ", ".join(map(str, fault.more_lines))
    return fill_label(language, "intake.more_lines", lines=lines)


def _draw_withheld(check: DeliveryCheck, language: str) -> None:
    """Name what the gate would hold back, as many outputs as a line takes."""
    if check.withheld:
        names = _join_names(check.withheld, _read_titles(language), language)
        print_line(language, "intake.withheld", names=names)


def _draw_unlocks(check: DeliveryCheck, language: str) -> None:
    if not check.unlocks:
        return

    titles = _read_titles(language)
    print_line(language, "intake.unlocks")
    for unlock in check.unlocks[:_MOST_UNLOCKS]:
        line = fill_label(
            language,
            "intake.unlock",
            name=unlock.name,
            count=len(unlock.outputs),
            names=_join_names(unlock.outputs, titles, language),
        )
        _draw_indented(line)


def _join_names(
    outputs: Iterable[Output], titles: Mapping[str, str], language: str
) -> str:
    """The titles of outputs, each once, as many as a line takes."""
    names = []
    for output in outputs:
        title = titles.get(output.name, output.name)
        if title not in names:
            names.append(title)

    shown = fill_label(language, "intake.comma").join(names[:_MOST_NAMES])
    if len(names) <= _MOST_NAMES:
        return shown
    return f"{shown} …"


def _read_titles(language: str) -> dict[str, str]:
    """What lists and KPI variants are called; a KPI without a title has its variant's name."""
    titles = name_lists(language)
    for kpi in load_kpis():
        words = kpi.meta.get("title")
        for variant in kpi.variants:
            titles[f"{kpi.name}.{variant}"] = words[language] if words else variant
    return titles


def describe_coverage(coverage: Coverage, language: str) -> str:
    """Say how many KPIs and lists a month gives, and what would add most to them, in one line."""
    line = fill_label(
        language,
        "coverage.line",
        kpis=coverage.count("kpi", computed=True),
        all_kpis=coverage.count("kpi"),
        lists=coverage.count("list", computed=True),
        all_lists=coverage.count("list"),
    )
    if coverage.unlocks:
        first = coverage.unlocks[0]
        count = len(first.outputs)
        line += fill_label(language, "coverage.deliver", name=first.name, count=count)

    if coverage.waiting:
        line += fill_label(language, "coverage.waiting", count=coverage.waiting)
    return line

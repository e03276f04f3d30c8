"""The gate.

Great Expectations over what was delivered, the books that must tie, and which outputs may be used.

The gate releases outputs, not runs. A failed critical expectation withholds the lists and KPIs that
are made of the columns it is about, a failed warning puts a caveat on them, everything else is
untouched. A finding that somebody has accepted (`retention waive`) holds back nothing more: what is
made of its columns carries the caveat that says so. A tie between books that fails while one
of the other books is known to be wrong, or a comparison with a month that is, withholds nothing of
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from pipelines.catalogue.expectations import Expectation, load_suites
from pipelines.catalogue.spec import TableName, load_room_specs
from pipelines.core.month import Month
from pipelines.core.reasons import Reason
from pipelines.rooms.context import Context
from pipelines.rooms.relations import read_rows, take_rows, write_rows, write_step
from pipelines.rooms.side_by_side import compute_each
from pipelines.rooms.validate.findings import Finding, explain_findings, find_status
from pipelines.rooms.validate.gate import Suites, open_judge
from pipelines.rooms.validate.offending import SCHEMA as OFFENDING
from pipelines.rooms.validate.release import Effect, Eras, count_held, release_outputs
from pipelines.rooms.validate.silence import explain_silence
from pipelines.rooms.validate.tables import (
    RELEASE,
    RESULT,
    SAMPLE,
    TREND,
    make_offending_rows,
    make_result_row,
    make_sample_rows,
    make_silent_row,
    make_trend_row,
)
from pipelines.rooms.validate.verdicts import Verdict

ROOM = "validate"
TREND_MONTHS = 13
# A column of bills that counts as 0 where it is not delivered.
_BILLS = "snapshot_bill"
_COUNTED_AS_NOTHING = "adjustment_amount"
Judge = Callable[[Context, Suites], list[Verdict]]
_TREND_TYPES = {pa.string(): "VARCHAR", pa.bool_(): "BOOLEAN", pa.int64(): "BIGINT"}


def run(context: Context, judge: Judge | None = None) -> None:
    """Keep the books, judge every delivered table and decide what is released.

    `judge` gives the verdicts on the suites: Great Expectations, begun here unless it is passed.
    """
    if judge is not None:
        _judge_month(context, judge)
        return
    with open_judge() as own:
        _judge_month(context, own)


def _judge_month(context: Context, judge: Judge) -> None:
    compute_each(context, load_room_specs(ROOM))
    suites = load_suites(context.month, context.settings.gate_file)
    silent = _find_silent(context, suites)
    verdicts = judge(context, _leave_out(suites, silent))
    earlier = list(_read_earlier_effects(context))
    findings = _make_findings(context, verdicts, earlier)
    effects = [f.to_effect(context.month) for f in findings if f.status != "released"]
    eras = _make_eras(context)
    effects += [*earlier, *_find_absences(context)]
    releases = list(release_outputs(effects, eras, context.scored_by))
    _write_results(context, suites, findings, silent, count_held(releases))
    _write(context, "validate_release", releases, RELEASE, ["kind", "output", "scope"])
    _write(
        context, "validate_sample", make_sample_rows(findings), SAMPLE, ["finding", "n"]
    )
    offending = make_offending_rows(findings)
    _write(context, "validate_offending", offending, OFFENDING, ["finding", "n"])
    _write_trend(context, findings)


def _find_silent(context: Context, suites: Suites) -> dict[str, str]:
    """The findings of the rules that say nothing this month, and why."""
    silent = {}
    for suite in suites.values():
        for expectation in suite:
            reason = explain_silence(context, expectation)
            if reason:
                silent[expectation.finding] = reason
    return silent


def _leave_out(
    suites: Suites, silent: Mapping[str, str]
) -> dict[str, list[Expectation]]:
    """The suites without the rules that are silent, and without those that are empty then."""
    judged = {}
    for table, suite in suites.items():
        rules = [rule for rule in suite if rule.finding not in silent]
        if rules:
            judged[table] = rules
    return judged


def _make_findings(
    context: Context, verdicts: Sequence[Verdict], earlier: Sequence[Effect]
) -> list[Finding]:
    findings = []
    for verdict in verdicts:
        waiver = context.waivers.get(verdict.expectation.finding)
        findings.append(Finding(verdict, waiver))
    last_month = context.month.plus(-1)
    before = [effect for effect in earlier if effect.month == last_month]
    return explain_findings(findings, before)


def _write_results(
    context: Context,
    suites: Suites,
    findings: Sequence[Finding],
    silent: Mapping[str, str],
    held: Mapping[str, Mapping[str, int]],
) -> None:
    rows = [make_result_row(f, held.get(f.about.finding, {})) for f in findings]
    for suite in suites.values():
        for rule in suite:
            if rule.finding in silent:
                rows.append(make_silent_row(rule, silent[rule.finding]))
    _write(
        context, "validate_result", rows, RESULT, ['"table"', "expectation", "severity"]
    )


def _write(
    context: Context,
    table: str,
    rows: Iterable[Mapping[str, object]],
    schema: pa.Schema,
    key: list[str],
) -> None:
    write_rows(context, table, pa.Table.from_pylist(list(rows), schema=schema), key)


# -- what earlier months found ---------------------------------------------------------------------


def _read_earlier_effects(context: Context) -> Iterator[Effect]:
    """Yield what findings of earlier months do to what is made of those months.

    They are known as the latest month held remembers them; a waiver that covers this month counts
    for them too.
    """
    if not context.is_computed("validate_trend", "prior"):
        return
    for row in read_rows(context, ROOM, "failed_before"):
        is_waived = row["finding"] in context.waivers
        state = "waived" if is_waived else row["state"]
        status = find_status(state, row["severity"])
        if status == "released":
            continue
        columns = tuple(name for name in row["columns"].split(";") if name)
        yield Effect(
            row["finding"],
            Month.parse(row["month"]),
            row["table"],
            columns,
            status,
            is_waived=state == "waived",
        )


def _find_absences(context: Context) -> Iterator[Effect]:
    """Yield what is not delivered and counts as 0, of this month and of earlier ones, newest first.

    What is made of it carries the caveat.
    """
    months = {context.month: context.find_entry(TableName(_BILLS))}
    for era, version in context.earlier.items():
        if version is not None:
            months[version.month] = context.find_entry(TableName(_BILLS, era))
    for month in sorted(months, reverse=True):
        entry = months[month]
        if entry is not None and _COUNTED_AS_NOTHING in entry.absent_columns:
            yield Effect(
                finding=str(Reason.absent(f"bill.{_COUNTED_AS_NOTHING}")),
                month=month,
                table="bill",
                columns=(_COUNTED_AS_NOTHING,),
                status="caveat",
                is_absence=True,
            )


def _make_eras(context: Context) -> Eras:
    anchors = {}
    for era, version in context.earlier.items():
        anchors[era] = version.month if version else None
    return Eras(context.month, anchors)


def _write_trend(context: Context, findings: Sequence[Finding]) -> None:
    """Carry forward what each rule saw in the last thirteen months."""
    if not context.is_computed("validate_trend", "prior"):
        columns = {field.name: _TREND_TYPES[field.type] for field in TREND}
        context.engine.bind_empty(TableName("validate_trend", "prior"), columns)
    rows = [make_trend_row(context.month, finding) for finding in findings]
    seen = take_rows(context, "seen", pa.Table.from_pylist(rows, schema=TREND))
    write_step(
        context,
        ROOM,
        "trend",
        "validate_trend",
        ["finding", "month"],
        {"oldest": str(context.month.plus(-TREND_MONTHS))},
        seen=seen,
    )

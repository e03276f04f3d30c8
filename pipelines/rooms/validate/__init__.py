"""The gate: Great Expectations over what was delivered, the books that must tie, and which outputs may be used.

The gate releases outputs, not runs. A failed critical expectation withholds the lists and KPIs that are made of the
columns it is about, a failed warning puts a caveat on them, everything else is untouched. A finding that somebody has
accepted (`retention waive`) holds back nothing more: what it withheld carries a caveat, what had a caveat is released.
A tie between books that fails while one of the other books is known to be wrong, or a comparison with a month that is,
withholds nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from pipelines.catalogue.expectations import Expectation, load_suites
from pipelines.catalogue.spec import room_specs
from pipelines.core.month import Month
from pipelines.core.quoting import quote_names
from pipelines.rooms.context import Context
from pipelines.rooms.validate.gate import Verdict, judge
from pipelines.rooms.validate.offending import SCHEMA as OFFENDING
from pipelines.rooms.validate.offending import offending_rows
from pipelines.rooms.validate.release import Effect, Eras, count_held, release_outputs
from pipelines.store.waivers import Waiver
from pipelines.text.masking import mask_row
from pipelines.text.rules import allowed_in_words
from pipelines.text.texts import LANGUAGES
from pipelines.text.titles import title

EFFECTS = {"critical": "withheld", "warning": "caveat", "info": "released"}
WAIVED = {"critical": "caveat", "warning": "released", "info": "released"}
EXPLAINED = EFFECTS | {"critical": "caveat"}
TREND_MONTHS = 13


@dataclass(frozen=True)
class Finding:
    """A verdict on an expectation, whether somebody has accepted it, and what it does to the outputs.

    `explained_by` names the findings about the other books of a tie, or about the month it is compared with, that say
    why it failed.
    """

    verdict: Verdict
    waiver: Waiver | None = None
    explained_by: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """passed, failed, waived or explained."""
        if self.verdict.success:
            return "passed"
        return "waived" if self.waiver else "explained" if self.explained_by else "failed"

    @property
    def status(self) -> str:
        """What it does: released, caveat or withheld."""
        return _status(self.state, self.verdict.expectation.severity)

    def effect(self, month: Month) -> Effect:
        """The finding as the lineage follows it."""
        about, verdict = self.verdict.expectation, self.verdict
        return Effect(
            about.finding,
            month,
            about.table,
            about.columns,
            self.status,
            verdict.branches,
            verdict.is_confined,
            self.state == "waived",
        )


def _status(state: str, severity: str) -> str:
    if state == "passed":
        return "released"
    return {"waived": WAIVED, "explained": EXPLAINED, "failed": EFFECTS}[state][severity]


def _explain(findings: list[Finding], before: list[Effect]) -> list[Finding]:
    """Tell each failed rule what else explains that it failed.

    A comparison with the month before is explained by what withheld the same columns there; then a tie by the rules about
    its other books that failed by themselves. What only asks for a reason proves nothing wrong, and one tie does not
    explain another.
    """
    bad = [effect for effect in before if effect.status == "withheld"]
    compared = [replace(f, explained_by=_why_before(f.verdict.expectation, bad)) for f in findings]
    proofs: dict[str, list[str]] = {}
    for finding in compared:
        about = finding.verdict.expectation
        is_proof = (
            about.severity != "info"
            and about.meta.get("asks") != "reason"
            and not about.explained_by
        )
        if is_proof and not finding.verdict.success and not finding.explained_by:
            proofs.setdefault(about.table, []).append(about.finding)
    return [
        replace(f, explained_by=(*f.explained_by, *_why_now(f.verdict.expectation, proofs)))
        for f in compared
    ]


def _why_before(about: Expectation, bad: list[Effect]) -> tuple[str, ...]:
    """Name what withheld, a month ago, the columns that this month's are compared with."""
    return tuple(
        f"{effect.finding} ({effect.month})"
        for effect in bad
        if effect.table in about.compares_with
        and (
            effect.table != about.table
            or not effect.columns
            or {*effect.columns} & {*about.columns}
        )
    )


def _why_now(about: Expectation, proofs: Mapping[str, list[str]]) -> tuple[str, ...]:
    return tuple(name for book in about.explained_by for name in proofs.get(book, ()))


def run(context: Context) -> None:
    """Keep the books, judge every delivered table and decide what is released."""
    for spec in room_specs("validate"):
        context.compute(spec)
    suites = load_suites(context.month, context.settings.gate_file)
    expectations = [e for suite in suites.values() for e in suite]
    silent = {e.finding: reason for e in expectations if (reason := _why_silent(context, e))}
    known = {t: [e for e in s if e.finding not in silent] for t, s in suites.items()}
    verdicts = judge(context, {t: s for t, s in known.items() if s})
    earlier = list(_earlier_effects(context))
    last = [effect for effect in earlier if effect.month == context.month.plus(-1)]
    findings = _explain(
        [Finding(v, context.waivers.get(v.expectation.finding)) for v in verdicts], last
    )
    effects = [f.effect(context.month) for f in findings if f.status != "released"]
    releases = list(release_outputs([*effects, *earlier], _eras(context), context.scored_by))
    held = count_held(releases)
    rows = [_row(f, held.get(f.verdict.expectation.finding, {})) for f in findings]
    rows += [_silent_row(e, silent[e.finding]) for e in expectations if e.finding in silent]
    _write(context, "validate_result", rows, _RESULT, ['"table"', "expectation", "severity"])
    _write(context, "validate_release", releases, _RELEASE, ["kind", "output", "scope"])
    _write(context, "validate_sample", list(_samples(findings)), _SAMPLE, ["finding", "n"])
    offending = [
        row
        for f in findings
        for row in offending_rows(f.verdict.expectation.finding, f.verdict.offending)
    ]
    _write(context, "validate_offending", offending, OFFENDING, ["finding", "n"])
    _write_trend(context, findings)


def _write(
    context: Context, table: str, rows: list[dict[str, Any]], schema: pa.Schema, key: list[str]
) -> None:
    context.engine.register("made", pa.Table.from_pylist(rows, schema=schema))
    context.write(table, "SELECT * FROM made", key)


# -- what is judged ----------------------------------------------------------------------------------------------


def _why_silent(context: Context, expectation: Expectation) -> str | None:
    """Why a rule says nothing this month: its table, column or whatever else it needs was not delivered."""
    table = f"snapshot_{expectation.table}"
    if not context.is_computed(table):
        return f"absent: {expectation.table}"
    columns = [
        f"{expectation.table}.{c}"
        for c in expectation.columns
        if context.is_absent(f"{expectation.table}.{c}")
    ]
    if columns:
        return f"absent: {', '.join(columns)}"
    return next(
        (why for need in expectation.meta.get("needs", ()) if (why := _why_missing(context, need))),
        None,
    )


def _why_missing(context: Context, need: str) -> str | None:
    """Why a table that a rule needs besides its own is not there: delivered, last month's, or a book."""
    if need.startswith("previous_"):
        name = need.removeprefix("previous_")
        is_there = context.is_computed(f"snapshot_{name}", "m1")
        return None if is_there else f"not held: {context.month.plus(-1)}"
    if need.startswith("validate_"):
        entry = context.tables.get(need, {})
        return (
            None
            if entry.get("status") == "computed"
            else "; ".join(entry.get("reasons", [f"absent: {need}"]))
        )
    table, _, column = need.partition(".")
    if column:
        return f"absent: {need}" if context.is_absent(need) else None
    return None if context.is_computed(f"snapshot_{table}") else f"absent: {table}"


# -- what earlier months found -----------------------------------------------------------------------------------


def _earlier_effects(context: Context) -> Iterator[Effect]:
    """Yield what findings of earlier months do to what is made of those months.

    They are known as the latest month held remembers them; a waiver that covers this month counts for them too.
    """
    if not context.is_computed("validate_trend", "prior"):
        return
    for row in context.engine.rows(
        "SELECT * FROM prior.validate_trend WHERE NOT success AND NOT is_confined"
    ):
        state = "waived" if row["finding"] in context.waivers else row["state"]
        status = _status(state, row["severity"])
        if status != "released":
            about = (
                Month.parse(row["month"]),
                row["table"],
                tuple(filter(None, row["columns"].split(";"))),
            )
            yield Effect(row["finding"], *about, status, is_waived=state == "waived")


def _eras(context: Context) -> Eras:
    anchors = {era: version.month if version else None for era, version in context.earlier.items()}
    return Eras(context.month, anchors)


def _write_trend(context: Context, findings: list[Finding]) -> None:
    """Carry forward what each rule saw in the last thirteen months."""
    made = [_trend_row(context.month, finding) for finding in findings]
    context.engine.register("now", pa.Table.from_pylist(made, schema=_TREND))
    columns = quote_names(_TREND.names)
    before = ""
    if context.is_computed("validate_trend", "prior"):
        before = f"UNION ALL SELECT {columns} FROM prior.validate_trend WHERE month > $oldest"
    context.write(
        "validate_trend",
        f"SELECT {columns} FROM now {before}",
        ["finding", "month"],
        {"oldest": str(context.month.plus(-TREND_MONTHS))} if before else {},
    )


# -- rows --------------------------------------------------------------------------------------------------------

_ABOUT = [(name, pa.string()) for name in ("table", "expectation", "severity", "observed")]
_RESULT = pa.schema(
    [
        *_ABOUT,
        ("success", pa.bool_()),
        *[
            (name, pa.string())
            for name in (
                "released",
                "columns",
                "threshold",
                "finding",
                "state",
                "not_judged",
                "explained_by",
            )
        ],
        *[(name, pa.string()) for name in ("waived_by", "waived_why", "waived_until", "owner")],
        ("is_reason_wanted", pa.bool_()),
        *[
            (name, pa.int64())
            for name in ("withheld_count", "caveat_count", "unexpected_count", "element_count")
        ],
        *[
            (f"{name}_{language}", pa.string())
            for name in ("title", "allowed")
            for language in LANGUAGES
        ],
    ]
)
_RELEASE = pa.schema(
    [(name, pa.string()) for name in ("kind", "output", "scope", "status", "reason")]
)
_SAMPLE = pa.schema([("finding", pa.string()), ("n", pa.int32()), ("sample", pa.string())])
_TREND = pa.schema(
    [
        *[
            (name, pa.string())
            for name in ("finding", "month", "table", "columns", "severity", "state", "observed")
        ],
        *[(name, pa.bool_()) for name in ("success", "is_confined")],
        *[(name, pa.int64()) for name in ("unexpected_count", "element_count")],
    ]
)


def _about(expectation: Expectation) -> dict[str, object]:
    return {
        "table": expectation.table,
        "expectation": expectation.name,
        "severity": expectation.severity,
        "columns": ";".join(expectation.columns),
        "finding": expectation.finding,
        "owner": expectation.meta.get("owner", "data"),
        **{f"title_{language}": title(expectation, language) for language in LANGUAGES},
        **{
            f"allowed_{language}": allowed_in_words(expectation, language) for language in LANGUAGES
        },
    }


def _row(finding: Finding, held: dict[str, int]) -> dict[str, Any]:
    verdict, waiver = finding.verdict, finding.waiver if finding.state == "waived" else None
    return _about(verdict.expectation) | {
        "observed": verdict.observed,
        "success": verdict.success,
        "released": finding.status,
        "threshold": verdict.threshold,
        "state": finding.state,
        "explained_by": "; ".join(finding.explained_by) if finding.state == "explained" else None,
        "waived_by": waiver and waiver.by,
        "waived_why": waiver and waiver.why,
        "waived_until": waiver and waiver.until,
        "is_reason_wanted": finding.state == "failed"
        and verdict.expectation.meta.get("asks") == "reason",
        "withheld_count": held.get("withheld", 0),
        "caveat_count": held.get("caveat", 0),
        "unexpected_count": verdict.unexpected,
        "element_count": verdict.elements,
    }


def _silent_row(expectation: Expectation, reason: str) -> dict[str, Any]:
    quiet = {
        "success": None,
        "released": "released",
        "state": "not_judged",
        "not_judged": reason,
        "observed": "",
    }
    none = {"threshold": "", "is_reason_wanted": False, "withheld_count": 0, "caveat_count": 0}
    return _about(expectation) | quiet | none


def _samples(findings: list[Finding]) -> Iterator[dict[str, Any]]:
    for finding in findings:
        for n, row in enumerate(finding.verdict.samples, 1):
            yield {"finding": finding.verdict.expectation.finding, "n": n, "sample": mask_row(row)}


def _trend_row(month: Month, finding: Finding) -> dict[str, Any]:
    verdict, expectation = finding.verdict, finding.verdict.expectation
    return {
        "finding": expectation.finding,
        "month": str(month),
        "table": expectation.table,
        "columns": ";".join(expectation.columns),
        "severity": expectation.severity,
        "state": finding.state,
        "observed": verdict.observed,
        "success": verdict.success,
        "is_confined": verdict.is_confined,
        "unexpected_count": verdict.unexpected,
        "element_count": verdict.elements,
    }

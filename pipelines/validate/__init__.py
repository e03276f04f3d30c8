"""The gate: Great Expectations over what was delivered, and which outputs may be used after it.

The gate releases outputs, not runs. A failed critical expectation withholds the lists and KPIs that are made of the
columns it is about, a failed warning puts a caveat on them, everything else is untouched.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from pipelines.core.context import Context
from pipelines.core.contract import contract
from pipelines.core.expectations import Expectation, load_suite
from pipelines.core.lineage import ColumnName, delivered, delivered_by
from pipelines.core.outputs import decided_by, kpis, lists
from pipelines.validate.gate import Verdict, judge

EFFECTS = {"critical": "withheld", "warning": "caveat", "info": "released"}
_ORDER = ("released", "caveat", "withheld")


@dataclass(frozen=True)
class Finding:
    """A verdict on an expectation and what it does to the outputs made of its columns."""

    verdict: Verdict

    @property
    def effect(self) -> str:
        """released, caveat or withheld."""
        return "released" if self.verdict.success else EFFECTS[self.verdict.expectation.severity]

    def touches(self, columns: frozenset[ColumnName]) -> bool:
        """Whether an output made of those delivered columns is affected."""
        about = self.verdict.expectation
        table = f"snapshot_{about.table}"
        return any(c.table.name == table and (not about.columns or c.column in about.columns) for c in columns)


def run(context: Context) -> None:
    """Judge every delivered table and decide what is released."""
    suites = {table: load_suite(table, context.month) for table in contract()}
    delivered_tables = {t: s for t, s in suites.items() if s and context.is_computed(f"snapshot_{t}")}
    known = {t: [e for e in s if not _is_unknown(context, e)] for t, s in delivered_tables.items()}
    findings = [Finding(verdict) for verdict in judge(context, known)]
    context.engine.register("result", pa.Table.from_pylist([_row(f) for f in findings], schema=_RESULT))
    context.write("validate_result", "SELECT * FROM result", ['"table"', "expectation", "severity"])
    releases = pa.Table.from_pylist(list(_releases(findings)), schema=_RELEASE)
    context.engine.register("release", releases)
    context.write("validate_release", "SELECT * FROM release", ["kind", "output", "scope"])


def _is_unknown(context: Context, expectation: Expectation) -> bool:
    """An optional column that was not delivered cannot be judged."""
    return any(context.is_absent(f"{expectation.table}.{column}") for column in expectation.columns)


_RESULT = pa.schema(
    [(name, pa.string()) for name in ("table", "expectation", "severity", "observed")]
    + [("success", pa.bool_())]
    + [(name, pa.string()) for name in ("released", "columns", "threshold")]
)
_RELEASE = pa.schema([(name, pa.string()) for name in ("kind", "output", "scope", "status", "reason")])


def _row(finding: Finding) -> dict[str, object]:
    verdict, expectation = finding.verdict, finding.verdict.expectation
    return {
        "table": expectation.table,
        "expectation": expectation.name,
        "severity": expectation.severity,
        "observed": verdict.observed,
        "success": verdict.success,
        "released": finding.effect,
        "columns": ";".join(expectation.columns),
        "threshold": verdict.threshold,
    }


def _releases(findings: list[Finding]) -> list[dict[str, str | None]]:
    """One row an output: KPI variants for the company and for its parts, lists as a whole."""
    owner = delivered_by("features_owner") | delivered_by("features_city")
    rows = []
    for kpi in kpis():
        columns = delivered(kpi.spec)
        for variant in kpi.variants:
            rows.append(_release("kpi", f"{kpi.name}.{variant}", "company", columns, findings))
            rows.append(_release("kpi", f"{kpi.name}.{variant}", "parts", columns | owner, findings))
    for spec in lists():
        columns = delivered(spec).union(*map(delivered_by, decided_by(spec)))
        rows.append(_release("list", spec.name, "all", columns, findings))
    return rows


def _release(
    kind: str, output: str, scope: str, columns: frozenset[ColumnName], findings: list[Finding]
) -> dict[str, str | None]:
    touching = [f for f in findings if f.effect != "released" and f.touches(columns)]
    status = max((f.effect for f in touching), key=_ORDER.index, default="released")
    named = [f"{f.verdict.expectation.table}.{f.verdict.expectation.name}" for f in touching if f.effect == status]
    return {"kind": kind, "output": output, "scope": scope, "status": status, "reason": "; ".join(named) or None}

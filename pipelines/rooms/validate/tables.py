"""The tables of the gate, row by row: results, samples, and what each rule has seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from pipelines.catalogue.expectations import Expectation
from pipelines.core.month import Month
from pipelines.core.yaml_files import WRITTEN_IN
from pipelines.rooms.validate.findings import Finding
from pipelines.rooms.validate.offending import offending_rows
from pipelines.text.masking import mask_row
from pipelines.text.rules import describe_allowed
from pipelines.text.titles import write_title

ResultRow = dict[str, object]
RESULT = pa.schema(
    [
        ("table", pa.string()),
        ("expectation", pa.string()),
        ("severity", pa.string()),
        ("observed", pa.string()),
        ("success", pa.bool_()),
        ("released", pa.string()),
        ("columns", pa.string()),
        ("threshold", pa.string()),
        ("finding", pa.string()),
        ("state", pa.string()),
        ("not_judged", pa.string()),
        ("explained_by", pa.string()),
        ("waived_by", pa.string()),
        ("waived_why", pa.string()),
        ("waived_until", pa.string()),
        ("owner", pa.string()),
        ("is_reason_wanted", pa.bool_()),
        ("withheld_count", pa.int64()),
        ("caveat_count", pa.int64()),
        ("unexpected_count", pa.int64()),
        ("element_count", pa.int64()),
        *((f"title_{language}", pa.string()) for language in WRITTEN_IN),
        *((f"allowed_{language}", pa.string()) for language in WRITTEN_IN),
    ]
)
RELEASE = pa.schema(
    [
        ("kind", pa.string()),
        ("output", pa.string()),
        ("scope", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
    ]
)
SAMPLE = pa.schema(
    [("finding", pa.string()), ("n", pa.int32()), ("sample", pa.string())]
)
TREND = pa.schema(
    [
        ("finding", pa.string()),
        ("month", pa.string()),
        ("table", pa.string()),
        ("columns", pa.string()),
        ("severity", pa.string()),
        ("state", pa.string()),
        ("observed", pa.string()),
        ("success", pa.bool_()),
        ("is_confined", pa.bool_()),
        ("unexpected_count", pa.int64()),
        ("element_count", pa.int64()),
    ]
)


def make_result_row(finding: Finding, held: Mapping[str, int]) -> ResultRow:
    """A row of `validate_result`.

    `held` counts the outputs that the finding withholds and puts a caveat on.
    """
    verdict = finding.verdict
    waiver = finding.waiver if finding.state == "waived" else None
    asks_for_reason = finding.about.meta.get("asks") == "reason"
    explained_by = None
    if finding.state == "explained":
        explained_by = "; ".join(finding.explained_by)
    return {
        **_describe(finding.about),
        "observed": verdict.observed,
        "success": verdict.success,
        "released": finding.status,
        "threshold": verdict.threshold,
        "state": finding.state,
        "explained_by": explained_by,
        "waived_by": waiver and waiver.by,
        "waived_why": waiver and waiver.why,
        "waived_until": waiver and waiver.until,
        "is_reason_wanted": finding.state == "failed" and asks_for_reason,
        "withheld_count": held.get("withheld", 0),
        "caveat_count": held.get("caveat", 0),
        "unexpected_count": verdict.unexpected,
        "element_count": verdict.elements,
    }


def make_silent_row(expectation: Expectation, reason: str) -> ResultRow:
    """A row of `validate_result` of a rule that says nothing this month, and why."""
    return {
        **_describe(expectation),
        "success": None,
        "released": "released",
        "state": "not_judged",
        "not_judged": reason,
        "observed": "",
        "threshold": "",
        "is_reason_wanted": False,
        "withheld_count": 0,
        "caveat_count": 0,
    }


def _describe(expectation: Expectation) -> ResultRow:
    row: ResultRow = {
        "table": expectation.table,
        "expectation": expectation.name,
        "severity": expectation.severity,
        "columns": ";".join(expectation.columns),
        "finding": expectation.finding,
        "owner": expectation.meta.get("owner", "data"),
    }
    for language in WRITTEN_IN:
        row[f"title_{language}"] = write_title(expectation, language)
        row[f"allowed_{language}"] = describe_allowed(expectation, language)
    return row


def make_sample_rows(findings: Sequence[Finding]) -> Iterator[ResultRow]:
    """Yield the rows of `validate_sample`: some rows that broke a rule, masked."""
    for finding in findings:
        for number, row in enumerate(finding.verdict.samples, start=1):
            yield {
                "finding": finding.about.finding,
                "n": number,
                "sample": mask_row(row),
            }


def make_offending_rows(findings: Sequence[Finding]) -> Iterator[ResultRow]:
    """Yield the rows of `validate_offending`: the values that broke a rule."""
    for finding in findings:
        yield from offending_rows(finding.about.finding, finding.verdict.offending)


def make_trend_row(month: Month, finding: Finding) -> ResultRow:
    """A row of `validate_trend`."""
    verdict = finding.verdict
    about = finding.about
    return {
        "finding": about.finding,
        "month": str(month),
        "table": about.table,
        "columns": ";".join(about.columns),
        "severity": about.severity,
        "state": finding.state,
        "observed": verdict.observed,
        "success": verdict.success,
        "is_confined": verdict.is_confined,
        "unexpected_count": verdict.unexpected,
        "element_count": verdict.elements,
    }

"""The month's pages: what was released, what was held back and why, offline, one of each a language."""

from __future__ import annotations

from pipelines.channels.page import write_summary
from pipelines.channels.quality import write_quality
from pipelines.core.context import Context
from pipelines.words.texts import LANGUAGES

TABLES = (
    "kpi_monthly",
    "kpi_tie",
    "dispatch_list",
    "validate_result",
    "validate_release",
    "validate_sample",
    "validate_trend",
    "snapshot_intake",
    "snapshot_normalised",
    "extract_delivery",
)
_QUARANTINED = 'SELECT "table", rule, COUNT(*) AS rows FROM snapshot_quarantine GROUP BY "table", rule ORDER BY ALL'


def run(context: Context) -> None:
    """Write `outbox/summary.<language>.html` and `outbox/quality.<language>.html`."""
    tables = {name: context.engine.rows(f"SELECT * FROM {name}") for name in TABLES}
    tables["snapshot_quarantine"] = context.engine.rows(_QUARANTINED)
    for language in LANGUAGES:
        for name, write in (("summary", write_summary), ("quality", write_quality)):
            path = context.draft.path / "outbox" / f"{name}.{language}.html"
            write(path, context.month, language, tables)

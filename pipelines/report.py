"""The month's pages: what was released, what was held back and why, on one offline page a language."""

from __future__ import annotations

from pipelines.channels.page import write_summary
from pipelines.core.context import Context
from pipelines.words.texts import LANGUAGES

TABLES = (
    "kpi_monthly",
    "dispatch_list",
    "validate_result",
    "snapshot_intake",
    "snapshot_normalised",
    "extract_delivery",
)


def run(context: Context) -> None:
    """Write `outbox/summary.<language>.html`."""
    tables = {name: context.engine.rows(f"SELECT * FROM {name}") for name in TABLES}
    for language in LANGUAGES:
        path = context.draft.path / "outbox" / f"summary.{language}.html"
        write_summary(path, context.month, language, tables)

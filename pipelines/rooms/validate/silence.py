"""Why a rule says nothing this month.

Its table, column or whatever else it needs was not delivered.
"""

from __future__ import annotations

from pipelines.catalogue.expectations import Expectation
from pipelines.core.reasons import Reason, join_reasons
from pipelines.rooms.context import Context


def explain_silence(context: Context, expectation: Expectation) -> str | None:
    """Return why a rule cannot be judged this month; None when it can."""
    if not context.is_computed(f"snapshot_{expectation.table}"):
        return f"absent: {expectation.table}"
    columns = [f"{expectation.table}.{column}" for column in expectation.columns]
    absent = [column for column in columns if context.is_absent(column)]
    if absent:
        return f"absent: {', '.join(absent)}"
    for need in expectation.meta.get("needs", ()):
        why = _explain_missing(context, need)
        if why:
            return why
    return None


def _explain_missing(context: Context, need: str) -> str | None:
    """Why a table that a rule needs besides its own is not there.

    Last month's, a book, or a delivered one.
    """
    if need.startswith("previous_"):
        return _explain_missing_month(context, need.removeprefix("previous_"))
    if need.startswith("validate_"):
        return _explain_missing_book(context, need)
    table, _, column = need.partition(".")
    is_missing = (
        context.is_absent(need)
        if column
        else not context.is_computed(f"snapshot_{table}")
    )
    return f"absent: {need}" if is_missing else None


def _explain_missing_month(context: Context, table: str) -> str | None:
    if context.is_computed(f"snapshot_{table}", "m1"):
        return None
    return f"not held: {context.month.plus(-1)}"


def _explain_missing_book(context: Context, book: str) -> str | None:
    entry = context.entries.get(book)
    if entry is None:
        return str(Reason.absent(book))
    return None if entry.is_computed else join_reasons(entry.reasons)

"""What one look of the doctor found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.core.errors import SpecError, StorageError

OK = "ok"
WARN = "warn"
FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """What one look found.

    `state` is `ok`, `warn` (the month runs, but somebody should know) or `fail` (it will not run,
    or not rightly). `finding` names the text in `locales/` that says so, `facts` fill it in; no
    secret is among them. `exit_code` is that of the command when this check is the first that
    failed.
    """

    name: str
    state: str
    finding: str
    facts: Mapping[str, object] = field(default_factory=dict)
    exit_code: int = StorageError.exit_code


def find_reason(error: SpecError) -> object:
    """Return what is wrong with a file of this installation, as short as its error can say it."""
    for name in ("why", "name", "finding"):
        if reason := error.facts.get(name):
            return reason
    return error.key

"""Great Expectations, loaded by a run that judges.

It costs seconds, and calls out and ends processes unless stopped.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

# Its import ends a process that PySpark takes for a doctest (`python -c`, a worker of pytest's)
# with code 0.
_ENDS_PROCESSES = "pyspark.sql.connect"


def load_gx() -> ModuleType:
    """Import Great Expectations, its statistics, warnings and Spark's remote client left out."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with warnings.catch_warnings(), _hidden(_ENDS_PROCESSES):
        warnings.simplefilter(
            "ignore"
        )  # the library's own deprecations at import are not ours to mend
        import great_expectations

    module: ModuleType = great_expectations
    return module


def open_gx_context() -> Any:
    """Open a context of Great Expectations that keeps nothing and draws no bars."""
    context = load_gx().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """Let the import of a module fail for a while, as if it were not installed."""
    standing = sys.modules.get(module)
    sys.modules[module] = None  # type: ignore[assignment]  # what the import system documents for this
    try:
        yield
    finally:
        del sys.modules[module]
        if standing is not None:
            sys.modules[module] = standing

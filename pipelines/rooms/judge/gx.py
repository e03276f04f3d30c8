"""Great Expectations, loaded by a run that judges.

It costs seconds, and calls out and ends processes unless stopped. What it imports for checks that
nobody asks for is loaded when it is first used (`importlib.util.LazyLoader`).
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType
from typing import Any

# Asked for by its sources on Spark alone, of which none is opened: a seventh of the whole import.
# Part of it (`pyspark.sql.connect`) ends a process that it takes for a doctest (`python -c`, a
# worker of pytest's) with code 0.
_SPARK = "pyspark"
# Asked for by its checks of distributions alone, at the price of a quarter of the whole import.
_STATISTICS = "scipy.stats"


def load_gx() -> ModuleType:
    """Import Great Expectations, its statistics, warnings and Spark left out."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    _load_when_used(_STATISTICS)
    with warnings.catch_warnings(), _hidden(_SPARK):
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


def _load_when_used(name: str) -> None:
    """Let a submodule be imported, and its code run when something of it is first asked for."""
    if name in sys.modules:
        return
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        return
    loader = LazyLoader(spec.loader)
    spec.loader = loader
    module = module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    package, _, own_name = name.rpartition(".")
    setattr(importlib.import_module(package), own_name, module)

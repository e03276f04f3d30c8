"""The promoted models: whether they can be loaded as they were saved."""

from __future__ import annotations

from pathlib import Path

from pipelines.core.errors import ModelError
from pipelines.core.settings import Settings
from pipelines.operations.doctor.check import FAIL, OK, Check
from pipelines.store.champions import find_champion, uplift_shelf


def check_models(home: Path, settings: Settings) -> Check:
    """Look whether the champions of both shelves can be loaded; the first that cannot is named."""
    for shelf in (home, uplift_shelf(home)):
        champion = find_champion(shelf)
        if champion is None:
            continue
        why = _find_refusal(shelf, champion.version, settings)
        if why is not None:
            facts = {"version": champion.version, "why": why}
            return Check("model", FAIL, "model", facts, ModelError.exit_code)

    return Check("model", OK, "model")


def _find_refusal(shelf: Path, version: str, settings: Settings) -> str | None:
    """Why a version may not be used; None where it may."""
    # Takes seconds, which only a home with a model waits for.
    from pipelines.jobs.training.shelf import list_versions

    for held in list_versions(shelf, settings):
        if held.version == version:
            return held.refused or None
    return "gone"

"""What a check found, and whether that is within its threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipelines.catalogue.expectations import Expectation
from pipelines.rooms.validate.offending import Offending

_LIMITS = ("mostly", "min_value", "max_value")


@dataclass(frozen=True)
class Verdict:
    """What an expectation saw, and whether that is within its threshold.

    `unexpected` and `elements` count rows, where the check counts any. `samples` are some of the
    rows that break it, `branches` those it is confined to (`meta.scope: branch`). A check that
    crashed saw no rows.
    """

    expectation: Expectation
    success: bool
    observed: str
    threshold: str
    unexpected: int | None = None
    elements: int | None = None
    samples: tuple[Mapping[str, object], ...] = ()
    offending: tuple[Offending, ...] = ()
    branches: tuple[str, ...] = ()
    is_crash: bool = False

    @property
    def is_confined(self) -> bool:
        """Whether the rule concerns the branches its rows name, and nobody else."""
        return self.expectation.meta.get("scope") == "branch"


def close_gate(expectation: Expectation, why: str) -> Verdict:
    """Fail a check that could not look, and make it critical: a closed gate."""
    closed = replace(expectation, severity="critical")
    threshold = describe_threshold(expectation)
    return Verdict(closed, False, why, threshold, is_crash=True)


def describe_threshold(expectation: Expectation) -> str:
    """Name the limits of a check: `min_value 0, mostly 0.99`."""
    limits = []
    for name, value in expectation.kwargs.items():
        if name in _LIMITS:
            limits.append(f"{name} {value}")
    return ", ".join(limits)

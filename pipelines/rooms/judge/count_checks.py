"""The checks that counts are judged by: Great Expectations' own, which say once what they are.

Its own work out their configuration fifty times a verdict, and that is half of what a verdict
takes. Imported by who judges: Great Expectations comes with it.
"""

from __future__ import annotations

from typing import Any

from pipelines.rooms.judge.gx import load_gx

_CHECKS: Any = load_gx().expectations
# Loaded by now, the way `load_gx` does it.
from great_expectations.compatibility.pydantic import PrivateAttr  # noqa: E402


class _SaidOnce:
    """Keeps its configuration: none of its values changes once it is made."""

    _said: Any

    @property
    def configuration(self) -> Any:
        """What the check is, with its limits."""
        if self._said is None:
            self._said = super().configuration  # type: ignore[misc]  # of the check behind
        return self._said


class MostAre(_SaidOnce, _CHECKS.ExpectColumnMaxToBeBetween):  # type: ignore[misc]
    """The largest value of a column is within limits."""

    _said: Any = PrivateAttr(None)


class LeastAre(_SaidOnce, _CHECKS.ExpectColumnMinToBeBetween):  # type: ignore[misc]
    """The smallest value of a column is within limits."""

    _said: Any = PrivateAttr(None)

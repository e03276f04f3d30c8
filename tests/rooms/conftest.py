"""What several tests of rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dispatched import Office, make_office
from tests.planned import plan_it, planning, planning_office

__all__ = ["plan_it", "planning", "planning_office"]  # fixtures of the tests of plans


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Run the dispatch room on lists and tables made by hand."""
    return make_office(tmp_path, monkeypatch)

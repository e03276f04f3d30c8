"""Fixtures for every test: a PostgreSQL, the dispatch room on hand-made tables, a year's plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.dispatched import Office, make_office
from tests.support.planned import plan_it, planning, planning_office
from tests.support.postgres import postgres_cluster, postgres_url

__all__ = ["plan_it", "planning", "planning_office", "postgres_cluster", "postgres_url"]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Run the dispatch room on lists and tables made by hand."""
    return make_office(tmp_path)

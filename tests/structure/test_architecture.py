"""The map of the house names every floor, and no file that is not there."""

from __future__ import annotations

import re

from pipelines.core.paths import ROOT
from tests.structure.imports import FLOORS

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
_NAMED = re.compile(r"`([a-z_]+(?:/[A-Za-z_0-9.]+)+/?)`")


def test_every_file_on_the_map_is_there() -> None:
    named = set(_NAMED.findall(TEXT))
    assert len(named) > 40
    assert (
        sorted(name for name in named if not (ROOT / name).exists() and "<" not in name)
        == []
    )


def test_the_floors_are_named_in_their_order() -> None:
    rows = re.findall(r"^\| `([a-z]+)/` \|", TEXT, flags=re.MULTILINE)
    assert tuple(rows) == FLOORS


def test_the_page_links_to_pages_that_are_there() -> None:
    for target in re.findall(r"\]\(([a-z_]+\.md)\)", TEXT):
        assert (ROOT / "docs" / target).exists() or target in {
            "glossary.md",
            "tables.md",
        }

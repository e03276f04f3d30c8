"""The table in the docs is the registry's, and names tests that there are."""

from __future__ import annotations

import importlib

import pytest

from tests.bad_inputs.document import PATH, draw
from tests.bad_inputs.registry import INPUTS

_ELSEWHERE = sorted({test for bad in INPUTS.values() for test in bad.tests})


def test_the_page_is_up_to_date() -> None:
    assert PATH.read_text(encoding="utf-8") == draw(), (
        "run: python -m tests.bad_inputs.document"
    )


@pytest.mark.parametrize("test", _ELSEWHERE)
def test_the_tests_it_names_exist(test: str) -> None:
    file, name = test.split("::")
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    assert callable(getattr(module, name))

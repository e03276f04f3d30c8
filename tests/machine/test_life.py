"""Random lives of a home. `RETENTION_TORTURE=N` lives N of them, each other ones, instead of the same few."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.forge import Forge
from tests.machine.life import Life

LIVES, STEPS = 4, 15
TORTURE_STEPS = 30


@pytest.fixture(scope="module")
def forges() -> Iterator[tuple[Forge, Forge]]:
    first, second = Forge(), Forge()
    yield first, second
    first.close()
    second.close()


@pytest.mark.slow
def test_what_must_hold_holds_in_any_order_of_events(
    forges: tuple[Forge, Forge],
) -> None:
    Life.forge, Life.second_forge = forges
    lives = int(os.environ.get("RETENTION_TORTURE", "0"))
    chosen = settings(
        max_examples=lives or LIVES,
        stateful_step_count=TORTURE_STEPS if lives else STEPS,
        derandomize=not lives,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(Life, settings=chosen)
    for end, count in sorted(Life.ends.items()):
        print(f"{count:6,}  {end}")

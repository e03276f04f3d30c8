"""Any bytes end in rows or a typed error, whoever reads them. `RETENTION_FUZZ=N` tries N times as many."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.core.errors import RetentionError
from tests.fuzz.readers import READERS, try_reader
from tests.fuzz.seeds import make_seeds

MORE = int(os.environ.get("RETENTION_FUZZ", "1"))
EXAMPLES = 15


def test_every_reader_has_a_good_file_to_begin_from() -> None:
    seeds = make_seeds()
    assert seeds.keys() == READERS.keys()
    for name, files in seeds.items():
        READERS[name](files[0])  # raises where it is not good


@pytest.mark.parametrize(
    "name", ["mapping", "database", "deliveries", "plan", "scorecard", "gate"]
)
def test_a_key_that_is_not_known_is_refused_by_name(name: str) -> None:
    """Settings of an earlier or a later release are never passed over in silence."""
    [good, *_] = make_seeds()[name]
    with pytest.raises(RetentionError) as refused:
        READERS[name](good + b"\nno_such_key: 1\n")
    assert refused.value.exit_code == 10 or name == "plan"
    facts = " ".join(map(str, refused.value.facts.values()))
    assert "no_such_key" in facts or name == "gate", facts


@pytest.mark.parametrize("name", READERS)
def test_what_was_found_and_good_files_broken_anywhere_are_answered(
    name: str,
) -> None:
    [good, *others] = make_seeds()[name]
    for content in others:
        try_reader(name, content)

    @settings(
        max_examples=EXAMPLES * MORE,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        changes=st.lists(
            st.tuples(
                st.integers(0, len(good)), st.integers(0, 8), st.binary(max_size=6)
            ),
            min_size=1,
            max_size=4,
        )
    )
    def break_it(changes: list[tuple[int, int, bytes]]) -> None:
        content = good
        for at, gone, new in changes:
            content = content[:at] + new + content[at + gone :]
        try_reader(name, content)

    break_it()

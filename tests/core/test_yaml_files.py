"""What people write as YAML is read within limits, and wrong where a line says; each reader of ours goes that way."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalogue.expectations import load_suites
from pipelines.catalogue.scorecard import load_rules
from pipelines.catalogue.spec import load_spec as load_sql
from pipelines.core.calendar import Calendar
from pipelines.core.errors import RetentionError, SpecError
from pipelines.core.month import Month
from pipelines.core.paths import ROOT
from pipelines.core.yaml_files import MOST_BYTES, MOST_LEVELS, parse_yaml, read_yaml
from pipelines.delivery.config import load_deliveries
from pipelines.jobs.plan.form import read_plan
from pipelines.sources.operator.database_spec import load_spec as load_database
from pipelines.text.texts import LANGUAGES, describe_error
from twin.config import TwinConfig

_DOUBLED = zip("abcdefgh", "bcdefghi", strict=True)
LAUGHS = "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in _DOUBLED
)
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + LAUGHS

WRONG: dict[str, tuple[str, str, int | None]] = {
    "alias bomb": (BOMB, "yaml.too_many", 6),
    "holds itself": ("a: &a [*a]", "yaml.too_many", 1),
    "10,000 lists": ("\n" + "[" * 10_000, "yaml.too_deep", 2),
    "10,000 mappings": (
        "\n".join(" " * level + "a:" for level in range(1_000)),
        "yaml.too_deep",
        MOST_LEVELS + 1,
    ),
    "10,000 keys of keys": ("? " * 10_000, "yaml.too_deep", 1),
    "a key twice": ("a: 1\nb: 2\na: 3", "yaml.bad", 3),
    "a day that there is not": ("x:\n- 2027-02-30", "yaml.bad", 2),
    "a number past counting": (f"x: {'9' * 5_000}", "yaml.bad", 1),
    "a number by sixties": (f"x: {':'.join(['59'] * 3_000)}", "yaml.bad", 1),
    "no timestamp": ("x: !!timestamp soon", "yaml.bad", 1),
    "a tab": ("x:\n\t- y", "yaml.bad", 2),
    "an unknown alias": ("x: *y", "yaml.bad", 1),
    "code": ("x: !!python/object/apply:os.system [id]", "yaml.bad", 1),
    "two documents": ("a: 1\n---\nb: 2", "yaml.bad", 2),
    "a control character": ("a: 1\nb: \x07", "yaml.bad", 2),
    "a list as a key": ("? [a]\n: b", "yaml.bad", 1),
    "too large": ("# " + "x" * MOST_BYTES, "yaml.too_large", None),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_at_once_and_by_its_line(
    name: str, tmp_path: Path
) -> None:
    text, key, line = WRONG[name]
    (tmp_path / "wrong.yml").write_text(text, encoding="utf-8")
    begun = time.thread_time()
    with pytest.raises(SpecError) as caught:
        read_yaml(tmp_path / "wrong.yml")
    assert time.thread_time() - begun < 2
    assert (caught.value.key, caught.value.facts.get("line")) == (key, line)
    for language in LANGUAGES:
        assert "wrong.yml" in describe_error(
            language, caught.value
        ) and "?" not in describe_error(language, caught.value)


def test_bytes_that_are_no_text_and_places_that_are_no_file_are_named(
    tmp_path: Path,
) -> None:
    (tmp_path / "latin.yml").write_bytes(b"a: 1\nb: \xe9\n")
    with pytest.raises(SpecError) as caught:
        read_yaml(tmp_path / "latin.yml")
    assert (caught.value.key, caught.value.facts["line"]) == ("yaml.not_utf8", 2)
    for nothing in (tmp_path, tmp_path / "absent.yml"):
        with pytest.raises(SpecError, match="yaml.no_file"):
            read_yaml(nothing)


def test_aliases_that_stay_small_are_read() -> None:
    assert parse_yaml("a: &a {x: 1}\nb: {<<: *a, y: 2}", "a.yml") == {
        "a": {"x": 1},
        "b": {"x": 1, "y": 2},
    }


def test_where_a_text_is_wanted_a_number_keeps_its_zeros() -> None:
    assert parse_yaml("a: 007\nb: 1.50\nc: 2027-02-30", "a.yml", is_text=True) == {
        "a": "007",
        "b": "1.50",
        "c": "2027-02-30",
    }


def sql_file(path: Path) -> Any:
    """Read a YAML file as the front matter of a SQL file."""
    made = path.with_suffix(".sql")
    made.write_bytes(b"/* ---\n" + path.read_bytes() + b"\n--- */\nSELECT 1\n")
    return load_sql(made)


READERS: dict[str, Callable[[Path], object]] = {
    "calendar": Calendar.load,
    "gate": lambda path: load_suites(Month(2026, 8), path),
    "scorecard": load_rules,
    "deliveries": load_deliveries,
    "plan": read_plan,
    "database": load_database,
    "twin": lambda path: TwinConfig.from_mapping(read_yaml(path)),
    "front matter": sql_file,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", [name for name in WRONG if name not in ("too large",)])
def test_every_reader_goes_the_same_way(reader: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text(WRONG[name][0], encoding="utf-8")
    begun = time.thread_time()
    with pytest.raises(RetentionError) as caught:
        READERS[reader](tmp_path / "wrong.yml")
    assert caught.value.exit_code == 10 and time.thread_time() - begun < 5


def test_nobody_else_reads_yaml() -> None:
    for folder in ("pipelines", "console", "twin", "dags", "models", "deploy"):
        for path in (ROOT / folder).rglob("*.py"):
            calls = [
                n
                for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(n, ast.Attribute)
            ]
            found = {
                f"yaml.{n.attr}"
                for n in calls
                if isinstance(n.value, ast.Name) and n.value.id == "yaml"
            }
            assert (
                path.name == "yaml_files.py"
                or not {"yaml.load", "yaml.safe_load", "yaml.full_load"} & found
            ), path

"""Every step against tables worked out by hand, and what a step's file must say."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.catalogue.spec import EARLIER, load_named_specs
from pipelines.catalogue.steps import STEPS, Step, load_step
from pipelines.catalogue.tables import list_tables_of_code
from pipelines.core.contract import load_contract
from pipelines.core.errors import SpecError
from pipelines.core.paths import SQL
from tests.cases.form import CASES, Case, differences
from tests.cases.steps import load_step_cases, room_of, run_step_case

ALL_STEPS = [load_step(path) for path in sorted(SQL.glob(f"*/{STEPS}/*.sql"))]
every_step = pytest.mark.parametrize("step", ALL_STEPS, ids=lambda step: step.where)
GOOD = "/* ---\ntitle: {zh: 甲, en: A}\ninputs: [given]\n--- */\nSELECT a FROM given\n"


@pytest.mark.parametrize("case", list(load_step_cases()), ids=str)
def test_step_case(case: Case, tmp_path: Path) -> None:
    rows = run_step_case(case, tmp_path)
    if found := differences(case.expect, rows):
        header = f"            {' | '.join(case.expect.columns)}"
        pytest.fail("\n".join([str(case), header, *found]), pytrace=False)


@every_step
def test_a_step_has_a_case_of_the_same_stem(step: Step) -> None:
    assert (CASES / step.room / STEPS / f"{step.name}.yml").exists()


def test_every_case_has_its_step() -> None:
    known = {(step.room, step.name) for step in ALL_STEPS}
    assert {(room_of(case), case.stem) for case in load_step_cases()} <= known


@every_step
def test_a_step_reads_only_its_inputs_and_tables_that_exist(step: Step) -> None:
    tables = {f"snapshot_{name}" for name in [*load_contract(), "person"]} | set(
        list_tables_of_code()
    )
    for room in {path.parent.name for path in SQL.glob("*/*.sql")}:
        tables |= {spec.table for spec in load_named_specs(room).values()}
    assert {table.name for table in step.tables} <= tables
    assert {table.era for table in step.tables} <= {"", *EARLIER}


@every_step
def test_a_step_reads_each_of_its_inputs(step: Step) -> None:
    assert set(step.inputs) <= {table.name for table in step.reads if not table.era}


def _write_step(folder: Path, text: str) -> Path:
    path = folder / "dispatch" / STEPS / "thing.sql"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_inputs_are_read_under_the_names_that_the_engine_has_for_them(
    tmp_path: Path,
) -> None:
    step = load_step(_write_step(tmp_path, GOOD))
    assert step.bind_inputs({"given": "kept_1"}) == "SELECT a FROM kept_1 AS given"
    assert not step.tables and step.where == "sql/dispatch/steps/thing.sql"


@pytest.mark.parametrize(
    "relations", [{}, {"other": "x"}, {"given": "x", "other": "y"}]
)
def test_a_missing_or_foreign_input_is_an_error(
    tmp_path: Path, relations: dict[str, str]
) -> None:
    step = load_step(_write_step(tmp_path, GOOD))
    with pytest.raises(ValueError, match="thing.sql"):
        step.bind_inputs(relations)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (GOOD.replace("inputs", "inptus"), 3),
        (GOOD.replace("SELECT a FROM given", "SELECT a FROM\nWHERE"), 5),
    ],
)
def test_a_step_that_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    with pytest.raises(SpecError) as caught:
        _ = load_step(_write_step(tmp_path, text)).tree
    assert "sql/dispatch/steps/thing.sql" in str(caught.value)
    assert int(str(caught.value.facts["line"])) >= line

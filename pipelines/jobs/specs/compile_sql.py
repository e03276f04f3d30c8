"""Work out what every SQL file says, for an image whose code nobody may write later.

python -m pipelines.jobs.specs.compile_sql
"""

from __future__ import annotations

from pipelines.catalogue.check_rules import check_rules
from pipelines.catalogue.facts import find_facts_file, save_facts
from pipelines.catalogue.lineage import trace_sources
from pipelines.catalogue.outputs import hash_meaning, load_kpis
from pipelines.catalogue.spec import Spec, load_room_specs
from pipelines.catalogue.steps import STEPS, read_step
from pipelines.core.paths import SQL


def compile_sql() -> int:
    """Keep every fact that a month asks for; return how many files they are of."""
    count = 0
    for folder in sorted(path for path in SQL.iterdir() if path.is_dir()):
        for spec in load_room_specs(folder.name):
            _ask_select(spec)
            trace_sources(spec)
            count += 1
        for path in sorted((folder / STEPS).glob("*.sql")):
            step = read_step(folder.name, path.stem)
            _ask_select(step)
            step.bind_inputs({name: name for name in step.inputs})
            count += 1
    for kpi in load_kpis():
        hash_meaning(kpi)
    check_rules(None)
    save_facts(is_told=True)
    return count


def _ask_select(spec: Spec) -> None:
    """Have a file's SELECT read and put into the engine's words."""
    assert spec.reads is not None
    assert spec.native_sql


if __name__ == "__main__":
    print(f"{compile_sql()} SQL files: {find_facts_file()}")

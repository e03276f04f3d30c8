"""The command of a year's plan."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import DEFAULT_HOME, AsJson, Home, Lang
from pipelines.cli.screens.plan import draw_plan
from pipelines.cli.shared import Speaker, app
from pipelines.documents.plan_view import read_plan_view
from pipelines.jobs.plan import PlanJob, make_plan
from pipelines.store.faults import StorageErrors


@app.command("plan")
def split_plan(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A YAML of the year's totals and their keys."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Where the months' target tables go (<out>/YYYY-MM/target.csv), and a workbook.",
        ),
    ],
    home: Home = DEFAULT_HOME,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Split a year's totals into the parts of months, branches and managers, and keep the plan."""
    from pipelines.documents.workbooks.plan import export_plan

    speaker = Speaker(lang, as_json)
    made = make_plan(PlanJob(home, file, out))
    with StorageErrors(home, made.version.month):
        workbook = export_plan(made.version, out, speaker.language)
    files = [str(path.relative_to(out)) for path in (*made.targets, workbook)]
    view = read_plan_view(made.version)
    content = asdict(view) | {"is_new": made.is_new, "path": str(out), "files": files}
    speaker.show_content(content, draw_plan, view, made.is_new, files, str(out))

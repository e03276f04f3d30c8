"""The command that begins a KPI, a list, a check or a feature."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.shared import AsJson, Lang, Speaker, app


@app.command("new")
def new(
    kind: Annotated[str, typer.Argument(help="kpi, list, check or feature.")],
    name: Annotated[str, typer.Argument(help="Its name; of a check TABLE.NAME.")],
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write the files of a new KPI, list, check or feature, with their proof, ready to be filled in."""
    from pipelines.core.paths import ROOT
    from pipelines.jobs.new_files import write_new

    speaker = Speaker(lang, as_json)
    written = write_new(kind, name)
    files = [{"path": str(one.path.relative_to(ROOT)), "is_new": one.is_new} for one in written]
    speaker.show({"kind": kind, "name": name, "files": files}, lambda: None)
    for one in files:
        speaker.say("cli.new_file" if one["is_new"] else "cli.new_line", path=one["path"])
    speaker.say("cli.new_next")

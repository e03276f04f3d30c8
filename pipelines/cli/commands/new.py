"""The command that begins a KPI, a list, a check or a feature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import AsJson, Lang
from pipelines.cli.screens.lines import print_line
from pipelines.cli.shared import Speaker, app

if TYPE_CHECKING:
    from pipelines.jobs.new_files import NewFile


@app.command("new")
def begin_files(
    kind: Annotated[str, typer.Argument(help="kpi, list, check or feature.")],
    name: Annotated[str, typer.Argument(help="Its name; of a check TABLE.NAME.")],
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write the files of a new KPI, list, check or feature, with their proof."""
    from pipelines.jobs.new_files import write_new

    speaker = Speaker(lang, as_json)
    written = write_new(kind, name)
    files = [{"path": _shorten_path(one.path), "is_new": one.is_new} for one in written]
    content = {"kind": kind, "name": name, "files": files}
    speaker.show_content(content, _draw_written, written)
    speaker.say_line("cli.new_next", name=name)
    speaker.say_line(f"cli.new_seen_{kind}", name=name)


def _draw_written(written: Sequence[NewFile], language: str) -> None:
    for one in written:
        key = "cli.new_file" if one.is_new else "cli.new_line"
        print_line(language, key, path=_shorten_path(one.path))


def _shorten_path(path: Path) -> str:
    """A path from the root of the project."""
    from pipelines.core.paths import ROOT

    return str(path.relative_to(ROOT))

"""Commands for a delivery before it is a month: the empty form, proposed names, the check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.shared import AsJson, Lang, Speaker, app


@app.command()
def template(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Write an empty delivery: a CSV a table, one workbook, an example that is read, a mapping to fill in."""
    from pipelines.core.contract_texts import EXAMPLE_MONTH
    from pipelines.intake.template import EXAMPLE, write_template

    speaker = Speaker(lang, as_json)
    files = write_template(folder)
    content = {"path": str(folder), "files": [str(file.relative_to(folder)) for file in files]}
    facts = {"count": len(files), "path": folder, "month": EXAMPLE_MONTH, "example": folder / EXAMPLE}
    speaker.show(content, lambda: speaker.say("template.written", **facts))

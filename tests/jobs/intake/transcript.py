"""`docs/first_month.md`: from an operator's export to workbooks, as the commands say it.

`python -m tests.jobs.intake.transcript` writes the page anew; a test holds it to what the commands say.
"""

from __future__ import annotations

import os
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.core.errors import RetentionError
from pipelines.core.paths import ROOT
from pipelines.text.texts import describe_error
from tests.jobs.intake.export import FAULTY, MONTHS, correct_export, write_export

PAGE = ROOT / "docs" / "first_month.md"
_HEAD = """# The first month of an operator's own

From a folder of exports to KPIs and workbooks: what one types, and what the commands say. Written by
`python -m tests.jobs.intake.transcript`; a test runs the commands again and compares.

The operator is made up (`tests/jobs/intake/export.py`): 40 customers, three months, eight reports a month as a BSS writes them,
in GBK, with a title row above Chinese headers, Chinese codes, `￥1,200.00` and `2019年5月5日`. The last month has six faults.
"""
_BARE = {"LC_ALL": "en", "COLUMNS": "100"}


def run_transcript(
    folder: Path, told: Callable[[str, float], None] = lambda command, seconds: None
) -> str:
    """Run the commands in a folder and return the page; `told` hears of each command and how long it took."""
    write_export(folder / "export")
    before = {name: os.environ.get(name) for name in _BARE}
    os.environ.update(_BARE)
    try:
        with chdir(folder):
            return "\n".join([_HEAD, *_tell(told)])
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update(
                {name: value}
            )


def _tell(told: Callable[[str, float], None]) -> Iterator[str]:
    def run(command: str, shown: Callable[[str], str] = lambda text: text) -> str:
        started = time.monotonic()
        text = shown(_run(command))
        told(command, time.monotonic() - started)
        return f"```text\n$ {command}\n{text.rstrip()}\n```\n"

    yield "## What there is\n"
    yield f"```text\n$ ls export/{FAULTY}\n{_list(Path('export') / FAULTY)}\n```\n"
    yield "## Whose name is which\n"
    yield "A mapping is proposed, each line with its reason; what is not sure is a comment.\n"
    yield run("retention map export --out export/mapping.yml")
    yield "## What would be read\n"
    yield run(f"retention check {FAULTY} --source export")
    yield (
        "The repeated customer was dropped and counted. Three faults are in bills and usage, where one row in a hundred\n"
        "is too many: those two reports are exported again. The payment of November stays in quarantine.\n"
    )
    correct_export(Path("export"), ("出账账单", "使用量"))
    yield "The state 挂失 is one that only the operator knows the meaning of; `map` has left a line for it, which is filled in:\n"
    yield _edit("export/mapping.yml", "#      挂失: ?", "      挂失: suspended_request")
    yield run(f"retention check {FAULTY} --source export", _last_lines)
    yield "## The months\n"
    for month in MONTHS:
        yield run(f"retention run {month} --source export")
    yield "## What it says\n"
    yield run(f"retention kpi {FAULTY}", _first_lines)
    yield run(
        f"retention export {FAULTY} --out out; ls out/*.xlsx",
        lambda _: _list(Path("out"), ".xlsx"),
    )


def _run(command: str) -> str:
    """Run a command of ours in this process; return what it says, with its exit code where that is not 0."""
    result = CliRunner().invoke(app, shlex.split(command.partition(";")[0])[1:])
    error = result.exception
    if isinstance(error, RetentionError):
        return f"{result.stdout.rstrip()}\n{describe_error('en', error)}\n(exit {error.exit_code})"
    assert result.exit_code == 0 and error is None, (command, result.output, error)
    return result.stdout


def _edit(file: str, before: str, after: str) -> str:
    """Change a line of a file, as a person would."""
    path = Path(file)
    lines = path.read_text(encoding="utf-8").splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith(before))
    changed = f"- {lines[place]}\n+ {after}"
    lines[place] = after
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"```diff\n{changed}\n```\n"


def _first_lines(text: str) -> str:
    lines = text.splitlines()
    return "\n".join([*(line.rstrip() for line in lines[:14]), "…"])


def _last_lines(text: str) -> str:
    lines = text.splitlines()
    place = next(
        n for n, line in enumerate(lines) if line.startswith("tables not delivered")
    )
    kept = [
        line
        for line in lines[:place]
        if ("quarantined" in line and ", 0 quarantined" not in line)
        or "(rows: " in line
    ]
    return "\n".join(["…", *kept, "…", *lines[place + 1 :]])


def _list(folder: Path, ending: str = "") -> str:
    return "\n".join(
        sorted(path.name for path in folder.iterdir() if path.name.endswith(ending))
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        PAGE.write_text(
            run_transcript(
                Path(place), lambda command, s: print(f"{s:6.1f} s  {command}")
            ),
            encoding="utf-8",
        )

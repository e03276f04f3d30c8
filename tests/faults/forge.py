"""A process that has loaded everything once and forks for each command, so that a hundred deaths cost no hundred imports.

It reads a JSON command a line (`{"args": [...], "failpoint": "...", "trace": "..."}`), runs `retention` in a child of
its own, and answers with the child's exit code (negative: the signal that killed it), its last line and its end.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Forge:
    """The parent's side: a running forge to which commands are given one at a time."""

    def __init__(self, **environment: str) -> None:
        known = {
            "RETENTION_SECRET_KEY": "a key of the tests' own, 32 bytes",
            "RETENTION_THREADS": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forge"], cwd=ROOT, env={**os.environ, **known, **environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(
        self,
        *args: str | Path,
        failpoint: str = "",
        trace: Path | str = "",
        module: str = "pipelines.cli",
        **change: str,
    ) -> None:
        """Begin a command, by the `main` of another module if need be; `wait` gives its end."""
        assert self.process.stdin is not None
        command = {
            "args": [str(a) for a in args],
            "failpoint": failpoint,
            "trace": str(trace),
            "module": module,
            "change": change,
        }
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def wait(self) -> tuple[int, str]:
        """Return the exit code of the command begun and what it said on stderr."""
        assert self.process.stdout is not None
        code, said = json.loads(self.process.stdout.readline())
        return code, said

    def run(
        self,
        *args: str | Path,
        failpoint: str = "",
        trace: Path | str = "",
        module: str = "pipelines.cli",
        **change: str,
    ) -> tuple[int, str]:
        """Run a command to its end."""
        self.start(*args, failpoint=failpoint, trace=trace, module=module, **change)
        return self.wait()

    def close(self) -> None:
        """End the forge."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()


# What the commands load while they run.
_LOADED = (
    "console.orders",
    "django.core.management.commands.migrate",
    "duckdb_sqlalchemy",
    "models.churn",
    "openlineage.client.event_v2",
    "pandas",
    "pipelines.delivery.mail",
    "pipelines.delivery.post",
    "pipelines.delivery.robot",
    "pipelines.delivery.sftp",
    "pipelines.documents.reports.annex",
    "pipelines.documents.reports.docx",
    "pipelines.documents.reports.lint",
    "pipelines.documents.reports.pdf",
    "pipelines.documents.reports.write",
    "pipelines.documents.workbooks.export",
    "pipelines.jobs.daily",
    "pipelines.jobs.restate",
    "pipelines.jobs.verify",
    "pipelines.operations.backup",
    "pipelines.text.progress",
    "pyarrow.dataset",
    "sklearn.ensemble",
)


def _warm_up() -> None:
    """Load what costs seconds, so that no child loads it anew; start no thread."""
    from django.db.migrations.loader import MigrationLoader

    from console.database import start_django
    from pipelines import ROOMS
    from pipelines.cli.command_table import TABLE
    from pipelines.jobs.identity import hash_table_code
    from pipelines.jobs.specs.check_specs import check_specs
    from pipelines.rooms.judge.rulings import get_ready

    start_django()
    get_ready()
    check_specs()
    rooms = [f"pipelines.rooms.{room}" for room in ROOMS]
    commands = [f"pipelines.cli.commands.{command.module}" for command in TABLE]
    for name in (*_LOADED, *rooms, *commands):
        import_module(name)
    MigrationLoader(None)
    hash_table_code()


def _serve() -> None:
    for line in sys.stdin:
        command = json.loads(line)
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told)
            _be_the_command(command, tell)
        os.close(tell)
        with os.fdopen(told, encoding="utf-8") as stream:
            said = stream.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([code, said]), flush=True)


def _fork_judge(tell: int) -> None:
    """Begin the judge's process as a fork of this one, which has loaded what it asks with.

    The command finds it where a program would begin one; another, if it asks for one, is a program.
    """
    from pipelines.rooms.judge import client, process

    ours, theirs = multiprocessing.Pipe()
    judge = os.fork()
    if judge == 0:
        ours.close()
        os.close(tell)
        try:
            process.main(theirs.fileno())
        finally:
            os._exit(1)
    theirs.close()
    begin_another = client.start_process

    def find_forked() -> tuple[Any, Connection]:
        client.start_process = begin_another
        return ForkedJudge(judge), ours

    client.start_process = find_forked


class ForkedJudge:
    """What a command does with a process that it has begun."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _be_the_command(command: dict[str, Any], tell: int) -> None:
    """Run `retention` as a program would; never return."""
    from pipelines.store import failpoints

    failpoints.plan = failpoints.read_plan(command["failpoint"], command["trace"])
    os.environ.update(command["change"])
    time.tzset()
    _fork_judge(tell)
    sys.argv = ["retention", *command["args"]]
    code, said = 0, io.StringIO()
    try:
        with (
            contextlib.redirect_stderr(said),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            import_module(command["module"]).main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException as error:  # noqa: BLE001 - what a program would print and end with 1
        code, said = 1, io.StringIO(f"{type(error).__name__}: {error}")
    with contextlib.suppress(BrokenPipeError):
        os.write(tell, said.getvalue()[-4000:].encode())
    os._exit(code)


if __name__ == "__main__":
    _warm_up()
    _serve()

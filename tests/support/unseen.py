"""Runs a command where some tools and folders of this machine are out of sight: `python -m tests.support.unseen COMMAND...`.

It has a namespace of mounts of its own: over a folder lies an empty one, over a program a file that is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What the tests use and an installation need not have.
PROGRAMS = (
    "soffice",
    "libreoffice",
    "initdb",
    "postgres",
    "java",
    "redis-server",
    "docker",
    "docker-compose",
)
FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/lib/libreoffice",
    "/usr/lib/postgresql",
    "/usr/lib/jvm",
    "/usr/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
)
HIDDEN = "RETENTION_TEST_HIDDEN"  # further folders, for the process that hides them


def why_not_hidden() -> str | None:
    """Say why nothing can be hidden on this machine; None where it can."""
    if shutil.which("unshare") is None:
        return "there is no unshare on this machine"
    made = subprocess.run(
        ["unshare", "--mount", "true"], capture_output=True, text=True, check=False
    )
    return (
        f"no namespace of mounts can be had: {made.stderr.strip()}"
        if made.returncode
        else None
    )


def run_unseen(
    command: Sequence[str | Path], further: Sequence[Path] = (), timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run a command of the project with everything above, and further folders, out of sight."""
    hidden = os.environ | {HIDDEN: os.pathsep.join(map(str, further))}
    inside = [
        "unshare",
        "--mount",
        sys.executable,
        "-m",
        "tests.support.unseen",
        *map(str, command),
    ]
    return subprocess.run(
        inside,
        cwd=ROOT,
        env=hidden,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def main(command: Sequence[str]) -> None:
    """Hide, in the namespace this process was started in, and become the command."""
    further = os.environ.pop(HIDDEN, "")
    folders = [*FOLDERS, *filter(None, further.split(os.pathsep))]
    for folder in filter(os.path.isdir, folders):
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True
        )
    for program in PROGRAMS:
        while found := shutil.which(program):
            subprocess.run(["mount", "--bind", os.devnull, found], check=True)
    os.execvp(command[0], list(command))


if __name__ == "__main__":
    main(sys.argv[1:])

"""The commands that change released orders, each in a process of its own as a person calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("reassign", "O-1", "--to", "nobody", "--why", "leave"), 2),
        (("withdraw", "--why", "x"), 2),
    ],
)
def test_a_mistake_is_told_without_a_traceback(
    tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    command = [
        sys.executable,
        "-m",
        "pipelines",
        *words,
        "--home",
        str(tmp_path / "home"),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr and done.stderr.strip()

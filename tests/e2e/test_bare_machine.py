"""The first command of the README on a machine that nobody has prepared, and what is said where none can be made."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "bare_machine.sh"
NOT_HERE = 77


def run_bare(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a bare machine; skip, with what it says, where there can be none."""
    done = start([str(SCRIPT), *arguments], os.environ | settings)
    if done.returncode == NOT_HERE:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    return done


def start(
    command: Sequence[str], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=3000,
        env=environment,
    )


@pytest.mark.long
def test_make_run_on_a_bare_machine() -> None:
    done = run_bare("make", "run")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    counts = re.search(r"(\d+) workbooks, (\d+) Word files, (\d+) PDFs", done.stdout)
    assert counts is not None and all(int(count) > 0 for count in counts.groups()), (
        done.stdout[-500:]
    )
    left = [path.name for path in (ROOT / "build" / "bare").glob("machine-*")]
    assert left == [], "the machine is gone with its command"


def test_who_may_not_make_one_is_told_what_to_do(tmp_path: Path) -> None:
    """Somebody who is not root, and root without debootstrap: both end with 77, which a test turns into a skip."""
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    for user, wanted in ((1000, "run it as root"), (0, "apt-get install debootstrap")):
        (tmp_path / "id").write_text(f"#!/bin/sh\necho {user}\n")
        (tmp_path / "id").chmod(0o755)
        done = start(["/bin/bash", str(SCRIPT), "true"], {"PATH": str(tmp_path)})
        assert done.returncode == NOT_HERE and wanted in done.stderr, done.stderr

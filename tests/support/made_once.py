"""What is made once for a run of tests, by whichever process asks first; the others find it there.

A run is one call of pytest with all its workers, and those that it starts itself in this project: a copy of the project
with files of its own makes its own. What is shared lies in a folder of that run, and nobody may change it: who has to,
copies it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from pipelines.core.paths import ROOT

_FOLDER = "RETENTION_TEST_SHARED"


def open_shared_folder() -> Path:
    """Return the run's folder; who makes it removes it at its end, and every process started after that knows it."""
    if _FOLDER not in os.environ:
        os.environ[_FOLDER] = tempfile.mkdtemp(prefix="retention-tests-")
        atexit.register(shutil.rmtree, os.environ[_FOLDER], ignore_errors=True)
    return Path(os.environ[_FOLDER])


def make_once(name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder of that name, which `make` has filled; where that failed, the next who asks tries anew."""
    project = sha256(str(ROOT).encode()).hexdigest()[:8]
    folder = open_shared_folder() / project / name
    folder.parent.mkdir(exist_ok=True)
    mark = Path(f"{folder}.made")
    with FileLock(f"{folder}.lock"):
        if not mark.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            mark.touch()
    return folder


def copy_made(name: str, make: Callable[[Path], object], to: Path) -> None:
    """Copy what `make_once` gives into a folder, where it may be changed."""
    made = make_once(name, make)
    shutil.copytree(made, to, dirs_exist_ok=True)

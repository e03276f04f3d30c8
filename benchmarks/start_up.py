"""How long a command that only shows takes to answer: the median of five, and how many bare interpreters that is.

An interpreter that does nothing is measured between them, so that what the machine does beside it is in both.

    python -m benchmarks.start_up [HOME MONTH]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

TIMES = 5
SERVICES, MONTH = 2_000, "2026-08"
NOTHING = (sys.executable, "-c", "pass")
RETENTION = (sys.executable, "-m", "pipelines")


def make_home(folder: Path) -> Path:
    """Make a month of a synthetic operator to ask for; return its home."""
    made, home = str(folder / "twin"), folder / "home"
    size = (
        "--services",
        str(SERVICES),
        "--months",
        "1",
        "--seed",
        "1",
        "--through",
        MONTH,
    )
    _run(*RETENTION, "twin", *size, "--out", made)
    _run(*RETENTION, "run", MONTH, "--source", made, "--home", str(home))
    return home


def shown(home: Path, month: str) -> list[tuple[str, ...]]:
    """The commands that only show, for a month of a home."""
    asked = (
        ("status",),
        ("status", month),
        ("kpi", month),
        ("lists", month),
        ("why", "nobody", month),
        ("doctor",),
        ("show", "kpi_monthly", month),
        ("figure", "arrears_rate", month),
    )
    return [("--help",), *((*words, "--home", str(home)) for words in asked)]


def measure(command: tuple[str, ...]) -> tuple[float, float]:
    """Return the median seconds of a command and of an interpreter that does nothing, run in turn."""
    bare, taken = [], []
    _run(*RETENTION, *command)  # what is read from disk is then in memory
    for _ in range(TIMES):
        bare.append(_run(*NOTHING))
        taken.append(_run(*RETENTION, *command))
    return median(taken), median(bare)


def _run(*command: str) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    seconds = time.perf_counter() - started
    if "Traceback" in done.stderr:
        raise RuntimeError(done.stderr)
    return seconds


def main() -> None:
    """Measure every command, in the home that is named or in one of a synthetic operator."""
    with tempfile.TemporaryDirectory(prefix="retention-bench-") as folder:
        home, month = (
            (Path(sys.argv[1]), sys.argv[2])
            if len(sys.argv) > 2
            else (make_home(Path(folder)), MONTH)
        )
        for command in shown(home, month):
            seconds, bare = measure(command)
            words = " ".join(command).removesuffix(f" --home {home}")
            print(
                f"{words:<28} {seconds:.2f} s = {seconds / bare:.0f} bare interpreters of {bare:.3f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()

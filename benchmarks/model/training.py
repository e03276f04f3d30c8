"""How long a training takes on the months of a home, step by step: `python -m benchmarks.model.training HOME 2026-08 [--quick]`.

The home is copied first and never written in. CPU seconds are the result: what else runs on the machine moves them less
than the clock's. RETENTION_SECRET_KEY must be set, as for `retention train`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.jobs.training.churn import train_churn


class Clock:
    """Prints the CPU seconds of each step when the next begins."""

    def __init__(self) -> None:
        self.step = "import"
        self.last = 0.0

    def begin(self, step: str) -> None:
        """End the step before."""
        now = time.process_time()
        print(f"{self.step:32s} {now - self.last:7.1f} CPU s", flush=True)
        self.step, self.last = step, now


def main() -> None:
    """Train once and print what each step cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("through", type=Month.parse)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    clock, started = Clock(), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="retention-bench-") as folder:
        home = Path(folder) / "home"
        shutil.copytree(given.home, home)
        shutil.rmtree(home / "models", ignore_errors=True)
        card = train_churn(
            home, given.through, load_settings(), clock.begin, is_quick=given.quick
        )
        clock.begin("end")
    wall = time.perf_counter() - started
    print(
        f"{card.rows:,} rows, {len(card.features)} features, {card.choices}; "
        f"{time.process_time():.0f} CPU s, {wall:.0f} s by the clock, load {os.getloadavg()[0]:.1f}"
    )
    for name, figure in card.metrics.items():
        print(f"{name:40s} {figure:.5f}")


if __name__ == "__main__":
    main()

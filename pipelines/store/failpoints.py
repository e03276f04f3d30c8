"""Named steps at which a test may end the program, as a power cut or a full disk would.

Off, and free, in service.

A step is passed before and after everything that lasts: a file, a room, a rename, the seal.
RETENTION_FAILPOINT names one and what happens there (`commit.renamed=kill`,
`file.ready:kpi_monthly.parquet=enospc`, `room.begun:kpi#2=kill` for its second passing);
RETENTION_FAILPOINT_TRACE names a file to which every passed step is appended.
"""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Plan:
    """What happens at which step, and where the steps are written down."""

    step: str = ""
    action: str = ""
    passing: int = 1
    trace: Path | None = None

    def pass_step(self, step: str) -> None:
        """Write the step down, and end the program if it is the one."""
        if self.trace is not None:
            with self.trace.open("a", encoding="utf-8") as stream:
                stream.write(step + "\n")
        if step == self.step:
            self.passing -= 1
            if self.passing == 0:
                _perform_action(self.action, step)


def _perform_action(action: str, step: str) -> None:
    """End the program, fill its disk, or wait at a named pipe (`wait:PATH`) for somebody."""
    if action == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), step)
    if action.startswith("wait:"):
        Path(action.removeprefix("wait:")).read_bytes()
        return
    os.kill(os.getpid(), signal.SIGKILL)


def read_plan(failpoint: str, trace: str) -> Plan | None:
    """Read a plan from the two variables; None when both are empty."""
    if not failpoint and not trace:
        return None
    step, _, action = failpoint.partition("=")
    name, _, passing = step.partition("#")
    trace_file = Path(trace) if trace else None
    return Plan(name, action, int(passing or 1), trace_file)


plan = read_plan(
    os.environ.get("RETENTION_FAILPOINT", ""),
    os.environ.get("RETENTION_FAILPOINT_TRACE", ""),
)


def failpoint(step: str) -> None:
    """Pass a step."""
    if plan is not None:
        plan.pass_step(step)

"""Run months one after the other in one process: `retention run` for each, without starting anew every time."""

from __future__ import annotations

import sys
from pathlib import Path

from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.run import Job, run_month
from pipelines.store.files import keep_files_private
from pipelines.words.texts import describe, label, local_language


def main(home: str, source: str, *months: str) -> int:
    """Run the months; return the exit code of the first that fails."""
    language = local_language()
    for month in months:
        try:
            version = run_month(Job(Path(home), Month.parse(month), source))
        except RetentionError as error:
            print(describe(language, error), file=sys.stderr)
            return error.exit_code
        print(label(language, "cli.done", month=month, version=version.number, path=version.path), flush=True)
    return 0


if __name__ == "__main__":
    keep_files_private()
    sys.exit(main(*sys.argv[1:]))

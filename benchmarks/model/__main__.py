"""The models against reference models, simple rules and the truth: `python -m benchmarks.model ibm|uci|twin|scale`.

`RETENTION_DATA` (or --data) names the folder of public data with `ibm_telco/` and `contract/uci/`; `twin` and `scale`
need none. Set OMP_NUM_THREADS=1 where other work runs beside.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.model import ibm, scale, twin, uci

COMMANDS = {"ibm": ibm.run, "uci": uci.run, "twin": twin.run, "scale": scale.run}


def main() -> None:
    """Run the benchmark that is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("RETENTION_DATA"),
        help="folder of public data",
    )
    parser.add_argument(
        "--repeats", type=int, default=10, help="ibm: repeats of the 5 folds"
    )
    parser.add_argument(
        "--services", type=int, help="twin: lines (20,000); scale: rows (3,000,000)"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[11, 12, 13, 14, 15],
        help="twin: fixed beforehand",
    )
    parser.add_argument(
        "--only", nargs="+", help="ibm, uci: these models alone, `ours` among them"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        help="twin: folder for scored seeds, which are not scored again",
    )
    arguments = parser.parse_args()
    if arguments.command in ("ibm", "uci") and arguments.data is None:
        parser.error("say where the public data is: --data or RETENTION_DATA")
    COMMANDS[arguments.command](arguments)


if __name__ == "__main__":
    main()

"""Fuzz a reader, led by what code its bytes reach (atheris); what is found is kept in its corpus.

    uv run --with atheris python -m tests.fuzz READER [--seconds 60] [--seed 1]

Prints how many inputs were tried and what was found. Each find is an input of its own: the next
begins after it is mended, and stands in `tests/fuzz/corpus/` from then on.
"""

from __future__ import annotations

import argparse
import atexit
import os
import sys
import tempfile
from pathlib import Path

LONGEST = 1 << 20
SECONDS_AN_INPUT = 20
MEGABYTES = 4096


def main() -> None:
    """Fuzz until the time is over or something is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", nargs="?")
    parser.add_argument("--list", action="store_true", help="name the readers")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if chosen.list:
        _name_readers()
        return

    import atheris

    # What is to be seen by the fuzzer is imported here for the first time.
    with atheris.instrument_imports(include=["pipelines"]):
        from tests.fuzz.readers import READERS, try_reader
        from tests.fuzz.seeds import CORPUS, make_seeds

    if chosen.reader not in READERS:
        parser.error(f"readers: {', '.join(READERS)}")
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for number, content in enumerate(make_seeds()[chosen.reader]):
        (folder / f"seed{number}").write_bytes(content)
    finds = CORPUS / chosen.reader
    finds.mkdir(parents=True, exist_ok=True)

    def read(content: bytes) -> None:
        try_reader(chosen.reader, content)

    options = [
        sys.argv[0],
        f"-max_total_time={chosen.seconds}",
        f"-seed={chosen.seed}",
        f"-max_len={LONGEST}",
        f"-timeout={SECONDS_AN_INPUT}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={finds}/",
        "-print_final_stats=1",
        str(folder),
    ]
    # The engine's threads do not outlive an interpreter that is taken down; nothing is left to do.
    atexit.register(os._exit, 0)
    atheris.Setup(options, read)
    atheris.Fuzz()


def _name_readers() -> None:
    from tests.fuzz.readers import READERS

    for name in READERS:
        print(name)


if __name__ == "__main__":
    main()

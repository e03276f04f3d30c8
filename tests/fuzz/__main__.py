"""Fuzz a reader, led by what code its bytes reach (atheris); what is found is kept in its corpus.

    uv run --with atheris python -m tests.fuzz READER [--seconds 60] [--seed 1]

Prints how many inputs were tried, and what was found if anything was. Each find is an input of its own: the next
begins after it is mended, and stands in `tests/fuzz/corpus/` from then on.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import sys
import tempfile
import time
from pathlib import Path

LONGEST = 1 << 20
SECONDS_AN_INPUT = 20
MEGABYTES = 4096
_WORD = re.compile(rb"[A-Za-z_]{3,40}")


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

    words = folder.with_name(f"{folder.name}.dict")
    words.write_text(_write_dictionary(folder))
    ends_at = time.monotonic() + chosen.seconds
    tried = itertools.count(1)

    def read(content: bytes) -> None:
        try_reader(chosen.reader, content)
        count = next(tried)
        if time.monotonic() > ends_at:
            # Here and at once: the engine's threads do not outlive an interpreter taken down.
            print(f"{chosen.reader}: {count:,} inputs, nothing found", flush=True)
            os._exit(0)

    options = [
        sys.argv[0],
        f"-seed={chosen.seed}",
        f"-max_len={LONGEST}",
        f"-timeout={SECONDS_AN_INPUT}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={finds}/",
        f"-dict={words}",
        str(folder),
    ]
    atheris.Setup(options, read)
    atheris.Fuzz()


def _write_dictionary(folder: Path) -> str:
    """The words of good files in the engine's form: what it puts together anew."""
    words = set()
    for path in folder.iterdir():
        words.update(_WORD.findall(path.read_bytes()))
    lines = [f'"{word.decode()}"\n' for word in sorted(words)]
    return "".join(lines)


def _name_readers() -> None:
    from tests.fuzz.readers import READERS

    for name in READERS:
        print(name)


if __name__ == "__main__":
    main()

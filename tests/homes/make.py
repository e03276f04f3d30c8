"""Make a small home with the program in some folder, to be kept: two months, released, worked, sent and planned.

    python -m tests.homes.make PROGRAM FOLDER

PROGRAM is a tree of this repository (`git worktree add /tmp/then COMMIT`, or the root itself). FOLDER gets `source/`, the delivery of three
months, `home/`, in which the program of that tree ran the first two, and `out/`, the filled workbooks. `tar cJf
tests/homes/kept/RELEASE.tar.xz -C FOLDER home source out` keeps it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipelines.core.month import Month
from tests.support.office import fill
from tests.support.small import KEY, Town

MONTHS = tuple(Month.parse(name) for name in ("2026-07", "2026-08", "2026-09"))
MADE, NEXT = MONTHS[:2], MONTHS[2]
PEOPLE = ("ann", "bob", "cat", "dan")
HOLDOUT = "0"  # nobody: with four people every order tells
ANSWERED = {"ann": {"outcome": "no_answer", "contacted_on": "2026-08-06"}}


def main() -> None:
    """Make it, and say what each command ended with."""
    program, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    write_source(folder / "source")
    for words in list_commands(folder):
        if words[0] == "outcomes":
            books = sorted((folder / "out").glob("*_M*.xlsx"))
            words[1:2] = [str(fill(book, ANSWERED, "en")) for book in books]
        print(call(program, folder / "home", *words), *words)


def write_source(source: Path) -> Path:
    """Deliver three months of four people, two of whom owe."""
    for month in MONTHS:
        town = Town(month)
        for number, name in enumerate(PEOPLE):
            town.person(name, manager=f"M{number % 3 + 1}", revenue=f"{60 + number}.00")
        town.owe("ann").owe("bob").write(source)
    return source


def list_commands(folder: Path) -> list[list[str]]:
    """What is done with it, as people type it."""
    first, second = map(str, MADE)
    source = ["--source", str(folder / "source"), "--release"]
    out = folder / "out"
    return [
        ["run", first, *source],
        ["export", first, "--out", str(out)],
        ["outcomes", str(out), "--by", "wang"],
        ["run", second, *source],
    ]


def call(program: Path, home: Path, *words: str) -> int:
    """Run a command of a program on a home; return what it ended with."""
    known = {
        "RETENTION_SECRET_KEY": KEY,
        "RETENTION_HOLDOUT_SHARE": HOLDOUT,
        "PYTHONPATH": str(program),
    }
    line = [sys.executable, "-m", "pipelines", *words, "--home", str(home)]
    ended = subprocess.run(
        [*line, "--lang", "en"],
        cwd=program,
        env={**os.environ, **known},
        capture_output=True,
        text=True,
    )
    if ended.returncode not in (0, 12):
        print(ended.stdout[-2000:], ended.stderr[-2000:])
    return ended.returncode


if __name__ == "__main__":
    main()

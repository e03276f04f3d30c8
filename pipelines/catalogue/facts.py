"""What the SQL files say, worked out once and remembered by every later process.

Parsing our SELECTs and tracing their columns takes seconds and gives the same each time. A fact is
found by the SHA-256 of all that it follows from, so a changed file has no fact yet, and none is
ever out of date. The facts stand where Python keeps its compiled code (`__pycache__` beside this
module): who can write there can write the code. Nothing of a home or of a delivery is read, and a
file that is torn, or that other code or another parser made, counts as none.

    recall_fact("select", [sql], work)     the fact; `work` is called where nobody remembers it
    save_facts()                           at the end of a run

An image whose code nobody may write is given the file by
`python -m pipelines.jobs.specs.compile_sql`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version as library_version
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

Fact = Any  # what JSON can say
# The code and libraries that facts follow from, beside what they are asked about.
_CODE = (Path(__file__).parent, Path(__file__).parents[1] / "core")
_LIBRARIES = ("sqlglot", "duckdb")
_READABLE = (
    0o644  # as compiled code is: an image makes it as another user than who reads it
)
# Four times what all our files say: beyond that, most are of files that are no more.
_MOST_FACTS = 5_000


class Facts:
    """Facts, as JSON by their key: those of the file, and those that this process worked out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._maker = _identify_maker()
        self._known = _read_facts(path, self._maker)
        self._used: set[str] = set()
        self._has_new = False

    def recall(
        self, kind: str, asked: Sequence[object], work: Callable[[], Fact]
    ) -> Fact:
        """Return a fact of the caller's own, worked out where it is not known.

        What JSON would make something else of is worked out each time.
        """
        question = json.dumps([kind, *asked])
        key = sha256(question.encode()).hexdigest()
        known = self._known.get(key)
        if known is not None:
            self._used.add(key)
            return json.loads(known)
        fact = work()
        text = _write_faithfully(fact)
        if text is not None:
            self._known[key] = text
            self._used.add(key)
            self._has_new = True
        return fact

    def save(self) -> None:
        """Write the facts, if there are new ones and the folder can be written."""
        if not self._has_new:
            return
        kept = dict(self._known)
        if len(kept) > _MOST_FACTS:
            kept = {key: kept[key] for key in self._used}
        body = json.dumps(kept)
        head = json.dumps(_describe_body(self._maker, body))
        try:
            _replace_text(self._path, f"{head}\n{body}")
        except OSError:
            return  # the next process works them out again
        self._has_new = False


def recall_fact(kind: str, asked: Sequence[object], work: Callable[[], Fact]) -> Fact:
    """Return what `work` gives, or what it gave another process that asked the same."""
    return _open_facts().recall(kind, asked, work)


def save_facts(*, is_told: bool = False) -> None:
    """Keep what this process has worked out.

    Where Python keeps no compiled code, only who is told to does.
    """
    if is_told or not sys.dont_write_bytecode:
        _open_facts().save()


@cache
def _open_facts() -> Facts:
    return Facts(find_facts_file())


def find_facts_file() -> Path:
    """Return where the facts of this code are kept."""
    compiled = Path(cache_from_source(__file__))
    return compiled.with_name("sql_facts.json")


# -- the file --------------------------------------------------------------------------------------


def _identify_maker() -> str:
    """The SHA-256 of the code and the libraries that work facts out."""
    digest = sha256(sys.version.encode())
    for folder in _CODE:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".yml"):
                digest.update(path.name.encode())
                digest.update(path.read_bytes())
    for name in _LIBRARIES:
        digest.update(library_version(name).encode())
    return digest.hexdigest()


def _describe_body(maker: str, body: str) -> dict[str, str]:
    """What the first line says: who made the facts, and what they are, should some be lost."""
    return {"maker": maker, "sha256": sha256(body.encode()).hexdigest()}


def _write_faithfully(fact: Fact) -> str | None:
    """A fact as JSON; None where the same would not come back."""
    try:
        text = json.dumps(fact)
    except (TypeError, ValueError):
        return None
    return text if json.loads(text) == fact else None


def _read_facts(path: Path, maker: str) -> dict[str, str]:
    """The facts of a file; none where it is not there, not whole, or not made by this code."""
    try:
        head, _, body = path.read_text(encoding="utf-8").partition("\n")
        is_ours = json.loads(head) == _describe_body(maker, body)
    except (OSError, ValueError):
        return {}
    if not is_ours:
        return {}
    facts: dict[str, str] = json.loads(body)
    return facts


def _replace_text(path: Path, text: str) -> None:
    """Write a text beside a file and put it in its place: a reader sees the one or the other."""
    from tempfile import mkstemp  # here, so that who only reads does not wait for it

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = mkstemp(prefix=path.name, dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(beside, _READABLE)
        os.replace(beside, path)
    except OSError:
        os.unlink(beside)
        raise

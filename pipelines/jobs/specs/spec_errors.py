"""Where in a SQL file something is wrong.

The line of a key in its block, of a table or a column in its SELECT.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from pipelines.catalogue.spec import Spec
from pipelines.core.errors import Phrase, SpecError
from pipelines.core.written import Place, Written


def blame_place(spec: Spec, place: Place, why: str, **facts: object) -> SpecError:
    """Return the error of a place in a file's block.

    `why` and its facts are of `written.why.…` in `locales/`.
    """
    block = spec.path.read_text(encoding="utf-8").split("--- */")[0]
    front_matter = block.split("\n", 1)[1]
    written = Written(spec.where, front_matter, first_line=2)
    return written.wrong(place, Phrase(f"written.why.{why}", facts))


def find_line(spec: Spec, found: Iterable[exp.Table | exp.Column]) -> int:
    """Return the file's line of the first of some places of its SELECT.

    It is the SELECT's own where there is none of them.
    """
    for place in found:
        return spec.sql_line + int(place.this.meta.get("line", 1)) - 1
    return spec.sql_line

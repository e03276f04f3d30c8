"""Whose the rows of a table are, and who is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.core.contract import Table
from pipelines.core.quoting import quote_name
from pipelines.rooms.context import Context

# People leave and still owe: these are accepted of whom any earlier month held has known.
_OUTLIVING = ("receivable", "adjustment", "payment")


@dataclass(frozen=True)
class Owner:
    """The customers or services that rows of a table belong to, by the tables that know them."""

    name: str
    known: tuple[str, ...]

    @property
    def key(self) -> str:
        """The column that names one of them."""
        return f"{self.name}_id"

    @property
    def rule(self) -> str:
        """The rule that sets aside whose owner nobody knows."""
        return f"unknown_{self.name}"

    def count_unknown(self, rows: str, condition: str = "TRUE") -> str:
        """Return the SQL that counts whom rows name, under a condition, and nobody knows."""
        key = quote_name(self.key)
        named = f"SELECT {key} FROM {rows} WHERE {condition} AND {key} IS NOT NULL"
        unknown = f"{named} EXCEPT ({self.find_known()})"
        return f"(SELECT COUNT(*) FROM ({unknown}) AS unknown)"

    def find_known(self) -> str:
        """Return the SELECT of the ids that are known."""
        selects = [f"SELECT {quote_name(self.key)} FROM {name}" for name in self.known]
        return " UNION ".join(selects)


def list_owners(context: Context, table: Table) -> list[Owner]:
    """List whose the rows of a table are."""
    owners = []
    for name in ("customer", "service"):
        belongs_to_it = table.name != name and table.column(f"{name}_id")
        if belongs_to_it and context.is_computed(f"snapshot_{name}"):
            owners.append(Owner(name, tuple(_list_known(context, table, name))))
    return owners


def _list_known(context: Context, table: Table, owner: str) -> Iterator[str]:
    """Yield the tables of the customers or services that a row may belong to."""
    yield f"snapshot_{owner}"
    known_before = f"features_known_{owner}"
    if table.name in _OUTLIVING and context.is_computed(known_before, "prior"):
        yield f"prior.{known_before}"

"""Setting rows aside.

What breaks a row rule, belongs to nobody, repeats a row or contradicts another of its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.catalogue.expectations import load_suite
from pipelines.core.contract import Table
from pipelines.core.quoting import quote_name, quote_names, quote_text
from pipelines.rooms.context import Context
from pipelines.rooms.snapshot.cells import RowRule
from pipelines.rooms.snapshot.looks import Reading, find_usual_lengths
from pipelines.rooms.snapshot.owners import Owner

_SHOWN_CHARACTERS = 200
_REPEATED = "repeated_keys"


def list_row_rules(context: Context, reading: Reading) -> list[RowRule]:
    """List what takes a row for what stands in it, in the order in which it is told."""
    table = reading.table
    rules = []
    for expectation in load_suite(table.name, context.month):
        if expectation.takes_rows:
            column = expectation.columns[0] if expectation.columns else ""
            rules.append(RowRule(expectation.name, column, expectation.bad_row()))
    for name, usual in find_usual_lengths(context, reading).items():
        # The zeros could be guessed back, and be wrong: nothing is guessed.
        shorter = f"regexp_full_match({quote_name(name)}, '\\d{{1,{usual - 1}}}')"
        rules.append(RowRule("lost_zeros", name, shorter))
    return rules


# -- rows that others set aside --------------------------------------------------------------------


@dataclass(frozen=True)
class Marking:
    """What sets rows of a table aside for the sake of other rows: its key, and whose they are.

    `has_no_repeats` says that it is known already that no key repeats.
    """

    table: Table
    owners: Sequence[Owner]
    has_no_repeats: bool = False

    def write_counts(self, typed: str, is_kept: bool, more: Sequence[str] = ()) -> str:
        """Return the SELECT that counts, in one row, what becomes of typed rows.

        All rows, those taken for what stands in them, the keys that repeat, the owners nobody
        knows. `more` are aggregates to be worked out beside. Rows that are not kept are worked out
        once for all counts.
        """
        rows = typed if is_kept else "typed"
        counts = [
            "COUNT(*) AS rows_in",
            "COUNT(_rule) AS taken",
            f"{self._count_repeats(rows)} AS {_REPEATED}",
            *more,
        ]
        for owner in self.owners:
            unknown = owner.count_unknown(rows, "_rule IS NULL")
            counts.append(f"{unknown} AS {owner.rule}")
        select = f"SELECT {', '.join(counts)} FROM {rows}"
        if is_kept:
            return select
        return f"WITH typed AS (SELECT * FROM {typed}) {select}"

    def _count_repeats(self, rows: str) -> str:
        """The SQL that counts the keys that repeat."""
        if self.has_no_repeats:
            return "0"
        key = quote_names(self.table.key)
        return (
            f"(SELECT COUNT(*) FROM (SELECT {key} FROM {rows} WHERE _rule IS NULL "
            f"GROUP BY {key} HAVING COUNT(*) > 1) AS repeated)"
        )

    def write_marked(
        self, typed: str, kept: Sequence[str], counts: Mapping[str, int]
    ) -> str | None:
        """Return the SELECT of the typed rows with those marked that others set aside.

        Of identical rows one is kept; of rows that contradict each other none, since neither is
        truer. `kept` are the columns beside the marks. None where the counts say that there is
        nothing to mark.
        """
        marks = self._list_marks(counts)
        if not marks:
            return None

        steps = self._find_repeats(typed) if counts[_REPEATED] else ""
        columns = [f"t.{name}" for name in kept]
        columns.append(_choose_mark("_rule", [mark.rule for mark in marks], marks))
        columns.append(_choose_mark("_column", [mark.column for mark in marks], marks))
        columns.append(_choose_mark("_value", [mark.value for mark in marks], marks))
        joins = " ".join(mark.join for mark in marks)
        return f"{steps}SELECT {', '.join(columns)} FROM {typed} AS t {joins}"

    def _list_marks(self, counts: Mapping[str, int]) -> list[_Mark]:
        """The marks that the counts say are needed."""
        marks: list[_Mark] = []
        if counts[_REPEATED]:
            marks += self._mark_repeats()
        for owner in self.owners:
            if counts[owner.rule]:
                marks.append(_mark_unknown(owner))
        return marks

    def _find_repeats(self, typed: str) -> str:
        """The steps of a WITH: rows whose key repeats, and the keys whose rows differ."""
        names = quote_names(column.name for column in self.table.columns)
        key = quote_names(self.table.key)
        return (
            f"WITH sound AS (SELECT * FROM {typed} WHERE _rule IS NULL), "
            f"again AS (SELECT {key} FROM sound GROUP BY {key} HAVING COUNT(*) > 1), "
            "copied AS (SELECT sound.*, ROW_NUMBER() OVER "
            f"(PARTITION BY {names} ORDER BY _file, _line) AS copy "
            f"FROM sound SEMI JOIN again USING ({key})), "
            f"disputed AS (SELECT {key} FROM copied WHERE copy = 1 "
            f"GROUP BY {key} HAVING COUNT(*) > 1) "
        )

    def _mark_repeats(self) -> list[_Mark]:
        last = quote_name(self.table.key[-1])
        same_key = _compare(self.table.key, "disputed")
        first = quote_name(self.table.key[0])
        return [
            _Mark(
                "copied.copy > 1",
                "'exact_repeat'",
                "NULL",
                "NULL",
                f"LEFT JOIN copied ON {_compare(('_file', '_line'), 'copied')}",
            ),
            _Mark(
                f"disputed.{first} IS NOT NULL",
                "'contradicts_its_key'",
                quote_text(self.table.key[-1]),
                _show(f"t.{last}"),
                f"LEFT JOIN disputed ON {same_key}",
            ),
        ]


class _Mark(NamedTuple):
    """Why rows are set aside for the sake of others.

    The SQL of the condition, of what is told of a row, and the join that it takes.
    """

    condition: str
    rule: str
    column: str
    value: str
    join: str


def _mark_unknown(owner: Owner) -> _Mark:
    key, known = quote_name(owner.key), f"known_{owner.name}"
    return _Mark(
        f"t.{key} IS NOT NULL AND {known}.{key} IS NULL",
        quote_text(owner.rule),
        quote_text(owner.key),
        _show(f"t.{key}"),
        f"LEFT JOIN ({owner.find_known()}) AS {known} ON {known}.{key} = t.{key}",
    )


def _choose_mark(name: str, values: Sequence[str], marks: Sequence[_Mark]) -> str:
    """What is told of a row under a name: of the first mark, where it had none before."""
    whens = [f"WHEN t._rule IS NOT NULL THEN t.{name}"]
    for mark, value in zip(marks, values, strict=True):
        whens.append(f"WHEN {mark.condition} THEN {value}")
    return f"CAST(CASE {' '.join(whens)} END AS VARCHAR) AS {name}"


def _compare(names: Sequence[str], other: str) -> str:
    """The condition of a row that has the same values as one of another step."""
    same = [f"{other}.{quote_name(name)} = t.{quote_name(name)}" for name in names]
    return " AND ".join(same)


def _show(cell: str) -> str:
    return f"left(CAST({cell} AS VARCHAR), {_SHOWN_CHARACTERS})"

"""A small operator's month, attacked: columns replaced by other types, cells by extreme values, in each way in."""

from __future__ import annotations

import csv
import random
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from pipelines.core.contract import Column, Table, load_contract
from tests.hostile.ammunition import (
    TEXTS,
    Shell,
    database_values,
    edges,
    shells,
    sound_value,
)

Rows = list[dict[str, str | None]]
WAYS = ("parquet", "csv", "xlsx", "database")
_ODD_HEADERS = (
    'note"x',
    "a;b",
    "x" * 99,
    "'--",
    "_file",
    "_extra_3",
    "备注（元）",
    "\\",
    "a\x07b",
    "_line",
    "😀",
)


@dataclass
class Delivery:
    """What was thrown in one month: where it lies, and what at which column."""

    source: str
    thrown: list[str] = field(default_factory=list)


@cache
def sound_month(
    source: Path, month: str
) -> Mapping[str, tuple[tuple[dict[str, str | None], ...], tuple[str, ...]]]:
    """The rows of a sound month as text, and their columns."""
    found = {}
    for path in sorted((source / month).glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = tuple(
                {name: cell or None for name, cell in row.items()} for row in reader
            )
            found[path.stem] = (rows, tuple(reader.fieldnames or ()))
    return found


class Attacker:
    """Throws at one month; the same seed throws the same."""

    def __init__(self, sound: Path, month: str, seed: int) -> None:
        self.draw = random.Random(seed)
        self.month = month
        self.tables = {
            name: [dict(row) for row in rows]
            for name, (rows, _) in sound_month(sound, month).items()
        }
        self.names = {
            name: list(columns)
            for name, (_, columns) in sound_month(sound, month).items()
        }

    def deliver(self, folder: Path, way: str, columns: int) -> Delivery:
        """Write the month by a way in, with so many columns of each table attacked (of those required fewer)."""
        delivery = Delivery(str(folder))
        (folder / self.month).mkdir(parents=True, exist_ok=True)
        database = (
            sqlite3.connect(folder / "operator.db") if way == "database" else None
        )
        for name, table in load_contract().items():
            if name not in self.tables:
                continue
            chosen = way if way != "mixed" else self.draw.choice(WAYS[:3])
            attacked = self._choose(table, columns)
            if chosen == "parquet":
                self._write_parquet(folder, table, attacked, delivery)
            elif chosen == "csv":
                self._write_csv(folder, table, attacked, delivery)
            elif chosen == "xlsx":
                self._write_xlsx(folder, table, attacked, delivery)
            elif database is not None:
                self._write_rows(database, table, attacked, delivery)
        if database is not None:
            database.commit()
            database.close()
            delivery.source = str(_describe(folder, list(self.tables)))
        return delivery

    def _choose(self, table: Table, columns: int) -> list[Column]:
        there = [
            column for column in table.columns if column.name in self.names[table.name]
        ]
        if (
            self.draw.random() < 0.9
        ):  # a bill of another month refuses the whole month, and the rooms have no work
            there = [column for column in there if column.name != "bill_month"]
        wanted = columns if not table.required else self.draw.choice((0, 1, columns))
        return self.draw.sample(there, min(wanted, len(there)))

    def _places(self, table: Table) -> set[int]:
        """The rows that are hit: some of them, and of a table that must be there never all."""
        rows = len(self.tables[table.name])
        most = rows if not table.required else rows // 2
        return (
            set(self.draw.sample(range(rows), self.draw.randint(min(1, most), most)))
            if rows
            else set()
        )

    def _spoil(self, table: Table, column: Column, delivery: Delivery) -> None:
        """Replace cells by text: what the column still takes, or what no column should."""
        ammunition = edges(column) if self.draw.random() < 0.6 else TEXTS
        is_one = self.draw.random() < 0.3
        shot = self.draw.choice(ammunition)
        delivery.thrown.append(
            f"{table.name}.{column.name}: text {shot[:30]!r}"
            + (" alone" if is_one else " and others")
        )
        for place in self._places(table):
            self.tables[table.name][place][column.name] = (
                shot if is_one else self.draw.choice(ammunition)
            )

    # -- ways in -------------------------------------------------------------------------------------------------

    def _write_parquet(
        self, folder: Path, table: Table, attacked: Sequence[Column], delivery: Delivery
    ) -> None:
        typed: dict[str, pa.Array] = {}
        for column in attacked:
            if self.draw.random() < 0.3:
                self._spoil(table, column, delivery)
            else:
                typed[column.name] = self._shelled(
                    table, column, self._shell(table, column), delivery
                )
        arrays = {}
        for name in self.names[table.name]:
            arrays[name] = typed.get(name)
            if arrays[name] is None:
                arrays[name] = pa.array(
                    [row[name] for row in self.tables[table.name]], pa.string()
                )
        if self.draw.random() < 0.3:
            odd = self.draw.choice(_ODD_HEADERS)
            arrays[odd] = self._shell(table, None).array(
                [None] * len(self.tables[table.name])
            )
        pq.write_table(pa.table(arrays), folder / self.month / f"{table.name}.parquet")

    def _shell(self, table: Table, column: Column | None) -> Shell:
        found = shells()
        if column is not None and table.required and column.required:
            found = [
                shell
                for shell in found
                if self._says_sound_values(table, column, shell)
            ]
        return self.draw.choice(found)

    def _says_sound_values(self, table: Table, column: Column, shell: Shell) -> bool:
        """Whether a column that must be filled can be of a type and still be read, so that the rooms have work."""
        cell = self.tables[table.name][0][column.name]
        return sound_value(column, shell.kind, cell) is not None

    def _shelled(
        self, table: Table, column: Column, shell: Shell, delivery: Delivery
    ) -> pa.Array:
        delivery.thrown.append(f"{table.name}.{column.name}: {shell.name}")
        cells = [
            sound_value(column, shell.kind, row[column.name])
            for row in self.tables[table.name]
        ]
        for place in self._places(table):
            cells[place] = self.draw.choice(shell.values)
        return shell.array(cells)

    def _write_csv(
        self, folder: Path, table: Table, attacked: Sequence[Column], delivery: Delivery
    ) -> None:
        for column in attacked:
            self._spoil(table, column, delivery)
        names, more = (
            self.names[table.name],
            self.draw.choice((None, None, *_ODD_HEADERS)),
        )
        with (folder / self.month / f"{table.name}.csv").open(
            "w", encoding="utf-8", newline=""
        ) as stream:
            writer = csv.writer(stream)
            writer.writerow(names + [more] * bool(more))
            for row in self.tables[table.name]:
                writer.writerow(
                    [row[name] or "" for name in names] + ["x"] * bool(more)
                )

    def _write_xlsx(
        self, folder: Path, table: Table, attacked: Sequence[Column], delivery: Delivery
    ) -> None:
        for column in attacked:
            self._spoil(table, column, delivery)
        path = folder / self.month / f"{table.name}.xlsx"
        with xlsxwriter.Workbook(
            str(path), {"strings_to_formulas": False, "strings_to_urls": False}
        ) as book:
            sheet = book.add_worksheet()
            names = self.names[table.name]
            sheet.write_row(0, 0, names)
            for line, row in enumerate(self.tables[table.name], 1):
                for place, name in enumerate(names):
                    self._write_cell(sheet, line, place, row[name])

    def _write_cell(self, sheet: Any, line: int, place: int, text: str | None) -> None:
        if text is None:
            return
        roll = self.draw.random()
        if roll < 0.01:
            sheet.write_boolean(line, place, True)
        elif roll < 0.02:
            sheet.write_number(
                line,
                place,
                self.draw.choice([0, -1, 1e300, 5e-324, 46_326, 2_958_466, 1e15]),
            )
        else:
            sheet.write_string(line, place, text[:32_000])

    def _write_rows(
        self,
        database: sqlite3.Connection,
        table: Table,
        attacked: Sequence[Column],
        delivery: Delivery,
    ) -> None:
        names = self.names[table.name]
        for column in attacked:
            self._spoil(table, column, delivery)
        wild = self.draw.sample(attacked, len(attacked) // 2)
        delivery.thrown += [
            f"{table.name}.{column.name}: values of a database" for column in wild
        ]
        rows: list[dict[str, Any]] = [dict(row) for row in self.tables[table.name]]
        for column in wild:
            for place in self._places(table):
                rows[place][column.name] = database_values(self.draw)
        database.execute(f'CREATE TABLE "{table.name}" ({", ".join(names)})')
        marks = ", ".join("?" * len(names))
        database.executemany(
            f'INSERT INTO "{table.name}" VALUES ({marks})',
            [[row[n] for n in names] for row in rows],
        )


def _describe(folder: Path, tables: Sequence[str]) -> Path:
    """Write the YAML of a database source."""
    lines = ["url_env: HOSTILE_DATABASE", "tables:"]
    lines += [f'  {table}: SELECT * FROM "{table}"' for table in tables]
    path = folder / "operator.yml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

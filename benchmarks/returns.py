"""The round trip of real workbooks: exported, filled in, edited in hostile ways, saved again, and taken back.

A twin's month is run, released and exported; its managers' workbooks are filled in, each edited in one of the ways of
`hostile` (or cut off in the middle, or handed in beside a second file that says something else later), and saved by
openpyxl, or on top of that by LibreOffice: as .xlsx, as .ods and back, as .csv. Then `retention outcomes`' own code takes
them. For every order that was filled in stands what was written; of each it is asked what the office holds:

    accepted    stored as written        unchanged   said before, in the same file or another
    refused     reported, row by row or, where a file cannot be read at all, with the whole file
    wrong       stored otherwise than written for that order (must be 0)
    lost        neither stored nor reported (must be 0); the exit code is 1 where anything is

    python -m benchmarks.returns [--workbooks 500] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

import twin
from benchmarks.hostile import EDITS, WORDS, Edit, Page
from pipelines.catalogue.outputs import list_outcomes, load_lists
from pipelines.core.month import Month
from pipelines.core.outcomes import load_outcomes
from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.export import export_month
from pipelines.jobs.run import Job, release_month, run_month
from pipelines.returns.filled import read_return
from pipelines.sources.operator.delivery import FileRefused
from pipelines.store.lake import MonthFolder
from tests.support.small import judge_nothing

HEADER = 3
AT_ONCE = 64  # files a start of LibreOffice
SERVICES_A_DESK = 30
FIRST_DAYS = date(2026, 9, 3), date(2026, 9, 14)
CODES = {spec.title("zh"): list_outcomes(spec) for spec in load_lists()}
Answer = tuple[str, date]  # outcome code, day of the contact
SOFFICE = shutil.which("soffice")
CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true"
WAYS: dict[str, tuple[str, ...]] = {
    "openpyxl": (),
    "LibreOffice xlsx": ("xlsx:Calc MS Excel 2007 XML",),
    "LibreOffice ods, xlsx": ("ods", "xlsx:Calc MS Excel 2007 XML"),
    "LibreOffice csv": (CSV,),
}


def cut_off(page: Page) -> None:
    """Lose the second half of the file on the way."""


def hand_in_twice(page: Page) -> None:
    """Hand in a second file of the same orders with other answers, the later one first."""


@dataclass
class Handed:
    """A workbook on its way: what was done to it, what was written for each order, and what became of it."""

    edit: Edit
    way: str
    path: Path
    written: dict[str, set[Answer]]
    counts: Counter[str] = field(default_factory=Counter)


# -- sending out and filling in ----------------------------------------------------------------------------------


def send_out(work: Path, workbooks: int, seed: int) -> list[Path]:
    """Run, release and export a twin's month with that many managers or more; return their workbooks."""
    month = Month.parse("2026-08")
    config = twin.TwinConfig(customers_per_manager=SERVICES_A_DESK // 2)
    twin.generate(
        work / "source",
        services=workbooks * SERVICES_A_DESK,
        months=1,
        seed=seed,
        through=str(month),
        config=config,
    )
    job = Job(work / "home", month, str(work / "source"), judge=judge_nothing)
    run_month(job)
    release_month(job)
    files = export_month(MonthFolder(work / "home", month), work / "sent", "zh")
    return sorted(path for path in files if _is_work_list(path))[:workbooks]


def _is_work_list(path: Path) -> bool:
    return (
        "_branch_" not in path.name
        and path.suffix == ".xlsx"
        and "_company" not in path.name
    )


def fill_in(sheet: Any, draw: random.Random) -> dict[str, Answer]:
    """Fill in most rows of a work list; return what was written for each order."""
    places = {str(cell.value): cell.column for cell in sheet[HEADER]}
    at = {
        name: places[WORDS[name]]
        for name in (
            "order_id",
            "outcome",
            "contacted_on",
            "promised_amount",
            "promised_on",
        )
    }
    lines = range(HEADER + 1, sheet.max_row + 1)
    said = {}
    for line in sorted(draw.sample(lines, max(1, round(0.8 * len(lines))))):
        list_title = sheet.cell(line, places[WORDS["list_title"]]).value
        code = draw.choice(CODES[list_title])
        day = FIRST_DAYS[0] + timedelta(
            draw.randrange((FIRST_DAYS[1] - FIRST_DAYS[0]).days)
        )
        sheet.cell(line, at["outcome"]).value = WORDS[f"outcome.{code}"]
        sheet.cell(line, at["contacted_on"]).value = day
        if load_outcomes()[code].needs_date:
            sheet.cell(line, at["promised_on"]).value = day + timedelta(5)
        if load_outcomes()[code].needs_amount:
            sheet.cell(line, at["promised_amount"]).value = 50
        said[str(sheet.cell(line, at["order_id"]).value)] = (code, day)
    return said


def edit_all(files: Sequence[Path], out: Path, seed: int) -> list[Handed]:
    """Fill in and edit every workbook; each edit comes by each way equally often."""
    out.mkdir()
    edits = [*EDITS, cut_off, hand_in_twice]
    kinds = [(edit, way) for way in WAYS for edit in edits]
    draw = random.Random(seed)
    return [
        hand
        for number, path in enumerate(files)
        for hand in _edit(path, out, number, kinds, draw)
    ]


def _edit(
    path: Path,
    out: Path,
    number: int,
    kinds: Sequence[tuple[Edit, str]],
    draw: random.Random,
) -> list[Handed]:
    edit, way = kinds[number % len(kinds)]
    made = []
    for turn in range(2 if edit is hand_in_twice else 1):
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        said = fill_in(sheet, draw)
        edit(Page(sheet, HEADER, list(said), draw))
        file = out / f"{number:04d}-{turn}.xlsx"
        book.save(file)
        if WAYS[way] == (
            CSV,
        ):  # a CSV is the first sheet: what stands on others is not handed in
            elsewhere = {
                str(cell)
                for other in book.worksheets[1:]
                for row in other.values
                for cell in row
            }
            said = {
                order: answer
                for order, answer in said.items()
                if order not in elsewhere
            }
        made.append(
            Handed(edit, way, file, {order: {answer} for order, answer in said.items()})
        )
    return made[::-1]


# -- saving by another program -----------------------------------------------------------------------------------


def save_again(handed: Sequence[Handed], work: Path) -> None:
    """Let LibreOffice open and save what is to come by it, many files at a time; then cut off what is to be cut off."""
    for way, forms in WAYS.items():
        mine = [hand for hand in handed if hand.way == way]
        for step, form in enumerate(forms):
            folder = work / f"{way}-{step}".replace(" ", "-").replace(",", "")
            convert([hand.path for hand in mine], folder, form, work / "profile")
            for hand in mine:
                hand.path = folder / f"{hand.path.stem}.{form.split(':')[0]}"
    for hand in handed:
        if hand.edit is cut_off:
            content = hand.path.read_bytes()
            hand.path.write_bytes(content[: len(content) // 2])


def convert(files: Sequence[Path], out: Path, form: str, profile: Path) -> None:
    """Open files in LibreOffice without a screen and save them in another form."""
    command = [
        str(SOFFICE),
        f"-env:UserInstallation=file://{profile}",
        "--headless",
        "--convert-to",
        form,
    ]
    for start in range(0, len(files), AT_ONCE):
        some = map(str, files[start : start + AT_ONCE])
        subprocess.run(
            [*command, "--outdir", str(out), *some],
            check=True,
            capture_output=True,
            timeout=900,
        )


# -- taking back -------------------------------------------------------------------------------------------------


def take_all(handed: Sequence[Handed], key: bytes) -> float:
    """Take every file back and count what became of its rows; return the seconds it took."""
    from console.returns import take_answers_back

    started = time.perf_counter()
    for hand in handed:
        try:
            receipt = take_answers_back(read_return(hand.path, key), "bench")
        except FileRefused:
            hand.counts["refused_with_file"] += len(hand.written)
            continue
        said = {row.order_id for row in receipt.refused}
        stored = held(hand.written)
        hand.counts += Counter(
            accepted=receipt.accepted,
            unchanged=receipt.unchanged,
            refused=len(receipt.refused),
        )
        nameless = len(
            [row for row in receipt.refused if row.order_id not in hand.written]
        )
        missing = [
            order
            for order in hand.written
            if order not in said and not stored.get(order)
        ]
        hand.counts["lost"] += max(0, len(missing) - nameless)
    return time.perf_counter() - started


def hand_in_again(handed: Sequence[Handed], key: bytes) -> int:
    """Hand every fourth file in a second time; return how many answers were new, which none may be."""
    some = [
        Handed(hand.edit, hand.way, hand.path, hand.written) for hand in handed[::4]
    ]
    take_all(some, key)
    return sum(hand.counts["accepted"] for hand in some)


def held(orders: Sequence[str] | dict[str, Any]) -> dict[str, set[Answer]]:
    """Return what the office holds for orders."""
    from console.models import Answer as Held

    found: dict[str, set[Answer]] = {}
    for order_id, outcome, day in Held.objects.filter(
        order_id__in=list(orders)
    ).values_list("order_id", "outcome", "contacted_on"):
        found.setdefault(order_id, set()).add((outcome, day))
    return found


def count_wrong(handed: Sequence[Handed]) -> Iterator[str]:
    """Count what the office holds otherwise than it was written, file by file; yield each case."""
    written: dict[str, set[Answer]] = {}
    for hand in handed:
        for order, answers in hand.written.items():
            written.setdefault(order, set()).update(answers)
    for hand in handed:
        for order, answers in held(hand.written).items():
            if not answers <= written[order]:
                hand.counts["wrong"] += 1
                yield f"{hand.edit.__name__} by {hand.way}: {order} holds {answers - written[order]}"


def count_misplaced(handed: Sequence[Handed]) -> int:
    """Count orders of two files whose later contact does not stand."""
    from console.models import Answer as Held
    from console.returns import find_standing

    wrong = 0
    twice = [hand for hand in handed if hand.edit is hand_in_twice]
    for order in {order for hand in twice for order in hand.written}:
        days = [day for hand in twice for _, day in hand.written.get(order, ())]
        stands = find_standing(Held.objects.filter(order_id=order))
        wrong += stands is not None and stands.contacted_on != max(days)
    return wrong


COLUMNS = ("accepted", "unchanged", "refused", "refused_with_file", "wrong", "lost")


def told(handed: Sequence[Handed], by: str) -> pd.DataFrame:
    """Return the counts by edit or by way."""
    rows = [
        {
            by: hand.edit.__name__ if by == "edit" else hand.way,
            "files": 1,
            "filled": len(hand.written),
        }
        | {name: hand.counts[name] for name in COLUMNS}
        for hand in handed
    ]
    table: pd.DataFrame = pd.DataFrame(rows).groupby(by, sort=False).sum()
    return table


def main() -> int:
    """Print what became of the rows; return 1 where anything was lost or stored otherwise than written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.returns")
    parser.add_argument("--workbooks", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if SOFFICE is None:
        raise SystemExit("LibreOffice (soffice) is not installed")
    pd.set_option("display.width", 200, "display.max_columns", 20)
    with tempfile.TemporaryDirectory(prefix="returns-bench-") as name:
        work, key = Path(name), load_settings().key
        handed = edit_all(
            send_out(work, options.workbooks, options.seed),
            work / "edited",
            options.seed,
        )
        save_again(handed, work)
        seconds = take_all(handed, key)
        again = hand_in_again(handed, key)
        cases = list(count_wrong(handed))
        misplaced = count_misplaced(handed)
    print(
        "\n".join(
            [
                told(handed, "edit").to_string(),
                "",
                told(handed, "way").to_string(),
                *cases,
            ]
        )
    )
    total = told(handed, "edit").sum()
    print(
        f"\n{len(handed)} files of {options.workbooks} workbooks, {len(EDITS) + 2} edits, {total['filled']} rows filled in: "
        f"{total['accepted']} accepted, {total['unchanged']} unchanged, {total['refused']} refused by row, "
        f"{total['refused_with_file']} with their file, {total['wrong']} wrong, {total['lost']} lost; "
        f"every fourth handed in again: {again} new; of two files the later contact does not stand: {misplaced}; "
        f"{seconds / len(handed) * 1000:.0f} ms a file"
    )
    return 1 if total["lost"] or total["wrong"] or again or misplaced else 0


if __name__ == "__main__":
    sys.exit(main())

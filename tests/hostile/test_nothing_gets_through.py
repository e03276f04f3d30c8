"""Whatever is delivered, a month ends in an answer: every row is accounted for, and no room dies of a value.

Random physical types and extreme values are thrown at columns of all tables, by each way in, and all nine rooms run.
"""

from __future__ import annotations

import shutil
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.jobs.run import run_month
from pipelines.store.lake import Version
from tests.hostile.deliveries import WAYS, Attacker
from tests.support.small import job, read, ungated_job
from twin import generate

MONTHS = ("2026-07", "2026-08")
TAKEN = (
    0,
    11,
    12,
    13,
)  # 11: a required table is refused; 13: nothing of it can be used
SECONDS = 60


@dataclass
class Tally:
    """What was tried and what came of it."""

    ends: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def tell(self) -> str:
        """A line or two for the record."""
        ends = ", ".join(f"{end}: {count}" for end, count in sorted(self.ends.items()))
        lines = [
            f"{sum(self.ends.values())} deliveries, {len(self.kinds)} kinds of shot, {sum(self.kinds.values())} columns"
        ]
        return "\n".join([*lines, ends, *self.faults])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    generate(
        folder, services=100, months=2, seed=5, through=MONTHS[-1], file_format="csv"
    )
    return folder


def attack(
    sound: Path,
    folder: Path,
    seed: int,
    tally: Tally,
    patch: pytest.MonkeyPatch,
    gate: bool = False,
) -> None:
    """Deliver two months in a row, the second made of the first; write down how each ended."""
    way = (*WAYS, "mixed")[seed % 5]
    make_job = job if gate else ungated_job
    for month in MONTHS:
        attacker = Attacker(sound, month, seed)
        source = folder / month
        delivery = attacker.deliver(source, way, columns=1 + seed % 3)
        patch.setenv("HOSTILE_DATABASE", f"sqlite:///{source / 'operator.db'}")
        tally.kinds.update(
            f"{way} {shot.partition(': ')[2]}" for shot in delivery.thrown
        )
        try:
            version = run_month(
                make_job(folder / "home", Path(delivery.source), Month.parse(month))
            )
        except RetentionError as error:
            tally.ends[f"{error.exit_code} {error.key}"] += 1
            if error.exit_code not in TAKEN:
                tally.faults.append(
                    f"seed {seed} {month} {way}: {error}\n{_cause(error)}  thrown: {delivery.thrown}"
                )
        except Exception as error:  # noqa: BLE001 - a traceback is what is looked for
            tally.ends["traceback"] += 1
            tally.faults.append(
                f"seed {seed} {month} {way}: {_cause(error)}  thrown: {delivery.thrown}"
            )
        else:
            tally.ends["0"] += 1
            tally.faults += [
                f"seed {seed} {month} {way}: {table} does not balance"
                for table in unbalanced(version)
            ]


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if "/pipelines/" in f.filename
    ]
    where = " < ".join(
        f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-4:])
    )
    return f"{type(error).__name__}: {str(error)[:300]} at {where}\n"


def unbalanced(version: Version) -> Iterator[str]:
    """The tables whose rows are not all accepted, repeats, or in quarantine."""
    aside = Counter(row["table"] for row in read(version, "snapshot_quarantine"))
    for row in read(version, "snapshot_intake"):
        told = row["accepted"] + row["repeats"] + row["quarantined"]
        if row["state"] in ("present", "empty") and (
            row["rows_in"] != told or row["quarantined"] != aside[row["table"]]
        ):
            yield row["table"]


def attack_for(
    seconds: float, sound: Path, tmp_path: Path, seeds: Iterator[int], every_gate: int
) -> Tally:
    """Attack with one seed after another until the time is over."""
    tally, end = Tally(), time.monotonic() + seconds
    with pytest.MonkeyPatch.context() as patch:
        for seed in seeds:
            folder = tmp_path / str(seed)
            attack(
                sound,
                folder,
                seed,
                tally,
                patch,
                gate=seed % every_gate == every_gate - 1,
            )
            shutil.rmtree(folder)
            if time.monotonic() > end:
                break
    print(tally.tell())
    return tally


@pytest.mark.slow
def test_no_value_of_any_type_ends_a_month_without_an_answer(
    sound: Path, tmp_path: Path
) -> None:
    tally = attack_for(SECONDS, sound, tmp_path, iter(range(1_000)), every_gate=7)
    assert tally.ends["0"] and not tally.faults, tally.tell()


@pytest.mark.long
def test_hundreds_of_hostile_deliveries(sound: Path, tmp_path: Path) -> None:
    tally = attack_for(3_000, sound, tmp_path, iter(range(1_000, 1_200)), every_gate=10)
    assert sum(tally.ends.values()) >= 300 and not tally.faults, tally.tell()

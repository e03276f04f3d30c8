"""Live the months of the demonstration in one process, up to the newest, which Airflow runs.

    run_months.py HOME SOURCE ANSWERED

SOURCE is a twin's folder. Its months are run one after the other. The newest of them and those that
the twin then lives, ANSWERED in all, are released, their work lists are sent to the twin's
managers, filled in by them and taken back, each before the month after it is run. A first champion
is trained beside that and scores the months from then on. What is done already is not done again,
so a run that was interrupted goes on.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from contextlib import ExitStack, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from models.registry import ModelRefused, load_model
from pipelines.cli.commands.outcomes import take_outcomes
from pipelines.core.errors import Incomplete, Interrupted, RetentionError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.documents.workbooks.export import export_work_lists
from pipelines.jobs.job import Job
from pipelines.jobs.run import release_month, run_month
from pipelines.jobs.training.shelf import promote_version
from pipelines.rooms.validate import Judge
from pipelines.rooms.validate.gate import open_judge
from pipelines.store.champions import find_champion
from pipelines.store.files import keep_files_private
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import describe_error, fill_label, find_local_language
from twin import respond
from twin.diary import read_diary

RETENTION = Path(sys.executable).with_name("retention")
PROMOTED_BY = "make run"
WORK_LISTS = Path("build/dispatch")


@dataclass(frozen=True)
class Demonstration:
    """The home, the twin's folder, the language of what is said, and what judges deliveries."""

    home: Path
    source: Path
    language: str
    judge: Judge

    def say_line(self, key: str, **facts: object) -> None:
        """Print a line."""
        print("  ", fill_label(self.language, key, **facts), flush=True)

    def run_once(self, month: Month) -> None:
        """Run a month, or find that it stands."""
        started = time.monotonic()
        job = Job(self.home, month, str(self.source), judge=self.judge)
        version = run_month(job)
        seconds = _count_seconds(started)
        self.say_line(
            "demo.month", month=month, version=version.number, seconds=seconds
        )

    def release_once(self, month: Month) -> None:
        """Seal a month, if it is not sealed yet: its orders go out."""
        if MonthFolder(self.home, month).read_seal() is None:
            release_month(Job(self.home, month))

    def answer_orders(self, month: Month) -> None:
        """Let the managers work a released month's orders, and take their workbooks back."""
        started = time.monotonic()
        sent = WORK_LISTS / str(month)
        if str(month) not in read_diary(self.source).answered:
            export_work_lists(MonthFolder(self.home, month), sent, self.language)
            respond(self.source, sent)
        if MonthFolder(self.home, month.plus(1)).current() is not None:
            return  # it was made of these answers
        filled = sorted((self.source / "returned" / str(month)).glob("*.xlsx"))
        receipts = take_back(filled, self.home)
        self.say_line(
            "demo.answered",
            month=month,
            files=len(filled),
            accepted=sum(receipt.accepted for receipt in receipts),
            refused=sum(receipt.refused for receipt in receipts),
            seconds=_count_seconds(started),
        )

    def has_champion(self, month: Month) -> bool:
        """Say whether a model that may be used scores the month."""
        champion = find_champion(self.home, month)
        if champion is None:
            return False
        try:
            load_model(champion.path, load_settings().key)
        except ModelRefused:
            return False
        return True

    def begin_training(self, through: Month) -> subprocess.Popen[str] | None:
        """Start the training of a first champion beside the rest; None where there is one."""
        if self.has_champion(through):
            return None
        arguments = ["train", "--quick", "--through", str(through)]
        arguments += ["--home", str(self.home), "--json"]
        return subprocess.Popen(
            [RETENTION, *arguments], stdout=subprocess.PIPE, text=True
        )

    def finish_training(self, training: subprocess.Popen[str]) -> None:
        """Wait for a training, and make its model champion."""
        started = time.monotonic()
        output, _ = training.communicate()
        if training.returncode:
            raise SystemExit(training.returncode)
        version: str = json.loads(output)["version"]
        promote_version(self.home, version, PROMOTED_BY, PROMOTED_BY, load_settings())
        self.say_line("demo.champion", version=version, seconds=_count_seconds(started))


def _count_seconds(started: float) -> float:
    return round(time.monotonic() - started, 1)


class FileReceipt(NamedTuple):
    """How many rows of a filled workbook were taken, and how many were refused."""

    accepted: int
    refused: int


def take_back(files: list[Path], home: Path) -> list[FileReceipt]:
    """Take filled workbooks back by the command that a person calls.

    What the command refuses does not stop the demonstration.
    """
    output = io.StringIO()
    with redirect_stdout(output), suppress(Incomplete):
        take_outcomes(files, by=PROMOTED_BY, home=home, as_json=True)
    receipts = []
    for content in json.loads(output.getvalue()):
        receipts.append(FileReceipt(content["accepted"], len(content["refused"])))
    return receipts


def judge_by_one_process(open_for: ExitStack) -> Judge:
    """Great Expectations, imported once for all months, and not before the first of them asks."""

    @cache
    def begin() -> Judge:
        return open_for.enter_context(open_judge())

    return lambda context, suites: begin()(context, suites)


def live_months(demonstration: Demonstration, answered: int) -> None:
    """Live the months up to the one before the newest.

    They are those given, and those that come of their answered orders.
    """
    diary = read_diary(demonstration.source)
    through = Month.parse(diary.request.through)
    for back in range(diary.request.months - 1, -1, -1):
        demonstration.run_once(through.plus(-back))
    training = demonstration.begin_training(through)
    demonstration.release_once(through)
    demonstration.answer_orders(through)
    if training is not None:
        demonstration.finish_training(training)
    for later in range(1, answered):
        month = through.plus(later)
        demonstration.run_once(month)
        demonstration.release_once(month)
        demonstration.answer_orders(month)


def main(home: str, source: str, answered: str) -> int:
    """Live the months; return the exit code of what failed, 0 where nothing did."""
    language = find_local_language()
    try:
        with ExitStack() as open_for:
            judge = judge_by_one_process(open_for)
            demonstration = Demonstration(Path(home), Path(source), language, judge)
            live_months(demonstration, int(answered))
    except RetentionError as error:
        return _report_error(error, language)
    except KeyboardInterrupt:
        return _report_error(Interrupted("interrupted.kept"), language)
    return 0


def _report_error(error: RetentionError, language: str) -> int:
    print(describe_error(language, error), file=sys.stderr)
    return error.exit_code


if __name__ == "__main__":
    keep_files_private()
    sys.exit(main(*sys.argv[1:]))

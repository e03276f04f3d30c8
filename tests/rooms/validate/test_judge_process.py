"""The judge's process: what it does not answer is red, and it is gone when its run is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pipelines.catalogue.expectations import Expectation
from pipelines.core.paths import ROOT
from pipelines.rooms.judge.client import JudgeLost, JudgeProcess
from pipelines.rooms.judge.questions import CountQuestion
from pipelines.rooms.validate.checks import judge_counted
from pipelines.rooms.validate.counting import Counted
from pipelines.rooms.validate.gate import judge_in_time
from pipelines.rooms.validate.verdicts import Verdict

RULES = [
    Expectation(
        "usage", "expect_column_values_to_not_be_null", {"column": name}, "info"
    )
    for name in ("service_id", "voice_calls")
]
COUNTED = {rule.finding: Counted(0, 4, 4) for rule in RULES}
# Stands in for the module that answers: the rest of the process is as it is.
ANSWERS = {
    "hangs": "import time\ndef rule_on(question): time.sleep(600)",
    "dies": "import os\ndef rule_on(question): os._exit(7)",
    "says nothing": "def rule_on(question): return []",
    "says nonsense": "def rule_on(question): return ['kept', None, True]",
    "tells of another": textwrap.dedent(
        """
        from pipelines.rooms.judge.questions import Ruling
        def rule_on(question): return [Ruling('bill.of_another_table', True)]
        """
    ),
    "tells of one": textwrap.dedent(
        """
        from pipelines.rooms.judge.questions import Ruling
        def rule_on(question): return [Ruling(question[0].finding, True)]
        """
    ),
    "does not start": "raise ImportError('no library')",
}


@pytest.fixture
def answering(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[JudgeProcess]:
    """A process whose answers are of the kind that the test names."""
    package = tmp_path / "replaced"
    package.mkdir()
    (package / "rulings.py").write_text(
        f"{ANSWERS[request.param]}\ndef get_ready(): pass\n", encoding="utf-8"
    )
    # Found before the package's own: the interpreter reads it when it starts.
    (tmp_path / "sitecustomize.py").write_text(
        "import pipelines.rooms.judge as judge\n"
        f"judge.__path__.insert(0, {str(package)!r})\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    with JudgeProcess() as process:
        yield process


def judge_all(process: JudgeProcess, seconds: int = 30) -> list[Verdict]:
    def work() -> Sequence[Verdict]:
        return list(judge_counted(process, RULES, COUNTED).values())

    process.wait_until_ready()
    return judge_in_time(seconds, RULES, work, process.give_up)


def is_red(verdict: Verdict) -> bool:
    return verdict.is_crash and verdict.expectation.severity == "critical"


@pytest.mark.parametrize("answering", ["hangs"], indirect=True)
def test_a_judge_that_hangs_is_given_up_and_begun_anew(answering: JudgeProcess) -> None:
    first = answering.pid
    began = time.monotonic()
    found = judge_all(answering, seconds=1)
    assert time.monotonic() - began < 5
    assert all(is_red(verdict) for verdict in found)
    assert {verdict.observed for verdict in found} == {"timeout after 1 s"}
    answering.wait_until_ready()
    assert answering.pid not in (None, first)


@pytest.mark.parametrize("answering", ["dies"], indirect=True)
def test_a_judge_that_dies_is_red_and_is_begun_anew(answering: JudgeProcess) -> None:
    for _ in range(2):
        found = judge_all(answering)
        assert all(is_red(verdict) for verdict in found)
        assert {v.observed for v in found} == {"the judge ended with code 7"}


@pytest.mark.parametrize(
    "answering", ["says nothing", "says nonsense", "tells of another"], indirect=True
)
def test_what_is_no_ruling_on_a_rule_is_red(answering: JudgeProcess) -> None:
    found = judge_all(answering)
    assert [(is_red(v), v.observed) for v in found] == [(True, "no result")] * 2


@pytest.mark.parametrize("answering", ["tells of one"], indirect=True)
def test_a_rule_left_out_is_red_and_the_others_are_not(answering: JudgeProcess) -> None:
    told, left_out = judge_all(answering)
    assert told.success and is_red(left_out)


@pytest.mark.parametrize("answering", ["does not start"], indirect=True)
def test_a_judge_that_does_not_start_is_red(answering: JudgeProcess) -> None:
    found = judge_all(answering)
    assert all(is_red(verdict) for verdict in found)
    assert {v.observed for v in found} == {"the judge did not start with code 1"}


def test_a_judge_that_cannot_be_started_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/no/such/interpreter")
    with JudgeProcess() as process:
        assert all(is_red(verdict) for verdict in judge_all(process))


# -- it outlives nobody ----------------------------------------------------------------------------


def is_there(pid: int) -> bool:
    """Whether a process is at work: not gone, and not only waiting to be looked after."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_there(pid)


@pytest.mark.parametrize("answering", ["hangs"], indirect=True)
def test_it_is_gone_when_it_is_closed_even_at_work(answering: JudgeProcess) -> None:
    pid = answering.pid
    assert pid is not None
    answering.wait_until_ready()

    def ask() -> None:
        with pytest.raises(JudgeLost):
            answering.ask([CountQuestion("usage.x", "info", 0)])

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.3)
    answering.give_up()
    asking.join(10)
    assert not asking.is_alive() and wait_until_gone(pid)


@pytest.mark.parametrize("answering", ["hangs"], indirect=True)
def test_it_is_gone_when_its_run_is_killed(
    answering: JudgeProcess, tmp_path: Path
) -> None:
    """It is at work on a question when whoever asked is ended without a word."""
    run = textwrap.dedent(
        """
        import sys, threading
        from pipelines.rooms.judge.client import JudgeProcess
        from pipelines.rooms.judge.questions import CountQuestion
        process = JudgeProcess()
        process.wait_until_ready()
        asked = [CountQuestion("usage.x", "info", 0)]
        threading.Thread(target=process.ask, args=(asked,)).start()
        print(process.pid, flush=True)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", run], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as asker:
        assert asker.stdout is not None
        judge = int(asker.stdout.readline())
        assert is_there(judge)
        asker.send_signal(signal.SIGKILL)
    assert wait_until_gone(judge)


def test_a_daemon_may_have_one(tmp_path: Path) -> None:
    """A scheduler's worker is a daemon, which `multiprocessing` lets have no children."""
    run = textwrap.dedent(
        """
        import multiprocessing
        def work(connection):
            from pipelines.rooms.judge.client import JudgeProcess
            from pipelines.rooms.judge.questions import CountQuestion
            with JudgeProcess() as process:
                found = process.ask([CountQuestion("usage.x", "info", 1.0, 0.9)])
                connection.send([(one.finding, one.is_kept, one.raised) for one in found])
        if __name__ == "__main__":
            ours, theirs = multiprocessing.Pipe()
            fork = multiprocessing.get_context("fork")
            worker = fork.Process(target=work, args=(theirs,), daemon=True)
            worker.start()
            print(ours.recv())
            worker.join()
        """
    )
    script = tmp_path / "worker.py"
    script.write_text(run, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip() == "[('usage.x', True, None)]", done.stderr

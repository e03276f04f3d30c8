"""kill -9 at every step of a delivery, found by making one: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.store.outbox import Outbox
from tests.delivery.conftest import House
from tests.delivery.servers import mail_server, robot, sftp_server
from tests.delivery.test_mail import add_mail
from tests.delivery.test_robot import TAKEN
from tests.delivery.test_sftp import add_sftp
from tests.faults.forge import Forge
from tests.support.small import KEY, MONTH

SIGKILL = -9
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    made = Forge(RETENTION_SECRET_KEY=KEY)
    yield made
    made.close()


def run(forge: Forge, house: House, failpoint: str = "", trace: Path | str = "") -> int:
    args = ("deliver", str(MONTH), "--home", str(house.home), "--json")
    return forge.run(
        *args, failpoint=failpoint, trace=trace, RETENTION_DELIVERY_FILE=str(house.file)
    )[0]


def steps(trace: Path) -> list[str]:
    """The steps of a delivery, the later passings of one by number."""
    seen: Counter[str] = Counter()
    found = []
    for step in trace.read_text().splitlines():
        seen[step] += 1
        found.append(f"{step}#{seen[step]}")
    return found


def fresh(house: House) -> House:
    """The house as it was before its delivery, with its channels."""
    for path in house.outbox.glob("*.json"):
        path.unlink()
    return house


def letters(house: House) -> dict[str, str]:
    return {
        key: one.state for key, one in Outbox(house.home, str(MONTH)).letters().items()
    }


def test_a_folder_has_every_file_once_wherever_it_died(
    forge: Forge, house: House, tmp_path: Path
) -> None:
    place = house.add_folder(what=["manager", "branch"])
    assert run(forge, house, trace=tmp_path / "steps") == 0
    wanted = {
        path.relative_to(place): path.read_bytes() for path in place.rglob("*.xlsx")
    }
    passed = steps(tmp_path / "steps")
    assert len(wanted) == 3 and {
        "deliver.filed#1",
        "deliver.beside#3",
        "deliver.acknowledged#3",
    } <= set(passed)
    for step in passed:
        shutil.rmtree(place)
        place.mkdir()
        assert run(forge, fresh(house), f"{step}=kill") == SIGKILL, step
        there = {path: path.stat().st_mtime_ns for path in place.rglob("*.xlsx")}
        assert run(forge, house) == 0, step
        assert {
            p.relative_to(place): p.read_bytes()
            for p in place.rglob("*")
            if p.is_file()
        } == wanted, step
        assert all(path.stat().st_mtime_ns == at for path, at in there.items()), (
            "what was there is left alone"
        )
    print(f"killed at {len(passed)} steps")


@pytest.mark.long
def test_sftp_has_every_file_once_wherever_it_died(
    forge: Forge, house: House, tmp_path: Path
) -> None:
    with sftp_server(tmp_path / "far") as box:
        add_sftp(house, box, what=["manager"])
        assert run(forge, house, trace=tmp_path / "steps") == 0
        passed = steps(tmp_path / "steps")
        wanted = sorted(box.renamed)
        assert len(wanted) == 2
        for step in passed:
            shutil.rmtree(box.root / "inbox")
            (box.root / "inbox").mkdir()
            box.renamed.clear()
            assert run(forge, fresh(house), f"{step}=kill") == SIGKILL, step
            assert run(forge, house) == 0, step
            assert sorted(box.renamed) == wanted, step
            assert not list(box.root.rglob("*.part")), step


def test_a_robot_posts_at_most_once_and_what_is_unsure_says_so(
    forge: Forge, house: House, tmp_path: Path
) -> None:
    with robot(TAKEN) as host:
        house.add_robot(host.port)
        assert run(forge, house, trace=tmp_path / "steps") == 0
        for step in steps(tmp_path / "steps"):
            host.messages.clear()
            assert run(forge, fresh(house), f"{step}=kill") == SIGKILL, step
            arrived = len(host.messages)
            code = run(forge, house)
            assert len(host.messages) <= 1, step
            (state,) = letters(house).values()
            assert (code, state) in ((0, "sent"), (12, "unsure")), step
            assert state == "unsure" or len(host.messages) == 1, (
                "nothing is called sent that was not"
            )
            if step.startswith("deliver.acknowledged"):
                assert (arrived, state) == (1, "unsure")
                assert run(forge, house) == 12 and len(host.messages) == 1, (
                    "a third delivery knows no better"
                )


@pytest.mark.long
def test_a_mail_sent_again_is_the_same_mail(
    forge: Forge, house: House, tmp_path: Path
) -> None:
    with mail_server() as box:
        add_mail(house, box, what=["manager"])
        assert run(forge, house, trace=tmp_path / "steps") == 0
        wanted = {mail["Message-ID"] for _, mail in box.mails}
        twice = []
        for step in steps(tmp_path / "steps"):
            box.mails.clear()
            assert run(forge, fresh(house), f"{step}=kill") == SIGKILL, step
            assert run(forge, house) == 0, step
            seen = Counter(mail["Message-ID"] for _, mail in box.mails)
            assert seen.keys() == wanted and max(seen.values()) <= 2, step
            twice += [step] if max(seen.values()) == 2 else []
        assert "deliver.acknowledged#1" in twice
    print(f"a second copy, known by its Message-ID, after death at {twice}")

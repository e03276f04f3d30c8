"""SFTP to a real server: whole files by rename, a known host only, and what a broken connection leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from pipelines.store.outbox import Outbox
from tests.delivery.conftest import House
from tests.delivery.servers import SftpBox, mute, sftp_server
from tests.support.small import MONTH


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SftpBox]:
    with sftp_server(tmp_path / "far") as server:
        yield server


def add_sftp(house: House, box: SftpBox, **more: Any) -> None:
    key = house.folder / "key"
    box.client_key.write_private_key_file(str(key))
    known = box.known_hosts(house.folder / "known_hosts")
    house.channels["up"] = {
        "kind": "sftp", "host": "127.0.0.1", "port": box.port, "user": "retention", "key_file": str(key),
        "known_hosts_file": str(known), "folder": "/inbox", "timeout": 5, "what": ["company"],
    } | more  # fmt: skip


def names(box: SftpBox) -> list[str]:
    return sorted(
        path.name for path in (box.root / "inbox").rglob("*") if path.is_file()
    )


def test_files_arrive_whole_and_once(house: House, box: SftpBox) -> None:
    add_sftp(house, box)
    report = house.deliver()
    assert set(report.counts) == {"sent"} and len(names(box)) == report.counts["sent"]
    assert {"2026-08_company.xlsx", "2026-08_summary.docx"} <= set(names(box))
    for letter in report.letters:
        assert (box.root / "inbox" / letter.target).read_bytes() == (
            house.outbox / letter.files[0]
        ).read_bytes()
    assert len(box.transports) == 1, "one connection for all"
    house.deliver()
    assert len(box.renamed) == report.counts["sent"] and len(box.transports) == 1


def test_a_delivery_that_died_before_the_rename_goes_on(
    house: House, box: SftpBox
) -> None:
    add_sftp(house, box)
    letter = house.deliver(is_dry=True).letters[0]
    target = box.root / "inbox" / letter.target
    target.parent.mkdir(parents=True)
    (target.parent / f".{target.name}.part").write_bytes(
        b"half of it, and longer than" * 100_000
    )
    assert set(house.deliver().counts) == {"sent"}
    assert target.read_bytes() == (house.outbox / letter.files[0]).read_bytes()
    assert not [name for name in names(box) if name.endswith(".part")]


def test_a_delivery_that_died_after_the_rename_sends_nothing(
    house: House, box: SftpBox
) -> None:
    add_sftp(house, box)
    letter = house.deliver().letters[0]
    Outbox(house.home, str(MONTH)).put(letter, state="sending")
    sent = len(box.renamed)
    assert set(house.deliver().counts) == {"sent"} and len(box.renamed) == sent


def test_a_host_with_another_key_is_not_logged_in_to(
    house: House, box: SftpBox
) -> None:
    add_sftp(house, box)
    box.known_hosts(house.folder / "known_hosts", paramiko.ECDSAKey.generate())
    report = house.deliver()
    assert {(one.state, one.why) for one in report.letters} == {
        ("pending", "host_key")
    } and not names(box)
    (house.folder / "known_hosts").write_text("")
    assert {one.why for one in house.deliver().letters} == {"host_key"}
    box.known_hosts(house.folder / "known_hosts")
    assert set(house.deliver().counts) == {"sent"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"user": "somebody"}, "login"),
        ({"folder": "/nowhere"}, "folder_missing"),
        ({"key_file": "/nowhere/key"}, "no_secret"),
        ({"known_hosts_file": "/nowhere/known"}, "no_secret"),
        ({"port": 1}, "host_key"),
    ],
)
def test_what_a_person_must_mend_is_tried_once(
    house: House, box: SftpBox, change: dict[str, Any], why: str
) -> None:
    add_sftp(house, box, **change)
    report = house.deliver()
    assert {(one.state, one.why) for one in report.letters} == {
        ("pending", why)
    } and house.waits == []


def test_a_key_that_is_no_key(house: House, box: SftpBox) -> None:
    add_sftp(house, box, key_file=house.secret("canary-key"))
    assert {one.why for one in house.deliver().letters} == {
        "no_secret"
    } and "canary" not in house.written()


def test_no_right_to_write_is_a_dead_letter(house: House, box: SftpBox) -> None:
    add_sftp(house, box)
    box.is_read_only = True
    report = house.deliver()
    assert {(one.state, one.why) for one in report.letters} == {("dead", "sftp_denied")}
    box.is_read_only = False
    assert house.deliver(*(one.id for one in report.letters)).counts["sent"] == len(
        report.letters
    )


def test_a_connection_that_breaks_between_files_is_made_anew(
    house: House, box: SftpBox
) -> None:
    add_sftp(house, box)

    first = house.deliver(is_dry=True).counts["pending"]
    original = box.renamed

    class Cutting(list[str]):
        def append(self, name: str) -> None:
            super().append(name)
            if len(self) == 1:
                box.transports[-1].close()

    box.renamed = Cutting(original)
    report = house.deliver()
    assert dict(report.counts) == {"sent": first} and len(box.transports) == 2
    assert len(names(box)) == first


def test_nobody_at_the_port(house: House, tmp_path: Path) -> None:
    with sftp_server(tmp_path / "other") as box:
        add_sftp(house, box)
    report = house.deliver()
    assert {(one.state, one.why) for one in report.letters} == {
        ("pending", "sftp_broken")
    } and house.waits == [1, 2]


def test_a_host_that_says_nothing(house: House, box: SftpBox) -> None:
    with mute() as port:
        box.port = port
        add_sftp(house, box, timeout=0.3)
        report = house.deliver()
    assert {(one.state, one.why) for one in report.letters} == {
        ("pending", "sftp_broken")
    } and house.waits == [1, 2]

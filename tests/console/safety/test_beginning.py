"""The first day: a port that is taken, a manager nobody knows, a queue before the first month."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.core.errors import StorageError
from tests.support.console.visitors import PEOPLE, Console, make_accounts
from tests.support.small import own_settings


def test_a_port_that_is_taken_is_said_before_anything_else() -> None:
    from console.server import refuse_taken_address

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StorageError, match=r"console\.cannot_listen"):
            refuse_taken_address(f"127.0.0.1:{port}")
    refuse_taken_address(f"127.0.0.1:{port}")
    refuse_taken_address("127.0.0.1:0")
    with pytest.raises(StorageError, match=r"console\.cannot_listen"):
        refuse_taken_address("203.0.113.7:8000")


@pytest.mark.parametrize(("manager", "is_known"), [("M1", True), ("M01", False)])
def test_a_manager_whom_the_month_does_not_know_is_told(
    console: Console, manager: str, is_known: bool
) -> None:
    words = ["account", "add", "sun", "--role", "manager", "--manager-id", manager]
    made = CliRunner().invoke(app, [*words, "--home", str(console.home), "--lang", "en"])  # fmt: skip
    assert made.exit_code == 0 and "First password" in made.stdout
    assert ("knows no manager M01" in made.stderr) is not is_known


def test_an_account_moves_to_another_manager_at_once_and_on_the_record(
    console: Console,
) -> None:
    wang = console.visit("wang")
    assert "安哨兵" in wang.get("/queue/").content.decode()
    home = ["--home", str(console.home)]
    words = ["account", "move", "wang", "--manager-id", "M2"]
    assert CliRunner().invoke(app, [*words, *home]).exit_code == 0
    page = wang.get("/queue/").content.decode()
    assert "丹哨兵" in page and "安哨兵" not in page
    assert [entry.subject for entry in console.entries(action="account_moved")] == ["wang"]  # fmt: skip
    without = CliRunner().invoke(app, ["account", "move", "head1", *home])
    assert without.exit_code != 0


def test_before_the_first_month_nothing_is_told_and_the_queue_says_why_it_is_empty(
    tmp_path: Path, console: Console
) -> None:
    from console.accounts.register import knows_manager
    from console.database import open_console

    home = tmp_path / "new"
    assert knows_manager(home, "M1") is None
    open_console(home, own_settings())
    make_accounts({"wang": PEOPLE["wang"]})
    page = Console(home).visit("wang").get("/queue/").content.decode()
    assert "您还没有派单" in page

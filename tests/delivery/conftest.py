"""A released month with its files rendered, copied for each test, and the delivery file a test writes beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.core.settings import Settings
from pipelines.delivery.content import open_released, render_parcels
from pipelines.delivery.post import Pace, Report, Wishes, deliver_letters
from pipelines.jobs.run import release_month
from pipelines.store.outbox import Outbox
from tests.support.made_once import make_once
from tests.support.small import MONTH, Town, job, own_settings, run_town

PHONE, NAME, CUSTOMER = "13899990001", "欧阳明月", "cust-0001"
ALL = ["manager", "branch", "company"]


def town() -> Town:
    """M1 and M2 have a customer in arrears each, dan is for branch B1 to claim; only M1's address is delivered."""
    made = (
        Town()
        .person(CUSTOMER, name=NAME, phone=PHONE)
        .person("bob", manager="M2", calls=0)
    )
    made.person("dan", manager=None, vip_tier="none", revenue="10.00").owe(
        CUSTOMER
    ).owe("bob")
    for row in made.tables["account_manager"]:
        row["email"] = "m1@telecom.example" if row["manager_id"] == "M1" else ""
    return made


@pytest.fixture(scope="session")
def released() -> Path:
    """A home with a released month, once a run of tests; what is to be sent is rendered already."""

    def make(folder: Path) -> None:
        home = folder / "home"
        run_town(home, town(), folder / "source", holdout_share=0)
        release_month(job(home, None))
        outbox = Outbox(home, str(MONTH)).path
        render_parcels(open_released(home, str(MONTH)), outbox, "en", own_settings())

    return make_once("delivery_released", make) / "home"


@dataclass
class House:
    """A home, the channels its delivery file names, and how patient it is."""

    folder: Path
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    since: str = "2026-01"
    waits: list[float] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox" / str(MONTH)

    @property
    def file(self) -> Path:
        path = self.folder / "deliver.yml"
        path.write_text(
            yaml.safe_dump(
                {"since": self.since, "language": "en", "channels": self.channels}
            )
        )
        return path

    @property
    def settings(self) -> Settings:
        return own_settings(delivery_file=self.file, holdout_share=0)

    def deliver(
        self,
        *again: str,
        received: tuple[str, ...] = (),
        longest: float = 60,
        is_dry: bool = False,
    ) -> Report:
        """Deliver the month without really waiting; how long it would have waited is kept."""
        pace = Pace(attempts=3, first=1, longest=longest, sleep=self.waits.append)
        return deliver_letters(
            self.home, str(MONTH), self.settings, Wishes(again, received), pace, is_dry
        )

    def secret(self, text: str, name: str = "secret") -> str:
        """Put a secret into a file; return the file."""
        (self.folder / name).write_text(text + "\n")
        return str(self.folder / name)

    def written(self) -> str:
        """All that the outbox says of its letters."""
        return "".join(
            path.read_text(encoding="utf-8")
            for path in sorted(self.outbox.glob("*.json"))
        )

    def add_folder(self, name: str = "share", **more: Any) -> Path:
        """Add a folder as a channel."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        self.channels[name] = {
            "kind": "folder",
            "path": str(place),
            "what": ALL,
            **more,
        }
        return place

    def add_robot(
        self, port: int, name: str = "robot", scheme: str = "http", **more: Any
    ) -> None:
        """Add a robot on this machine as a channel."""
        url = self.secret(
            f"{scheme}://127.0.0.1:{port}/send?access_token=canary-token", f"{name}.url"
        )
        plain = {
            "kind": "robot",
            "type": "dingtalk",
            "host": "127.0.0.1",
            "url_file": url,
            "timeout": 60,
        }
        self.channels[name] = plain | more


@pytest.fixture
def house(released: Path, tmp_path: Path) -> House:
    shutil.copytree(released, tmp_path / "home")
    return House(tmp_path)


@pytest.fixture
def states() -> Callable[[Report], dict[str, str]]:
    """A report's letters by channel and receiver."""
    return lambda report: {
        f"{one.channel} {one.receiver}": one.state for one in report.letters
    }

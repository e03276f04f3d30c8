"""Keep what a twin's folder was made of, so that it can be lived again to the same byte and go on."""

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from twin.config import TwinConfig
from twin.world.state import World

FILE = "twin.json"
FORM = 2


@dataclass(frozen=True)
class Request:
    """Hold what was asked for: the arguments that decide every byte."""

    services: int
    months: int
    seed: int
    through: str
    file_format: str = "parquet"
    drop: tuple[str, ...] = ()
    config: TwinConfig = field(default_factory=TwinConfig)


@dataclass(frozen=True)
class Diary:
    """Hold the request, the months whose orders were answered since, and the state at the newest cut-off as a hash."""

    request: Request
    answered: tuple[str, ...]
    state: str

    def write(self, out: Path) -> None:
        """Write the diary beside the truth."""
        content = {"form": FORM, **asdict(self)}
        path = out / "truth" / FILE
        path.write_text(
            json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
            encoding="utf-8",
        )


def read_diary(out: Path) -> Diary:
    """Read a folder's diary. Raises ValueError where there is none, or one of another form."""
    path = out / "truth" / FILE
    if not path.is_file():
        raise ValueError(
            f"{out} holds no twin that could go on ({path.name} is missing in its truth folder)"
        )
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if content.pop("form", None) != FORM:
        raise ValueError(f"{path} was written by another version; make the twin anew")
    request = content["request"]
    asked = Request(
        **request
        | {
            "drop": tuple(request["drop"]),
            "config": TwinConfig.from_mapping(request["config"]),
        }
    )
    return Diary(asked, tuple(content["answered"]), content["state"])


def keep_orders(out: Path, month: str, orders: pa.Table) -> None:
    """Keep the orders that were given for a month."""
    folder = out / "truth" / month
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(orders, folder / "order_given.parquet", compression="zstd")


def kept_orders(out: Path, month: str) -> pa.Table:
    """Read the orders that were given for a month."""
    return pq.read_table(out / "truth" / month / "order_given.parquet")


def hash_state(world: World) -> str:
    """Hash what the next month is made of: customers, lines, open bills, owners, cards, tickets."""
    digest = sha256()
    for rows in (
        world.customers,
        world.services,
        world.bills,
        world.ownerships,
        world.cards,
        world.tickets,
    ):
        for column in vars(rows).values():
            digest.update(column.tobytes())
    return digest.hexdigest()

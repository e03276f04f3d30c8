"""Homes as a power cut, a full disk or a hand leaves them: what is torn, and which file a message must name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.home import MONTH

FOLDER = Path("months") / str(MONTH)
VERSION = FOLDER / "v0001"
LETTER = Path("outbox") / str(MONTH) / f"{'0' * 24}.json"
PROMOTION = '{"version": "2026-07-0123456789ab", "trained_through": "2026-07", "by": "a", "why": "", "at": ""}\n'


@dataclass(frozen=True)
class Damage:
    """What is done to a file of a home, and what a command that needs it has to name."""

    file: Path
    make: Callable[[Path], object]
    missed: str | None = None

    @property
    def named(self) -> str:
        """What every message about it holds: the file's name, or what it should lead to."""
        return self.missed or self.file.name


def says(content: str | bytes) -> Callable[[Path], object]:
    """Put something else into a file."""
    kept = content.encode() if isinstance(content, str) else content

    def write(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(kept)

    return write


def cut(path: Path) -> None:
    """Leave the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def remove(path: Path) -> None:
    """Take a file away."""
    path.unlink()


def garble(path: Path) -> None:
    """Keep both ends of a file, and nothing of what is between them."""
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(len(content) - 12) + content[-8:])


def become_a_folder(path: Path) -> None:
    """Put a folder in a file's place."""
    path.unlink()
    path.mkdir()


def lead_out(path: Path) -> None:
    """Give a manifest a table whose name is a path."""
    manifest = json.loads(path.read_text())
    manifest["tables"]["../../../../secret"] = manifest["tables"]["kpi_monthly"]
    path.write_text(json.dumps(manifest))


def letter(*files: str) -> str:
    """A letter that is whole but for where its files lie."""
    said = {
        "id": LETTER.stem,
        "occasion": str(MONTH),
        "version": 1,
        "channel": "a",
        "receiver": "b",
        "target": "c",
    }
    return json.dumps(said | {"files": files})


CURRENT, SEAL, MANIFEST = (
    FOLDER / "CURRENT",
    FOLDER / "SEAL.json",
    VERSION / "manifest.json",
)
TABLE, ORDERS, BEFORE = (
    VERSION / "kpi_monthly.parquet",
    VERSION / "dispatch_order.parquet",
    Path("months/2026-07/v0001"),
)
DEEP = "[" * 10_000

DAMAGES: dict[str, Damage] = {
    "CURRENT empty": Damage(CURRENT, says("")),
    "CURRENT gone": Damage(CURRENT, remove),
    "CURRENT leads out": Damage(CURRENT, says("../../x\n")),
    "CURRENT names what is gone": Damage(CURRENT, says("v0009\n"), "v0009"),
    "CURRENT is no text": Damage(CURRENT, says(b"\xff\x00v0001")),
    "CURRENT is a folder": Damage(CURRENT, become_a_folder),
    "manifest cut": Damage(MANIFEST, cut),
    "manifest empty": Damage(MANIFEST, says("")),
    "manifest gone": Damage(MANIFEST, remove),
    "manifest is a list": Damage(MANIFEST, says("[]")),
    "manifest of another form": Damage(
        MANIFEST, says('{"month": "2026-08", "inputs": {}, "tables": ["kpi_monthly"]}')
    ),
    "manifest nested": Damage(MANIFEST, says(DEEP)),
    "manifest leads out": Damage(MANIFEST, lead_out),
    "version gone": Damage(VERSION, shutil.rmtree),
    "SEAL cut": Damage(SEAL, cut),
    "SEAL empty": Damage(SEAL, says("")),
    "SEAL of another form": Damage(SEAL, says('{"version": "../../x", "manifest": 1}')),
    "promotions cut": Damage(
        Path("models/promotions.jsonl"), says(PROMOTION + PROMOTION[:30])
    ),
    "promotions lead out": Damage(
        Path("models/promotions.jsonl"),
        says(PROMOTION.replace("2026-07-0123456789ab", "../../x")),
    ),
    "waivers cut": Damage(Path("waivers.jsonl"), says('{"finding": "bill.')),
    "table cut": Damage(TABLE, cut),
    "table empty": Damage(TABLE, says("")),
    "table gone": Damage(TABLE, remove),
    "table garbled": Damage(TABLE, garble),
    "orders cut": Damage(ORDERS, cut),
    "table of the month before cut": Damage(BEFORE / "features_history.parquet", cut),
    "manifest of the month before cut": Damage(BEFORE / "manifest.json", cut),
    "letter cut": Damage(LETTER, says('{"id": "0')),
    "letter leads out": Damage(LETTER, says(letter("../../office.sqlite3"))),
    "office no database": Damage(
        Path("office.sqlite3"), says(b"no database at all" * 100)
    ),
    "office cut": Damage(Path("office.sqlite3"), cut),
    "draft torn": Damage(FOLDER / "v0002.partial" / "draft.json", says("{")),
    "months and days that are none": Damage(Path("days/2026-99-99/x"), says("")),
}


def damage(name: str, home: Path, to: Path) -> Path:
    """Copy a home and do the damage to the copy."""
    shutil.copytree(home, to)
    one = DAMAGES[name]
    one.make(to / one.file)
    return to

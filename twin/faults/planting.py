"""Plant faults into a month that has been written, and put down beside the truth what was planted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from twin.faults.registry import FAULTS, Fault
from twin.faults.site import Site

RECORD = "faults.json"


def plant_faults(out: Path, month: str, names: Sequence[str], seed: int) -> None:
    """Plant faults into a month of a twin, in the order given; write truth/faults.json where there is any.

    The same month and seed give the same damage. Raise ValueError for a month that lacks what a fault needs, and for
    names that cannot be planted.
    """
    planted = [_plant(out / month, fault, seed) for fault in choose_faults(names)]
    record = out / "truth" / RECORD
    record.unlink(missing_ok=True)
    if planted:
        record.parent.mkdir(exist_ok=True)
        record.write_text(
            json.dumps(planted, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )


def choose_faults(names: Sequence[str]) -> list[Fault]:
    """Find faults by name; raise ValueError for a name that is none, or when one leaves the next no table to read."""
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        raise ValueError(
            f"no fault is called {unknown[0]}; there are: {', '.join(sorted(FAULTS))}"
        )
    faults = [FAULTS[name] for name in names]
    _check_order(faults)
    return faults


def _check_order(faults: Sequence[Fault]) -> None:
    spoilt: dict[str, str] = {}
    for fault in faults:
        for table in fault.tables:
            if table in spoilt:
                raise ValueError(
                    f"{fault.name} cannot be planted after {spoilt[table]}: {table} is no table any more"
                )
        if fault.kind in ("container", "shape"):
            spoilt |= dict.fromkeys(fault.tables, fault.name)


def _plant(folder: Path, fault: Fault, seed: int) -> dict[str, object]:
    rng = np.random.default_rng([seed, crc32(fault.name.encode())])
    rows = fault.plant(
        Site(folder, rng, fault.tables[0], fault.columns, fault.share, fault.is_text)
    )
    told = {
        "name": fault.name,
        "month": folder.name,
        "kind": fault.kind,
        "must": fault.must,
    }
    return told | {"tables": fault.tables, "columns": fault.columns, "rows": rows}

"""Reads one month folder of the input contract into typed frames. For clean inputs: what it cannot read, it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .schema import ENUMS, TABLES, Table

# People leave and still owe: a row of these is accepted of whoever an earlier month knew.
OUTLIVING = ("receivable", "adjustment", "payment")

LOCAL = ZoneInfo("Asia/Shanghai")
EXTENSIONS = (".csv", ".csv.gz", ".parquet")
BOOLEANS = {
    "true": True,
    "1": True,
    "是": True,
    "y": True,
    "false": False,
    "0": False,
    "否": False,
    "n": False,
}


class NotCleanError(ValueError):
    """The input holds something that only the pipeline's own cleaning can decide about."""


def month_folders(source: Path) -> list[str]:
    """The bill months a source has a folder for, in order."""
    return sorted(
        p.name for p in source.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]") if p.is_dir()
    )


def read_month(
    source: Path,
    month: str,
    former_customers: Iterable[str] = (),
    former_services: Iterable[str] = (),
) -> dict[str, pd.DataFrame | None]:
    """All tables of the month, typed, with the contract's row rules applied. An absent table is None.

    `former_customers` and `former_services` are whom earlier held months knew.
    """
    folder = source / month
    tables = {name: _load(folder, name, month) for name in TABLES}
    for name in ("customer", "service", "bill"):
        frame = tables[name]
        if frame is None or frame.empty:
            raise NotCleanError(f"{folder}: required table {name} is absent or empty")
    customers = _column(tables["customer"], "customer_id")
    tables["service"] = _belonging(tables["service"], customers, None)
    services = _column(tables["service"], "service_id")
    ever_customers = pd.Series([*customers, *former_customers], dtype=object)
    ever_services = pd.Series([*services, *former_services], dtype=object)
    for name in TABLES:
        if name in OUTLIVING:
            tables[name] = _belonging(tables[name], ever_customers, ever_services)
        elif name not in ("customer", "service"):
            tables[name] = _belonging(tables[name], customers, services)
    return tables


def _column(frame: pd.DataFrame | None, name: str) -> pd.Series:
    assert frame is not None
    return frame[name]


def _belonging(
    frame: pd.DataFrame | None, customers: pd.Series, services: pd.Series | None
) -> pd.DataFrame | None:
    """Without the rows of customers or services the month does not have; an empty reference belongs to nobody's."""
    if frame is None:
        return None
    known = {"customer_id": customers, "service_id": services}
    keep = pd.Series(True, index=frame.index)
    for name, ids in known.items():
        if ids is not None and name in frame:
            keep &= frame[name].isin(ids) | frame[name].isna()
    return frame[keep].reset_index(drop=True)


def _load(folder: Path, name: str, month: str) -> pd.DataFrame | None:
    files = sorted(
        p
        for p in folder.iterdir()
        if p.name.split(".")[0] == name and p.name.lower().endswith(EXTENSIONS)
    )
    if not files:
        return None
    raw = pd.concat([_raw(path) for path in files], ignore_index=True)
    try:
        frame = _typed(raw, TABLES[name])
    except NotCleanError as error:
        raise NotCleanError(f"{folder.name}/{name}: {error}") from error
    if name == "bill" and not frame["bill_month"].eq(month).all():
        raise NotCleanError(f"{folder.name}/bill: bills of another month")
    return _trusted(frame, TABLES[name])


def _raw(path: Path) -> pd.DataFrame:
    """Everything as text; empty is missing."""
    if path.name.endswith(".parquet"):
        table = pq.read_table(path)
        frame = pd.DataFrame(
            {name: _as_text(table.column(name)) for name in table.column_names},
            dtype=object,
        )
    else:
        frame = pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        ).astype(object)
    return pd.DataFrame(
        {name: [_cell(v) for v in frame[name]] for name in frame}, dtype=object
    )


def _cell(value: object) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None


def _as_text(column: pa.ChunkedArray) -> list[str | None]:
    """Floats in their shortest decimal form, dates in ISO form."""
    values = (
        None if isinstance(v, float) and math.isnan(v) else v
        for v in column.to_pylist()
    )
    return [None if v is None else str(v) for v in values]


def _typed(raw: pd.DataFrame, table: Table) -> pd.DataFrame:
    missing = table.required - set(raw.columns)
    if missing:
        raise NotCleanError(f"required columns missing: {sorted(missing)}")
    frame = pd.DataFrame(
        {
            name: CONVERT[kind](raw[name])
            for name, kind in table.kinds.items()
            if name in raw
        },
        index=raw.index,
    )
    for name in frame:
        if name in table.required and frame[name].isna().any():
            raise NotCleanError(f"required column {name} has empty cells")
        if name in ENUMS and not frame[name].dropna().isin(ENUMS[str(name)]).all():
            raise NotCleanError(f"column {name} has values outside the contract")
    if "open_amount" in frame and frame["open_amount"].le(0).any():
        raise NotCleanError("open_amount must be above 0")
    if "adjustment_amount" in frame and frame["adjustment_amount"].gt(0).any():
        raise NotCleanError("adjustment_amount must not be above 0")
    return frame


def _trusted(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """An exact repeat counts once; rows that share a key with other content are all out: none can be trusted."""
    once = frame.drop_duplicates()
    return once[~once.duplicated(list(table.key), keep=False)].reset_index(drop=True)


def _each(column: pd.Series, parse: Callable[[str], object]) -> pd.Series:
    """Parses every distinct text once."""
    parsed: dict[object, object] = {}
    for text in column.dropna().unique():
        try:
            parsed[text] = parse(text)
        except (ValueError, KeyError, InvalidOperation) as error:
            raise NotCleanError(
                f"column {column.name}: cannot read {text!r}"
            ) from error
    return pd.Series([parsed.get(v) for v in column], index=column.index, dtype=object)


def _fen(text: str) -> int:
    fen = Decimal(text) * 100
    if fen != int(fen):
        raise ValueError("more than two decimals")
    return int(fen)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(LOCAL).replace(tzinfo=None) if moment.tzinfo else moment


def _month(text: str) -> str:
    return datetime.fromisoformat(
        text if len(text) > 7 else f"{text.replace('-', '')}01"
    ).strftime("%Y-%m")


def _times(column: pd.Series) -> pd.Series:
    return pd.to_datetime(_each(column, _moment)).astype("datetime64[us]")


CONVERT: dict[str, Callable[[pd.Series], pd.Series]] = {
    "text": lambda column: column,
    "money": lambda column: _each(column, _fen).astype("Int64"),
    "qty": lambda column: _each(column, Decimal),
    "month": lambda column: _each(column, _month),
    "time": _times,
    "date": lambda column: _times(column).dt.normalize(),
    "bool": lambda column: _each(column, lambda text: BOOLEANS[text.lower()]).astype(
        "boolean"
    ),
}

"""What a model is shown: a row for each service in the network, the columns of every feature group it may use.

A feature group is a file of `sql/features` with `model:` in its front matter: which of its columns a model may see, by
what word a manager reads them (`reason`), and where the business knows the direction, its sign (`monotone`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from pipelines.catalogue.spec import Spec, room_specs

KEYS = ("service_id", "customer_id")


@dataclass(frozen=True)
class Feature:
    """A column a model may see: its table, the reason it stands for, its sign by outcome."""

    name: str
    table: str
    reason: str
    monotone: Mapping[str, int]


def feature_groups() -> list[Spec]:
    """The SQL files whose columns a model may see."""
    return [spec for spec in room_specs("features") if "model" in spec.meta]


def features(groups: Iterable[Spec]) -> list[Feature]:
    """The columns that those groups give a model."""
    return [
        Feature(name, spec.table, about["reason"], about.get("monotone", {}))
        for spec in groups
        for name, about in spec.meta["model"].items()
    ]


def reasons(known: Iterable[Feature]) -> dict[str, str]:
    """The reason each column stands for."""
    return {feature.name: feature.reason for feature in known}


def signs(known: Iterable[Feature]) -> dict[str, dict[str, int]]:
    """The signs of columns by outcome, as an estimator takes them."""
    by_outcome: dict[str, dict[str, int]] = {}
    for feature in known:
        for outcome, sign in feature.monotone.items():
            by_outcome.setdefault(outcome, {})[feature.name] = sign
    return by_outcome


def frame_sql(known: Iterable[Feature], only: str = "TRUE") -> str:
    """Return SQL for the frame: service_id, customer_id, and those features of every service in Net, by service_id.

    `only` is a condition on the service `s`.
    """
    wanted = list(known)
    columns = "".join(f", {feature.table}.{feature.name}" for feature in wanted)
    tables = sorted({feature.table for feature in wanted})
    joins = " ".join(f"LEFT JOIN {table} ON {table}.service_id = s.service_id" for table in tables)
    return (
        f"SELECT s.service_id, s.customer_id{columns} FROM features_service AS s {joins} "
        f"WHERE s.is_in_net AND {only} ORDER BY s.service_id"
    )


def to_frame(table: pa.Table | pa.RecordBatch) -> pd.DataFrame:
    """Turn Arrow columns into what estimators take: float numbers, flags as numbers, texts, with missing values.

    Texts other than the keys become categories: a month's rows share a few.
    """
    return pd.DataFrame({name: _column(name, table.column(name)) for name in table.schema.names})


def _column(name: str, column: pa.Array | pa.ChunkedArray) -> pd.Series:
    if pa.types.is_string(column.type):
        return (
            column.dictionary_encode().to_pandas()
            if name not in KEYS
            else pd.Series(column.to_pylist(), dtype=object)
        )
    return pd.Series(column.cast(pa.float64()).to_numpy(zero_copy_only=False))

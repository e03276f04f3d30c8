"""What a model is shown: a row for each service in Net, with the features that it may use.

A feature group is a file of `sql/features` with `model:` in its front matter: which of its columns
a model may see, by what word a manager reads them (`reason`), and where the business knows the
direction, its sign (`monotone`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
from sqlglot import exp, select

from pipelines.catalogue.spec import Spec, load_room_specs

KEYS = ("service_id", "customer_id")
# So many services are in memory at a time.
BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Feature:
    """A column a model may see: its table, the reason it stands for, its sign by outcome."""

    name: str
    table: str
    reason: str
    monotone: Mapping[str, int]


def list_feature_groups() -> list[Spec]:
    """Return the SQL files whose columns a model may see."""
    return [spec for spec in load_room_specs("features") if "model" in spec.meta]


def list_features(groups: Iterable[Spec]) -> list[Feature]:
    """Return the columns that those groups give a model."""
    found = []
    for spec in groups:
        for name, about in spec.meta["model"].items():
            feature = Feature(
                name=name,
                table=spec.table,
                reason=about["reason"],
                monotone=about.get("monotone", {}),
            )
            found.append(feature)
    return found


def index_features() -> dict[str, Feature]:
    """Return every column that a model may see, by its name."""
    return {feature.name: feature for feature in list_features(list_feature_groups())}


def map_reasons(known: Iterable[Feature]) -> dict[str, str]:
    """Return the reason each column stands for."""
    return {feature.name: feature.reason for feature in known}


def map_signs(known: Iterable[Feature]) -> dict[str, dict[str, int]]:
    """Return the signs of columns by outcome, as an estimator takes them."""
    by_outcome: dict[str, dict[str, int]] = {}
    for feature in known:
        for outcome, sign in feature.monotone.items():
            signs = by_outcome.setdefault(outcome, {})
            signs[feature.name] = sign
    return by_outcome


def frame_sql(known: Iterable[Feature], only: str = "TRUE") -> str:
    """Return the SELECT of the frame in the engine's own words."""
    return select_frame(known, only).sql("duckdb")


def select_frame(known: Iterable[Feature], only: str = "TRUE") -> exp.Select:
    """Return a SELECT of the frame: the keys and those features of every service in Net.

    It is ordered by service_id; `only` is a condition on the service `s`.
    """
    query = select("s.service_id", "s.customer_id").from_("features_service AS s")
    tables = set()
    for feature in known:
        query = query.select(exp.column(feature.name, feature.table))
        tables.add(feature.table)
    for table in sorted(tables):
        on = exp.column("service_id", table).eq(exp.column("service_id", "s"))
        query = query.join(table, on=on, join_type="left")
    query = query.where("s.is_in_net").where(only, dialect="duckdb")
    return query.order_by("s.service_id", dialect="duckdb")


def to_frame(table: pa.Table | pa.RecordBatch) -> pd.DataFrame:
    """Turn Arrow columns into what estimators take.

    Numbers and flags become floats with missing values. Texts other than the keys become
    categories: a month's rows share a few.
    """
    columns = {}
    for name in table.schema.names:
        columns[name] = _convert_column(name, table.column(name))
    return pd.DataFrame(columns)


def _convert_column(name: str, column: pa.Array | pa.ChunkedArray) -> pd.Series:
    """Turn one Arrow column into what estimators take."""
    if not pa.types.is_string(column.type):
        numbers = column.cast(pa.float64())
        return pd.Series(numbers.to_numpy(zero_copy_only=False))
    if name in KEYS:
        return pd.Series(column.to_pylist(), dtype=object)
    categories: pd.Series = column.dictionary_encode().to_pandas()
    return categories

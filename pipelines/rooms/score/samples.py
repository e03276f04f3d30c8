"""Labelled samples from the months held: what was known of a service at m, and what had become of it by later months.

The base population is Net(m), lines excluded by the operator left out. A service is in the sample by the hash of its id,
in every month or in none. A snapshot takes part once the month that labels it is held and not after `through`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.folds import month_numbers
from models.labels import LABELLED, keep_ids, make_labels
from models.scoring import BATCH_ROWS
from pipelines.catalogue.spec import Spec, TableName
from pipelines.core.errors import ModelError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.engines.duckdb import DuckEngine
from pipelines.rooms.score.frame import KEYS, feature_groups, features, frame_sql, to_frame
from pipelines.store.lake import MonthFolder, Version, held_months

MOST_ROWS = 400_000  # more services × months teach the models nothing that is worth the hours
GRACE, WINDOW = 1, 1
GAP = GRACE + WINDOW  # months until a label is known
JUDGED_BY = ("branch_id", "plan_id", "value")
MUST = ("features_service", "features_line_profile")
# Read if they are there; what is not there is unknown.
MAY = {
    "features_service_revenue": {"service_id": "VARCHAR", "revenue": "DECIMAL(18,2)"},
    "features_owner": {"customer_id": "VARCHAR", "branch_id": "VARCHAR"},
    "features_high_value": {"customer_id": "VARCHAR", "value_at_risk": "DECIMAL(18,2)"},
}


@dataclass(frozen=True)
class Samples:
    """Rows of labelled snapshots, the newest month's rows beside them, and what could not be had.

    `rows` and `newest` hold KEYS, month and the features; `rows` also outcome, branch_id, plan_id and value.
    """

    through: Month
    rows: pd.DataFrame
    newest: pd.DataFrame
    names: list[str]
    missing: dict[str, str]
    counts: dict[str, int]

    @property
    def features(self) -> pd.DataFrame:
        """The features of the labelled rows."""
        return self.rows[self.names]


def gather_samples(
    home: Path, through: Month, settings: Settings, most: int = MOST_ROWS
) -> Samples:
    """Read the months held up to `through` into `most` labelled rows; empty `rows` where no label is known yet."""
    versions = usable_months(home, through)
    share = sample_share(versions, most)
    with open_reader(versions, settings) as reader:
        panel = pd.concat(
            [reader.status(version, share) for version in versions], ignore_index=True
        )
        labels = make_labels(mark_down_migration(panel), GRACE, WINDOW)
        known = labels[labels["state"] == LABELLED]
        months = set(known["month"])
        labelled = [v for v in versions if str(v.month) in months]
        groups, missing = usable_groups(labelled, versions[-1:])
        parts = [reader.frame(version, groups, share) for version in labelled]
        newest = reader.frame(versions[-1], groups, share)
    rows = _join(parts, known)
    names = [feature.name for feature in features(groups)]
    counts = {str(state): int(count) for state, count in labels["state"].value_counts().items()}
    return Samples(through, rows, newest, names, missing, counts)


def usable_months(home: Path, through: Month) -> list[Version]:
    """Return the months up to `through` that hold what labels and features need; raise ModelError where none does."""
    versions = [
        MonthFolder(home, month).version() for month in held_months(home) if month <= through
    ]
    versions = [
        version for version in versions if all(version.is_computed(table) for table in MUST)
    ]
    if not versions:
        raise ModelError("model.no_months", month=through)
    return versions


def count_rows(version: Version) -> int:
    """Return how many services a month holds."""
    return int(pq.read_metadata(version.table("features_service")).num_rows)


def sample_share(versions: list[Version], most: int = MOST_ROWS) -> float:
    """The share of customers that keeps the sample below `most` rows, in steps, so that a month more changes little."""
    total = sum(count_rows(version) for version in versions)
    share = 1.0
    while share * total > most:
        share /= 2.0
    return share


def usable_groups(
    labelled: list[Version], newest: list[Version]
) -> tuple[list[Spec], dict[str, str]]:
    """Split the feature groups into those that the newest labelled and the newest month have, and why not the others.

    An operator's first months have no history yet: what an earlier month lacks is missing there, and no more.
    """
    usable, missing = [], {}
    for spec in feature_groups():
        entries = [v.manifest["tables"].get(spec.table, {}) for v in (*labelled[-1:], *newest)]
        lacking = [entry for entry in entries if entry.get("status") != "computed"]
        if lacking:
            missing[spec.table] = "; ".join(lacking[0].get("reasons", ["no such table"]))
        else:
            usable.append(spec)
    return usable, missing


def mark_down_migration(panel: pd.DataFrame) -> pd.DataFrame:
    """Add is_down_migrated: the service's plan costs less than the month before; no column where no fee is known."""
    if panel["plan_fee"].isna().all():
        return panel.drop(columns="plan_fee")
    number = month_numbers(panel["month"])
    keyed = panel.assign(number=number).set_index(["service_id", "number"])["plan_fee"]
    before = keyed.reindex(pd.MultiIndex.from_arrays([panel["service_id"], number - 1])).to_numpy()
    return panel.assign(is_down_migrated=panel["plan_fee"].to_numpy() < before)


class Reader:
    """Reads months of a home through one engine, bounded by the sample."""

    def __init__(self, engine: DuckEngine) -> None:
        self.engine = engine

    def status(self, version: Version, share: float) -> pd.DataFrame:
        """Return what labels are made of: a row a sampled service of the month."""
        self._bind(version, *MUST, "features_service_revenue")
        rows = self._sample(STATUS.format(era=""), share).assign(month=str(version.month))
        is_known = version.is_computed("features_service_revenue")
        return rows.assign(
            is_billed=self._sample(_BILLED, share)["is_billed"] if is_known else None
        )

    def frame(self, version: Version, groups: list[Spec], share: float) -> pd.DataFrame:
        """Return the sampled services of Net: features (missing where the month has none), and how to judge by."""
        held = [spec for spec in groups if version.is_computed(spec.table)]
        self._bind(
            version, "features_service", "snapshot_service", *(spec.table for spec in held), *MAY
        )
        found = self._sample(frame_sql(features(held)), share)
        names = [feature.name for feature in features(groups)]
        judged_by = self._sample(_JUDGED_BY, share)[list(JUDGED_BY)]
        return (
            found.reindex(columns=[*KEYS, *names]).assign(month=str(version.month)).join(judged_by)
        )

    def _bind(self, version: Version, *tables: str) -> None:
        for table in tables:
            if version.is_computed(table):
                self.engine.bind(TableName(table), version.table(table))
            else:
                self.engine.bind_empty(TableName(table), MAY[table])

    def _sample(self, sql: str, share: float) -> pd.DataFrame:
        batches = self.engine.execute(sql).to_arrow_reader(BATCH_ROWS)
        empty = to_frame(pa.Table.from_batches([], batches.schema))
        parts = [to_frame(batch) for batch in batches]
        return pd.concat(
            [part[keep_ids(part["service_id"], share)] for part in parts] or [empty],
            ignore_index=True,
        )


@contextmanager
def open_reader(versions: list[Version], settings: Settings) -> Iterator[Reader]:
    """Open an engine that may read the files of those versions."""
    with (
        TemporaryDirectory(prefix="samples-") as scratch,
        DuckEngine(
            Path(scratch), [v.path for v in versions], settings.memory_limit, settings.threads
        ) as engine,
    ):
        yield Reader(engine)


def _join(parts: list[pd.DataFrame], labels: pd.DataFrame) -> pd.DataFrame:
    """Put the months below each other, each row with its outcome."""
    if not parts:
        return pd.DataFrame()
    rows = pd.concat(
        [part.astype(dict.fromkeys(_texts(part), object)) for part in parts], ignore_index=True
    )
    keys = ["service_id", "month"]
    joined = rows.merge(labels[[*keys, "outcome"]], on=keys, how="inner", validate="one_to_one")
    return joined.sort_values(["month", "service_id"], ignore_index=True)


def _texts(frame: pd.DataFrame) -> list[str]:
    """Text columns that months may have coded each in its own way."""
    return [
        str(name) for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)
    ]


# Read for each month of a panel; `era` stands before the tables.
STATUS = """
    SELECT s.service_id, s.customer_id, s.status, s.termination_reason, l.plan_fee
    FROM {era}features_service AS s
    LEFT JOIN {era}features_line_profile AS l ON l.service_id = s.service_id
    ORDER BY s.service_id
"""
_BILLED = """
    SELECT s.service_id, s.customer_id, COALESCE(r.revenue, 0) > 0 AS is_billed
    FROM features_service AS s
    LEFT JOIN features_service_revenue AS r ON r.service_id = s.service_id
    ORDER BY s.service_id
"""
_JUDGED_BY = """
    SELECT s.service_id, s.customer_id, o.branch_id, k.plan_id, CAST(h.value_at_risk AS DOUBLE) AS value
    FROM features_service AS s
    JOIN snapshot_service AS k ON k.service_id = s.service_id
    LEFT JOIN features_owner AS o ON o.customer_id = s.customer_id
    LEFT JOIN features_high_value AS h ON h.customer_id = s.customer_id
    WHERE s.is_in_net
    ORDER BY s.service_id
"""

"""Labelled samples from the months held: what was known of a service, and what became of it.

What was known is of a month m, what became of it by later months. The base population is Net(m),
lines excluded by the operator left out. A service is in the sample by the hash of its id, in every
month or in none. A snapshot takes part once the month that labels it is held and not after
`through`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from sqlglot import exp

from models.folds import month_numbers
from models.labels import LABELLED, keep_ids, make_labels
from models.scoring import BATCH_ROWS
from pipelines.catalogue.spec import Spec, TableName
from pipelines.catalogue.steps import read_step
from pipelines.core.errors import ModelError
from pipelines.core.month import Month
from pipelines.core.reasons import join_reasons
from pipelines.core.settings import Settings
from pipelines.engines import open_workbench
from pipelines.engines.duckdb import DuckEngine
from pipelines.rooms.context import find_declared
from pipelines.rooms.score.frame import (
    KEYS,
    frame_sql,
    list_feature_groups,
    list_features,
    to_frame,
)
from pipelines.rooms.score.slices import slice_base
from pipelines.store.lake import MonthFolder, Version, list_held_months

MOST_ROWS = (
    400_000  # more services × months teach the models nothing that is worth the hours
)
GRACE, WINDOW = 1, 1
GAP = GRACE + WINDOW  # months until a label is known
JUDGED_BY = ("branch_id", "plan_id", "value")
MUST = ("features_service", "features_line_profile")
# Read if they are there; what is not there is unknown.
MAY = ("features_service_revenue", "features_owner", "features_high_value")


@dataclass(frozen=True)
class Samples:
    """Rows of labelled snapshots, the newest month's rows beside them, and what was missing.

    `rows` and `newest` hold KEYS, month and the features; `rows` also outcome, branch_id, plan_id
    and value. `names` are the features, `missing` says why a feature group has none, and `counts`
    how many services there are in each state of labelling.
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
    """Read the months held up to `through` into at most `most` labelled rows.

    `rows` is empty where no label is known yet. Raise ModelError where no month can be used.
    """
    versions = usable_months(home, through)
    share = sample_share(versions, most)
    with open_reader(versions, settings) as reader:
        panel = pd.concat(
            [reader.read_status(version, share) for version in versions],
            ignore_index=True,
        )
        labels = make_labels(mark_down_migration(panel), GRACE, WINDOW)
        known = labels[labels["state"] == LABELLED]
        months = set(known["month"])
        labelled = [version for version in versions if str(version.month) in months]
        groups, missing = usable_groups(labelled, versions[-1:])
        parts = [reader.frame(version, groups, share) for version in labelled]
        newest = reader.frame(versions[-1], groups, share)

    names = [feature.name for feature in list_features(groups)]
    counts = {}
    for state, count in labels["state"].value_counts().items():
        counts[str(state)] = int(count)
    return Samples(
        through, _join_outcomes(parts, known), newest, names, missing, counts
    )


def usable_months(home: Path, through: Month) -> list[Version]:
    """Return the months up to `through` that hold what labels and features need.

    Raise ModelError where none does.
    """
    versions = []
    for month in list_held_months(home):
        if month > through:
            continue
        version = MonthFolder(home, month).version()
        if all(version.is_computed(table) for table in MUST):
            versions.append(version)
    if not versions:
        raise ModelError("model.no_months", month=through)
    return versions


def count_rows(version: Version) -> int:
    """Return how many services a month holds."""
    return version.count_rows("features_service")


def sample_share(versions: list[Version], most: int = MOST_ROWS) -> float:
    """Return the share of customers that keeps the sample below `most` rows.

    It goes down in steps, so that a month more changes little.
    """
    total = sum(count_rows(version) for version in versions)
    share = 1.0
    while share * total > most:
        share /= 2.0
    return share


def usable_groups(
    labelled: list[Version], newest: list[Version]
) -> tuple[list[Spec], dict[str, str]]:
    """Split the feature groups into those that can be used, and why the others cannot.

    The newest labelled month and the newest month must have them. An operator's first months have
    no history yet: what an earlier month lacks is missing there, and no more.
    """
    usable: list[Spec] = []
    missing: dict[str, str] = {}
    for spec in list_feature_groups():
        lacking = []
        for version in (*labelled[-1:], *newest):
            why = _why_missing(version, spec.table)
            if why is not None:
                lacking.append(why)
        if lacking:
            missing[spec.table] = lacking[0]
        else:
            usable.append(spec)
    return usable, missing


def _why_missing(version: Version, table: str) -> str | None:
    """Say why a month has not a table; None where it has."""
    entry = version.find_entry(table)
    if entry is None:
        return "no such table"
    return None if entry.is_computed else join_reasons(entry.reasons)


def mark_down_migration(panel: pd.DataFrame) -> pd.DataFrame:
    """Add is_down_migrated: the service's plan costs less than the month before.

    There is no such column where no fee is known.
    """
    if panel["plan_fee"].isna().all():
        return panel.drop(columns="plan_fee")
    number = month_numbers(panel["month"])
    fees = panel.assign(number=number).set_index(["service_id", "number"])["plan_fee"]
    month_before = pd.MultiIndex.from_arrays([panel["service_id"], number - 1])
    fee_before = fees.reindex(month_before).to_numpy()
    return panel.assign(is_down_migrated=panel["plan_fee"].to_numpy() < fee_before)


def status_sql(era: str = "") -> str:
    """Return SQL for what labels are made of, of this month or an earlier one."""
    tree = read_step("score", "status").tree
    for table in tree.find_all(exp.Table):
        if era:
            table.set("db", exp.to_identifier(era))
    return tree.sql("duckdb", comments=False)


class MonthReader:
    """Reads months of a home through one engine, bounded by the sample."""

    def __init__(self, engine: DuckEngine) -> None:
        self.engine = engine

    def read_status(self, version: Version, share: float) -> pd.DataFrame:
        """Return what labels are made of: a row a sampled service of the month."""
        self._bind_tables(version, *MUST, "features_service_revenue")
        status = self._sample_rows(status_sql(), share)
        billed = None
        if version.is_computed("features_service_revenue"):
            rows = self._sample_rows(
                read_step("score", "billed").bind_inputs({}), share
            )
            billed = rows["is_billed"]
        return status.assign(month=str(version.month)).assign(is_billed=billed)

    def frame(self, version: Version, groups: list[Spec], share: float) -> pd.DataFrame:
        """Return the sampled services of Net: their features, and how to judge by.

        A feature is missing where the month has none.
        """
        held = [spec for spec in groups if version.is_computed(spec.table)]
        held_tables = [spec.table for spec in held]
        self._bind_tables(
            version, "features_service", "snapshot_service", *held_tables, *MAY
        )
        known = list_features(held)
        base = version.entries.get("features_service")
        parts = []
        for in_slice in slice_base(self.engine, base):
            parts.append(self._sample_rows(frame_sql(known, in_slice), share))
        found = pd.concat(parts, ignore_index=True)
        judged_by = self._sample_rows(
            read_step("score", "judged_by").bind_inputs({}), share
        )

        names = [feature.name for feature in list_features(groups)]
        frame = found.reindex(columns=[*KEYS, *names])
        return frame.assign(month=str(version.month)).join(judged_by[list(JUDGED_BY)])

    def _bind_tables(self, version: Version, *tables: str) -> None:
        for table in tables:
            if version.is_computed(table):
                self.engine.bind(TableName(table), version.table(table))
            else:
                self.engine.bind_empty(TableName(table), find_declared(table).types)

    def _sample_rows(self, sql: str, share: float) -> pd.DataFrame:
        """Return the sampled rows of a result, read batch by batch."""
        batches = self.engine.execute(sql).to_arrow_reader(BATCH_ROWS)
        parts = []
        for batch in batches:
            part = to_frame(batch)
            parts.append(part[keep_ids(part["service_id"], share)])
        if not parts:
            parts.append(to_frame(pa.Table.from_batches([], batches.schema)))
        return pd.concat(parts, ignore_index=True)


@contextmanager
def open_reader(versions: list[Version], settings: Settings) -> Iterator[MonthReader]:
    """Open an engine that may read the files of those versions."""
    with open_workbench(settings, [version.path for version in versions]) as engine:
        yield MonthReader(engine)


def _join_outcomes(parts: list[pd.DataFrame], labels: pd.DataFrame) -> pd.DataFrame:
    """Put the months below each other, each row with its outcome."""
    if not parts:
        return pd.DataFrame()
    plain = []
    for part in parts:
        # Months may have coded their texts each in its own way.
        plain.append(part.astype(dict.fromkeys(_text_columns(part), object)))
    rows = pd.concat(plain, ignore_index=True)
    keys = ["service_id", "month"]
    outcomes = labels[[*keys, "outcome"]]
    joined = rows.merge(outcomes, on=keys, how="inner", validate="one_to_one")
    return joined.sort_values(["month", "service_id"], ignore_index=True)


def _text_columns(frame: pd.DataFrame) -> list[str]:
    names = []
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            names.append(str(name))
    return names

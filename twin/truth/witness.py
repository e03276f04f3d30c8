"""Write the truth of each month: hazards by line, and the company's KPIs."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from twin.books.master import service_ids
from twin.books.office import planned_revenue
from twin.codes import PERSUASIONS
from twin.truth.kpis import Cohort, Past, Row, state_kpis
from twin.truth.memory import high_value, remember
from twin.world.state import World, in_net
from twin.writer import boolean, money, text, write_table

DECEMBER = 12
LOOK_BACK = 12


class Witness:
    """Follow the written months and state what is true at each cut-off."""

    def __init__(self) -> None:
        self.past = Past({}, {})
        self.rows: list[tuple[str, Row]] = []

    def testify(self, world: World, folder: Path) -> None:
        """Write the month's truth under `folder`; `kpi.parquet` grows month by month."""
        self.take_notes(world)
        month = folder / world.span.label
        month.mkdir(parents=True, exist_ok=True)
        write_table(service_truth(world), month, "service_truth", "parquet")
        write_table(kpi_truth(self.rows), folder, "kpi", "parquet")

    def take_notes(self, world: World) -> None:
        """Note the month and state its KPIs, without writing."""
        notes, number = self.past.notes, world.span.number
        notes[number] = remember(world)
        self.past.revenue[number] = notes[number].revenue
        self.past.target[number] = int(planned_revenue(world).sum()) * 100
        notes.pop(number - LOOK_BACK - 1, None)
        if len(notes) == 1 or world.span.calendar_month == DECEMBER:
            self.past.cohorts[number] = Cohort(
                high_value(world, notes), notes[number].customer_revenue
            )
        self.rows += [(world.span.label, row) for row in state_kpis(world, self.past)]


def service_truth(world: World) -> pa.Table:
    """Tell of each line in the network what the next month holds; excluded lines have no hazards and are left out."""
    services = world.services
    rows = np.flatnonzero(in_net(services) & ~services.excluded)
    net = services.take(rows)
    return pa.table(
        {
            "service_id": service_ids(rows),
            "month": pa.array([world.span.label]).take(
                pa.array(np.zeros(len(rows), np.int32))
            ),
            "voluntary_hazard": net.voluntary_hazard,
            "involuntary_hazard": net.involuntary_hazard,
            "would_churn_untreated": boolean(net.will_leave),
            "would_churn_if_treated": boolean(net.leaves_if_treated),
            "would_be_cut_for_arrears": boolean(net.will_be_cut),
            "persuasion": text(PERSUASIONS, world.customers.persuasion[net.customer]),
            "fate": net.fate,
        }
    )


def kpi_truth(rows: list[tuple[str, Row]]) -> pa.Table:
    """Lay the KPIs out as the pipeline's long table does."""
    numerators = np.array([row[2] for _, row in rows], np.int64)
    denominators = np.array(
        [row[3] if row[3] is not None else 0 for _, row in rows], np.int64
    )
    return pa.table(
        {
            "month": pa.array([month for month, _ in rows]),
            "kpi": pa.array([row[0] for _, row in rows]),
            "variant": pa.array([row[1] for _, row in rows]),
            "scope_kind": pa.array(["company"] * len(rows)),
            "numerator": money(numerators),
            "denominator": money(
                denominators, np.array([row[3] is None for _, row in rows])
            ),
        }
    )

"""How far a score of leaving can go on a synthetic operator: what nobody can know, what files do not show, what we miss.

Towns are lived with the twin's own state beside the files. The same estimator is fitted on ever more of what drives
leaving: our columns, ours with what files show besides (`drivers.sql`, group by group), and the drivers themselves. What
any file could show at most is the true hazard foretold from the columns of files, learnt from the hazards of another town:
no draw of leavers limits it.

    python -m benchmarks.model.ceiling [--services 3000] [--seeds 11 12] [--months 24]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from benchmarks.model.twin import HAZARD, KEYS, read_panel
from models.churn import ChurnClassifier
from models.judging.backtest import roll_origin
from models.judging.evaluate import auc
from models.labels import VOLUNTARY
from twin import TwinConfig
from twin.books.master import service_ids
from twin.diary import Request
from twin.generate import begin, live_month, write_month
from twin.months import month_number, span_of
from twin.truth.witness import Witness
from twin.world.state import World

WAY = {"gap": 2, "fewest": 8, "every": 7}
GROUPS = {
    "change of use against its own past": ["active_days_change", "idle_days", "off_net_change_6", "voice_change_6", "data_change_6"],
    "the customer's other lines": [
        "household_active_days", "household_active_days_change", "household_voice_change", "household_data_change",
        "household_lines_lost",
    ],
    "neighbours in the same group": ["neighbours_lost", "neighbours_lost_share", "neighbour_complaints"],
    "complaints of the line": ["own_complaints", "severe_complaints", "severe_complaints_1"],
    "ends that are past, the bill's shock": ["days_since_contract_end", "days_since_promotion_end", "discount_share"],
}  # fmt: skip
MORE = [name for names in GROUPS.values() for name in names]
OURS = "our columns"
TRUTH = "the true hazard of that month"
STATE = ["kind", "tenure", "bound", "run_out", "dozing", "vip", "member"]


def live_town(services: int, months: int, seed: int, folder: Path) -> pd.DataFrame:
    """Write a town's files and truth, and return its labelled rows with the columns of all groups and the drivers."""
    through = "2026-08"
    request = Request(services, months, seed, through, config=TwinConfig())
    last = month_number(through)
    world = begin(request, last - months + 1)
    witness, states = Witness(), []
    for number in range(last - months + 1, last + 1):
        live_month(world, number)
        write_month(world, folder, request)
        witness.testify(world, folder / "truth")
        states.append(_tell_state(world))
    panel = read_panel(folder)
    sql = Path(__file__).with_name("drivers.sql").read_text("utf-8")
    more = duckdb.sql(sql.replace("{source}", str(folder))).df()
    keys = ["service_id", "month"]
    rows = panel.merge(more, on=keys, how="left")
    return rows.merge(pd.concat(states), on=keys, how="left")


def _tell_state(world: World) -> pd.DataFrame:
    """What drives each line's leaving, as it stands at the cut-off: see `twin.world.life`."""
    services, customers, last = world.services, world.customers, world.span.last
    tenure = last - services.activated_on
    return pd.DataFrame(
        {
            "service_id": service_ids(np.arange(len(services))).to_pylist(),
            "month": span_of(world.span.number).label,
            "mood": services.mood,
            "kind": services.kind,
            "tenure": tenure,
            "bound": services.contract_end > last + 60,
            "run_out": (services.contract_end <= last) & (services.contract_end > last - 90),
            "dozing": services.dozing,
            "vip": customers.tier[services.customer] > 0,
            "member": customers.group[services.customer] >= 0,
        }
    )  # fmt: skip


def list_sets(rows: pd.DataFrame) -> dict[str, list[str]]:
    """The columns of each model, each set with all before it down to the drivers."""
    known = {*KEYS, "outcome", *HAZARD.values(), *MORE, "mood", *STATE}
    ours = [name for name in rows.columns if name not in known]
    sets = {OURS: ours}
    so_far = list(ours)
    for name, columns in GROUPS.items():
        so_far = [*so_far, *columns]
        sets[f"and {name}"] = so_far
    sets["the drivers that files show"] = STATE
    sets["these and the mood"] = [*STATE, "mood"]
    return sets


def score_town(
    rows: pd.DataFrame, other: pd.DataFrame, is_brief: bool
) -> dict[str, pd.Series]:
    """Return the scores of every set, what files could show at most, and the hazard that was true.

    Briefly: of our columns, and of these with all that files show besides.
    """
    model = ChurnClassifier(candidates=("boosting",), folds=2, max_rounds=40)
    outcome = (rows["outcome"] == VOLUNTARY).astype(int)
    sets = list_sets(rows)
    everything = f"and {list(GROUPS)[-1]}"
    found = {}
    for name, columns in sets.items():
        if is_brief and name not in (OURS, everything):
            continue
        scored = roll_origin(model, rows[columns], outcome, rows["month"], **WAY)
        found[name] = scored["p_1"]
    judged = found[OURS].index
    for name, columns in (
        ("our columns", sets[OURS]),
        ("all columns", sets[everything]),
    ):
        hazard = _foretell_hazard(other, rows.loc[judged], columns)
        found[f"the hazard by {name}, at most"] = hazard
    found[TRUTH] = rows.loc[judged, HAZARD[VOLUNTARY]]
    return found


def _foretell_hazard(
    other: pd.DataFrame, rows: pd.DataFrame, columns: list[str]
) -> pd.Series:
    """Foretell the true hazard of a town by what was learnt of another's."""
    learnt = other[other[HAZARD[VOLUNTARY]].notna()]
    model = HistGradientBoostingRegressor(
        loss="poisson",
        categorical_features="from_dtype",
        min_samples_leaf=200,
        random_state=1,
    ).fit(learnt[columns], learnt[HAZARD[VOLUNTARY]])
    return pd.Series(model.predict(rows[columns]), rows.index)


def main() -> None:
    """Print the AUC of each set, towns pooled, with bounds over customers drawn again."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model.ceiling")
    parser.add_argument("--services", type=int, default=3000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    parser.add_argument("--brief", action="store_true", help="two sets instead of all")
    options = parser.parse_args()
    started = time.perf_counter()
    towns = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory(prefix="ceiling-") as name:
            towns.append(live_town(options.services, options.months, seed, Path(name)))
        print(f"town {seed}: {len(towns[-1])} rows, {time.perf_counter() - started:.0f} s", flush=True)  # fmt: skip
    pooled = []
    for place, rows in enumerate(towns):
        scores = pd.DataFrame(score_town(rows, towns[place - 1], options.brief))
        scores["outcome"] = rows.loc[scores.index, "outcome"] == VOLUNTARY
        scores["customer"] = f"{place}-" + rows.loc[scores.index, "customer_id"]
        pooled.append(scores)
        print(f"scored {place + 1} of {len(towns)}, {time.perf_counter() - started:.0f} s", flush=True)  # fmt: skip
    print(compare(pd.concat(pooled, ignore_index=True)).to_markdown(index=False))


def compare(scores: pd.DataFrame, draws: int = 100) -> pd.DataFrame:
    """A row a set: AUC, and the difference to our columns with 95 % bounds over customers."""
    known = scores.dropna(subset=[TRUTH])
    random = np.random.default_rng(1)
    code, people = pd.factorize(known["customer"])
    outcome = known["outcome"].to_numpy(float)
    sets = [name for name in known.columns if name not in ("outcome", "customer")]
    weights = [
        random.multinomial(len(people), np.full(len(people), 1 / len(people)))[code]
        for _ in range(draws)
    ]
    base = known[OURS].to_numpy(float)
    base_drawn = [_weighted_auc(outcome, base, weight) for weight in weights]
    rows = []
    for name in sets:
        score = known[name].to_numpy(float)
        more = [
            _weighted_auc(outcome, score, weight) - drawn
            for weight, drawn in zip(weights, base_drawn, strict=True)
        ]
        low, high = np.quantile(more, (0.025, 0.975))
        value = auc(outcome, score)
        gain = value - auc(outcome, base)
        rows.append({"fitted on": name, "AUC": f"{value:.3f}", "more than our columns": f"{gain:+.3f} [{low:+.3f}, {high:+.3f}]"})  # fmt: skip
    return pd.DataFrame(rows)


def _weighted_auc(outcome: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(outcome, score, sample_weight=weight))


if __name__ == "__main__":
    main()

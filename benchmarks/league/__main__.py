"""The league table: this project, a plain rule list and churnkit on the same synthetic operator.

    python -m benchmarks.league [--faults N] [--services N]       prints the table and writes docs/league.md

What is compared: planted faults found in the newest month (and false alarms in clean months), KPIs that are exactly the
true ones, how many of the lines on top of the list would leave and could be kept, and the time a month takes.
churnkit gets an environment of its own under `build/league`; where it cannot be installed the table says so.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import twin
from benchmarks.league.page import draw_page
from benchmarks.league.rules import compute_kpis, find_faults, rank_leavers
from benchmarks.model.twin import KEYS, read_panel
from models.churn import ChurnClassifier
from models.labels import VOLUNTARY
from pipelines.core.month import Month
from pipelines.store.lake import MonthFolder
from tests.proof.faults.bench import run_clean_months, run_fault, run_one
from twin.faults import FAULTS, plant_faults

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "league.md"
RIVAL = ("churnkit==1.3.4a5", "scikit-learn>=1.3", "openpyxl")
SEED = 1
TOP = 0.05  # of the scored lines of a month make the list
CAUGHT = ("refused", "quarantined", "withheld", "caveat")
TRAINED, TESTED = 6, 3  # months of the panel


@dataclass
class Row:
    """What one maker achieved; None = it cannot do it."""

    name: str
    faults: tuple[int, int] | None = None
    alarms: tuple[int, int] | None = None
    kpis: tuple[int, int] | None = None
    lists: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def install_rival() -> Path | None:
    """Make churnkit's own environment once; None where it cannot be installed."""
    home = ROOT / "build" / "league"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
    asked = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        *RIVAL,
    ]
    return python if subprocess.run(asked, check=False).returncode == 0 else None


def ask_rival(python: Path, task: str, *paths: Path) -> dict[str, Any]:
    """Run churnkit's script and read its answer; the last path is where it writes."""
    script = Path(__file__).with_name("rival.py")
    subprocess.run([python, script, task, *paths], check=True, cwd=paths[-1].parent)
    answer: dict[str, Any] = json.loads(paths[-1].read_text("utf-8"))
    return answer


# -- faults and KPIs: an operator of five months, faults planted in the newest ------------------------------------


def compare_checks(
    work: Path, names: list[str], rows: dict[str, Row], python: Path | None
) -> None:
    """Plant each fault into the newest month and see who finds it; see who cries wolf in clean months."""
    clean = run_clean_months(work, SEED)
    source = work / f"{SEED}" / "source"
    months = sorted(clean)
    results = [run_fault(work, SEED, name, clean[months[-1]]) for name in names]
    rows["ours"].faults = (
        sum(bool(set(CAUGHT) & set(result.seen)) for result in results),
        len(results),
    )
    held = sum(
        any(s.status == "withheld" for s in clean[month].states.values())
        for month in months[1:]
    )
    rows["ours"].alarms = (held, len(months) - 1)
    spoilt = {name: _planted(work, source, months[-2:], name) for name in names}
    usual = {
        month: find_faults(source / month, source / before)
        for before, month in itertools.pairwise(months)
    }
    found = {
        name: find_faults(folder / months[-1], folder / months[-2]) - usual[months[-1]]
        for name, folder in spoilt.items()
    }
    rows["rules"].faults = (sum(map(bool, found.values())), len(names))
    rows["rules"].alarms = (sum(map(bool, usual.values())), len(usual))
    if python:
        _compare_rival(work, source, months, spoilt, rows["churnkit"], python)


def _planted(work: Path, source: Path, months: list[str], name: str) -> Path:
    """Link two months into a folder of their own and plant a fault into the newer one."""
    folder = work / "spoilt" / name
    for month in months:
        (folder / month).mkdir(parents=True)
        for path in (source / month).iterdir():
            (folder / month / path.name).write_bytes(path.read_bytes())
    (folder / "truth").mkdir()
    plant_faults(folder, months[-1], [name], SEED)
    return folder


def _compare_rival(
    work: Path,
    source: Path,
    months: list[str],
    spoilt: dict[str, Path],
    row: Row,
    python: Path,
) -> None:
    asked = [source / month for month in months[1:]] + [
        folder / months[-1] for folder in spoilt.values()
    ]
    (work / "folders.json").write_text(
        json.dumps([str(path) for path in asked]), "utf-8"
    )
    told = ask_rival(python, "gate", work / "folders.json", work / "gate.json")
    said = {
        name: set(told[str(folder / months[-1])]) for name, folder in spoilt.items()
    }
    clean = {month: set(told[str(source / month)]) for month in months[1:]}
    row.faults = (
        sum(bool(texts - clean[months[-1]]) for texts in said.values()),
        len(said),
    )
    row.alarms = (sum(map(bool, clean.values())), len(clean))
    row.seconds["checks"] = float(told["seconds"])


def compare_kpis(work: Path, rows: dict[str, Row]) -> None:
    """Hold each maker's company KPIs of the newest clean month against the truth."""
    source, home = work / f"{SEED}" / "source", work / f"{SEED}" / "home"
    months = sorted(path.name for path in source.iterdir() if path.name[:2] == "20")
    truth = (
        pq.read_table(source / "truth" / "kpi.parquet")
        .to_pandas()
        .query("month == @months[-1]")
    )
    true = {
        (row.kpi, row.variant): (row.numerator, row.denominator)
        for row in truth.itertuples()
    }
    version = MonthFolder(home, Month.parse(months[-1])).version()
    table = (
        pq.read_table(version.table("kpi_monthly"))
        .to_pandas()
        .query("scope_kind == 'company'")
    )
    ours = {
        (r.kpi, r.variant): (r.numerator, r.denominator)
        for r in table.itertuples()
        if r.status != "not_computed"
    }
    rows["ours"].kpis = (
        sum(_same(ours.get(key), value) for key, value in true.items()),
        len(true),
    )
    started = time.perf_counter()
    clerk = compute_kpis(source / months[-1], source / months[-2])
    find_faults(source / months[-1], source / months[-2])
    rows["rules"].seconds["month"] = time.perf_counter() - started
    rows["rules"].kpis = (
        sum(_same(clerk.get(key), value) for key, value in true.items()),
        len(true),
    )
    started = time.perf_counter()
    run_one(work / "again", source, months[-1])
    rows["ours"].seconds["month"] = time.perf_counter() - started


def _same(found: tuple[Any, Any] | None, true: tuple[Any, Any]) -> bool:
    if found is None:
        return False
    return all(
        abs(float(a or 0) - float(b or 0)) < 1e-6
        for a, b in zip(found, true, strict=True)
    )


# -- lists: who would leave, and who could be kept -----------------------------------------------------------------


def compare_lists(
    work: Path, services: int, rows: dict[str, Row], python: Path | None
) -> None:
    """Rank the lines of the tested months by each maker, and hold the top against what is true."""
    source = work / "panel"
    months = (
        TRAINED + TESTED + 3
    )  # three of history come first; the last two hold outcomes only
    twin.generate(source, services=services, months=months, seed=SEED)
    panel = _with_truth(read_panel(source), source)
    held = sorted(panel["month"].unique())
    train, test = (
        panel[panel["month"].isin(part)].copy()
        for part in (held[: -TESTED - 1], held[-TESTED:])
    )
    features = [
        name
        for name in panel.columns
        if name
        not in {*KEYS, "outcome", "voluntary_hazard", "involuntary_hazard", *FATE}
    ]
    target = (train["outcome"] == VOLUNTARY).astype(int)
    started = time.perf_counter()
    model = ChurnClassifier(folds=2).fit(train[features], target, train["month"])
    test["ours"] = model.predict_proba(test[features])[:, 1]
    rows["ours"].seconds["score"] = time.perf_counter() - started
    test["rules"] = rank_leavers(test)
    test["hazard"] = test["voluntary_hazard"].fillna(0.0)
    test["chance"] = np.random.default_rng(SEED).random(len(test))
    if python:
        test["churnkit"] = _score_rival(
            work, train[features].assign(target=target), test[features], rows, python
        )
    for name, row in rows.items():
        if name in test:
            row.lists = measure_list(test, name)


FATE = ("leaves", "leaves_if_treated")


def _with_truth(panel: pd.DataFrame, source: Path) -> pd.DataFrame:
    """Add what is true of the label month, which the truth of the month before it tells."""
    parts = [
        pq.read_table(path).to_pandas()
        for path in sorted((source / "truth").glob("20*/service_truth.parquet"))
    ]
    truth = pd.concat(parts, ignore_index=True)
    truth["month"] = (pd.PeriodIndex(truth["month"], freq="M") - 1).astype(str)
    truth = truth.rename(
        columns={"would_churn_untreated": FATE[0], "would_churn_if_treated": FATE[1]}
    )
    joined = panel.merge(
        truth[["service_id", "month", *FATE]], on=["service_id", "month"], how="left"
    )
    joined[[*FATE]] = joined[[*FATE]].fillna(False).astype(bool)
    return joined


def _score_rival(
    work: Path,
    train: pd.DataFrame,
    test: pd.DataFrame,
    rows: dict[str, Row],
    python: Path,
) -> np.ndarray[Any, Any]:
    """Give churnkit the flat table it wants: texts one-hot, gaps filled with medians; take its better model."""
    both = pd.get_dummies(pd.concat([train, test], keys=["train", "test"]), dtype=float)
    both = both.astype(float).fillna(both.astype(float).median()).fillna(0.0)
    both.loc["train"].to_parquet(work / "train.parquet", index=False)
    both.loc["test"].drop(columns="target").to_parquet(
        work / "test.parquet", index=False
    )
    told = ask_rival(
        python,
        "score",
        work / "train.parquet",
        work / "test.parquet",
        work / "score.json",
    )
    row = rows["churnkit"]
    row.seconds["score"] = sum(answer["seconds"] for answer in told.values())
    row.notes.append(
        "random forest of its default models; it got this project's features, as it makes none of its own"
    )
    return np.array(told["random_forest"]["score"])


def measure_list(rows: pd.DataFrame, score: str) -> dict[str, float]:
    """Measure the top of each month's ranking, pooled: who would leave, who would be kept, who driven away."""
    top = rows[
        rows.groupby("month")[score].rank(method="first", ascending=False, pct=True)
        <= TOP
    ]
    kept = top["leaves"] & ~top["leaves_if_treated"]
    driven = ~top["leaves"] & top["leaves_if_treated"]
    return {
        "size": float(len(top)),
        "leaves": float(top["leaves"].mean()),
        "share of leavers": float(top["leaves"].sum() / max(rows["leaves"].sum(), 1)),
        "kept": float(kept.mean()),
        "driven away": float(driven.mean()),
    }


def main() -> None:
    """Fill the table, print it and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.league")
    parser.add_argument(
        "--faults",
        type=int,
        default=24,
        help="how many of the registry's faults, spread evenly",
    )
    parser.add_argument(
        "--services",
        type=int,
        default=6_000,
        help="lines of the operator the lists are judged on",
    )
    options = parser.parse_args()
    harmful = [
        name
        for name, fault in FAULTS.items()
        if fault.must not in ("nothing", "normalised")
    ]
    names = [
        harmful[place]
        for place in np.linspace(0, len(harmful) - 1, options.faults).astype(int)
    ]
    rows = {
        "ours": Row("this project"),
        "rules": Row("a plain rule list"),
        "churnkit": Row(RIVAL[0].replace("==", " ")),
        "hazard": Row("(the true hazard)"),
        "chance": Row("(chance)"),
    }
    python = install_rival()
    if python is None:
        rows["churnkit"].notes.append("could not be installed here")
    with tempfile.TemporaryDirectory(prefix="league-") as folder:
        compare_lists(Path(folder), options.services, rows, python)
        print(
            {name: row.lists for name, row in rows.items()}, file=sys.stderr, flush=True
        )
        compare_checks(Path(folder), names, rows, python)
        compare_kpis(Path(folder), rows)
    page = draw_page(rows, options.services, names)
    print(page)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

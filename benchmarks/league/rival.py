"""churnkit's row of the league table; run by the Python of its own environment, it knows nothing of this project.

    python rival.py gate  FOLDERS.json OUT.json         its checks on every table of each folder
    python rival.py score TRAIN.parquet TEST.parquet OUT.json   its default models on one flat table

The gate is what churnkit runs on a data set before modelling: `DataQualityGate` (missing values, duplicates, types) and
`DataValidator.validate_all` (duplicates with conflicts, ranges). It knows one table at a time, so nothing between tables.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

KEYS = {
    "customer": "customer_id", "service": "service_id", "bill": "bill_id", "receivable": "bill_id",
    "payment": "payment_id", "adjustment": "adjustment_id", "usage": "service_id", "vip_card": "card_id",
    "plan": "plan_id", "account_manager": "manager_id", "organisation": "org_id", "loyalty": "customer_id",
    "trouble_ticket": "ticket_id", "prepaid_balance": "customer_id",
}  # fmt: skip
MODELS = (
    "logistic_regression",
    "random_forest",
)  # of its four those that scikit-learn alone brings


def check_folder(folder: Path) -> list[str]:
    """Run its checks on every table of a folder and return what it says, as sorted texts."""
    said: list[str] = []
    for table, key in KEYS.items():
        paths = sorted(
            path for path in folder.iterdir() if path.name.split(".")[0] == table
        )
        try:
            frame = pd.concat([_read(path) for path in paths], ignore_index=True)
            said += [f"{table}: {text}" for text in check_table(frame, key)]
        except Exception as error:  # noqa: BLE001 - a table it cannot read is found faulty
            said.append(f"{table}: {type(error).__name__}")
    return sorted(said)


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        frame: pd.DataFrame = pd.read_parquet(path)
        return frame
    return (
        pd.read_excel(path)
        if path.suffix == ".xlsx"
        else pd.read_csv(path, low_memory=False)
    )


def check_table(frame: pd.DataFrame, key: str) -> list[str]:
    """Return its issues, without counts that differ from month to month by nature."""
    config = importlib.import_module("customer_retention.core.config.pipeline_config")
    gates = importlib.import_module(
        "customer_retention.stages.validation.data_quality_gate"
    )
    validators = importlib.import_module(
        "customer_retention.stages.validation.data_validators"
    )
    asked = config.PipelineConfig(
        project_name="league", bronze=config.BronzeConfig(dedup_keys=[key])
    )
    gate = gates.DataQualityGate()
    issues = gate.check_missing_values(frame) + gate.check_duplicates(
        frame, asked.bronze
    )
    issues += gate.check_type_mismatches(frame, asked)
    said = [f"{issue.code} {issue.column}" for issue in issues]
    for name in frame.columns[frame.columns.str.endswith("amount")]:
        frame[name] = pd.to_numeric(
            frame[name]
        )  # it infers its ranges for floats and whole numbers only
    told = validators.DataValidator().validate_all(frame, key_column=key)
    said += [
        f"range {rule['column']}"
        for rule in told["range_validations"]
        if rule["invalid_count"]
    ]
    return said


def score(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Any]:
    """Fit its baseline models on a flat table and score another; say how long each took."""
    trainer = importlib.import_module(
        "customer_retention.stages.modeling.baseline_trainer"
    )
    kinds = importlib.import_module("customer_retention.core.components.enums")
    target = train.pop("target")
    scores: dict[str, Any] = {}
    for name in MODELS:
        started = time.perf_counter()
        model = trainer.BaselineTrainer(
            kinds.ModelType(name), class_weight="balanced"
        ).fit(train, target)
        chance = model.model.predict_proba(test[train.columns])[:, 1]
        scores[name] = {
            "score": chance.tolist(),
            "seconds": time.perf_counter() - started,
        }
    return scores


def main() -> None:
    """Do what is asked and write it as JSON."""
    task, *paths = sys.argv[1:]
    if task == "gate":
        folders = json.loads(Path(paths[0]).read_text("utf-8"))
        started = time.perf_counter()
        told: dict[str, Any] = {
            folder: check_folder(Path(folder)) for folder in folders
        }
        told["seconds"] = (time.perf_counter() - started) / len(folders)
    else:
        told = score(pd.read_parquet(paths[0]), pd.read_parquet(paths[1]))
    Path(paths[-1]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()

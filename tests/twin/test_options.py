"""The twin's determinism, its options and parameters, and what it refuses."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import twin
from pipelines.core.errors import SpecError
from pipelines.core.yaml_files import read_yaml
from twin.config import TwinConfig


def digest(folder: Path) -> str:
    """Hash every file under a folder, by name and content."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return whole.hexdigest()


def test_same_seed_gives_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        twin.generate(tmp_path / name, services=300, months=2, seed=seed)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_running_again_replaces_what_was_there(tmp_path: Path) -> None:
    twin.generate(tmp_path, services=300, months=2, seed=1)
    twin.generate(tmp_path, services=300, months=2, seed=1, drop=["usage"])
    assert (
        not list(tmp_path.glob("*/usage.parquet"))
        and len(list(tmp_path.glob("*/bill.parquet"))) == 2
    )


def test_csv_says_the_same_as_parquet(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    for name in ("csv", "parquet"):
        twin.generate(
            tmp_path / name,
            services=150,
            months=1,
            seed=4,
            through="2026-02",
            file_format=name,
            progress=lambda done, total: seen.append((done, total)),
        )
    text = pd.read_csv(tmp_path / "csv" / "2026-02" / "bill.csv", dtype=str)
    typed = (
        pq.read_table(tmp_path / "parquet" / "2026-02" / "bill.parquet")
        .to_pandas()
        .astype(str)
    )
    assert text.equals(typed[text.columns].astype(text.dtypes.iloc[0]))
    assert seen == [(1, 1), (1, 1)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"services": 10}, "services must be at least"),
        ({"months": 0}, "months must be at least"),
        ({"file_format": "xml"}, "file_format must be one of"),
        ({"drop": ["bills"]}, "not a table of the contract: bills"),
    ],
)
def test_arguments_out_of_range_are_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        twin.generate(tmp_path, **{"services": 300, "months": 1, "seed": 1} | change)


def test_a_folder_with_other_months_is_refused(tmp_path: Path) -> None:
    (tmp_path / "2019-05").mkdir()
    with pytest.raises(ValueError, match="2019-05"):
        twin.generate(tmp_path, services=300, months=1, seed=1)


def test_parameters_come_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "twin.yml"
    path.write_text("voluntary_rate: 0.03\ntier_spend: [100, 200, 300]\n")
    config = TwinConfig.from_mapping(read_yaml(path))
    assert (config.voluntary_rate, config.tier_spend, config.due_day) == (
        0.03,
        (100, 200, 300),
        20,
    )
    with pytest.raises(ValueError, match="voluntary_rat"):
        TwinConfig.from_mapping({"voluntary_rat": 0.03})
    with pytest.raises(ValueError, match="between 0 and 1"):
        TwinConfig(voluntary_rate=1.5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"voluntary_rate": "often"}, "voluntary_rate must be a number, not 'often'"),
        ({"due_day": 20.5}, "due_day must be a whole number"),
        ({"tier_spend": [100, 200]}, "tier_spend must be a list of 3 values"),
        (
            {"pay_current": [[0.9], [0.9], [0.7], [0.3]]},
            "pay_current must be a list of 2 values",
        ),
        (
            {"retention_strength": {"no_such_list": 1}},
            "must map names of lists to numbers",
        ),
        (
            {"retention_strength": {"renewal": True}},
            "retention_strength.renewal must be a number",
        ),
    ],
)
def test_parameters_of_another_form_are_refused(
    values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        TwinConfig.from_mapping(values)


@pytest.mark.parametrize(
    ("content", "message"), [("a: [", "yaml.bad"), ("- 1", "must be names and values")]
)
def test_a_file_of_parameters_that_is_none_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "twin.yml").write_text(content)
    with pytest.raises((ValueError, SpecError), match=message):
        TwinConfig.from_mapping(read_yaml(tmp_path / "twin.yml"))

"""The rules of managers' scorecards (`scorecard.yml`): weights, the cap, and what events cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.core.errors import SpecError
from pipelines.core.outputs import kpis

Points = Annotated[float, Field(ge=0, le=100)]
RULES = Path(__file__).with_suffix(".yml")
WHOLE = 100


class Rules(BaseModel):
    """What `scorecard.yml` says."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    weights: dict[str, Points]
    cap: float = Field(ge=1)
    least_weight: float = Field(gt=0, le=WHOLE)
    deductions: dict[str, Points]
    most_deducted: Points


def load_rules(path: Path | None) -> Rules:
    """Read the rules, an installation's over the defaults; raise SpecError where they cannot be followed."""
    default = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    try:
        own = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path else {}
        rules = Rules(**(default | own))
    except (OSError, TypeError, yaml.YAMLError, ValidationError) as error:
        raise SpecError("scorecard.bad", file=path, why=str(error).splitlines()[0]) from error
    if why := _mistake(rules, set(default["deductions"])):
        raise SpecError("scorecard.bad", file=path, why=why)
    return rules


def _mistake(rules: Rules, causes: set[str]) -> str | None:
    known = {f"{kpi.name}.{variant}" for kpi in kpis() for variant in kpi.variants}
    if unknown := [*sorted(set(rules.weights) - known), *sorted(set(rules.deductions) - causes)]:
        return f"unknown: {', '.join(unknown)}"
    total = sum(rules.weights.values())
    return f"weights: {total:g}" if abs(total - WHOLE) > 1e-9 else None

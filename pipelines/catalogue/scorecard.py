"""The rules of managers' scorecards (`scorecard.yml`): weights, the cap, and what events cost."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipelines.catalogue.outputs import load_kpis
from pipelines.core.errors import Phrase
from pipelines.core.written import Written, read_written

Points = Annotated[float, Field(ge=0, le=100)]
RULES = Path(__file__).with_suffix(".yml")
WHOLE = 100


class Rules(BaseModel):
    """What `scorecard.yml` says."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )
    weights: dict[str, Points]
    cap: float = Field(ge=1)
    least_weight: float = Field(gt=0, le=WHOLE)
    deductions: dict[str, Points]
    most_deducted: Points


def load_rules(path: Path | None) -> Rules:
    """Read the rules, an installation's over the defaults; raise SpecError for impossible ones."""
    ours = read_written(RULES, RULES.name)
    default = ours.read()
    if path is None:
        return ours.hold_to(Rules, default)
    written = read_written(path)
    own = written.read() or {}
    whole = default | own if isinstance(own, dict) else own
    rules = written.hold_to(Rules, whole)
    _check_names(written, rules, set(default["deductions"]))
    return rules


def _check_names(written: Written, rules: Rules, causes: set[str]) -> None:
    """Hold weights to the KPI variants and to a hundred, causes to those that we count."""
    variants: set[str] = set()
    for kpi in load_kpis():
        variants.update(f"{kpi.name}.{variant}" for variant in kpi.variants)
    for key, named, allowed in (
        ("weights", rules.weights, variants),
        ("deductions", rules.deductions, causes),
    ):
        unknown = sorted(set(named) - allowed)
        if unknown:
            near = get_close_matches(unknown[0], allowed, n=3) or sorted(causes)
            why = Phrase("written.why.unknown_key", {"allowed": ", ".join(near)})
            raise written.wrong([key, unknown[0]], why)

    total = sum(rules.weights.values())
    if abs(total - WHOLE) > 1e-9:
        why = Phrase("written.why.not_whole", {"total": f"{total:g}", "whole": WHOLE})
        raise written.wrong(["weights"], why)

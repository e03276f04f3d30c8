"""The rules of managers' scorecards (`scorecard.yml`): weights, the cap, and what events cost."""

from __future__ import annotations

from collections.abc import Iterable
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
_ROUNDING = 1e-9  # of a sum of weights


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
    whole = own
    if isinstance(own, dict):
        whole = default | own
    rules = written.hold_to(Rules, whole)

    causes = set(default["deductions"])
    _check_names(written, "weights", rules.weights, _list_variants(), causes)
    _check_names(written, "deductions", rules.deductions, causes, causes)
    _check_whole(written, rules)
    return rules


def _list_variants() -> set[str]:
    """What a weight may be given to: every KPI variant."""
    variants: set[str] = set()
    for kpi in load_kpis():
        variants.update(f"{kpi.name}.{variant}" for variant in kpi.variants)
    return variants


def _check_names(
    written: Written,
    key: str,
    named: Iterable[str],
    allowed: set[str],
    causes: set[str],
) -> None:
    """Hold what stands under a key to the names that are allowed there."""
    unknown = sorted(set(named) - allowed)
    if not unknown:
        return
    first = unknown[0]
    near = get_close_matches(first, allowed, n=3) or sorted(causes)
    why = Phrase("written.why.unknown_key", {"allowed": ", ".join(near)})
    raise written.wrong([key, first], why)


def _check_whole(written: Written, rules: Rules) -> None:
    """Hold the weights to a hundred."""
    total = sum(rules.weights.values())
    if abs(total - WHOLE) <= _ROUNDING:
        return
    why = Phrase("written.why.not_whole", {"total": f"{total:g}", "whole": WHOLE})
    raise written.wrong(["weights"], why)

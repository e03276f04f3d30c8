"""The rules of managers' scorecards (`scorecard.yml`): weights, the cap, and what events cost."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipelines.catalogue.outputs import kpis
from pipelines.core.errors import Phrase
from pipelines.core.written import Written, read_written

Points = Annotated[float, Field(ge=0, le=100)]
RULES = Path(__file__).with_suffix(".yml")
WHOLE = 100


class Rules(BaseModel):
    """What `scorecard.yml` says."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    weights: dict[str, Points]
    cap: float = Field(ge=1)
    least_weight: float = Field(gt=0, le=WHOLE)
    deductions: dict[str, Points]
    most_deducted: Points


def load_rules(path: Path | None) -> Rules:
    """Read the rules, an installation's over the defaults; raise SpecError where they cannot be followed."""
    ours = read_written(RULES, RULES.name)
    default = ours.read()
    if path is None:
        return ours.hold_to(Rules, default)
    written = read_written(path)
    own = written.read() or {}
    rules = written.hold_to(Rules, default | own if isinstance(own, dict) else own)
    _check_names(written, rules, set(default["deductions"]))
    return rules


def _check_names(written: Written, rules: Rules, causes: set[str]) -> None:
    """Weights are of KPI variants there are and add up to a hundred; causes are those that we count."""
    known = {f"{kpi.name}.{variant}" for kpi in kpis() for variant in kpi.variants}
    for key, named, allowed in (
        ("weights", rules.weights, known),
        ("deductions", rules.deductions, causes),
    ):
        for name in sorted(set(named) - allowed):
            near = ", ".join(get_close_matches(name, allowed, n=3)) or ", ".join(sorted(causes))
            raise written.wrong([key, name], Phrase("written.why.unknown_key", {"allowed": near}))
    total = sum(rules.weights.values())
    if abs(total - WHOLE) > 1e-9:
        raise written.wrong(
            ["weights"], Phrase("written.why.not_whole", {"total": f"{total:g}", "whole": WHOLE})
        )

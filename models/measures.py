"""How good a score is: ranking, probabilities, what stands at the top of the list."""

from __future__ import annotations

import numpy as np

from models.frames import Floats


def log_loss_of_odds(outcome: Floats, odds: Floats) -> float:
    """Return the mean log loss of log-odds; exact however certain they are."""
    return float(np.mean(np.logaddexp(0.0, odds) - outcome * odds))

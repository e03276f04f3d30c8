"""The classifier: scikit-learn's contract, frames as they come, choice and calibration out of time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.datasets import make_classification
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.churn import ChurnClassifier, calibrate


@parametrize_with_checks([ChurnClassifier(max_rounds=25)])
def test_keeps_the_contract_of_scikit_learn(estimator, check) -> None:
    check(estimator)

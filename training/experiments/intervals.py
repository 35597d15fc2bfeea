"""How sure a mean is: over seeds, or over the pictures that two models have both seen."""

import math
from collections.abc import Sequence

import numpy as np


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, and the interval that holds the true mean with 95 % (Student's t); the mean three times for one value."""
    from scipy.stats import t

    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, mean, mean
    reach = float(t.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return mean, mean - reach, mean + reach

"""Exact binomial figures: how likely few errors are, and what few errors prove."""

from __future__ import annotations

import math


def tail(errors: int, trials: int, share: float) -> float:
    """Probability of at most `errors` wrong ones in `trials` when each is wrong with `share`."""
    if errors >= trials or share <= 0 or share >= 1:
        return float(share <= 0 or errors >= trials)
    logs = [
        math.lgamma(trials + 1)
        - math.lgamma(j + 1)
        - math.lgamma(trials - j + 1)
        + j * math.log(share)
        + (trials - j) * math.log1p(-share)
        for j in range(errors + 1)
    ]
    top = max(logs)
    return min(1.0, math.exp(top) * sum(math.exp(v - top) for v in logs))


def upper_bound(errors: int, trials: int, delta: float) -> float:
    """Clopper-Pearson upper bound of an error share at confidence 1 - delta.

    It holds for one look at a number of trials fixed beforehand (Clopper and Pearson 1934).

    Args:
        errors: Wrong ones, 0 to `trials`. trials: Number of independent trials.
        delta: Allowed chance that the true share lies above the bound, 0 < delta < 1.
    """
    if errors >= trials:
        return 1.0
    low, high = errors / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(errors, trials, middle) > delta else (low, middle)
    return high


def clean_trials(share: float, delta: float) -> int:
    """Least number of trials, all of them right, that prove an error share of at most `share`."""
    return math.ceil(math.log(delta) / math.log1p(-share) - 1e-9)

"""Exact binomial figures: how likely few errors are, and what few errors prove."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


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


@dataclass(slots=True)
class RunningTail:
    """The same probability while cases come in, at the price of one term each.

    By F(k; n + 1) = F(k; n) - share f(k; n) and F(k + 1; n) = F(k; n) + f(k + 1; n), with f the
    probability of just k. Sums of n terms lose at most about n times the last digit.

    Args:
        errors, trials: Where it begins. share: Chance that a case is wrong, 0 < share < 1.
    """

    errors: int
    trials: int
    share: float
    _value: float = field(init=False)

    def __post_init__(self) -> None:
        self._value = tail(self.errors, self.trials, self.share)

    def to(self, errors: int, trials: int) -> float:
        """The probability at more trials and any number of errors."""
        while self.trials < trials:
            self._value -= self.share * _just(self.errors, self.trials, self.share)
            self.trials += 1
        while self.errors > errors:
            self._value -= _just(self.errors, self.trials, self.share)
            self.errors -= 1
        while self.errors < errors:
            self.errors += 1
            self._value += _just(self.errors, self.trials, self.share)
        return 1.0 if errors >= trials else self._value


def _just(errors: int, trials: int, share: float) -> float:
    """Probability of just so many errors."""
    if errors > trials:
        return 0.0
    ways = math.lgamma(trials + 1) - math.lgamma(errors + 1) - math.lgamma(trials - errors + 1)
    rest = (trials - errors) * math.log1p(-share)
    return math.exp(ways + errors * math.log(share) + rest)


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

"""Bounds on silent errors that hold at every moment, computed from audits alone.

A Clopper-Pearson bound is made for one look; read after every audit it breaks its promise. These
may be read at any time, as often as one likes (Ville's inequality on an e-process; Waudby-Smith
and Ramdas 2024, Estimating means of bounded random variables by betting).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from cobot_ai.core.types import Doubles

STAKES = (8.0, 2.0, 0.7, 0.25, 0.08)
"""What a failed audit costs a bettor, in nats; small stakes suit many failures."""
WEIGHTS = (1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16)
"""How the bettor's first capital is spread over the stakes."""
PRIOR = (0.25, 10.0)
"""Beta weights of the steady bound: most weight on small error shares."""
MOST = 10**6
"""Most audits that are ever named as needed."""


def silent_errors(acted: Mapping[float, int], failed: Mapping[float, int], delta: float) -> int:
    """Upper bound of the number of wrong ones among decisions acted alone, at confidence 1 - delta.

    Nothing is assumed about the cases: they may drift, depend on one another and on what was
    audited before; only the draw is random. A sure decision is audited with a share q that is
    fixed before the draw. For a wrong one the factor exp(g - stake) if it is audited and exp(g)
    if not, with g = -log(1 - q (1 - exp(-stake))), has mean 1; so the product over all wrong ones
    is a martingale, and the number of wrong ones that nobody saw is at most what keeps it below
    1 / delta, placed where the share was lowest.

    Args:
        acted: Audit share -> decisions acted alone while it was in force.
        failed: Audit share -> failed audits drawn with it.
        delta: Allowed chance that the true number ever lies above, 0 < delta < 1.
    """
    logs = np.log(WEIGHTS) - np.array(STAKES) * sum(failed.values())
    for share, count in failed.items():
        logs = logs + count * _gain(share)
    errors = 0
    for share in sorted(s for s, count in acted.items() if count):
        room = _room(logs, _gain(share), acted[share], math.log(1 / delta))
        errors += room
        if room < acted[share]:
            break
        logs = logs + room * _gain(share)
    return errors


@lru_cache(4096)
def steady_bound(failed: float, total: int, delta: float) -> float:
    """Upper bound of a silent error share that does not change, at confidence 1 - delta.

    Capital of a bettor who mixes all error shares with a beta weight (Robbins' mixture; the same
    as betting with the predictive share): a share is ruled out once it made him 1 / delta times
    richer. Outcomes of audits count alike whatever the share they were drawn with. An outcome may
    lie between right and wrong: the factor of a part is at most the mean of the factors of both
    (weighted means), so the capital is no larger.

    Args:
        failed: Failed audits. total: All audits. delta: Allowed chance, 0 < delta < 1.
    """
    if failed > total - 1e-6:
        return 1.0
    a, b = PRIOR
    mixed = _log_beta(a + failed, b + total - failed) - _log_beta(a, b)
    limit = mixed - math.log(1 / delta)
    low, high = failed / total, 1.0 - 1e-9
    for _ in range(50):
        middle = (low + high) / 2
        likely = failed * math.log(middle) + (total - failed) * math.log1p(-middle)
        low, high = (middle, high) if likely > limit else (low, middle)
    return high


@lru_cache(4096)
def audits_needed(failed: float, total: int, epsilon: float, delta: float) -> int:
    """Further clean audits until the steady bound is at most epsilon; 0 when it is."""
    if total and steady_bound(failed, total, delta) <= epsilon:
        return 0
    low, high = 0, 1
    while high < MOST and steady_bound(failed, total + high, delta) > epsilon:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = steady_bound(failed, total + middle, delta) <= epsilon
        low, high = (low, middle) if enough else (middle, high)
    return high


def estimate(failed: Mapping[float, int]) -> float:
    """Unbiased estimate of the silent errors: each failed audit stands for (1 - q) / q of them."""
    return sum(count * (1 - share) / share for share, count in failed.items())


def _gain(share: float) -> Doubles:
    return np.asarray(-np.log1p(-share * -np.expm1(-np.array(STAKES))))


def _room(logs: Doubles, gain: Doubles, most: int, limit: float) -> int:
    """Largest number up to `most` of unseen errors that leaves the capital below its limit."""
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        capital = float(np.logaddexp.reduce(logs + middle * gain))
        low, high = (middle, high) if capital < limit else (low, middle)
    return low


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

"""Figures for walls and reviews: each with the number of cases behind it and a band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np

from cobot_ai.core.types import Json

SURE = 0.05
"""A band leaves this much out on each side."""
PRECISE = 1e-9
"""How precisely the end of a band is found."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        value: The figure, None without data. low: Lower end of its band. high: Upper end.
        n: Cases behind it.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int

    def to_json(self) -> Json:
        """Plain JSON form."""
        return asdict(self)


NONE = Figure(None, None, None, 0)


@lru_cache(maxsize=4096)
def share(hits: int, n: int) -> Figure:
    """A share with its exact 90 % interval (Clopper and Pearson 1934).

    Remembered: most shifts are over and their figures stay.
    """
    if n <= 0:
        return NONE
    return Figure(hits / n, 1.0 - _upper(n - hits, n), _upper(hits, n), n)


def _upper(hits: int, n: int) -> float:
    """What `binomial.upper_bound` gives for `SURE`, to 1e-9, for thousands of cases at once."""
    if hits >= n:
        return 1.0
    k = np.arange(hits + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    coefficients = log_factorial[n] - log_factorial[k] - log_factorial[n - k]
    low, high = hits / n, 1.0
    while high - low > PRECISE:
        p = (low + high) / 2
        tail = np.exp(coefficients + k * math.log(p) + (n - k) * math.log1p(-p)).sum()
        low, high = (p, high) if tail > SURE else (low, p)
    return high


def middle(values: Sequence[float]) -> Figure:
    """A median with the quartiles as its band."""
    if not values:
        return NONE
    low, value, high = np.percentile(np.asarray(values, np.float64), [25, 50, 75])
    return Figure(float(value), float(low), float(high), len(values))


def rate(events: int, hours: float) -> Figure:
    """Events per hour; the band is that of a Poisson count, normal approximation of its root.

    Args:
        events: How many (>= 0). hours: In how long (> 0 for a figure).
    """
    if hours <= 0:
        return NONE
    root = 2.0 * events**0.5
    low, high = max(0.0, root - 1.645) ** 2 / 4, (root + 2.645) ** 2 / 4
    return Figure(events / hours, low / hours, high / hours, events)

"""Figures for walls and reviews: each with the number of cases behind it and a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from cobot_ai.core.binomial import upper_bound
from cobot_ai.core.types import Json

SURE = 0.05
"""A band leaves this much out on each side."""


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


def share(hits: int, n: int) -> Figure:
    """A share with its exact 90 % interval (Clopper and Pearson 1934)."""
    if n <= 0:
        return NONE
    high = upper_bound(hits, n, SURE)
    low = 1.0 - upper_bound(n - hits, n, SURE)
    return Figure(hits / n, low, high, n)


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

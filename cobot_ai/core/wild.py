"""Samples so far from all others that they say nothing about the scale of a channel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cobot_ai.core.types import Doubles
from cobot_ai.core.walk import Ints

MOST = 65_536
"""Medians and quantiles of a channel are taken from at most so many samples, evenly spread."""
USUAL, WILD = 0.9, 1e4
"""A sample is wild that is so many times farther from the median than this share of all is."""
FEW = 0.02
"""Share of the cases that may have wild samples, one in any case."""


def tamed(x: Doubles, cases: Callable[[], Ints]) -> tuple[Doubles, float, float]:
    """The samples, wild ones cut: one glitch must not set the scale for all others.

    What stands in more than a few cases is no glitch: a channel may rest at nearly nothing but for
    a short peak in every step. Where most samples are alike nothing is cut.

    Args:
        x: Samples [sample]. cases: Gives the number of the case of each [sample]; seldom needed.

    Returns:
        The samples, their median, and the median of their distances to it.
    """
    some = x[np.linspace(0, len(x) - 1, MOST).astype(np.int64)] if len(x) > MOST else x
    median = float(np.median(some))
    away = np.abs(some - median)
    usual = float(np.median(away))
    farthest = max(float(x.max()) - median, median - float(x.min()))
    if farthest <= WILD * usual:
        return x, median, usual
    reach, case = WILD * float(np.quantile(away, USUAL)), cases()
    wild = len(np.unique(case[np.abs(x - median) > reach]))
    if not reach or wild > max(1, FEW * len(np.unique(case))):
        return x, median, usual
    return np.clip(x, median - reach, median + reach), median, usual

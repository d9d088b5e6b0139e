"""Distances of all pairs of rows in plain numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.types import Doubles, Floats

MEDIAN_ROWS = 200
"""A median distance is taken from at most so many rows of the matrix."""
COPIES = 0.01
"""Share of the mean distance below which two cases are copies: only rounding is between them."""


def l1(a: Floats, b: Floats, weights: Floats) -> Floats:
    """Sum of weighted absolute differences [row of a, row of b]; weights [feature]."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)  # rows with gaps are ten times slower
    out = np.empty((len(a), len(b)), np.float32)
    gap = np.empty_like(b)
    for i, row in enumerate(a):
        np.subtract(b, row, out=gap)
        np.abs(gap, out=gap)
        np.matmul(gap, weights, out=out[i])
    return out


def l1_within(z: Floats, weights: Sequence[Floats]) -> list[Floats]:
    """The same among the rows of `z`, for several weightings in one pass over the pairs."""
    if not len(weights):
        return []
    columns = np.flatnonzero(np.any(weights, axis=0))
    z, mix = np.ascontiguousarray(z[:, columns]), np.array(weights, np.float32)[:, columns]
    out = np.zeros((len(mix), len(z), len(z)), np.float32)
    room = np.empty_like(z)
    for i, row in enumerate(z):
        gap = room[: len(z) - i]
        np.subtract(z[i:], row, out=gap)
        np.abs(gap, out=gap)
        out[:, i, i:] = mix @ gap.T
        out[:, i:, i] = out[:, i, i:]
    return list(out)


def l2(a: Floats, b: Floats) -> Floats:
    """Squared Euclidean distance of all pairs of rows."""
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.maximum(squares, 0), np.float32)


def decay(distance: Floats | Doubles, rate: float, share: float) -> Doubles:
    """The kernel `share` exp(-`rate` distance) of every pair."""
    out = distance.astype(np.float64)
    out *= -rate
    np.exp(out, out=out)
    out *= share
    return out


def evenly(count: int) -> NDArray[np.int64]:
    """At most `MEDIAN_ROWS` positions, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, MEDIAN_ROWS)).astype(np.int64))


def median(distance: Floats, own: NDArray[np.int64]) -> float:
    """Median distance of some cases to all others; never 0.

    Where most pairs are copies it is that of the other pairs: a kernel as narrow as a rounding
    error would not know a copy that is rounded in another way.

    Args:
        distance: [row, case]. own: Position of each row's own case.
    """
    apart = np.ones(distance.shape, bool)
    apart[np.arange(len(own)), own] = False
    found = distance[apart]
    if not len(found):
        return 1.0
    usual, least = float(np.median(found)), COPIES * float(found.mean())
    if usual < least:
        usual = float(np.median(found[found >= least]))
    return max(usual, 1e-9)

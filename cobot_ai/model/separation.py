"""How well single features tell the classes apart, before a distance weighs them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.types import Doubles, Floats
from cobot_ai.model.data import spread
from cobot_ai.model.ridge import GRID_CASES, Labels

PARTS = 8
"""Parts of as many cases each into which the levels of a feature are divided."""


def separation(z: Doubles | Floats, y: Labels) -> Doubles:
    """Adjusted share of each feature's variance that the classes explain, 0 to 1 [feature]."""
    centre = z.mean(axis=0, dtype=np.float64)
    total = ((z - centre) ** 2).sum(axis=0) + 1e-9
    groups = [z[y == c] for c in np.unique(y)]
    between = sum(
        len(group) * (group.mean(axis=0, dtype=np.float64) - centre) ** 2 for group in groups
    )
    return _adjusted(between / total, len(y), len(groups))


def separation_by_level(z: Floats, y: Labels) -> Doubles:
    """Adjusted share of the classes' variance that parts of a feature's range explain [feature].

    It also sees what lies on both sides of the usual, and levels that belong to one class in one
    run and to another in the next, where the classes have the same mean. At most `GRID_CASES`
    cases are looked at.

    Args:
        z: Features [case, feature]. y: Class of each case.
    """
    rows = spread(y, GRID_CASES)
    n, columns = len(rows), np.ascontiguousarray(z[rows].T)
    one_hot = np.asarray(y[rows, None] == np.unique(y[rows]), np.float32)
    counted = np.concatenate([np.ones((n, 1), np.float32), one_hot], axis=1)
    borders = np.sort(columns, axis=1)[:, np.arange(1, PARTS) * (n - 1) // PARTS].T
    beyond = [np.asarray(columns > b[:, None], np.float32) @ counted for b in borders]
    whole = np.broadcast_to(counted.sum(axis=0), beyond[0].shape)
    parts = -np.diff(np.stack([whole, *beyond, 0 * whole]), axis=0)  # [part, feature, 1 + class]
    inside = parts[:, :, 0]
    explained = ((parts[:, :, 1:] ** 2).sum(axis=2) / np.maximum(inside, 1)).sum(axis=0)
    chance = (whole[:, 1:] ** 2).sum(axis=1) / n
    share = (explained - chance) / np.maximum(n - chance, 1e-9)
    return _adjusted(share.astype(np.float64), n, (inside > 0).sum(axis=0))


def _adjusted(share: Doubles, n: int, groups: NDArray[np.int64] | int) -> Doubles:
    """A share of variance less what as many groups explain by chance."""
    left = (1 - np.clip(share, 0, 1)) * (n - 1)
    return np.asarray(np.clip(1 - left / np.maximum(n - groups, 1), 0, 1))

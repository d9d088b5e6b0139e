"""Folds for cross-fitting: whole groups, classes spread as evenly as the groups allow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cobot_ai.model.data import OTHER

FOLDS = 8
"""Folds of the cross-fit."""


def assign_folds(
    labels: Sequence[str], groups: Sequence[str], count: int, seed: int
) -> NDArray[np.int64]:
    """Fold number of each case, 0 to `count` - 1; a group never spans two folds.

    Cases are dealt in order: the first case of a group goes to the fold that has the fewest
    cases of its label, then the fewest cases at all, then by lot; the rest of the group follows.
    So a later case never moves an earlier one, and versions can be compared case by case.

    Args:
        labels: Label of each case. groups: Group of each case; empty: a group of its own.
        count: Number of folds. seed: Seed of the lots.
    """
    lots = np.random.default_rng(seed)
    load: dict[str, NDArray[np.int64]] = defaultdict(lambda: np.zeros(count, np.int64))
    total = np.zeros(count, np.int64)
    fold_of: dict[str, int] = {}
    folds = np.zeros(len(labels), np.int64)
    for i, (label, group) in enumerate(zip(labels, groups, strict=True)):
        lot = lots.random(count)
        key = group or f'\0{i}'
        if key not in fold_of:
            fold_of[key] = int(np.lexsort((lot, total, load[label]))[0])
        folds[i] = fold_of[key]
        load[label][folds[i]] += 1
        total[folds[i]] += 1
    return folds


def learn_sets(
    y: NDArray[np.int64], folds: NDArray[np.int64]
) -> dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Positions of the learnt and of the scored cases of each fold.

    Where the other folds hold less than two classes there is nothing to compare with: the fold is
    left out, so that its scores stay all alike, which is the honest "cannot tell".

    Args:
        y: Classes, `OTHER` for cases that are scored but never learnt. folds: Fold of each case.
    """
    sets = {}
    for fold in np.unique(folds):
        held = folds == fold
        learn = np.flatnonzero(~held & (y != OTHER))
        if len(np.unique(y[learn])) > 1:
            sets[int(fold)] = (learn, np.flatnonzero(held))
    return sets

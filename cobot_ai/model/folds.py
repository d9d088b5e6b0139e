"""Folds for cross-fitting: whole groups, classes spread as evenly as the groups allow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


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

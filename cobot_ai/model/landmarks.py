"""Many cases: a few hundred landmarks carry the kernel, every case shapes the coefficients.

Nystrom approximation: Williams and Seeger 2001. The cases are streamed in blocks, so that no
matrix of all pairs is ever made.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.types import Doubles, Floats
from cobot_ai.model.arms import Arm, LandmarkKernel, kernel_among
from cobot_ai.model.data import OTHER, spread
from cobot_ai.model.folds import learn_sets
from cobot_ai.model.heads import Table, count, pick
from cobot_ai.model.ridge import Labels, make_targets
from cobot_ai.model.solution import Primal, normal_equations, prior_of, whiten

BLOCK = 2048
SAMPLE = 4096
"""Feature weights and scales come from at most so many cases, as equal in class as possible."""
MANY = 20_000
"""Beyond so many cases fewer landmarks keep the refit short."""

MakeArms = Callable[[Table, Labels, Labels], tuple[Arm, ...]]
"""Features and classes of a sample, positions to store -> fitted arms that store those."""


def landmark_count(cases: int) -> int:
    """How many landmarks so many cases get."""
    return 1024 if cases <= MANY else 512


def fit_landmarks(
    make: MakeArms,
    ridge: float,
    table: Table,
    y: Labels,
    classes: int,
    folds: Labels,
    most: int,
) -> tuple[LandmarkKernel, Doubles]:
    """Choose landmarks, solve on all cases, and score each case without its own fold.

    Args:
        make: Makes the arms. ridge: The ridge. table: Features of all cases.
        y: Classes, `OTHER` for cases that are scored but not learnt. classes: Number of classes.
        folds: Fold of each case. most: Number of landmarks.
    """
    known = np.flatnonzero(y != OTHER)
    sample = known[spread(y[known], SAMPLE)]
    chosen = spread(y[sample], most)
    arms = make(pick(table, sample), y[sample], chosen)
    targets = make_targets(y[known], classes)
    prior = prior_of(targets)
    among = kernel_among(arms, np.arange(len(chosen)))
    noise = np.diag(ridge / prior.weight[y[sample[chosen]]])
    size = (len(chosen), len(chosen)), (len(chosen), classes)
    empty = Primal(prior, ridge, np.zeros(size[0]), np.zeros(size[1]))
    bare = LandmarkKernel(
        arms,
        whiten(among),
        np.asarray(np.linalg.inv(among + noise), np.float64),
        empty,
        np.searchsorted(known, sample[chosen]),
    )
    return _solve(bare, table, y, folds)


def _solve(
    bare: LandmarkKernel, table: Table, y: Labels, folds: Labels
) -> tuple[LandmarkKernel, Doubles]:
    table = {name: table[name] for name in bare.blocks}  # what is not read need not be copied
    features = np.empty((count(table), len(bare.root)), np.float32)
    for begin in range(0, len(features), BLOCK):
        rows = np.arange(begin, min(begin + BLOCK, len(features)))
        features[rows] = bare.features(pick(table, rows))
    by_fold = {}
    for fold in np.unique(folds):
        by_fold[int(fold)] = _accumulate(features, y, (folds == fold) & (y != OTHER), bare.solution)
    total = bare.solution
    gram = np.sum([g for g, _ in by_fold.values()], axis=0)
    moment = np.sum([m for _, m in by_fold.values()], axis=0)
    raw = np.zeros((len(y), len(total.prior.base)))
    for fold, (_, held) in learn_sets(y, folds).items():
        weights = total.solve(gram - by_fold[fold][0], moment - by_fold[fold][1])
        raw[held] = features[held] @ weights + total.prior.base
    solved = Primal(total.prior, total.ridge, gram, moment)
    return LandmarkKernel(bare.arms, bare.root, bare.inverse, solved, bare.stored), raw


def _accumulate(
    features: Floats, y: Labels, chosen: NDArray[np.bool_], solution: Primal
) -> tuple[Doubles, Doubles]:
    """Normal equations of the chosen cases, block by block."""
    rows = np.flatnonzero(chosen)
    gram, moment = np.zeros_like(solution.gram), np.zeros_like(solution.moment)
    for begin in range(0, len(rows), BLOCK):
        part = rows[begin : begin + BLOCK]
        g, m = normal_equations(features[part].astype(np.float64), y[part], solution.prior)
        gram, moment = gram + g, moment + m
    return gram, moment

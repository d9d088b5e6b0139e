"""The kernel head: ridge on a sum of kernels over the stored, labelled cases.

K = sum of share exp(-rate distance) over a list of views (an L1 and a squared distance make a
Laplacian and a Gaussian kernel); scores K C + base with C = (K + ridge D)^-1 (Y - base).
Everything is chosen by exact leave-one-out log-loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cobot_ai.core.types import Doubles, Floats, Json
from cobot_ai.model.arms import Arm, ExactKernel, kernel_among
from cobot_ai.model.data import OTHER, spread
from cobot_ai.model.distance import decay, evenly, median
from cobot_ai.model.folds import learn_sets
from cobot_ai.model.heads import Table, Trained, pick
from cobot_ai.model.landmarks import fit_landmarks, landmark_count
from cobot_ai.model.ridge import (
    GRID_CASES,
    Choice,
    Labels,
    Targets,
    choose_ridge,
    make_targets,
    solve,
)
from cobot_ai.model.solution import solve_exact
from cobot_ai.model.stills import STILL
from cobot_ai.model.views import GaussianMetric, LaplacianMetric, Metric

SPECTRUM, SHARES = 'spectrum', 'convolutions'
"""The block that is left out where it does not help, and the one of the Gaussian view."""
WIDTHS = (0.5, 1.0, 2.0)
MIXES = (0.25, 0.5, 0.75)
WORTH = 0.8
"""A sharper metric is taken where its loss is at most this part of the other's: labels choose its
features, so that leaving one case out flatters it. Where it helps the loss falls to 0.5 to 0.75;
chance alone gives 0.8 and more on a hundred cases."""
MOST_EXACT = 1500
"""Beyond so many cases landmarks carry the kernel."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A view a head may use: metrics and sets of feature blocks to choose from."""

    metrics: tuple[Metric, ...]
    options: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A chosen view; its width is a multiple of 1 / median distance."""

    metric: Metric
    blocks: tuple[str, ...]
    width: float
    share: float

    @property
    def facts(self) -> Json:
        """What was chosen, for the manifest."""
        return {
            'kernel': self.metric.name,
            'blocks': list(self.blocks),
            'width': self.width,
            'share': self.share,
        }

    def arm(self, table: Table, y: Labels, stored: Labels) -> Arm:
        """Fit the view on a table and store some of its cases."""
        view = self.metric.fit(table, self.blocks, y).keep(stored)
        rows = evenly(len(stored))
        return Arm(view, self.width / median(view.among(rows), rows), self.share)

    def kernel(self, distance: Floats, rows: Labels) -> Doubles:
        """Kernel [case, learnt] from distances among all cases when only some are learnt."""
        sample = rows[evenly(len(rows))]
        apart = distance[:, rows]
        rate = self.width / median(apart[sample], evenly(len(rows)))
        return decay(apart, rate, self.share)


@dataclass(frozen=True, slots=True)
class KernelRecipe:
    """Chosen views and ridge."""

    parts: tuple[Part, ...]
    ridge: float

    @property
    def facts(self) -> Json:
        """What was chosen, for the manifest."""
        return {'views': [part.facts for part in self.parts], 'ridge': self.ridge}

    def fit(self, table: Table, y: Labels, classes: int, folds: Labels) -> tuple[Trained, Doubles]:
        """Solve on all cases and score each one by a model that did not see its fold."""
        known = np.flatnonzero(y != OTHER)
        if len(known) > MOST_EXACT:
            most = landmark_count(len(known))
            return fit_landmarks(self.arms, self.ridge, table, y, classes, folds, most)
        trained = self.solve(pick(table, known), y[known], classes)
        return trained, self.cross(table, y, classes, folds)

    def solve(self, table: Table, y: Labels, classes: int) -> ExactKernel:
        """Fit views, widths and coefficients from scratch; every case is stored."""
        arms = self.arms(table, y, np.arange(len(y)))
        kernel = kernel_among(arms, np.arange(len(y)))
        return ExactKernel(arms, solve_exact(kernel, make_targets(y, classes), self.ridge))

    def arms(self, table: Table, y: Labels, stored: Labels) -> tuple[Arm, ...]:
        """Fit all views and store some of the cases."""
        return tuple(part.arm(table, y, stored) for part in self.parts)

    def cross(self, table: Table, y: Labels, classes: int, folds: Labels) -> Doubles:
        """Raw scores [case, class] of every case by a model that did not see its fold."""
        sets = list(learn_sets(y, folds).values())
        learns = [learn for learn, _ in sets]
        kernels = [np.zeros((len(y), len(learn))) for learn in learns]
        for part in self.parts:
            for i, distance in enumerate(part.metric.cross(table, part.blocks, y, learns)):
                kernels[i] += part.kernel(distance, learns[i])
        raw = np.zeros((len(y), classes))
        for kernel, (learn, held) in zip(kernels, sets, strict=True):
            targets = make_targets(y[learn], classes)
            solved = solve(kernel[learn], targets, self.ridge)
            raw[held] = kernel[held] @ solved + targets.base
        return raw


@dataclass(frozen=True, slots=True)
class _Best:
    """The best width of one view, or the best sum of views so far."""

    choice: Choice
    kernel: Doubles
    parts: tuple[Part, ...]

    @property
    def loss(self) -> float:
        return self.choice.loss

    def shares(self, factor: float) -> tuple[Part, ...]:
        return tuple(replace(p, share=p.share * factor) for p in self.parts)


def make_plans(blocks: Sequence[str]) -> tuple[Plan, ...]:
    """The views of some feature blocks.

    Convolutions and camera stills make a Gaussian view each, all others a Laplacian one.
    """
    wide = tuple(b for b in blocks if b not in (SHARES, STILL))
    plain = tuple(b for b in wide if b != SPECTRUM)
    joined = tuple(dict.fromkeys(option for option in (wide, plain) if option))
    broad, sharp = LaplacianMetric(), LaplacianMetric(sharp=True)
    plans = [Plan((broad, sharp), joined)] if joined else []
    if SHARES in blocks:
        plans.append(Plan((GaussianMetric(),), ((SHARES,),)))
    if STILL in blocks:
        plans.append(Plan((GaussianMetric(),), ((STILL,),)))
    return tuple(plans)


class KernelHead:
    """Chooses blocks, widths, shares and ridge by exact leave-one-out.

    Args:
        blocks: Names of the feature blocks. Shares are chosen one view (`make_plans`) after the
            other.
    """

    def __init__(self, blocks: Sequence[str]) -> None:
        self.blocks = tuple(blocks)
        self._plans = make_plans(blocks)

    def choose(self, table: Table, y: Labels, classes: int) -> KernelRecipe:
        """Choose on at most `GRID_CASES` cases, evenly spread over each class."""
        rows = spread(y, GRID_CASES)
        table, targets = pick(table, rows), make_targets(y[rows], classes)
        found = [_best_view(plan, table, targets) for plan in self._plans]
        best = found[0]
        for view in found[1:]:
            mixed = (_mix(best, view, share, targets) for share in MIXES)
            best = min([best, view, *mixed], key=lambda b: b.loss)
        return KernelRecipe(best.parts, best.choice.ridge)


def _best_view(plan: Plan, table: Table, targets: Targets) -> _Best:
    """The best metric, blocks and width of one view; a later metric only where it is worth it."""
    best = _best_of(plan.metrics[0], plan.options, table, targets)
    for metric in plan.metrics[1:]:
        other = _best_of(metric, [best.parts[0].blocks], table, targets)
        best = other if other.loss < WORTH * best.loss else best
    return best


def _best_of(
    metric: Metric, sets: Sequence[tuple[str, ...]], table: Table, targets: Targets
) -> _Best:
    """The best blocks and width of one metric."""
    options = []
    for blocks in sets:
        view = metric.fit(table, blocks, targets.y)
        distance = view.among(np.arange(len(targets.y)))
        for width in WIDTHS:
            part = Part(metric, blocks, width, 1.0)
            kernel = part.kernel(distance, np.arange(len(targets.y)))
            options.append(_Best(choose_ridge(kernel, targets), kernel, (part,)))
    return min(options, key=lambda b: b.loss)


def _mix(a: _Best, b: _Best, share: float, targets: Targets) -> _Best:
    kernel = (1 - share) * a.kernel + share * b.kernel
    parts = (*a.shares(1 - share), *b.shares(share))
    return _Best(choose_ridge(kernel, targets), kernel, parts)

"""The kernel head: ridge on two kernels over the stored, labelled cases.

K = (1 - mix) exp(-a |z - z'|_1) + mix exp(-b |v - v'|^2) over a Laplacian and a Gaussian view;
scores K C + base with C = (K + ridge D)^-1 (Y - base). Everything is chosen by exact
leave-one-out log-loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cobot_ai.core.types import Doubles, Floats, Json
from cobot_ai.model.blocks import Emitted
from cobot_ai.model.data import spread
from cobot_ai.model.graph import BATCH, FLOAT, INT64, Graph, Port
from cobot_ai.model.heads import Table, Trained, pick
from cobot_ai.model.ridge import (
    Choice,
    Labels,
    Targets,
    choose_ridge,
    make_targets,
    regularised_inverse,
)
from cobot_ai.model.views import Gaussian, Laplacian, fit_gaussian, fit_laplacian

SPECTRUM, SHARES = 'spectrum', 'convolutions'
"""The block that is left out where it does not help, and the one of the Gaussian view."""
WIDTHS = (0.5, 1.0, 2.0)
MIXES = (0.25, 0.5, 0.75)
GRID_CASES = 400
"""Hyper-parameters are chosen on at most so many cases; the solution uses all."""
NEAREST = 5


@dataclass(frozen=True, slots=True)
class Arm:
    """One view with its kernel width and its share of the mix."""

    view: Laplacian | Gaussian
    rate: float
    share: float

    def rows(self, distance: Floats) -> Doubles:
        """This arm's part of the kernel for given distances."""
        return np.asarray(self.share * np.exp(-self.rate * distance), np.float64)

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> str:
        """The same inside a graph, in double precision [B, stored]."""
        rate, share = g.double(g.const(-self.rate)), g.double(g.const(self.share))
        return g.op('Mul', g.op('Exp', g.op('Mul', self.view.emit(g, emitted), rate)), share)


@dataclass(frozen=True, slots=True)
class TrainedKernel:
    """Arms, coefficients [stored, class], base [class], inverse [stored, stored]."""

    arms: tuple[Arm, ...]
    coefficients: Doubles
    base: Doubles
    inverse: Doubles

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the feature blocks it reads."""
        return tuple(block for arm in self.arms for block in arm.view.blocks)

    def raw(self, table: Table) -> Doubles:
        """Raw class scores [case, class]."""
        kernel = sum(arm.rows(arm.view.distance(table)) for arm in self.arms)
        return np.asarray(kernel @ self.coefficients + self.base)

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> tuple[str, list[Port]]:
        """Write kernel, scores, novelty and the nearest stored cases into a graph."""
        kernel = self.arms[0].emit(g, emitted)
        for arm in self.arms[1:]:
            kernel = g.op('Add', kernel, arm.emit(g, emitted))
        product = g.op('MatMul', kernel, g.double(g.const(self.coefficients)))
        alike = g.single(kernel)
        quadratic = g.op('Mul', g.op('MatMul', alike, g.const(self.inverse)), alike)
        unknown = g.op('Sub', g.const(1.0), g.sum(quadratic, axis=1, keep=False))
        g.op('Clip', unknown, g.const(0.0), g.const(1.0), out='novelty')
        count = min(NEAREST, len(self.coefficients))
        g.top(alike, count, ('near_sim', 'near_idx'))
        ports: list[Port] = [
            ('novelty', FLOAT, (BATCH,)),
            ('near_idx', INT64, (BATCH, count)),
            ('near_sim', FLOAT, (BATCH, count)),
        ]
        return g.op('Add', g.single(product), g.const(self.base)), ports


@dataclass(frozen=True, slots=True)
class KernelRecipe:
    """Chosen hyper-parameters; widths are multiples of 1 / median distance."""

    blocks: tuple[str, ...]
    width_a: float
    width_b: float
    mix: float
    ridge: float

    @property
    def facts(self) -> Json:
        """What was chosen, for the manifest."""
        return {
            'blocks': list(self.blocks),
            'width_a': self.width_a,
            'width_b': self.width_b,
            'mix': self.mix,
            'ridge': self.ridge,
        }

    def solve(self, table: Table, y: Labels, classes: int) -> Trained:
        """Fit scaling, weights, widths and coefficients from scratch."""
        targets = make_targets(y, classes)
        arms, kernel = [], np.zeros((len(y), len(y)))
        for view, width, share in self._views(table, y):
            distance = view.within()
            arm = Arm(view, width / _median(distance), share)
            kernel += arm.rows(distance)
            arms.append(arm)
        inverse = regularised_inverse(kernel, targets, self.ridge)
        return TrainedKernel(tuple(arms), inverse @ targets.centred, targets.base, inverse)

    def _views(
        self, table: Table, y: Labels
    ) -> Iterable[tuple[Laplacian | Gaussian, float, float]]:
        if self.mix < 1:
            yield fit_laplacian(table, self.blocks, y), self.width_a, 1 - self.mix
        if self.mix > 0:
            yield fit_gaussian(table, SHARES), self.width_b, self.mix


@dataclass(frozen=True, slots=True)
class _Best:
    """The best width of one view, with its kernel."""

    choice: Choice
    width: float
    kernel: Doubles


class KernelHead:
    """Chooses blocks, widths, mix and ridge by exact leave-one-out.

    Args:
        blocks: Names of the feature blocks. The convolutions make the Gaussian view, all others
            together the Laplacian one.
    """

    def __init__(self, blocks: Sequence[str]) -> None:
        self.blocks = tuple(blocks)
        wide = tuple(b for b in blocks if b != SHARES)
        plain = tuple(b for b in wide if b != SPECTRUM)
        self._joined = tuple(dict.fromkeys(option for option in (wide, plain) if option))

    def choose(self, table: Table, y: Labels, classes: int) -> KernelRecipe:
        """Choose on at most `GRID_CASES` cases, evenly spread over each class."""
        rows = spread(y, GRID_CASES)
        table, targets = pick(table, rows), make_targets(y[rows], classes)
        options = [
            (joined, _best(fit_laplacian(table, joined, targets.y), targets))
            for joined in self._joined
        ]
        b = _best(fit_gaussian(table, SHARES), targets) if SHARES in self.blocks else None
        if not options and b is not None:
            return KernelRecipe((), 1.0, b.width, 1.0, b.choice.ridge)
        blocks, a = min(options, key=lambda option: option[1].choice.loss)
        if b is None:
            return KernelRecipe(blocks, a.width, 1.0, 0.0, a.choice.ridge)
        ends = [(a.choice, 0.0), (b.choice, 1.0)]
        between = [
            (choose_ridge((1 - mix) * a.kernel + mix * b.kernel, targets), mix) for mix in MIXES
        ]
        best, mix = min([*ends, *between], key=lambda pair: pair[0].loss)
        return KernelRecipe(blocks, a.width, b.width, mix, best.ridge)


def _best(view: Laplacian | Gaussian, targets: Targets) -> _Best:
    distance = view.within().astype(np.float64)
    median = _median(distance)
    tried = []
    for width in WIDTHS:
        kernel = np.exp(-width / median * distance)
        tried.append(_Best(choose_ridge(kernel, targets), width, kernel))
    return min(tried, key=lambda best: best.choice.loss)


def _median(distance: Floats | Doubles) -> float:
    """Median distance between two different cases."""
    upper = distance[np.triu_indices(len(distance), 1)]
    return max(float(np.median(upper)), 1e-9)

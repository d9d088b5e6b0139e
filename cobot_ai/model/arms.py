"""A solved kernel head: views with their widths and shares, and the coefficients on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cobot_ai.core.types import Doubles, Floats
from cobot_ai.model.blocks import Emitted
from cobot_ai.model.distance import decay
from cobot_ai.model.graph import BATCH, FLOAT, INT64, Graph, Port
from cobot_ai.model.heads import Table, pick
from cobot_ai.model.ridge import Labels
from cobot_ai.model.solution import Exact, Primal
from cobot_ai.model.views import View

NEAREST = 5


@dataclass(frozen=True, slots=True)
class Arm:
    """One view with its kernel's rate and its share of the sum."""

    view: View
    rate: float
    share: float

    def rows(self, distance: Floats | Doubles) -> Doubles:
        """This arm's part of the kernel for given distances."""
        return decay(distance, self.rate, self.share)

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> str:
        """The same inside a graph, in double precision [B, stored]."""
        rate, share = g.double(g.const(-self.rate)), g.double(g.const(self.share))
        return g.op('Mul', g.op('Exp', g.op('Mul', self.view.emit(g, emitted), rate)), share)


def kernel_to(arms: Sequence[Arm], table: Table) -> Doubles:
    """Kernel of other cases with the stored ones [case, stored]."""
    return np.asarray(sum(arm.rows(arm.view.distance(table)) for arm in arms))


def kernel_among(arms: Sequence[Arm], rows: Labels) -> Doubles:
    """Kernel of some stored cases with all stored ones [row, stored]."""
    return np.asarray(sum(arm.rows(arm.view.among(rows)) for arm in arms))


@dataclass(frozen=True, slots=True)
class ExactKernel:
    """Every learnt case is stored."""

    arms: tuple[Arm, ...]
    solution: Exact

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the feature blocks it reads."""
        return _blocks(self.arms)

    @property
    def stored(self) -> Labels:
        """Positions of the stored cases among the learnt ones: all of them."""
        return np.arange(len(self.solution.y))

    def raw(self, table: Table) -> Doubles:
        """Raw class scores [case, class]."""
        kernel = kernel_to(self.arms, table)
        return np.asarray(kernel @ self.solution.coefficients + self.solution.prior.base)

    def add(self, table: Table, y: Labels) -> ExactKernel:
        """Learn cases exactly, one after the other."""
        arms, solution = self.arms, self.solution
        for i in range(len(y)):
            one = pick(table, np.array([i]))
            arms = tuple(replace(a, view=a.view.extend(one)) for a in arms)
            row = kernel_among(arms, np.array([len(solution.y)]))[0]
            solution = solution.add(row, int(y[i]))
        return ExactKernel(arms, solution)

    def forget(self, table: Table, y: Labels, rows: Labels) -> ExactKernel:
        """Forget learnt cases exactly, by their positions."""
        keep = np.delete(self.stored, rows)
        arms = tuple(replace(a, view=a.view.keep(keep)) for a in self.arms)
        return ExactKernel(arms, self.solution.forget(rows))

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> tuple[str, list[Port]]:
        """Write kernel, scores, novelty and the nearest stored cases into a graph."""
        s = self.solution
        return _emit(g, emitted, self.arms, s.coefficients, s.prior.base, s.inverse)


@dataclass(frozen=True, slots=True)
class LandmarkKernel:
    """A few hundred cases are stored; all others shaped the coefficients on them.

    Attributes:
        arms: Views that store the landmarks. root: `whiten` of their kernel.
        inverse: (K + ridge D)^-1 of the landmarks, for the novelty.
        solution: Weights of the whitened kernel rows.
        stored: Positions of the landmarks among the learnt cases.
    """

    arms: tuple[Arm, ...]
    root: Doubles
    inverse: Doubles
    solution: Primal
    stored: Labels

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the feature blocks it reads."""
        return _blocks(self.arms)

    def features(self, table: Table) -> Doubles:
        """Whitened kernel rows [case, landmark]."""
        return kernel_to(self.arms, table) @ self.root

    def raw(self, table: Table) -> Doubles:
        """Raw class scores [case, class]."""
        solution = self.solution
        return np.asarray(self.features(table) @ solution.weights + solution.prior.base)

    def add(self, table: Table, y: Labels) -> LandmarkKernel:
        """Learn cases exactly; the landmarks stay."""
        return replace(self, solution=self.solution.add(self.features(table), y))

    def forget(self, table: Table, y: Labels, rows: Labels) -> LandmarkKernel | None:
        """Forget learnt cases exactly; None when one is a landmark: its features would stay."""
        if np.isin(rows, self.stored).any():
            return None
        moved = self.stored - np.searchsorted(np.sort(rows), self.stored)
        solution = self.solution.forget(self.features(table), y)
        return replace(self, solution=solution, stored=moved)

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> tuple[str, list[Port]]:
        """Write kernel, scores, novelty and the nearest landmarks into a graph."""
        s = self.solution
        return _emit(g, emitted, self.arms, self.root @ s.weights, s.prior.base, self.inverse)


def _blocks(arms: Sequence[Arm]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(block for arm in arms for block in arm.view.blocks))


def _emit(
    g: Graph,
    emitted: Mapping[str, Emitted],
    arms: Sequence[Arm],
    coefficients: Doubles,
    base: Doubles,
    inverse: Doubles,
) -> tuple[str, list[Port]]:
    kernel = arms[0].emit(g, emitted)
    for arm in arms[1:]:
        kernel = g.op('Add', kernel, arm.emit(g, emitted))
    product = g.op('MatMul', kernel, g.double(g.const(coefficients)))
    alike = g.single(kernel)
    quadratic = g.op('Mul', g.op('MatMul', alike, g.const(inverse)), alike)
    unknown = g.op('Sub', g.const(1.0), g.sum(quadratic, axis=1, keep=False))
    g.op('Clip', unknown, g.const(0.0), g.const(1.0), out='novelty')
    most = min(NEAREST, len(coefficients))
    g.top(alike, most, ('near_sim', 'near_idx'))
    ports: list[Port] = [
        ('novelty', FLOAT, (BATCH,)),
        ('near_idx', INT64, (BATCH, most)),
        ('near_sim', FLOAT, (BATCH, most)),
    ]
    return g.op('Add', g.single(product), g.const(base)), ports

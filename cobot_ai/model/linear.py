"""The linear head: one-vs-rest ridge on the statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cobot_ai.core.types import Doubles, Json
from cobot_ai.model.blocks import Emitted
from cobot_ai.model.graph import Graph, Port
from cobot_ai.model.heads import Standard, Table, Trained, fit_standard
from cobot_ai.model.ridge import Labels, choose_ridge, make_targets, solve

BLOCK = 'statistics'


@dataclass(frozen=True, slots=True)
class TrainedLinear:
    """Weights [feature, class] and offset [class] on standardised features."""

    standard: Standard
    weights: Doubles
    base: Doubles

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the feature blocks it reads."""
        return (BLOCK,)

    def raw(self, table: Table) -> Doubles:
        """Raw class scores [case, class]."""
        return np.asarray(self.standard.apply(table[BLOCK]) @ self.weights + self.base)

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> tuple[str, list[Port]]:
        """Write the head into a graph."""
        product = g.op('MatMul', self.standard.emit(g, emitted[BLOCK]), g.const(self.weights))
        return g.op('Add', product, g.const(self.base)), []


@dataclass(frozen=True, slots=True)
class LinearRecipe:
    """The chosen ridge."""

    ridge: float
    facts: Json

    def solve(self, table: Table, y: Labels, classes: int) -> Trained:
        """Standardise and solve; the kernel form keeps the cost at cases cubed."""
        standard = fit_standard(table[BLOCK])
        z = standard.apply(table[BLOCK])
        targets = make_targets(y, classes)
        coefficients = solve(z @ z.T / z.shape[1], targets, self.ridge)
        return TrainedLinear(standard, z.T @ coefficients / z.shape[1], targets.base)


class LinearHead:
    """Chooses the ridge by exact leave-one-out."""

    blocks = (BLOCK,)

    def choose(self, table: Table, y: Labels, classes: int) -> LinearRecipe:
        """Choose the ridge on the whole training set."""
        z = fit_standard(table[BLOCK]).apply(table[BLOCK])
        best = choose_ridge(z @ z.T / z.shape[1], make_targets(y, classes))
        return LinearRecipe(best.ridge, {'ridge': best.ridge, 'features': z.shape[1]})

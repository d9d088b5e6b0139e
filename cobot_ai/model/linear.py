"""The linear head: one-vs-rest ridge on the statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cobot_ai.core.spec import BLOCKS
from cobot_ai.core.types import Doubles, Json
from cobot_ai.model.blocks import Emitted
from cobot_ai.model.graph import Graph, Port
from cobot_ai.model.heads import Standard, Table, Trained, fit_standard
from cobot_ai.model.ridge import Labels, choose_ridge, make_targets, solve
from cobot_ai.model.views import join

BLOCK = 'statistics'


@dataclass(frozen=True, slots=True)
class TrainedLinear:
    """Weights [feature, class] and offset [class] on standardised features."""

    blocks: tuple[str, ...]
    standard: Standard
    weights: Doubles
    base: Doubles

    def raw(self, table: Table) -> Doubles:
        """Raw class scores [case, class]."""
        return np.asarray(self.standard.apply(join(table, self.blocks)) @ self.weights + self.base)

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> tuple[str, list[Port]]:
        """Write the head into a graph."""
        product = g.op(
            'MatMul', self.standard.emit(g, _joined(g, emitted, self.blocks)), g.const(self.weights)
        )
        return g.op('Add', product, g.const(self.base)), []


@dataclass(frozen=True, slots=True)
class LinearRecipe:
    """The chosen ridge."""

    blocks: tuple[str, ...]
    ridge: float
    facts: Json

    def solve(self, table: Table, y: Labels, classes: int) -> Trained:
        """Standardise and solve; the kernel form keeps the cost at cases cubed."""
        features = join(table, self.blocks)
        standard, strength = fit_standard(features), features.strength
        z = standard.apply(features) * strength
        targets = make_targets(y, classes)
        coefficients = solve(z @ z.T / z.shape[1], targets, self.ridge)
        weights = strength[:, None] * (z.T @ coefficients / z.shape[1])
        return TrainedLinear(self.blocks, standard, weights, targets.base)


class LinearHead:
    """Chooses the ridge by exact leave-one-out.

    Args:
        blocks: Names of the feature blocks; of the built-in ones it reads the statistics only.
    """

    def __init__(self, blocks: Sequence[str]) -> None:
        self.blocks = (BLOCK, *(b for b in blocks if b not in BLOCKS))

    def choose(self, table: Table, y: Labels, classes: int) -> LinearRecipe:
        """Choose the ridge on the whole training set."""
        features = join(table, self.blocks)
        z = fit_standard(features).apply(features) * features.strength
        best = choose_ridge(z @ z.T / z.shape[1], make_targets(y, classes))
        return LinearRecipe(self.blocks, best.ridge, {'ridge': best.ridge, 'features': z.shape[1]})


def _joined(g: Graph, emitted: Mapping[str, Emitted], blocks: tuple[str, ...]) -> Emitted:
    if len(blocks) == 1:
        return emitted[blocks[0]]
    value, valid = (g.op('Concat', *(emitted[b][i] for b in blocks), axis=1) for i in (0, 1))
    return value, valid

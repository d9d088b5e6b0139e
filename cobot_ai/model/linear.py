"""The linear head: one-vs-rest ridge on the statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cobot_ai.core.spec import BLOCKS
from cobot_ai.core.types import Doubles, Floats, Json
from cobot_ai.model.blocks import Emitted
from cobot_ai.model.data import OTHER, spread
from cobot_ai.model.folds import learn_sets
from cobot_ai.model.graph import Graph, Port
from cobot_ai.model.heads import Standard, Table, Trained, fit_standard, join, pick
from cobot_ai.model.ridge import GRID_CASES, Labels, choose_ridge, make_targets
from cobot_ai.model.solution import Primal, prior_of

BLOCK = 'statistics'


@dataclass(frozen=True, slots=True)
class TrainedLinear:
    """Weights on standardised features; no case is stored.

    Attributes:
        blocks: Feature blocks it reads. standard: Their standardisation.
        strength: How much each feature counts [feature]. solution: The weights.
    """

    blocks: tuple[str, ...]
    standard: Standard
    strength: Floats
    solution: Primal

    stored: ClassVar[None] = None

    def features(self, table: Table) -> Doubles:
        """Standardised features, scaled so that their products are means [case, feature]."""
        return np.asarray(self.standard.apply(join(table, self.blocks)) * self._scale)

    @property
    def _scale(self) -> Doubles:
        return np.asarray(self.strength / np.sqrt(len(self.strength)), np.float64)

    def raw(self, table: Table) -> Doubles:
        """Raw class scores [case, class]."""
        solution = self.solution
        return np.asarray(self.features(table) @ solution.weights + solution.prior.base)

    def add(self, table: Table, y: Labels) -> TrainedLinear:
        """Learn cases exactly."""
        return replace(self, solution=self.solution.add(self.features(table), y))

    def forget(self, table: Table, y: Labels, rows: Labels) -> TrainedLinear:
        """Forget learnt cases exactly."""
        return replace(self, solution=self.solution.forget(self.features(table), y))

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> tuple[str, list[Port]]:
        """Write the head into a graph."""
        weights = self.solution.weights * self._scale[:, None]
        row = self.standard.emit(g, _joined(g, emitted, self.blocks))
        return g.op('Add', g.op('MatMul', row, g.const(weights)), g.const(self.base)), []

    @property
    def base(self) -> Doubles:
        """What an unknown case gets [class]."""
        return self.solution.prior.base


@dataclass(frozen=True, slots=True)
class LinearRecipe:
    """The chosen ridge."""

    blocks: tuple[str, ...]
    ridge: float
    facts: Json

    def fit(self, table: Table, y: Labels, classes: int, folds: Labels) -> tuple[Trained, Doubles]:
        """Solve on all cases and score each one by a model that did not see its fold."""
        known = np.flatnonzero(y != OTHER)
        raw = np.zeros((len(y), classes))
        for learn, held in learn_sets(y, folds).values():
            raw[held] = self.solve(pick(table, learn), y[learn], classes).raw(pick(table, held))
        return self.solve(pick(table, known), y[known], classes), raw

    def solve(self, table: Table, y: Labels, classes: int) -> TrainedLinear:
        """Standardise and solve."""
        features = join(table, self.blocks)
        standard, wide = fit_standard(features), features.values.shape[1]
        prior = prior_of(make_targets(y, classes))
        empty = Primal(prior, self.ridge, np.zeros((wide, wide)), np.zeros((wide, classes)))
        return TrainedLinear(self.blocks, standard, features.strength, empty).add(table, y)


class LinearHead:
    """Chooses the ridge by exact leave-one-out.

    Args:
        blocks: Names of the feature blocks; of the built-in ones it reads the statistics only.
    """

    def __init__(self, blocks: Sequence[str]) -> None:
        self.blocks = (BLOCK, *(b for b in blocks if b not in BLOCKS))

    def choose(self, table: Table, y: Labels, classes: int) -> LinearRecipe:
        """Choose the ridge on at most `GRID_CASES` cases."""
        rows = spread(y, GRID_CASES)
        table, y = pick(table, rows), y[rows]
        features = join(table, self.blocks)
        z = fit_standard(features).apply(features) * features.strength
        best = choose_ridge(z @ z.T / z.shape[1], make_targets(y, classes))
        return LinearRecipe(self.blocks, best.ridge, {'ridge': best.ridge, 'features': z.shape[1]})


def _joined(g: Graph, emitted: Mapping[str, Emitted], blocks: tuple[str, ...]) -> Emitted:
    if len(blocks) == 1:
        return emitted[blocks[0]]
    value, valid = (g.op('Concat', *(emitted[b][i] for b in blocks), axis=1) for i in (0, 1))
    return value, valid

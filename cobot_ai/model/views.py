"""Two ways to say how far apart two cases are, each also as a graph (in double precision).

Features the present case did not measure are left out and the distance is scaled up to what it
would usually be with them. So that a case with hardly anything measured does not look identical
to everything, a small part of what is missing enters as the usual distance: with nothing measured
all stored cases are usually far away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.types import Doubles, Floats
from cobot_ai.model.bank import Features
from cobot_ai.model.blocks import Emitted
from cobot_ai.model.graph import Graph
from cobot_ai.model.heads import Standard, Table, fit_standard
from cobot_ai.model.ridge import Labels

KEPT = 256
"""Features of the Laplacian view that are kept."""
LEAST_WEIGHT = 0.02
PRIOR = 0.05
"""Share of what is missing that enters as the usual distance."""
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Laplacian:
    """L1 distance on standardised features, weighted by how well they separate the classes.

    Attributes:
        blocks: Feature blocks it reads. columns: Kept features of the joined blocks.
        standard: Standardisation of the kept features. weights: float64 [feature].
        stored: Weighted features of the stored cases, float32 [case, feature].
        usual: Mean distance each feature adds between two stored cases, float32 [feature].
    """

    blocks: tuple[str, ...]
    columns: NDArray[np.int64]
    standard: Standard
    weights: Doubles
    stored: Floats
    usual: Floats

    def within(self) -> Floats:
        """Distances among the stored cases [case, case]."""
        return l1(self.stored, self.stored)

    def distance(self, table: Table) -> Floats:
        """Distances of other cases to the stored ones [case, stored]."""
        features = _columns(join(table, self.blocks), self.columns)
        rows = (self.standard.apply(features) * self.weights).astype(np.float32)
        return _complete(l1(rows, self.stored), features, self.usual, np.abs(self.stored))

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> str:
        """The same inside a graph: name of the distances [B, stored]."""
        columns = g.const(self.columns)
        value, valid = (
            g.op(
                'Gather',
                g.op('Concat', *(emitted[b][i] for b in self.blocks), axis=1),
                columns,
                axis=1,
            )
            for i in (0, 1)
        )
        row = g.op('Mul', self.standard.emit(g, (value, valid)), g.const(self.weights))
        stored = g.const(self.stored)
        apart = g.op('Sub', g.double(g.op('Unsqueeze', row, g.const([1]))), g.double(stored))
        full = g.sum(g.op('Abs', apart), keep=False)
        return _emit_complete(g, full, valid, self.usual, g.op('Abs', stored))


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Mean squared distance on standardised features (not cut: they are shares of time).

    Attributes:
        blocks: The feature block it reads. mean, factor: Standardisation, float64 [feature].
        stored: Standardised features of the stored cases, float32 [case, feature].
        usual: Mean squared distance each feature adds, float32 [feature].
    """

    blocks: tuple[str]
    mean: Doubles
    factor: Doubles
    stored: Floats
    usual: Floats

    def within(self) -> Floats:
        """Distances among the stored cases [case, case]."""
        return l2(self.stored, self.stored)

    def distance(self, table: Table) -> Floats:
        """Distances of other cases to the stored ones [case, stored]."""
        features = table[self.blocks[0]]
        rows = ((features.values - self.mean) * self.factor * features.valid).astype(np.float32)
        return _complete(l2(rows, self.stored), features, self.usual, self.stored**2)

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> str:
        """The same inside a graph: name of the distances [B, stored]."""
        value, valid = emitted[self.blocks[0]]
        row = g.op('Mul', g.affine(value, self.mean, self.factor), valid)
        stored = g.const(self.stored)
        turned = g.op('Transpose', stored)
        cross = g.op('Mul', g.op('MatMul', row, turned), g.const(-2.0))
        own = g.sum(g.op('Mul', row, row), axis=1)
        squares = g.op('Mul', stored, stored)
        norms = g.const((self.stored**2).sum(axis=1))
        full = g.op('Max', g.op('Add', g.op('Add', cross, own), norms), g.const(0.0))
        return _emit_complete(g, g.double(full), valid, self.usual, squares)


def fit_laplacian(table: Table, blocks: tuple[str, ...], y: Labels) -> Laplacian:
    """Standardise, weigh and keep the best features of some blocks."""
    features = join(table, blocks)
    standard = fit_standard(features)
    z = standard.apply(features)
    weights = np.where(standard.inverse > 0, LEAST_WEIGHT + separation(z, y), 0.0)
    weights *= features.strength
    columns = np.sort(np.argsort(-weights, kind='stable')[:KEPT]).astype(np.int64)
    kept = weights[columns] / max(float(np.sqrt((weights[columns] ** 2).sum())), 1e-12)
    stored = (z[:, columns] * kept).astype(np.float32)
    part = Standard(standard.mean[columns], standard.inverse[columns])
    return Laplacian(blocks, columns, part, kept, stored, _mean_gap(stored))


def fit_gaussian(table: Table, block: str) -> Gaussian:
    """Standardise a block so that squared distances are means over its features."""
    features = table[block]
    standard = fit_standard(features)
    varying = max(int((standard.inverse > 0).sum()), 1)
    factor = standard.inverse * features.strength / np.sqrt(varying)
    stored = ((features.values - standard.mean) * factor * features.valid).astype(np.float32)
    return Gaussian((block,), standard.mean, factor, stored, 2 * stored.var(axis=0))


def separation(z: Doubles, y: Labels) -> Doubles:
    """Adjusted share of each feature's variance that the classes explain, 0 to 1 [feature]."""
    n, centre = len(y), z.mean(axis=0)
    total = ((z - centre) ** 2).sum(axis=0) + 1e-9
    groups = [z[y == c] for c in np.unique(y)]
    between = sum(len(group) * (group.mean(axis=0) - centre) ** 2 for group in groups)
    share = np.clip(between / total, 0, 1)
    return np.asarray(np.clip(1 - (1 - share) * (n - 1) / max(n - len(groups), 1), 0, 1))


def join(table: Table, blocks: tuple[str, ...]) -> Features:
    """Several blocks side by side."""
    parts = [table[b] for b in blocks]
    return Features(
        np.hstack([p.values for p in parts]),
        np.hstack([p.valid for p in parts]),
        np.hstack([p.strength for p in parts]),
    )


def l1(a: Floats, b: Floats) -> Floats:
    """Sum of absolute differences of all pairs of rows."""
    out = np.empty((len(a), len(b)), np.float32)
    gap = np.empty_like(b)
    for i, row in enumerate(a):
        np.subtract(b, row, out=gap)
        np.abs(gap, out=gap)
        gap.sum(axis=1, out=out[i])
    return out


def l2(a: Floats, b: Floats) -> Floats:
    """Squared Euclidean distance of all pairs of rows."""
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.maximum(squares, 0), np.float32)


def _columns(features: Features, columns: NDArray[np.int64]) -> Features:
    return Features(features.values[:, columns], features.valid[:, columns])


def _mean_gap(stored: Floats) -> Floats:
    """Mean absolute difference over all pairs of rows, per column (by the sorted values)."""
    n = len(stored)
    rank = (2 * np.arange(n) - n + 1).astype(np.float64)[:, None]
    return np.asarray(
        (rank * np.sort(stored, axis=0)).sum(axis=0) * 2 / max(n * (n - 1), 1), np.float32
    )


def _complete(full: Floats, features: Features, usual: Floats, zero: Floats) -> Floats:
    """Take out what missing features added (they stood at zero) and scale up [case, stored]."""
    missing = np.float32(1) - features.valid
    if not missing.any():
        return full
    lost = (missing @ usual)[:, None]
    pad = PRIOR * lost
    scale = usual.sum() / np.maximum(usual.sum() - lost + pad, TINY)
    return np.asarray((full - missing @ zero.T + pad) * scale, np.float32)


def _emit_complete(g: Graph, full: str, valid: str, usual: Floats, zero: str) -> str:
    """The same inside a graph, in double precision."""
    total = g.double(g.const(usual.sum()))
    missing = g.op('Sub', g.const(1.0), valid)
    lost = g.double(g.op('MatMul', missing, g.const(usual[:, None])))
    pad = g.op('Mul', lost, g.double(g.const(PRIOR)))
    kept = g.op('Add', g.op('Sub', total, lost), pad)
    scale = g.op('Div', total, g.op('Max', kept, g.double(g.const(TINY))))
    extra = g.double(g.op('MatMul', missing, g.op('Transpose', zero)))
    return g.op('Mul', g.op('Add', g.op('Sub', full, extra), pad), scale)

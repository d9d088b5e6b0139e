"""Ways to say how far apart two cases are, each also as a graph.

A view is fitted on a training set and keeps rows of it (half precision, as in the graph).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.types import Doubles, Floats
from cobot_ai.model.bank import Features
from cobot_ai.model.blocks import Emitted
from cobot_ai.model.distance import l1, l1_within, l2
from cobot_ai.model.graph import Graph
from cobot_ai.model.heads import Standard, Table, fit_standard, join
from cobot_ai.model.missing import complete, complete_others, emit_complete
from cobot_ai.model.ridge import Labels
from cobot_ai.model.separation import separation, separation_by_level

KEPT, SHARP = 256, 96
"""Features of a Laplacian view that are kept, and of a sharp one."""
LEAST_WEIGHT = 0.02
POWER = 2
"""Power of a feature's separation in its weight: what hardly separates adds noise to a distance.
Chosen on other folds than the benchmark's, and with channels left out; 1 and 3 are worse."""
HALF_MAX = 6e4
"""Standard scores beyond what half precision holds are cut."""


class View(Protocol):
    """One notion of distance between cases, fitted on a training set.

    Attributes:
        stored: Standardised features of the stored cases, float32 [stored, feature].
    """

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the feature blocks it reads."""

    @property
    def stored(self) -> Floats:
        """Standardised features of the stored cases, float32 [stored, feature]."""

    def distance(self, table: Table) -> Floats:
        """Distances of other cases to the stored ones [case, stored]."""

    def among(self, rows: Labels) -> Floats:
        """Distances of some stored cases to all stored ones [row, stored]."""

    def keep(self, rows: Labels) -> View:
        """The same view with some of its stored cases."""

    def extend(self, table: Table) -> View:
        """The same view with other cases stored as well, at the end."""

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> str:
        """The same inside a graph: name of the distances [B, stored], double precision."""


class Metric(Protocol):
    """A family of views."""

    @property
    def name(self) -> str:
        """Its name in the manifest."""

    def fit(self, table: Table, blocks: tuple[str, ...], y: Labels) -> View:
        """Fit a view that stores all cases of a table."""

    def cross(
        self, table: Table, blocks: tuple[str, ...], y: Labels, learns: Sequence[Labels]
    ) -> list[Floats]:
        """Distances among all cases [case, case], once for each set of learnt cases.

        What labels decide comes from the learnt cases alone. Rows of the others are completed for
        what they did not measure, as for any new case.
        """


@dataclass(frozen=True, slots=True)
class Laplacian:
    """L1 distance on cut standard scores, weighted by how well features separate the classes.

    Attributes:
        blocks: Feature blocks it reads. columns: Kept features of the joined blocks.
        standard: Standardisation of the kept features. weights: float32 [feature].
        stored: Standardised features of the stored cases, float32 [stored, feature].
        usual: Mean distance each feature adds between two stored cases, float32 [feature].
    """

    blocks: tuple[str, ...]
    columns: NDArray[np.int64]
    standard: Standard
    weights: Floats
    stored: Floats
    usual: Floats

    def among(self, rows: Labels) -> Floats:
        """Distances of some stored cases to all stored ones [row, stored]."""
        if np.array_equal(rows, np.arange(len(self.stored))):
            return l1_within(self.stored, [self.weights])[0]
        return l1(self.stored[rows], self.stored, self.weights)

    def distance(self, table: Table) -> Floats:
        """Distances of other cases to the stored ones [case, stored]."""
        features = self._features(table)
        full = l1(self.standard.apply(features).astype(np.float32), self.stored, self.weights)
        return complete(full, features.valid, self.usual, np.abs(self.stored) * self.weights)

    def _features(self, table: Table) -> Features:
        joined = join(table, self.blocks)
        return Features(joined.values[:, self.columns], joined.valid[:, self.columns])

    def keep(self, rows: Labels) -> Laplacian:
        """The same view with some of its stored cases."""
        return replace(self, stored=self.stored[rows])

    def extend(self, table: Table) -> Laplacian:
        """The same view with other cases stored as well, at the end."""
        rows = _half(self.standard.apply(self._features(table)))
        return replace(self, stored=np.concatenate([self.stored, rows]))

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> str:
        """The same inside a graph: name of the distances [B, stored]."""
        columns = g.const(self.columns)
        value, valid = (
            g.op('Gather', _joined(g, emitted, self.blocks, i), columns, axis=1) for i in (0, 1)
        )
        row = g.op('Unsqueeze', self.standard.emit(g, (value, valid)), g.const([1]))
        apart = g.op('Abs', g.op('Sub', row, g.half(self.stored)))
        counted = g.op('Unsqueeze', g.op('Mul', valid, g.const(self.weights)), g.const([2]))
        measured = g.double(g.flat(g.op('MatMul', apart, counted), len(self.stored)))
        return emit_complete(g, measured, valid, self.usual)


@dataclass(frozen=True, slots=True)
class LaplacianMetric:
    """Laplacian views.

    Args:
        sharp: Few features, those whose level tells the class. Hundreds that hardly separate are
            of help where there are few cases of many classes, and drown the others elsewhere.
    """

    sharp: bool = False

    @property
    def name(self) -> str:
        """Its name in the manifest."""
        return 'sharp_laplacian' if self.sharp else 'laplacian'

    def fit(self, table: Table, blocks: tuple[str, ...], y: Labels) -> Laplacian:
        """Standardise, weigh and keep the best features of some blocks."""
        features = join(table, blocks)
        standard = fit_standard(features)
        z = _half(standard.apply(features))
        weights = self._weigh(z, y, standard, features.strength)
        columns = np.flatnonzero(weights).astype(np.int64)
        if not len(columns):
            columns = np.zeros(1, np.int64)
        kept = np.ascontiguousarray(z[:, columns])
        part = Standard(standard.mean[columns], standard.inverse[columns])
        usual = weights[columns] * _mean_gap(kept)
        return Laplacian(blocks, columns, part, weights[columns], kept, usual)

    def cross(
        self, table: Table, blocks: tuple[str, ...], y: Labels, learns: Sequence[Labels]
    ) -> list[Floats]:
        """Distances among all cases, weights from each set of learnt cases alone."""
        features = join(table, blocks)
        standard = fit_standard(features)
        z = _half(standard.apply(features))
        weights = [self._weigh(z[i], y[i], standard, features.strength) for i in learns]
        found = l1_within(z, weights)
        if features.valid.all():
            return found
        usual = _mean_gap(z)
        return [
            complete_others(d, features.valid, w * usual, np.abs(z) * w, learn)
            for d, w, learn in zip(found, weights, learns, strict=True)
        ]

    def _weigh(self, z: Floats, y: Labels, standard: Standard, strength: Floats) -> Floats:
        """Weights of all features, 0 for all but the best; their squares sum to 1."""
        found = separation(z, y)
        if self.sharp:
            found = np.maximum(found, separation_by_level(z, y))
        weights = LEAST_WEIGHT + found**POWER
        weights = np.where(standard.inverse > 0, weights, 0.0) * strength
        weights[np.argsort(-weights, kind='stable')[SHARP if self.sharp else KEPT :]] = 0
        return (weights / max(float(np.sqrt((weights**2).sum())), 1e-12)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Mean squared distance on standard scores that are not cut.

    Attributes:
        blocks: Feature blocks it reads. mean, factor: Standardisation, float64 [feature].
        scale: One over the number of features that vary.
        stored: Standardised features of the stored cases, float32 [stored, feature].
        usual: Mean squared distance each feature adds, float32 [feature].
    """

    blocks: tuple[str, ...]
    mean: Doubles
    factor: Doubles
    scale: float
    stored: Floats
    usual: Floats

    def among(self, rows: Labels) -> Floats:
        """Distances of some stored cases to all stored ones [row, stored]."""
        return np.asarray(l2(self.stored[rows], self.stored) * self.scale, np.float32)

    def distance(self, table: Table) -> Floats:
        """Distances of other cases to the stored ones [case, stored]."""
        rows, valid = self._rows(table)
        full = np.asarray(l2(rows, self.stored) * self.scale, np.float32)
        return complete(full, valid, self.usual, self.stored**2 * self.scale)

    def _rows(self, table: Table) -> tuple[Floats, Floats]:
        features = join(table, self.blocks)
        rows = np.clip((features.values - self.mean) * self.factor, -HALF_MAX, HALF_MAX)
        return (rows * features.valid).astype(np.float32), features.valid

    def keep(self, rows: Labels) -> Gaussian:
        """The same view with some of its stored cases."""
        return replace(self, stored=self.stored[rows])

    def extend(self, table: Table) -> Gaussian:
        """The same view with other cases stored as well, at the end."""
        return replace(self, stored=np.concatenate([self.stored, _half(self._rows(table)[0])]))

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> str:
        """The same inside a graph: name of the distances [B, stored]."""
        value, valid = (_joined(g, emitted, self.blocks, i) for i in (0, 1))
        scores = g.affine(value, self.mean, self.factor)
        cut = g.op('Clip', scores, g.const(-HALF_MAX), g.const(HALF_MAX))
        row = g.op('Mul', cut, valid)
        stored = g.half(self.stored.T)  # as the products need it: less to prepare when it is loaded
        cross = g.op('MatMul', g.op('Mul', row, g.const(-2.0)), stored)
        own = g.sum(g.op('Mul', row, row), axis=1)
        norms = g.op('MatMul', valid, g.op('Mul', stored, stored))
        full = g.op('Max', g.op('Add', g.op('Add', cross, own), norms), g.const(0.0))
        measured = g.double(g.op('Mul', full, g.const(self.scale)))
        return emit_complete(g, measured, valid, self.usual)


class GaussianMetric:
    """Gaussian views. Labels decide nothing in them."""

    name = 'gaussian'

    @staticmethod
    def fit(table: Table, blocks: tuple[str, ...], y: Labels) -> Gaussian:
        """Standardise some blocks so that squared distances are means over their features."""
        features = join(table, blocks)
        standard = fit_standard(features)
        scale = 1 / max(int((standard.inverse > 0).sum()), 1)
        empty = np.zeros((0, len(standard.mean)), np.float32)
        factor = standard.inverse * features.strength
        none = Gaussian(blocks, standard.mean, factor, scale, empty, empty[:1])
        view = none.extend(table)
        return replace(view, usual=2 * scale * view.stored.var(axis=0))

    def cross(
        self, table: Table, blocks: tuple[str, ...], y: Labels, learns: Sequence[Labels]
    ) -> list[Floats]:
        """Distances among all cases."""
        view = self.fit(table, blocks, y)
        full, valid = view.among(np.arange(len(y))), join(table, blocks).valid
        if valid.all():
            return [full] * len(learns)
        zero = view.stored**2 * np.float32(view.scale)
        return [complete_others(full.copy(), valid, view.usual, zero, learn) for learn in learns]


def _half(z: Doubles | Floats) -> Floats:
    """Rounded to half precision: what the graph stores is what training saw."""
    return np.clip(z, -HALF_MAX, HALF_MAX).astype(np.float16).astype(np.float32)


def _joined(g: Graph, emitted: Mapping[str, Emitted], blocks: tuple[str, ...], i: int) -> str:
    names = [emitted[b][i] for b in blocks]
    return g.op('Concat', *names, axis=1) if len(names) > 1 else names[0]


def _mean_gap(stored: Floats) -> Floats:
    """Mean absolute difference over all pairs of rows, per column (by the sorted values)."""
    n = len(stored)
    rank = (2 * np.arange(n) - n + 1).astype(np.float64)[:, None]
    return np.asarray(
        (rank * np.sort(stored, axis=0)).sum(axis=0) * 2 / max(n * (n - 1), 1), np.float32
    )

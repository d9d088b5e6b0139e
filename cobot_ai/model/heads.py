"""What the fitter needs from a head, and what heads share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cobot_ai.core.types import Doubles, Json
from cobot_ai.model.bank import Features
from cobot_ai.model.blocks import Emitted
from cobot_ai.model.graph import Graph, Port
from cobot_ai.model.ridge import Labels

CLIP = 4.0
"""Standardised features are cut here: one wild channel must not decide alone."""

Table = Mapping[str, Features]
"""Block name -> features of the same cases."""


class Trained(Protocol):
    """A solved head.

    What it learns or forgets one by one changes no hyper-parameter; the result equals solving
    from scratch with the same ones.
    """

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the feature blocks it reads."""

    def raw(self, table: Table) -> Doubles:
        """Raw class scores [case, class], computed in numpy."""

    def add(self, table: Table, y: Labels) -> Trained:
        """Learn cases exactly."""

    def forget(self, table: Table, y: Labels, rows: Labels) -> Trained | None:
        """Forget learnt cases exactly.

        Args:
            table: Their features. y: Their classes.
            rows: Their positions among the learnt cases, in the order they were learnt.

        Returns:
            None where only a full refit can forget them.
        """

    @property
    def stored(self) -> Labels | None:
        """Positions of the stored cases among the learnt ones; None: it stores none."""

    def emit(self, g: Graph, emitted: Mapping[str, Emitted]) -> tuple[str, list[Port]]:
        """Write the head into a graph: name of the raw scores [B, class], extra outputs."""


class Recipe(Protocol):
    """Chosen hyper-parameters: solves heads on any part of the training set."""

    @property
    def facts(self) -> Json:
        """What was chosen, for the manifest."""

    def fit(self, table: Table, y: Labels, classes: int, folds: Labels) -> tuple[Trained, Doubles]:
        """Solve from scratch with these hyper-parameters, and score honestly.

        Args:
            table: Features of all cases. y: Their classes; a case of class `OTHER` is scored but
                not learnt. classes: Number of classes. folds: Fold of each case.

        Returns:
            The solved head, and raw scores [case, class] of every case by a model that did not
            see its fold.
        """


class Head(Protocol):
    """A family of models."""

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the feature blocks it needs."""

    def choose(self, table: Table, y: Labels, classes: int) -> Recipe:
        """Choose hyper-parameters by exact leave-one-out."""


@dataclass(frozen=True, slots=True)
class Standard:
    """Standardisation of features: mean and inverse sd (0 for a constant one), float64 [feature].

    Both come from measured values only; what was not measured becomes 0, the training mean.
    """

    mean: Doubles
    inverse: Doubles

    def apply(self, features: Features) -> Doubles:
        """Standard scores [case, feature], cut to +-CLIP, 0 where not measured."""
        scores = np.clip((features.values - self.mean) * self.inverse, -CLIP, CLIP)
        return np.asarray(np.where(features.valid > 0, scores, 0.0))

    def emit(self, g: Graph, emitted: Emitted) -> str:
        """The same inside a graph."""
        scores = g.affine(emitted[0], self.mean, self.inverse)
        cut = g.op('Clip', scores, g.const(-CLIP), g.const(CLIP))
        return g.op('Mul', cut, emitted[1])


def fit_standard(features: Features) -> Standard:
    """Standardisation learnt from the measured values of each feature."""
    valid = features.valid.astype(np.float64)
    count = np.maximum(valid.sum(axis=0), 1)
    mean = (features.values * valid).sum(axis=0) / count
    variance = ((features.values - mean) ** 2 * valid).sum(axis=0) / count
    sd = np.sqrt(variance)
    return Standard(mean, np.where(sd > 1e-5, 1 / np.maximum(sd, 1e-5), 0.0))


def pick(table: Table, rows: Labels | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Table:
    """The same features of some of the cases."""
    return {name: Features(f.values[rows], f.valid[rows], f.emphasis) for name, f in table.items()}


def join(table: Table, blocks: Sequence[str]) -> Features:
    """Several blocks side by side."""
    parts = [table[b] for b in blocks]
    if len(parts) == 1:
        return parts[0]
    return Features(
        np.hstack([p.values for p in parts]),
        np.hstack([p.valid for p in parts]),
        np.hstack([p.strength for p in parts]),
    )


def stack_rows(parts: Sequence[Table]) -> Table:
    """The features of several sets of cases, one set after the other."""
    return {
        name: Features(
            np.concatenate([part[name].values for part in parts]),
            np.concatenate([part[name].valid for part in parts]),
            f.emphasis,
        )
        for name, f in parts[0].items()
    }


def count(table: Table) -> int:
    """Number of cases."""
    return len(next(iter(table.values())).values)

"""Solved ridge regressions that can take in and forget single cases exactly.

Between two full refits the class weights and the base (`Prior`) stay fixed, like all other
hyper-parameters; then adding and forgetting give what solving from scratch gives.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cobot_ai.core.errors import ModelError
from cobot_ai.core.types import Doubles
from cobot_ai.model.ridge import Labels, Targets, noisy

JITTERS = (1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
"""Added to the landmarks' kernel, the first that does: copies must not make it singular, and where
many cases are copies, rounding makes it worse than that."""
ROWS = 32
"""Rows of an inverse that are changed at once: they stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What an unknown case gets [class], and how much a case of each class counts [class]."""

    base: Doubles
    weight: Doubles

    def centred(self, y: Labels) -> Doubles:
        """One-vs-rest targets minus the base [case, class]."""
        return np.asarray(np.eye(len(self.base))[y] - self.base)


def prior_of(targets: Targets) -> Prior:
    """Class weights and base of a training set; a class without cases weighs 1."""
    weight = np.ones(len(targets.base))
    weight[targets.y] = targets.root**2
    return Prior(targets.base, weight)


@dataclass(frozen=True)
class Exact:
    """One coefficient for each case: C = (K + ridge D)^-1 (Y - base), D = inverse case weights.

    Attributes:
        prior: Fixed class weights and base. ridge: The ridge.
        y: Class of each stored case. inverse: (K + ridge D)^-1 [case, case].
    """

    prior: Prior
    ridge: float
    y: Labels
    inverse: Doubles

    @cached_property
    def coefficients(self) -> Doubles:
        """Coefficients [case, class] of the kernel."""
        return np.asarray(self.inverse @ self.prior.centred(self.y))

    def add(self, kernel: Doubles, y: int) -> Exact:
        """Take in one case by a bordered inverse.

        Args:
            kernel: Its kernel with the stored cases and, last, with itself [case + 1].
            y: Its class.
        """
        n = len(self.y)
        column = self.inverse @ kernel[:n]
        rest = kernel[n] + self.ridge / self.prior.weight[y] - kernel[:n] @ column
        grown = np.empty((n + 1, n + 1))
        scaled = column / rest
        for begin in range(0, n, ROWS):
            some = slice(begin, min(begin + ROWS, n))
            np.add(np.outer(column[some], scaled), self.inverse[some], out=grown[some, :n])
        grown[:n, n] = grown[n, :n] = -column / rest
        grown[n, n] = 1 / rest
        return replace(self, y=np.append(self.y, np.int64(y)), inverse=grown)

    def forget(self, rows: Labels) -> Exact:
        """Take out some cases: as if they had never been there."""
        keep = np.delete(np.arange(len(self.y)), rows)
        across = self.inverse[np.ix_(keep, rows)]
        own = self.inverse[np.ix_(rows, rows)]
        inverse = self.inverse[np.ix_(keep, keep)] - across @ np.linalg.solve(own, across.T)
        return replace(self, y=self.y[keep], inverse=inverse)


def solve_exact(kernel: Doubles, targets: Targets, ridge: float) -> Exact:
    """Solve from scratch on the kernel of all cases [case, case]."""
    inverse = np.linalg.inv(noisy(kernel, targets, ridge))
    return Exact(prior_of(targets), ridge, targets.y, (inverse + inverse.T) / 2)


@dataclass(frozen=True, slots=True)
class Primal:
    """Weights of features: (F' W F + ridge I)^-1 F' W (Y - base), kept as normal equations.

    Attributes:
        prior: Fixed class weights and base. ridge: The ridge.
        gram: F' W F [feature, feature]. moment: F' W (Y - base) [feature, class].
    """

    prior: Prior
    ridge: float
    gram: Doubles
    moment: Doubles

    @property
    def weights(self) -> Doubles:
        """Weights [feature, class]."""
        return self.solve(self.gram, self.moment)

    def solve(self, gram: Doubles, moment: Doubles) -> Doubles:
        """Weights [feature, class] of other normal equations with the same ridge."""
        return np.asarray(np.linalg.solve(gram + self.ridge * np.eye(len(gram)), moment))

    def add(self, features: Doubles, y: Labels) -> Primal:
        """Take in cases [case, feature]."""
        return self._change(features, y, 1.0)

    def forget(self, features: Doubles, y: Labels) -> Primal:
        """Take out cases that were taken in before [case, feature]."""
        return self._change(features, y, -1.0)

    def _change(self, features: Doubles, y: Labels, sign: float) -> Primal:
        gram, moment = normal_equations(features, y, self.prior)
        return replace(self, gram=self.gram + sign * gram, moment=self.moment + sign * moment)


def normal_equations(features: Doubles, y: Labels, prior: Prior) -> tuple[Doubles, Doubles]:
    """F' W F and F' W (Y - base) of some cases [case, feature]."""
    weighted = features * prior.weight[y][:, None]
    return weighted.T @ features, weighted.T @ prior.centred(y)


def whiten(kernel: Doubles) -> Doubles:
    """R with features k R whose products are the kernel's approximation by the landmarks.

    Williams and Seeger 2001 (Nystrom); R = L^-T for the Cholesky factor L of the landmarks'
    kernel [landmark, landmark].

    Raises:
        ModelError: It is no kernel.
    """
    unit = np.trace(kernel) / len(kernel) * np.eye(len(kernel))
    for jitter in JITTERS:
        with suppress(np.linalg.LinAlgError):
            return np.asarray(np.linalg.inv(np.linalg.cholesky(kernel + jitter * unit)).T)
    raise ModelError('The features of this cell cannot be solved for; look at its channels.')

"""Closed-form ridge on a kernel matrix, with exact leave-one-out, and the temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.types import Doubles

Labels = NDArray[np.int64]
RIDGES = np.logspace(-2, 1, 7)
"""Not below 0.01: coefficients would grow so large that float32 features lose the fifth digit."""
GRID_CASES = 300
"""Hyper-parameters are chosen on at most so many cases; the solution uses all."""
COARSE = np.linspace(-1, 5, 13)
FINE = np.linspace(-0.5, 0.5, 9)
"""Two grids for the logarithm of the temperature: all, then around the best."""
BALANCE = 0.5
"""Power of the inverse class share in the case weights: 0 none, 1 fully balanced."""


@dataclass(frozen=True, slots=True)
class Targets:
    """One-vs-rest targets of a training set.

    Attributes:
        y: Class index [case]. base: Smoothed class shares [class], what an unknown case gets.
        root: Square root of the case weights [case].
        centred: Targets minus `base` [case, class].
    """

    y: Labels
    base: Doubles
    root: Doubles
    centred: Doubles


@dataclass(frozen=True, slots=True)
class Choice:
    """A ridge chosen by leave-one-out: log-loss per case, ridge, temperature, raw scores."""

    loss: float
    ridge: float
    temperature: float
    scores: Doubles


def make_targets(y: Labels, classes: int) -> Targets:
    """Targets and class weights for class indices 0 to `classes` - 1."""
    counts = np.bincount(y, minlength=classes).astype(float)
    present = int((counts > 0).sum())
    weight = (len(y) / (present * np.maximum(counts, 1)))[y] ** BALANCE
    one_hot = np.eye(classes)[y]
    base = ((one_hot * weight[:, None]).sum(0) + 0.5) / (weight.sum() + 0.5 * classes)
    return Targets(y, base, np.sqrt(weight), one_hot - base)


def choose_ridge(kernel: Doubles, targets: Targets) -> Choice:
    """Best ridge by exact leave-one-out log-loss; one eigendecomposition serves all.

    For C = (K + a D)^-1 (Y - base) the score of case i by a model without it is
    Y_i - C_i / [(K + a D)^-1]_ii (Rasmussen and Williams 2006, eq. 5.12), D = inverse weights.

    Args:
        kernel: Positive semi-definite [case, case].
    """
    root = targets.root[:, None]
    values, vectors = np.linalg.eigh(kernel * root * targets.root)
    values = np.maximum(values, 0)
    projected = vectors.T @ (targets.centred * root)
    squared = vectors * vectors
    choices = []
    for ridge in RIDGES:
        inverse = 1 / (values + ridge)
        solved = vectors @ (inverse[:, None] * projected)
        residual = solved / (squared @ inverse)[:, None] / root
        scores = targets.centred + targets.base - residual
        temperature, loss = fit_temperature(scores, targets.y)
        choices.append(Choice(loss, float(ridge), temperature, scores))
    return min(choices, key=lambda choice: choice.loss)


def solve(kernel: Doubles, targets: Targets, ridge: float) -> Doubles:
    """Coefficients [case, class] for a given ridge."""
    return np.asarray(np.linalg.solve(noisy(kernel, targets, ridge), targets.centred))


def noisy(kernel: Doubles, targets: Targets, ridge: float) -> Doubles:
    """K + A D [case, case]."""
    found = kernel.copy()
    found.flat[:: len(found) + 1] += ridge / targets.root**2
    return np.asarray(found)


def softmax(scores: Doubles, axis: int = 1) -> Doubles:
    """Softmax along an axis."""
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def fit_temperature(scores: Doubles, y: Labels) -> tuple[float, float]:
    """Factor t for softmax(t * scores), drawn weakly towards 4, and its log-loss per case."""
    gaps = scores - scores.max(axis=1, keepdims=True)
    own = float(gaps[np.arange(len(y)), y].sum())
    centre, loss = 0.0, 0.0
    for grid in (COARSE, FINE):
        logs = centre + grid
        t = np.exp(logs)
        norms = np.log(np.exp(t[:, None, None] * gaps).sum(axis=2)).sum(axis=1)
        losses = norms - t * own + 0.5 * (logs - np.log(4)) ** 2
        best = int(np.argmin(losses))
        centre, loss = float(logs[best]), float(losses[best])
    return float(np.exp(centre)), loss / len(y)

"""From raw scores to probabilities: one temperature and one offset for each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cobot_ai.core.types import Doubles, Json
from cobot_ai.model.data import OTHER
from cobot_ai.model.ridge import Labels, softmax

CENTRE = 4.0
"""Temperature without any data."""
PULL = 4.0
"""Precision of the normal prior of the temperature's logarithm."""
HOLD = 20.0
"""Precision of the normal prior of each class's offset."""
STEPS = 30
ENOUGH = 1e-9
"""A step shorter than this is the last one."""
LONGEST = 0.5
"""Longest step of one iteration, so that it cannot run away."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """p = softmax(temperature * raw + offset); offset [class]."""

    temperature: float
    offset: Doubles

    def probabilities(self, raw: Doubles) -> Doubles:
        """Probabilities [case, class] of raw scores."""
        return softmax(self.temperature * raw + self.offset)

    @property
    def facts(self) -> Json:
        """For the manifest."""
        return {'temperature': self.temperature, 'offset': self.offset.tolist()}


def honest(raw: Doubles, y: Labels, folds: Labels, whole: Calibration) -> Doubles:
    """Probabilities [case, class], those of each fold by a calibration that did not see it.

    One that saw them draws the confidence of its few sure errors down and flatters the rest.

    Args:
        raw: Honest raw scores [case, class]. y: Classes of the cases, `OTHER` for one of none.
        folds: Fold of each case. whole: The calibration on all cases; near it those are sought.
    """
    probs = np.zeros_like(raw)
    for fold in np.unique(folds):
        held = folds == fold
        learn = np.flatnonzero(~held & (y != OTHER))
        found = calibrate(raw[learn], y[learn], whole) if len(learn) else whole
        probs[held] = found.probabilities(raw[held])
    return probs


def calibrate(raw: Doubles, y: Labels, near: Calibration | None = None) -> Calibration:
    """Most probable temperature and offsets for honest scores, with weak priors.

    Vector scaling (Guo et al. 2017) with one temperature: the offsets give back the class shares
    that class weights took out. Found by Gauss-Newton steps on the log-loss.

    Args:
        raw: Honest raw scores [case, class]. y: Classes of the cases. near: Where to begin.
    """
    classes = raw.shape[1]
    raw = np.ascontiguousarray((raw - raw.mean(axis=1, keepdims=True)).T)  # long rows are quick
    found, target = np.zeros(classes + 1), np.eye(classes)[:, y]
    found[0] = np.log(CENTRE)
    prior, weight = found.copy(), np.full(classes + 1, HOLD)
    weight[0] = PULL
    if near is not None:
        found = np.append(np.log(near.temperature), near.offset)
    for _ in range(STEPS):
        scaled = np.exp(found[0]) * raw
        p = softmax(scaled + found[1:, None], axis=0)
        tilt = p * (scaled - (p * scaled).sum(axis=0))
        slope = np.append(((p - target) * scaled).sum(), (p - target).sum(axis=1))
        curve = np.zeros((classes + 1, classes + 1))
        curve[0, 0] = (tilt * scaled).sum()
        curve[0, 1:] = curve[1:, 0] = tilt.sum(axis=1)
        curve[1:, 1:] = np.diag(p.sum(axis=1)) - p @ p.T
        step = np.linalg.solve(curve + np.diag(weight), slope + weight * (found - prior))
        longest = float(np.abs(step).max())
        found -= step * min(1.0, LONGEST / max(longest, 1e-12))
        if longest < ENOUGH:
            break
    return Calibration(float(np.exp(found[0])), found[1:])

"""Rules that turn scores into acting or asking: the product's certificate and those of others."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from figures import Labels, Probs
from numpy.typing import NDArray

from cobot_ai.core.binomial import clean_trials, tail
from cobot_ai.core.risk import certify
from cobot_ai.core.spec import RiskSpec

NEVER = math.inf


@dataclass(frozen=True)
class Scored:
    """Cases a model judged without having seen them: probabilities [case, class], true class."""

    probs: Probs
    y: Labels

    @property
    def confidence(self) -> Probs:
        """Probability of the most probable class [case]."""
        return np.asarray(self.probs.max(axis=1))

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Whether the most probable class is not the true one [case]."""
        return np.asarray(self.probs.argmax(axis=1) != self.y)


def certificate(scored: Scored, epsilon: float, delta: float, rule: str) -> float:
    """The product's threshold: smallest confidence that may act alone, infinite: none exists."""
    spec = RiskSpec(epsilon=epsilon, delta=delta, rule=rule)
    threshold = certify(scored.confidence, scored.wrong, 'bench', spec, 0).threshold
    return NEVER if threshold is None else threshold


def textbook(scored: Scored, epsilon: float, delta: float) -> float:
    """Fixed-sequence testing as it is published (Angelopoulos et al. 2021): from the top down.

    The exact binomial test of every beginning, from the first one that can pass, to the first that
    fails; no floor, no guard of ours.
    """
    order = np.argsort(-scored.confidence, kind='stable')
    sure, errors = scored.confidence[order], np.cumsum(scored.wrong[order])
    found = NEVER
    for last in range(clean_trials(epsilon, delta) - 1, len(order)):
        if tail(int(errors[last]), last + 1, epsilon) > delta:
            break
        found = float(sure[last])
    return found


def single_option(calibration: Scored, probs: Probs, epsilon: float) -> NDArray[np.bool_]:
    """KnowNo's rule (Ren et al. 2023): act when the conformal set holds exactly one class.

    Split conformal prediction with the score 1 - p of the true class: the set holds every class
    with p >= 1 - q, where q is the ceil((n + 1)(1 - epsilon))-th smallest score.
    """
    scores = np.sort(1 - calibration.probs[np.arange(len(calibration.y)), calibration.y])
    rank = math.ceil((len(scores) + 1) * (1 - epsilon))
    if rank > len(scores):
        return np.zeros(len(probs), bool)
    return np.asarray((probs >= 1 - scores[rank - 1]).sum(axis=1) == 1)

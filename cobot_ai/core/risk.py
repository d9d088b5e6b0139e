"""Thresholds as calibrated objects: the one number that sets the risk.

A certificate says: among decisions taken alone at or above `threshold`, the share of wrong ones
is at most `epsilon` (with confidence 1 - `delta` under rule `certified`). Where the labels cannot
support that, `threshold` is None: none exists, and the policy asks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.errors import ModelError
from cobot_ai.core.spec import RiskSpec
from cobot_ai.core.types import Bools, Doubles


@dataclass(frozen=True, slots=True)
class Certificate:
    """A threshold with what stands behind it.

    Attributes:
        context: Context key it is valid for.
        rule: `certified` or `expected`.
        epsilon: Promised largest share of wrong decisions among those taken alone.
        delta: Allowed chance that the promise does not hold (`certified` only).
        threshold: Smallest confidence that may act alone; None when none exists.
        labels: Honest (cross-fitted) scores the calibration used.
        accepted: How many of them lie at or above the threshold.
        errors: How many of those were wrong.
        bound: Upper bound of the error share at the threshold; None when none exists.
        missing: Least number of further clean labels needed before one can exist (0 if it does).
        created_ns: When it was made, cell clock, nanoseconds.
    """

    context: str
    rule: str
    epsilon: float
    delta: float
    threshold: float | None
    labels: int
    accepted: int = 0
    errors: int = 0
    bound: float | None = None
    missing: int = 0
    created_ns: int = 0


def certify(
    confidence: Doubles, wrong: Bools, context: str, spec: RiskSpec, now_ns: int
) -> Certificate:
    """Find the smallest confidence that may act alone, and say what stands behind it.

    Rule `certified` walks down the confidence order, most confident first, and tests at every
    step whether the share of wrong decisions among those accepted so far is at most epsilon with
    confidence 1 - delta (exact binomial test, Clopper and Pearson 1934); it stops at the first
    step that fails, so no correction for repeated testing is needed (fixed-sequence testing, used
    so in Learn-then-Test, Angelopoulos et al. 2021). It starts where an error-free beginning is
    just long enough to pass. Rule `expected` takes the longest beginning with
    (errors + 1) / (accepted + 1) <= epsilon: the promise holds on average, not with confidence.

    Args:
        confidence: Honest confidence of each labelled case of this context [case], 0 to 1.
        wrong: Whether the most probable class was not the label [case].
        context: Context key the certificate is for.
        spec: Risk declared by the plant.
        now_ns: Time of making, cell clock, nanoseconds.

    Raises:
        ModelError: The two arrays differ in length or hold a number that is not finite.
    """
    if confidence.shape != wrong.shape or not np.isfinite(confidence).all():
        raise ModelError('The honest scores of this model are damaged; retrain it.')
    walk = _walk(confidence, wrong)
    step = None if len(wrong) < spec.min_answers else _last_step(walk, spec)
    made = Certificate(
        context, spec.rule, spec.epsilon, spec.delta, None, len(wrong), created_ns=now_ns
    )
    if step is None:
        return replace(made, missing=_missing(walk, spec))
    accepted, errors = int(walk.accepted[step]), int(walk.errors[step])
    return replace(
        made,
        threshold=float(walk.threshold[step]),
        accepted=accepted,
        errors=errors,
        bound=_bound(accepted, errors, spec),
    )


def upper_bound(errors: int, trials: int, delta: float) -> float:
    """Clopper-Pearson upper bound of an error share at confidence 1 - delta.

    Args:
        errors: Wrong ones, 0 to `trials`. trials: Number of independent trials.
        delta: Allowed chance that the true share lies above the bound, 0 < delta < 1.
    """
    if errors >= trials:
        return 1.0
    low, high = errors / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _tail(errors, trials, middle) > delta else (low, middle)
    return high


def clean_labels(spec: RiskSpec) -> int:
    """Least number of labels, all of them right, that support a threshold under this risk."""
    if spec.rule == 'expected':
        return _least(0, spec.epsilon)
    return math.ceil(math.log(spec.delta) / math.log1p(-spec.epsilon) - 1e-9)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Thresholds in falling order with what each would accept; ties enter together."""

    threshold: Doubles
    accepted: NDArray[np.int64]
    errors: NDArray[np.int64]


def _walk(confidence: Doubles, wrong: Bools) -> _Walk:
    order = np.argsort(-confidence, kind='stable')
    sorted_, errors = confidence[order], np.cumsum(wrong[order])
    ends = np.flatnonzero(np.append(np.diff(sorted_) != 0, True))[: len(sorted_)]
    return _Walk(sorted_[ends], (ends + 1).astype(np.int64), errors[ends].astype(np.int64))


def _last_step(walk: _Walk, spec: RiskSpec) -> int | None:
    """Index of the last threshold that may be used, None when none exists."""
    if spec.rule == 'expected':
        allowed = np.flatnonzero(walk.errors + 1 <= spec.epsilon * (walk.accepted + 1) + 1e-12)
        return int(allowed[-1]) if len(allowed) else None
    last = None
    for i in np.flatnonzero(walk.accepted >= clean_labels(spec)):
        if _tail(int(walk.errors[i]), int(walk.accepted[i]), spec.epsilon) > spec.delta:
            break
        last = int(i)
    return last


def _missing(walk: _Walk, spec: RiskSpec) -> int:
    """Least number of further clean labels, all of them more confident than any case so far."""
    labels = int(walk.accepted[-1]) if len(walk.accepted) else 0
    short = spec.min_answers - labels
    if spec.rule == 'expected':
        pairs = zip(walk.accepted, walk.errors, strict=True)
        further = [_least(int(e), spec.epsilon) - int(m) for m, e in pairs]
        return max(1, short, min([_least(0, spec.epsilon), *further]))
    enough = clean_labels(spec)
    first = max(1, short)
    return next(
        (k for k in range(first, enough) if _opens(walk, k, enough, spec)), max(enough, first)
    )


def _opens(walk: _Walk, further: int, enough: int, spec: RiskSpec) -> bool:
    """Whether the walk gets past its first step with so many further clean labels on top."""
    steps = np.flatnonzero(walk.accepted + further >= enough)
    if not len(steps):
        return False
    i = steps[0]
    accepted = int(walk.accepted[i]) + further
    return _tail(int(walk.errors[i]), accepted, spec.epsilon) <= spec.delta


def _least(errors: int, epsilon: float) -> int:
    """Least number accepted so that (errors + 1) / (accepted + 1) <= epsilon."""
    return math.ceil((errors + 1) / epsilon - 1 - 1e-9)


def _bound(accepted: int, errors: int, spec: RiskSpec) -> float:
    if spec.rule == 'expected':
        return (errors + 1) / (accepted + 1)
    return upper_bound(errors, accepted, spec.delta)


def _tail(errors: int, trials: int, share: float) -> float:
    """Probability of at most `errors` wrong ones in `trials` when each is wrong with `share`."""
    if share <= 0 or share >= 1:
        return float(share <= 0 or errors >= trials)
    logs = [
        math.lgamma(trials + 1)
        - math.lgamma(j + 1)
        - math.lgamma(trials - j + 1)
        + j * math.log(share)
        + (trials - j) * math.log1p(-share)
        for j in range(errors + 1)
    ]
    top = max(logs)
    return min(1.0, math.exp(top) * sum(math.exp(v - top) for v in logs))

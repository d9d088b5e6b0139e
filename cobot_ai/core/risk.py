"""Thresholds as calibrated objects: the one number that sets the risk.

A certificate says: among decisions taken alone at or above `threshold`, the share of wrong ones
is at most `epsilon` (with confidence 1 - `delta` under rule `certified`). Where the labels cannot
support that, `threshold` is None: none exists, and the policy asks. Wider levels than one context
are in `core.levels`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cobot_ai.core.binomial import upper_bound
from cobot_ai.core.errors import ModelError
from cobot_ai.core.spec import RiskSpec
from cobot_ai.core.types import Bools, Doubles
from cobot_ai.core.walk import Ints, Walk, least, missing, passed, walk, witnesses


@dataclass(frozen=True, slots=True)
class Certificate:
    """A threshold with what stands behind it.

    Attributes:
        context: Key it is valid for: a context, or a wider level (`core.levels`).
        rule: `certified` or `expected`.
        epsilon: Promised largest share of wrong decisions among those taken alone.
        delta: Allowed chance that the promise does not hold (`certified` only).
        threshold: Smallest confidence that may act alone; None when none exists.
        labels: Answers of people the calibration used, each with its honest (cross-fitted) score.
        accepted: How many of them lie at or above the threshold.
        errors: How many of those were wrong, each counted as often as it costs (an event: for each
            of its wrong windows).
        bound: Upper bound of the error share at the threshold; None when none exists.
        missing: Least number of further clean labels needed before one can exist (0 if it does).
        created_ns: When it was made, cell clock, nanoseconds.
        level: `context`, `operation` or `cell`: how wide the labels behind it were taken.
        model: SHA-256 of the ONNX file it was made for; empty where it is not for one model.
        recent: Cases of the recent window at or above the threshold.
        recent_errors: How many of those were wrong, counted like `errors`.
        costs: Class -> cost of missing it that was counted; 1 where it is not named.
        changed: Labels from before the mix of classes changed last (`core.mix`), 0: it did not.
        since: Cases after that at or above the threshold. since_errors: Errors among them.
        groups: Witnesses behind the labels: a declared group is one, a case without is one. Those
            of `accepted`, `missing` and `since` are such witnesses too. 0: not recorded.
        wider: Wider level -> threshold of that level here, where this context has none of its own:
            no lower than its own labels allow.
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
    level: str = 'context'
    model: str = ''
    recent: int = 0
    recent_errors: int = 0
    costs: Mapping[str, float] = field(default_factory=dict)
    changed: int = 0
    since: int = 0
    since_errors: int = 0
    groups: int = 0
    wider: Mapping[str, float] = field(default_factory=dict)


def certify(  # noqa: PLR0913, PLR0917 - columns of the same cases
    confidence: Doubles,
    wrong: Bools,
    context: str,
    spec: RiskSpec,
    now_ns: int,
    cost: Doubles | None = None,
    changes: Sequence[int] = (),
    groups: Ints | None = None,
) -> Certificate:
    """Find the smallest confidence that may act alone, and say what stands behind it.

    Rule `certified` walks down the confidence order and tests at every step whether the share of
    wrong decisions among those at or above it is at most epsilon with confidence 1 - delta (exact
    binomial test, Clopper and Pearson 1934); it stops at the first step that fails, so no
    correction for repeated testing is needed (fixed-sequence testing, used so in Learn-then-Test,
    Angelopoulos et al. 2021). It starts where the confidences themselves, whatever was wrong,
    promise the best chance to pass (`walk.start`): a single wrong case at the very top, often a
    wrong label, does not end it before it began. Rule `expected` takes the longest beginning with
    (errors + 1) / (accepted + 1) <= epsilon: the promise holds on average, not with confidence.

    Four guards only ever raise the threshold: no confidence below `floor(epsilon)` acts; a wrong
    case counts as often as its class costs (rounded up, at least once); among the newest
    `spec.window` cases the share of wrong ones above the threshold must not exceed epsilon either;
    and where the mix of classes changed, the cases since each change must support the threshold by
    themselves, at least as rule `expected` demands.

    Args:
        confidence: Honest confidence of each labelled case [case], 0 to 1, oldest case first.
        wrong: Whether the most probable class was not the label [case].
        context: Key the certificate is for.
        spec: Risk declared by the plant.
        now_ns: Time of making, cell clock, nanoseconds.
        cost: Cost of being wrong on each case [case], >= 0, needless ask = 1; None: 1 for all.
        changes: How many of the oldest cases are from before each change of the mix of classes.
        groups: Number of the group of each case [case]: a group is one witness, however many
            cases it has (`walk.witnesses`); None: each case is its own.

    Raises:
        ModelError: The arrays differ in length or hold a number that is not finite.
    """
    cost = np.ones(len(wrong)) if cost is None else cost
    if not confidence.shape == wrong.shape == cost.shape or not (
        np.isfinite(confidence).all() and np.isfinite(cost).all()
    ):
        raise ModelError('The honest scores of this model are damaged; retrain it.')
    counted = np.where(wrong, weight(cost), 0).astype(np.int64)
    groups = np.arange(len(wrong)) if groups is None else groups
    usable = confidence >= floor(spec.epsilon)
    steps = walk(confidence[usable], counted[usable], groups[usable])
    found = passed(steps, spec) if len(wrong) >= spec.min_answers else []
    made = Certificate(
        context, spec.rule, spec.epsilon, spec.delta, None, len(wrong), created_ns=now_ns
    )
    made = replace(made, changed=max(changes, default=0), groups=len(np.unique(groups)))
    newest = confidence[-spec.window :], counted[-spec.window :]
    places = steps.threshold[found]
    recent, errors = witnesses(*newest, np.arange(len(newest[0])), places)
    later = [(confidence[at:], counted[at:], groups[at:]) for at in sorted(changes)]
    since = [witnesses(*cases, places) for cases in later]
    fits = errors <= spec.epsilon * recent + 1e-12
    for taken, wrongs in since:
        fits &= wrongs + 1 <= spec.epsilon * (taken + 1) + 1e-12
    if fits.any():
        at = int(np.flatnonzero(fits)[-1])
        made = replace(made, recent=int(recent[at]), recent_errors=int(errors[at]))
        if since:
            last = (int(figures[at]) for figures in since[-1])
            made = replace(made, since=next(last), since_errors=next(last))
        return _at(made, steps, found[at], spec)
    short = spec.min_answers - len(wrong)
    if not found:
        return replace(made, missing=missing(steps, short, spec))
    needed = _outweigh(*newest, float(places[0]), spec.epsilon)
    return replace(made, missing=max(1, short, needed, _wanted(since, spec.epsilon)))


def unrefuted(
    confidence: Doubles, wrong: Bools, cost: Doubles, threshold: float, epsilon: float
) -> float:
    """The lowest confidence from `threshold` on that wrong cases do not speak against.

    It lies above the most confident wrong case at which more than epsilon of the cases are wrong.
    Without any error it is `threshold`, however few cases there are.

    Args:
        confidence, wrong, cost: As for `certify` [case].
        threshold: What other cases support. epsilon: Largest share of errors.
    """
    counted = np.where(wrong, weight(cost), 0).astype(np.int64)
    places = np.unique(confidence[wrong & (confidence >= threshold)])
    taken, errors = witnesses(confidence, counted, np.arange(len(counted)), places)
    against = places[errors > epsilon * taken + 1e-12]
    return float(np.nextafter(against[-1], np.inf)) if len(against) else threshold


def weight(cost: Doubles) -> Doubles:
    """How often a wrong case counts: as often as it costs, rounded up, at least once [case]."""
    return np.asarray(np.maximum(1.0, np.ceil(cost)))


def floor(epsilon: float) -> float:
    """Confidence below which nothing is decided alone, whatever the labels say: 1 - 4 epsilon."""
    return max(0.0, 1.0 - 4.0 * epsilon)


def _at(made: Certificate, steps: Walk, step: int, spec: RiskSpec) -> Certificate:
    accepted, errors = int(steps.accepted[step]), int(steps.errors[step])
    return replace(
        made,
        threshold=float(steps.threshold[step]),
        accepted=accepted,
        errors=errors,
        bound=_bound(accepted, errors, spec),
    )


def _outweigh(confidence: Doubles, counted: Ints, threshold: float, epsilon: float) -> int:
    """Clean labels that make the newest cases speak for a threshold again."""
    for more in range(1, len(counted)):
        above = confidence[more:] >= threshold
        if counted[more:][above].sum() <= epsilon * (above.sum() + more):
            return more
    return len(counted)


def _wanted(since: Sequence[tuple[Ints, Ints]], epsilon: float) -> int:
    """Clean labels that make the cases since every change support some threshold."""
    wanted = [[least(e, epsilon) - m for m, e in np.transpose(pair).tolist()] for pair in since]
    return min(map(max, zip(*wanted, strict=True)), default=0)


def _bound(accepted: int, errors: int, spec: RiskSpec) -> float:
    if spec.rule == 'expected':
        return (errors + 1) / (accepted + 1)
    return upper_bound(errors, accepted, spec.delta)

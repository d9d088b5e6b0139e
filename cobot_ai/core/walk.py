"""The walk down the confidence order: which thresholds labelled cases support."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cobot_ai.core.binomial import RunningTail, clean_trials, tail
from cobot_ai.core.spec import RiskSpec
from cobot_ai.core.types import Doubles

Ints = NDArray[np.int64]


MARGIN = 0.3
"""Part of delta at which a place further down must still pass to become the threshold.

The last place that passes at delta is the luckiest of many, and the scores come from siblings of
the model that serves, so it would use up all of delta.
"""


@dataclass(frozen=True, slots=True)
class Walk:
    """Thresholds in falling order and what lies at or above each; ties enter together.

    One is placed only where a case was right, or a wrong label below it could lower it.

    Attributes:
        threshold: Confidence of right cases, each once [step].
        right: Witnesses among the right cases at or above it [step].
        accepted: Witnesses among all cases there [step].
        errors: What the wrong ones among them count, rounded up [step].
        expected: Errors the confidences themselves announce there [step].
    """

    threshold: Doubles
    right: Ints
    accepted: Ints
    errors: Ints
    expected: Doubles


def walk(confidence: Doubles, counted: Ints, groups: Ints | None = None) -> Walk:
    """Put cases in order.

    Args:
        confidence: Confidence of each case [case], 0 to 1.
        counted: What it counts: 0 where it was right, else as often as it costs [case].
        groups: Number of its group [case], which is one witness; None: each its own.
    """
    groups = np.arange(len(counted)) if groups is None else groups
    fine = counted == 0
    rights = -np.sort(-confidence[fine])
    ends = np.flatnonzero(np.append(np.diff(rights) != 0, True))[: len(rights)]
    threshold = rights[ends]
    right, _ = witnesses(confidence[fine], counted[fine], groups[fine], threshold)
    accepted, errors = witnesses(confidence, counted, groups, threshold)
    odds = np.cumsum(np.clip(1 - rights, 0, 1) / np.clip(rights, 1e-3, 1))[ends]
    return Walk(threshold, right, accepted, errors, odds * right / (ends + 1))


def witnesses(
    confidence: Doubles, counted: Ints, groups: Ints, thresholds: Doubles
) -> tuple[Ints, Ints]:
    """Groups of cases at or above each threshold, and the sum of their errors, rounded up.

    Cases of one group stand or fall together more or less, and how much nobody knows. So a group
    is one witness, as if it were entirely so, and speaks with the share of its cases there that
    were wrong; that counts as often as the dearest of them. A sum of shares varies no more than
    the number of errors of as many single cases, so the test of those is good for it.
    What is promised is a share of decisions, not of groups: where the wrong groups have more cases
    than others, the witnesses err by the share of all cases there that were wrong.

    Args:
        confidence: Confidence of each case [case]. counted: 0 where it was right, else as often as
            it costs [case].
        groups: Number of its group [case]. thresholds: Where to count [threshold].
    """
    order = np.argsort(-confidence, kind='stable')
    taken = np.searchsorted(-confidence[order], -thresholds, 'right')
    counted, groups = counted[order], groups[order]
    if len(np.unique(groups)) == len(groups):
        return taken, np.append(0, np.cumsum(counted))[taken]
    rows = list(_shares(counted.tolist(), groups.tolist()))
    whole, errors = np.array([(0, 0.0), *rows]).T
    return whole[taken].astype(np.int64), np.ceil(errors[taken] - 1e-9).astype(np.int64)


def _shares(counted: list[int], groups: list[int]) -> Iterator[tuple[int, float]]:
    """After each case: how many groups there are, and the errors of as many witnesses."""
    found: dict[int, tuple[int, int, int, float]] = {}
    total, every = 0.0, 0
    for at, (counts, group) in enumerate(zip(counted, groups, strict=True), 1):
        cases, wrong, dearest, before = found.get(group, (0, 0, 0, 0.0))
        cases, wrong, dearest = cases + 1, wrong + (counts > 0), max(dearest, counts)
        errors = dearest * wrong / cases
        found[group] = cases, wrong, dearest, errors
        total, every = total + errors - before, every + counts
        yield len(found), max(total, len(found) * every / at)


def clean_labels(spec: RiskSpec) -> int:
    """Least number of labels, all of them right, that support a threshold under this risk."""
    if spec.rule == 'expected':
        return least(0, spec.epsilon)
    return clean_trials(spec.epsilon, spec.delta)


def passed(steps: Walk, spec: RiskSpec) -> list[int]:
    """Steps whose thresholds may be used, strictest first; empty when none exists."""
    if spec.rule == 'expected':
        allowed = steps.errors + 1 <= spec.epsilon * (steps.accepted + 1) + 1e-12
        return [int(i) for i in np.flatnonzero(allowed)]
    found: list[int] = []
    begin = start(steps, spec)
    if begin is None:
        return found
    rows = list(zip(steps.errors.tolist(), steps.accepted.tolist(), strict=True))
    running = RunningTail(*rows[begin], spec.epsilon)
    for i in range(begin, len(rows)):
        chance = running.to(*rows[i])
        if chance > spec.delta:
            break
        if i == begin or chance <= MARGIN * spec.delta:
            found.append(i)
    return found


def start(steps: Walk, spec: RiskSpec, further: int = 0) -> int | None:
    """Where the walk begins: where it is most likely to pass if the confidences are honest.

    Only the confidences of right cases are looked at, never how many are wrong: the test that
    follows decides. The announced errors are taken for a Poisson count, whose square root has the
    same spread everywhere (Anscombe 1948); the step that is allowed most above it is the best.

    Args:
        steps: The walk. spec: The risk.
        further: Clean cases on top of those of the walk, all of them more confident.
    """
    allowed = allowed_errors(steps.right + further, spec.epsilon, spec.delta)
    room = np.sqrt(allowed + 1.0) - np.sqrt(steps.expected)
    usable = np.flatnonzero(allowed >= 0)
    return int(usable[np.argmax(room[usable])]) if len(usable) else None


def missing(steps: Walk, short: int, spec: RiskSpec) -> int:
    """Least number of further clean labels, all of them more confident than any case so far.

    Args:
        steps: The walk. short: Labels wanting for another reason. spec: The risk.
    """
    enough, first = clean_labels(spec), max(1, short)
    if spec.rule == 'expected':
        pairs = zip(steps.accepted, steps.errors, strict=True)
        further = [least(int(e), spec.epsilon) - int(m) for m, e in pairs]
        return max(first, min([enough, *further]))
    return next(
        (k for k in range(first, enough) if _opens(steps, k, spec)),
        max(enough, first),
    )


def allowed_errors(right: Ints, epsilon: float, delta: float) -> Ints:
    """Most errors beside so many right cases that still pass the test; -1: not even none [case].

    Args:
        right: Right cases [case]. epsilon, delta: The promise.
    """
    most = int(right.max(initial=0))
    return np.asarray(
        np.searchsorted(_needed(1 << most.bit_length(), epsilon, delta), right, 'right') - 1
    )


@lru_cache(64)
def _needed(most: int, epsilon: float, delta: float) -> Ints:
    """Least number of right cases beside each number of errors that pass the test, up to `most`."""
    right = clean_trials(epsilon, delta)
    running, table = RunningTail(0, right, epsilon), list[int]()
    while right <= most:
        while running.to(len(table), right + len(table)) > delta:
            right += 1
        table.append(right)
    return np.array(table, np.int64)


def _opens(steps: Walk, further: int, spec: RiskSpec) -> bool:
    """Whether a threshold exists with so many further clean labels on top."""
    i = start(steps, spec, further)
    if i is None:
        return False
    return tail(int(steps.errors[i]), int(steps.accepted[i]) + further, spec.epsilon) <= spec.delta


def least(errors: int, epsilon: float) -> int:
    """Least number accepted so that (errors + 1) / (accepted + 1) <= epsilon."""
    return math.ceil((errors + 1) / epsilon - 1 - 1e-9)

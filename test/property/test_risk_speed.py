"""Certificates of many labels: as by the plain formulas, in a time that grows with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core import binomial, walk
from cobot_ai.core.binomial import RunningTail, clean_trials, tail
from cobot_ai.core.risk import certify, floor, weight
from cobot_ai.core.spec import RiskSpec

EPSILONS = st.sampled_from([0.3, 0.1, 0.05, 0.02])
DELTAS = st.sampled_from([0.2, 0.1, 0.05, 0.001])


@st.composite
def judged(draw: st.DrawFn) -> tuple[Any, ...]:
    """Confidences, which were wrong, what they cost, and where the mix changed."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.integers(0, 250))
    confidence = rng.beta(draw(st.sampled_from([3, 20, 200])), 1, n)
    if draw(st.booleans()):
        confidence = np.round(confidence, 2)
    wrong = rng.random(n) > confidence ** draw(st.sampled_from([0.1, 0.5, 1.0]))
    cost = rng.choice([0.5, 1.0, 3.0, 10.0], n) if draw(st.booleans()) else np.ones(n)
    changes = draw(st.lists(st.integers(0, max(0, n - 1)), max_size=2, unique=True))
    return confidence, wrong, cost, tuple(sorted(changes))


def plain_allowed(right: int, epsilon: float, delta: float) -> int:
    found = -1
    while tail(found + 1, right + found + 1, epsilon) <= delta:
        found += 1
    return found


def plain_passed(steps: walk.Walk, spec: RiskSpec) -> list[int]:
    begin, found = walk.start(steps, spec), []
    for i in range(begin, len(steps.right)) if begin is not None else ():
        chance = tail(int(steps.errors[i]), int(steps.accepted[i]), spec.epsilon)
        if chance > spec.delta:
            break
        if i == begin or chance <= walk.MARGIN * spec.delta:
            found.append(i)
    return found


def plain_choice(case: tuple[Any, ...], steps: walk.Walk, spec: RiskSpec) -> float | None:
    """The lowest threshold that passes and that the newest cases and all changes support."""
    confidence, wrong, cost, changes = case
    counted = np.where(wrong, weight(cost), 0)
    for step in reversed(plain_passed(steps, spec)):
        above = confidence >= steps.threshold[step]
        newest = np.arange(len(wrong)) >= len(wrong) - spec.window
        parts = [above & (np.arange(len(wrong)) >= at) for at in changes]
        recent = counted[above & newest].sum() <= spec.epsilon * (above & newest).sum() + 1e-12
        if recent and all(
            counted[p].sum() + 1 <= spec.epsilon * (p.sum() + 1) + 1e-12 for p in parts
        ):
            return float(steps.threshold[step])
    return None


@given(st.integers(0, 40), st.integers(0, 300), st.integers(0, 60), EPSILONS)
def test_a_running_tail_is_the_tail(errors: int, trials: int, more: int, share: float) -> None:
    running = RunningTail(errors, trials, share)
    for n in range(0, 5 * more, 7):
        wanted = tail(errors + n // 9, trials + n, share)
        assert running.to(errors + n // 9, trials + n) == pytest.approx(wanted, abs=1e-9)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=5), EPSILONS, DELTAS)
def test_the_allowed_errors_are_those_of_the_test(
    right: list[int], epsilon: float, delta: float
) -> None:
    found = walk.allowed_errors(np.array(right), epsilon, delta).tolist()
    assert found == [plain_allowed(r, epsilon, delta) for r in right]
    assert clean_trials(epsilon, delta) > 0


@given(judged(), EPSILONS, DELTAS, st.sampled_from([20, 150]))
def test_the_threshold_is_that_of_the_plain_walk(
    case: tuple[Any, ...], epsilon: float, delta: float, window: int
) -> None:
    confidence, wrong, cost, changes = case
    spec = RiskSpec(epsilon=epsilon, delta=delta, min_answers=1, window=window)
    usable = confidence >= floor(epsilon)
    counted = np.where(wrong, weight(cost), 0).astype(np.int64)
    steps = walk.walk(confidence[usable], counted[usable])
    assert walk.passed(steps, spec) == plain_passed(steps, spec)
    found = certify(confidence, wrong, 'c', spec, 0, cost, changes)
    assert found.threshold == plain_choice(case, steps, spec)


def test_twice_the_labels_take_about_twice_the_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = [0]

    def counted(name: str, price: Any) -> Any:
        plain = getattr(binomial, name)

        def call(*args: Any) -> float:
            terms[0] += price(*args)
            return float(plain(*args))

        return call

    monkeypatch.setattr(binomial, '_just', counted('_just', lambda *_: 1))
    monkeypatch.setattr(binomial, 'tail', counted('tail', lambda errors, *_: errors + 1))
    rng, counts = np.random.default_rng(0), []
    for n in (8_192, 16_384):
        walk._needed.cache_clear()
        terms[0] = 0
        confidence = rng.beta(20, 1, n)
        certify(confidence, rng.random(n) > confidence**0.8, 'c', RiskSpec(epsilon=0.05), 0)
        counts.append(terms[0])
    assert counts[0] < 20 * 8_192
    assert counts[1] < 2.5 * counts[0]

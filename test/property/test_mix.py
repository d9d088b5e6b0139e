"""A change of the mix of classes: seen when there is one, and what a certificate makes of it."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.levels import certify_levels
from cobot_ai.core.mix import LEVEL, Mix, changes
from cobot_ai.core.risk import certify
from cobot_ai.core.spec import RiskSpec

RISK = RiskSpec(epsilon=0.05, delta=0.1, min_answers=1)
MIX = st.lists(st.floats(0.01, 1), min_size=1, max_size=6)


@given(MIX, st.integers(0, 300), st.integers(0, 10**6))
def test_the_change_is_at_the_first_case_of_a_class(
    shares: list[float], count: int, seed: int
) -> None:
    labels = drawn(shares, count, seed)
    assert all(labels[at] not in labels[:at] for at in changes(labels))


def drawn(shares: list[float], count: int, seed: int) -> list[str]:
    p = np.array(shares) / sum(shares)
    return [str(i) for i in np.random.default_rng(seed).choice(len(p), count, p=p)]


def test_while_the_mix_stays_labels_are_hardly_ever_changed() -> None:
    """It is looked at after every label; the rare class is one in a hundred."""
    found = []
    for seed in range(100):
        labels = drawn([0.5, 0.3, 0.12, 0.07, 0.01], 300, seed)
        found.append(max(changes(labels), default=0))
    assert np.mean([n > 20 for n in found]) <= 0.1, 'of 100 cells'


def test_a_class_that_comes_late_and_then_often_is_a_change() -> None:
    late = ['good'] * 110 + drawn([0.3, 0.2, 0.5], 30, 1)
    assert max(changes(late)) in range(110, 116)
    assert not changes(late[:111]), 'one case tells nothing yet'
    assert not changes(['good'] * 110 + ['jam'] + ['good'] * 60 + ['jam']), 'it is only rare'


def test_labels_from_before_a_class_appeared_do_not_support_a_threshold_alone() -> None:
    """110 clean ones, then a class nobody had seen: since then it takes clean ones as well."""
    labels, sure = ['good'] * 110 + ['off', 'good'] * 15, np.linspace(0.99, 0.9, 140)
    clean = np.zeros(140, bool)
    for count in (116, 128, 129, 140):
        (found,) = certify_levels(
            sure[:count], clean[:count], ['a'] * count, RISK, 0, labels[:count]
        )
        assert (found.changed, found.labels) == (110, count)
        assert (found.threshold is not None) == (count >= 110 + 19), 'as rule expected demands'
        assert found.missing == max(0, 129 - count)
        assert found.since == (count - 110 if found.threshold else 0)
    (before,) = certify_levels(sure, clean, ['a'] * 140, RISK, 0, ['good'] * 140)
    assert (before.accepted, before.changed, before.since) == (140, 0, 0)
    clean[-1] = True
    (wrong,) = certify_levels(sure, clean, ['a'] * 140, RISK, 0, labels)
    assert (wrong.accepted, wrong.since_errors) == (139, 0), 'the threshold closes above it'


def test_a_second_change_does_not_cover_what_went_wrong_since_the_first() -> None:
    labels = ['good'] * 400 + ['off', 'good'] * 10 + ['jam', 'good'] * 15
    wrong = np.isin(np.arange(450), [402, 404, 406, 408])
    assert changes(labels) == (400, 420)
    (found,) = certify_levels(np.full(450, 0.95), wrong, ['a'] * 450, RISK, 0, labels)
    assert (found.changed, found.threshold) == (420, None)
    assert found.missing == 99 - 50, 'four errors need 99 labels since the first'


@given(st.integers(0, 10**6), st.integers(1, 200), st.floats(0, 0.2), st.integers(1, 150))
def test_a_change_only_ever_raises_a_threshold(seed: int, count: int, rate: float, at: int) -> None:
    rng = np.random.default_rng(seed)
    sure, wrong = rng.uniform(0.8, 1, count), rng.random(count) < rate
    whole = certify(sure, wrong, 'x', RISK, 0)
    since = certify(sure, wrong, 'x', RISK, 0, changes=(min(at, count),))
    if since.threshold is None:
        assert since.missing >= 1
        return
    assert whole.threshold is not None
    assert since.threshold >= whole.threshold
    assert since.since_errors + 1 <= RISK.epsilon * (since.since + 1) + 1e-9


@given(MIX, st.integers(0, 300), st.integers(0, 10**6))
def test_label_by_label_it_is_what_the_formula_says(
    shares: list[float], count: int, seed: int
) -> None:
    labels = drawn(shares, count, seed)
    mix, found = Mix(), set()
    for i, label in enumerate(labels):
        mix.add(label)
        early, again = labels.index(label), labels[:i].count(label)
        late = i - early
        if math.comb(late, again) / math.comb(early + late, again) < LEVEL:
            found.add(early)
        assert mix.changes == tuple(sorted(found))
        assert mix.newest == (labels[max(found)] if found else None)

"""Labels from before the mix of classes changed: set aside when it did, and only then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.levels import certify_levels
from cobot_ai.core.mix import set_aside
from cobot_ai.core.spec import RiskSpec

RISK = RiskSpec(epsilon=0.05, delta=0.1, min_answers=1)
MIX = st.lists(st.floats(0.01, 1), min_size=1, max_size=6)


@given(MIX, st.integers(0, 300), st.integers(0, 10**6))
def test_what_is_set_aside_ends_at_the_first_case_of_a_class(
    shares: list[float], count: int, seed: int
) -> None:
    labels = drawn(shares, count, seed)
    aside = set_aside(labels)
    assert aside == 0 or labels[aside] not in labels[:aside]


def drawn(shares: list[float], count: int, seed: int) -> list[str]:
    p = np.array(shares) / sum(shares)
    return [str(i) for i in np.random.default_rng(seed).choice(len(p), count, p=p)]


def test_while_the_mix_stays_labels_are_hardly_ever_set_aside() -> None:
    """Looked at after every label; the rare class is one in a hundred."""
    lost = []
    for seed in range(100):
        labels = drawn([0.5, 0.3, 0.12, 0.07, 0.01], 300, seed)
        lost.append(max(set_aside(labels[:n]) for n in range(0, 301, 10)))
    assert np.mean([n > 20 for n in lost]) <= 0.1, 'of 100 cells'


def test_a_class_that_comes_late_and_then_often_sets_the_labels_before_it_aside() -> None:
    late = ['good'] * 110 + drawn([0.3, 0.2, 0.5], 30, 1)
    assert set_aside(late) in range(110, 116)
    assert set_aside(late[:111]) == 0, 'one case tells nothing yet'
    assert set_aside(['good'] * 110 + ['jam'] + ['good'] * 60 + ['jam']) == 0, 'it is only rare'


def test_no_certificate_rests_on_labels_from_before_a_class_appeared() -> None:
    labels = ['good'] * 110 + ['good', 'off'] * 15
    confidence, wrong = np.linspace(0.99, 0.9, 140), np.zeros(140, bool)
    (found,) = certify_levels(confidence, wrong, ['a'] * 140, RISK, 0, labels)
    assert (found.threshold, found.labels, found.set_aside) == (None, 29, 111)
    assert found.missing == 45 - 29
    (before,) = certify_levels(confidence, wrong, ['a'] * 140, RISK, 0, ['good'] * 140)
    assert (before.labels, before.set_aside) == (140, 0)
    longer = [*labels, *['good', 'off'] * 10]
    ones = np.append(confidence, np.full(20, 0.99))
    (after,) = certify_levels(ones, np.zeros(160, bool), ['a'] * 160, RISK, 0, longer)
    assert after.threshold is not None
    assert replace(after, threshold=None) != after

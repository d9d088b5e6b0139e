"""The promise of a certificate, under simulation and by construction."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.binomial import upper_bound
from cobot_ai.core.errors import ModelError
from cobot_ai.core.risk import certify
from cobot_ai.core.spec import RiskSpec
from cobot_ai.core.walk import clean_labels

LOOSE = RiskSpec(epsilon=0.1, delta=0.1, min_answers=1)
RULES = st.sampled_from(['certified', 'expected'])


@st.composite
def scored(draw, ties=False):
    n = draw(st.integers(0, 150))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    confidence = rng.permutation(np.linspace(0.3, 0.99, max(n, 1))[:n])
    if ties:
        confidence = np.round(confidence, 1)
    return confidence, rng.random(n) < draw(st.floats(0, 0.3)) * (1.3 - confidence)


def draws(seed, count, cases):
    """Confidence uniform on [0.5, 1]; wrong with probability 1 - confidence, so that the true
    share of wrong ones above a threshold is (1 - threshold) / 2."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        confidence = rng.uniform(0.5, 1, cases)
        yield confidence, rng.random(cases) > confidence


@pytest.mark.parametrize('epsilon', [0.1, 0.05])
def test_certified_promise_holds_where_the_true_error_is_known(epsilon):
    spec = replace(LOOSE, epsilon=epsilon)
    found = [certify(c, w, 'x', spec, 0).threshold for c, w in draws(1, 500, 300)]
    broken = np.mean([t is not None and (1 - t) / 2 > epsilon for t in found])
    assert broken <= spec.delta + 3 * np.sqrt(spec.delta * (1 - spec.delta) / 500)
    assert np.mean([t is not None for t in found]) > 0.1


def test_an_uncorrected_threshold_breaks_the_promise():
    """Negative control: the longest beginning with an observed share <= epsilon."""
    broken = 0
    for c, w in draws(1, 500, 300):
        order = np.argsort(-c)
        good = np.flatnonzero(np.cumsum(w[order]) <= 0.1 * np.arange(1, 301))
        broken += (1 - c[order][good[-1]]) / 2 > 0.1
    assert broken / 500 > 0.25


def test_expected_promise_holds_on_average():
    spec = replace(LOOSE, rule='expected')
    found = [certify(c, w, 'x', spec, 0).threshold for c, w in draws(2, 500, 300)]
    risks = [(1 - t) / 2 for t in found if t is not None]
    assert len(risks) > 400
    assert np.mean(risks) <= 0.1


@given(scored(ties=True), RULES, st.randoms())
def test_order_of_the_cases_does_not_matter(data, rule, random):
    confidence, wrong = data
    order = list(range(len(wrong)))
    random.shuffle(order)
    spec = replace(LOOSE, rule=rule)
    first = certify(confidence, wrong, 'x', spec, 0)
    assert certify(confidence[order], wrong[order], 'x', spec, 0) == first


@pytest.mark.parametrize('rule', ['certified', 'expected'])
def test_a_looser_epsilon_lets_more_through(rule):
    """On the whole: the walk for another epsilon begins elsewhere, now and then to its loss."""
    acted = []
    for epsilon in (0.05, 0.1, 0.15):
        spec, shares = replace(LOOSE, rule=rule, epsilon=epsilon), []
        for c, w in draws(5, 60, 300):
            found = certify(c, w, 'x', spec, 0).threshold
            shares.append(0.0 if found is None else float((c >= found).mean()))
        acted.append(np.mean(shares))
    assert acted[0] < acted[1] < acted[2]


def test_one_wrong_case_at_the_very_top_does_not_end_the_walk_before_it_began():
    """LP4 and LP5 have such cases: perhaps wrong labels."""
    confidence = np.linspace(1, 0.96, 200)
    wrong = np.zeros(200, bool)
    wrong[3] = True
    found = certify(confidence, wrong, 'x', RiskSpec(epsilon=0.05, delta=0.1), 0)
    assert (found.accepted, found.errors) == (200, 1)
    wrong[:12] = True
    assert certify(confidence, wrong, 'x', RiskSpec(epsilon=0.05, delta=0.1), 0).threshold is None


@pytest.mark.parametrize('honesty', [0.5, 1.0, 2.0])
@pytest.mark.parametrize('top', [0.0, 0.02])
def test_the_promise_does_not_rest_on_honest_confidences(honesty, top):
    """They say where to begin, no more: stated too small, too large, or wrong at the very top."""
    spec, rng, broken = replace(LOOSE, epsilon=0.05), np.random.default_rng(3), 0
    for _ in range(150):
        sure, asked = (1 - 0.5 * rng.beta(0.4, 1.5, n) for n in (300, 4000))
        true, later = (np.minimum(1, honesty * (1 - c) + top) for c in (sure, asked))
        found = certify(sure, rng.random(300) < true, 'x', spec, 0).threshold
        broken += found is not None and later[asked >= found].mean() > spec.epsilon
    assert broken / 150 <= spec.delta + 2 * np.sqrt(spec.delta * (1 - spec.delta) / 150)


@given(scored(ties=True), RULES)
def test_what_a_certificate_says_is_what_the_scores_say(data, rule):
    confidence, wrong = data
    made = certify(confidence, wrong, 'x', replace(LOOSE, rule=rule), 7)
    assert made.labels == len(wrong)
    assert made.created_ns == 7
    if made.threshold is None:
        assert made.missing >= 1
        return
    taken = confidence >= made.threshold
    assert (made.accepted, made.errors) == (taken.sum(), wrong[taken].sum())
    assert made.bound <= LOOSE.epsilon + 1e-9
    assert made.missing == 0


@given(scored(ties=True), RULES)
def test_missing_is_the_least_number_of_clean_labels_that_can_help(data, rule):
    confidence, wrong = data
    spec = replace(LOOSE, rule=rule)
    missing = certify(confidence, wrong, 'x', spec, 0).missing

    def with_clean(count):
        c = np.concatenate([np.full(count, 1.5), confidence])
        return certify(c, np.concatenate([np.zeros(count, bool), wrong]), 'x', spec, 0)

    if missing:
        assert with_clean(missing).threshold is not None
        assert with_clean(missing - 1).threshold is None


def test_too_few_answers_give_no_threshold_however_good():
    spec = replace(LOOSE, rule='expected', epsilon=0.2, min_answers=10)
    clean = certify(np.full(9, 0.99), np.zeros(9, bool), 'x', spec, 0)
    assert (clean.threshold, clean.missing) == (None, 1)
    assert certify(np.full(10, 0.99), np.zeros(10, bool), 'x', spec, 0).threshold == 0.99


@pytest.mark.parametrize(
    ('rule', 'epsilon', 'labels'),
    [
        ('certified', 0.05, 45),
        ('certified', 0.02, 114),
        ('certified', 0.01, 230),
        ('expected', 0.05, 19),
        ('expected', 0.02, 49),
        ('expected', 0.01, 99),
    ],
)
def test_price_of_a_certificate(rule, epsilon, labels):
    spec = RiskSpec(epsilon=epsilon, delta=0.1, rule=rule)
    assert clean_labels(spec) == labels
    ones, clean = np.linspace(0.97, 1, labels), np.zeros(labels, bool)
    assert certify(ones, clean, 'x', spec, 0).threshold == 0.97
    assert certify(ones[1:], clean[1:], 'x', spec, 0).threshold is None


def test_upper_bound_agrees_with_published_values():
    # One-sided 95 % Clopper-Pearson limits (Hahn and Meeker, tables of binomial proportions).
    assert upper_bound(3, 20, 0.05) == pytest.approx(0.3437, abs=1e-4)
    assert upper_bound(0, 45, 0.1) == pytest.approx(1 - 0.1 ** (1 / 45), abs=1e-12)
    assert upper_bound(5, 5, 0.1) == 1.0
    assert upper_bound(0, 200_000, 0.1) == pytest.approx(1.1513e-5, rel=1e-3)


def test_damaged_scores_are_refused():
    with pytest.raises(ModelError, match='damaged'):
        certify(np.array([np.nan]), np.array([False]), 'x', LOOSE, 0)

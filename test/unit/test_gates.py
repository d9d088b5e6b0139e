"""Each gate check lets the good pass and names the bad."""

import numpy as np
import pytest

from cobot_ai.core import gates
from cobot_ai.core.gates import Pair
from cobot_ai.core.honest import Honest, collect, from_json, majority, to_json


def pairs(old, new, contexts=None, p=(0.9, 0.9)):
    rows = zip(old, new, contexts or ['a'] * len(old), strict=True)
    return [
        Pair(i, c, Honest('ok', p[0] if o else 0.1, o), Honest('ok', p[1] if n else 0.1, n))
        for i, (o, n, c) in enumerate(rows)
    ]


def test_enough_labels():
    assert gates.enough_labels({'a': 5, 'b': 5}, ['a', 'b'], 3, 10).passed
    short = gates.enough_labels({'a': 9, 'b': 2}, ['a', 'b'], 3, 10)
    assert not short.passed
    assert 'b (2)' in short.why
    assert not gates.enough_labels({'a': 4, 'b': 5}, ['a', 'b'], 3, 10).passed
    assert not gates.enough_labels({'a': 50}, ['a'], 3, 10).passed


def test_finite_and_shapes():
    good = np.array([[0.2, 0.8], [0.5, 0.5]])
    assert gates.finite(good).passed
    for bad in ([[np.nan, 1.0]], [[0.9, 0.9]], [[-0.1, 1.1]]):
        assert not gates.finite(np.array(bad)).passed
    assert gates.shapes(good, ['a', 'b'], 2).passed
    assert not gates.shapes(good, ['a', 'b', 'c'], 2).passed


def test_parity_fails_on_a_gap_and_on_a_flip():
    p = np.array([[0.500001, 0.499999], [0.1, 0.9]])
    assert gates.parity(p, p + 1e-7).passed
    assert not gates.parity(p, p + 1e-3).passed
    flipped = gates.parity(p, p[:, ::-1])
    assert flipped.figures['flips'] == 2
    assert not gates.parity(p, p[:1]).passed
    tiny = np.array([[0.500001, 0.499999]])
    assert not gates.parity(tiny, tiny[:, ::-1]).passed


def test_not_worse_tolerates_noise_and_refuses_a_clear_loss():
    right = [True] * 50
    noise = [True] * 48 + [False] * 2
    loss = [True] * 40 + [False] * 10
    assert gates.not_worse(pairs(right, right), 'v1').passed
    assert gates.not_worse(pairs(right, noise), 'v1').passed
    worse = gates.not_worse(pairs(right, loss), 'v1')
    assert not worse.passed
    assert worse.cases == tuple(range(40, 50))
    assert gates.not_worse(pairs(loss, right), 'v1').passed
    assert gates.not_worse([], 'v1').passed


def test_not_worse_sees_lost_calibration():
    right = [True] * 50
    assert not gates.not_worse(pairs(right, right, p=(0.95, 0.6)), 'v1').passed


def test_not_worse_looks_at_each_context():
    contexts = ['a'] * 300 + ['b'] * 30
    old = [True] * 330
    old[:20] = [False] * 20
    new = [True] * 330
    new[300:312] = [False] * 12
    check = gates.not_worse(pairs(old, new, contexts), 'v1')
    assert not check.passed
    assert 'clearly worse in: b' in check.why
    assert not check.figures['overall']['worse']
    few = ['a'] * 318 + ['b'] * 12
    quiet = gates.not_worse(pairs(old, old, few), 'v1')
    assert 'b' not in quiet.figures['contexts']


def test_golden_counts_only_what_would_act():
    rows = [(1, 'ok', 'ok', 0.9, 0.8), (2, 'jam', 'ok', 0.7, 0.8), (3, 'jam', 'ok', 0.9, None)]
    assert gates.golden(rows).passed
    bad = gates.golden([*rows, (4, 'jam', 'ok', 0.85, 0.8)])
    assert not bad.passed
    assert bad.cases == (4,)


def test_latency():
    assert gates.latency([1.0] * 99 + [30.0], 10).figures['p99_ms'] == pytest.approx(1.29)
    assert not gates.latency([1.0] * 90 + [30.0] * 10, 10).passed
    assert gates.latency([], 10).passed
    assert 'Not measured' in gates.latency([], 10).why


def test_honest_scores_survive_the_manifest():
    scores = np.array([[0.7, 0.3], [0.6, 0.4], [0.1, 0.9]])
    made = collect([4, 5, 9], ['ok', 'jam', 'slip'], ('ok', 'jam'), scores)
    assert made[4] == Honest('ok', 0.7, True)
    assert made[5] == Honest('jam', 0.4, False)
    assert made[9] == Honest('slip', 0.0, False)
    assert from_json(to_json(made)) == made
    assert from_json({}) == {}


def test_majority_is_what_a_model_must_beat():
    made = majority({1: 'ok', 2: 'ok', 3: 'ok', 4: 'jam'})
    assert made[1] == Honest('ok', 0.75, True)
    assert made[4] == Honest('jam', 0.25, False)

"""Each gate check lets the good pass and names the bad."""

import numpy as np
import pytest

from cobot_ai.core import compare, gates
from cobot_ai.core.compare import Pair
from cobot_ai.core.gates import Masked
from cobot_ai.core.honest import Honest, class_shares, collect, from_json, to_json
from cobot_ai.core.suite import (
    AccuracyLimits,
    CalibrationLimits,
    ClaimLimit,
    DeadChannelLimit,
    LabelLimits,
    SkillLimits,
)
from cobot_ai.core.types import Window


def opinion(right, p=0.9, label='ok'):
    p = p if right else 1 - p
    return Honest(label, p, right, max(p, 1 - p), 2 * (1 - p) ** 2)


def pairs(old, new, contexts=None, p=(0.9, 0.9)):
    rows = zip(old, new, contexts or ['a'] * len(old), strict=True)
    return [
        Pair(i, {'context': c}, opinion(o, p[0]), opinion(n, p[1]))
        for i, (o, n, c) in enumerate(rows)
    ]


def not_worse(rows, **limits):
    return compare.not_worse(rows, 'v1', AccuracyLimits(**limits))


def calibration(rows):
    return compare.calibration(rows, 'v1', CalibrationLimits())


LABELS = LabelLimits(per_class=3, per_context=5, total=10)


def test_enough_labels():
    assert gates.enough_labels({'a': 5, 'b': 5}, ['a', 'b'], {'x': 5}, LABELS).passed
    short = gates.enough_labels({'a': 9, 'b': 2}, ['a', 'b'], {}, LABELS)
    assert not short.passed
    assert 'b (2)' in short.why
    thin = gates.enough_labels({'a': 9, 'b': 9}, ['a', 'b'], {'x': 14, 'y': 4}, LABELS)
    assert not thin.passed
    assert 'y (4)' in thin.why
    assert not gates.enough_labels({'a': 4, 'b': 5}, ['a', 'b'], {}, LABELS).passed
    assert gates.enough_labels({'a': 50}, ['a'], {}, LABELS).passed, 'one_class says the rest'
    assert not gates.enough_labels({'a': 50}, [], {}, LABELS).passed


def test_no_class_is_lost():
    labels = {'a': 9, 'b': 5, 'c': 1}
    assert gates.classes_kept(['a', 'b'], labels, [], 3).passed
    assert gates.classes_kept(['a'], labels, [], 3).figures['lost'] == ['b']
    assert gates.classes_kept(['a', 'b'], labels, ['a', 'c'], 3).figures['lost'] == ['c']
    assert gates.classes_kept(['a', 'b'], labels, ['a', 'gone'], 3).passed
    withdrawn = gates.classes_kept(['a', 'b'], labels, ['a', 'c'], 3)
    assert 'label another c (1 labels left), or forget' in withdrawn.why


def test_inputs_say_when_only_the_order_is_wrong():
    window = Window(('fx', 'fz'), np.zeros((2, 8), np.float32), np.ones((2, 8), bool), 0, 1)
    assert gates.inputs(('fx', 'fz'), 8, window).passed
    swapped = gates.inputs(('fz', 'fx'), 8, window)
    assert not swapped.passed
    assert 'another order' in swapped.why
    assert not gates.inputs(('fx', 'ty'), 8, window).passed
    assert not gates.inputs(('fx', 'fz'), 9, window).passed


def test_outputs():
    good = np.array([[0.2, 0.8], [0.5, 0.5]])
    assert gates.outputs(good).passed
    for bad in ([[np.nan, 1.0]], [[0.9, 0.9]], [[-0.1, 1.1]]):
        assert not gates.outputs(np.array(bad)).passed


def test_parity_fails_on_a_gap_and_on_a_flip():
    p = np.array([[0.500001, 0.499999], [0.1, 0.9]])
    assert gates.parity(p, p + 1e-7, 1e-5).passed
    assert not gates.parity(p, p + 1e-3, 1e-5).passed
    flipped = gates.parity(p, p[:, ::-1], 1e-5)
    assert flipped.figures['flips'] == 2
    assert not gates.parity(p, p[:1], 1e-5).passed
    tiny = np.array([[0.500001, 0.499999]])
    assert not gates.parity(tiny, tiny[:, ::-1], 1e-5).passed


def test_not_worse_tolerates_noise_and_refuses_a_clear_loss():
    right = [True] * 50
    noise = [True] * 46 + [False] * 4
    loss = [True] * 40 + [False] * 10
    assert not_worse(pairs(right, right)).passed
    assert not_worse(pairs(right, noise)).passed
    worse = not_worse(pairs(right, loss))
    assert not worse.passed
    assert worse.cases == tuple(range(40, 50))
    assert not_worse(pairs(loss, right)).passed
    assert not_worse([]).passed


def test_a_loss_within_the_tolerance_passes_however_sure_it_is():
    loss = [True] * 1990 + [False] * 10
    assert not_worse(pairs([True] * 2000, loss)).passed
    assert not not_worse(pairs([True] * 2000, loss), tolerance=0.0).passed


def test_calibration_sees_lost_confidence_and_false_confidence():
    right = [True] * 60
    assert calibration(pairs(right, right)).passed
    assert not calibration(pairs(right, right, p=(0.95, 0.6))).passed
    mixed = [True, True, True, False] * 40
    assert calibration(pairs(mixed, mixed, p=(0.75, 0.75))).passed
    bold = calibration(pairs(mixed, mixed, p=(0.75, 0.99)))
    assert not bold.passed
    assert bold.figures['overall']['ece'] > 0.2 > bold.figures['overall']['ece_old']


def test_calibration_does_not_refuse_a_few_cases_by_noise():
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(40):
        one, two = (rng.random(25) < 0.8 for _ in range(2))
        refused += not calibration(pairs(one.tolist(), two.tolist(), p=(0.8, 0.8))).passed
    assert refused <= 6  # 5 % of 40 is 2; two different draws differ by more than one model would


@pytest.mark.parametrize('check', [not_worse, calibration])
def test_each_slice_is_looked_at(check):
    contexts = ['a'] * 300 + ['b'] * 30
    old = [True] * 330
    old[:20] = [False] * 20
    new = [True] * 330
    new[:4] = [False] * 4
    new[300:312] = [False] * 12
    found = check(pairs(old, new, contexts))
    assert not found.passed
    assert 'clearly worse in: context b (30 cases)' in found.why
    assert not found.figures['overall']['worse']
    assert found.cases == tuple(range(300, 312))
    few = ['a'] * 318 + ['b'] * 12
    assert 'context b' not in check(pairs(old, old, few)).figures['slices']


def test_slices_do_not_refuse_equal_models_by_noise():
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(60):
        contexts = [f'c{i}' for i in rng.integers(0, 8, 240)]
        one, two = (rng.random(240) < 0.85 for _ in range(2))
        refused += not not_worse(pairs(one.tolist(), two.tolist(), contexts)).passed
    assert refused <= 12  # at most 5 % overall and 5 % over all slices, exact test


def test_as_claimed_refuses_a_file_that_is_not_the_model_of_its_scores():
    good = [(i, i % 10 > 0, True) for i in range(60)]
    assert gates.as_claimed(good, ClaimLimit()).passed
    other = [(i, True, i % 3 > 0) for i in range(60)]
    bad = gates.as_claimed(other, ClaimLimit())
    assert not bad.passed
    assert len(bad.cases) == 20
    assert gates.as_claimed([], ClaimLimit()).passed


def test_dead_channel_counts_only_confident_errors_where_it_may_judge():
    wrong = tuple(range(10))
    limits = DeadChannelLimit()
    assert not gates.dead_channel([Masked('fx', True, 20, 10, wrong)], limits).passed
    assert gates.dead_channel([Masked('fx', False, 20, 10, wrong)], limits).passed
    assert gates.dead_channel([Masked('fx', True, 20, 10, ())], limits).passed
    assert gates.dead_channel([Masked('fx', True, 20, 17, wrong[:3])], limits).passed
    assert gates.dead_channel([], limits).passed


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


def test_memory():
    assert gates.memory(50.0, 200).passed
    assert not gates.memory(250.0, 200).passed
    assert 'Not measured' in gates.memory(None, 200).why


def test_honest_scores_survive_the_manifest():
    scores = np.array([[0.7, 0.3], [0.6, 0.4], [0.1, 0.9]])
    made = collect([4, 5, 9], ['ok', 'jam', 'slip'], ('ok', 'jam'), scores)
    assert made[4] == Honest('ok', 0.7, True, 0.7, 0.18)
    assert made[5] == Honest('jam', 0.4, False, 0.6, 0.72)
    assert made[9] == Honest('slip', 0.0, False, 0.9, 1.82)
    assert from_json(to_json(made)) == made
    assert from_json({}) == {}


def test_majority_is_what_a_model_must_beat():
    made = class_shares({1: 'ok', 2: 'ok', 3: 'ok', 4: 'jam'})
    assert made[1] == Honest('ok', 0.75, True, 0.75, 0.125)
    assert made[4] == Honest('jam', 0.25, False, 0.75, 1.125)


def test_a_first_model_must_beat_the_class_shares():
    half = [Honest('ok', 0.5, True, 0.5, 0.5)] * 12
    good = [opinion(True)] * 11 + [opinion(False)]

    def skill(old, new):
        rows = [Pair(i, {}, *both) for i, both in enumerate(zip(old, new, strict=True))]
        return compare.skill(rows, SkillLimits())

    assert skill(half, good).passed
    assert not skill(half, [opinion(i % 2 > 0) for i in range(12)]).passed
    assert not skill(half, half).passed
    assert not skill([], []).passed


def test_the_calibration_error_is_the_textbook_one():
    top = np.array([0.95, 0.95, 0.55, 0.55])
    right = np.array([True, False, True, True])
    assert compare.calibration_error(top, right) == pytest.approx(0.5 * 0.45 + 0.5 * 0.45)

"""What every head behind the Fitter promises."""

from dataclasses import replace

import model_cases
import numpy as np
import pytest

from cobot_ai.app.making import certify_contexts
from cobot_ai.core.errors import ConfigError, ModelError
from cobot_ai.core.spec import ModelSpec
from cobot_ai.model.fitter import HEADS, OnnxFitter
from cobot_ai.model.scorer import load


@pytest.fixture(params=sorted(HEADS))
def spec(request):
    return ModelSpec(head=request.param, min_labels=3)


def accuracy(fitted, cases):
    label = {c.id: c.label for c in cases}
    answers = [fitted.classes[i] for i in fitted.scores.argmax(axis=1)]
    return np.mean([label[i] == a for i, a in zip(fitted.cases, answers, strict=True)])


def test_learns_what_can_be_learnt_and_says_so_honestly(spec):
    cases = model_cases.cases(60)
    fitted = OnnxFitter().fit(cases, spec)
    assert fitted.classes == ('jam', 'ok', 'slip')
    assert accuracy(fitted, cases) >= 0.9
    fresh = model_cases.cases(60, seed=9)
    served = load(fitted.blob, model_cases.manifest_of(fitted))
    assert np.mean([served.score(c.window).label == c.label for c in fresh]) >= 0.9


def test_honest_scores_see_through_shuffled_labels(spec):
    cases = model_cases.relabel(model_cases.cases(90))
    assert accuracy(OnnxFitter().fit(cases, spec), cases) < 0.55


def test_a_group_never_stands_on_both_sides(spec):
    """Twins with random labels: only a split through a group could score them right."""
    cases = model_cases.relabel(model_cases.cases(45, noise=3.0))
    twins = cases + [replace(c, id=c.id + 1000) for c in cases]
    honest = accuracy(OnnxFitter().fit(twins, spec), twins)
    apart = [replace(c, group=str(c.id)) for c in twins]
    leaking = accuracy(OnnxFitter().fit(apart, spec), apart)
    assert honest < 0.55
    assert leaking > honest + 0.2


@pytest.mark.parametrize(('other', 'epsilon'), [('jam', 0.05), ('jam', 0.15), ('zap', 0.15)])
def test_cases_that_nothing_could_judge_vouch_for_nothing(spec, other, epsilon):
    """All good cases are one stretch of time: without it there is nothing to compare with."""
    bad = [replace(c, label=other) for c in model_cases.cases(4, labels=('jam',))]
    good = [replace(c, id=10 + c.id) for c in model_cases.cases(60, labels=('ok',))]
    together = [*bad, *(replace(c, group='time=1') for c in good)]
    cell = model_cases.cell()
    cell = replace(cell, model=spec, risk=replace(cell.risk, epsilon=epsilon))
    fitted = OnnxFitter().fit(together, spec)
    assert np.allclose(fitted.scores[4:], 0.5)
    (none,) = certify_contexts(fitted, together, cell, 0)
    (some,) = certify_contexts(OnnxFitter().fit([*bad, *good], spec), [*bad, *good], cell, 0)
    assert (none.threshold, some.threshold is None) == (None, False)


def test_same_cases_and_seed_give_the_same_bytes_in_any_order(spec):
    cases = model_cases.cases(40)
    first, again = (OnnxFitter().fit(c, spec) for c in (cases, cases[::-1]))
    assert first.blob == again.blob
    assert first.cases == again.cases
    assert np.array_equal(first.scores, again.scores)
    assert first.facts == again.facts


def test_too_few_labels_give_no_model(spec):
    two = model_cases.cases(6, labels=('ok', 'jam'))
    assert OnnxFitter().fit(two[:5], spec) is None
    assert OnnxFitter().fit(two, spec) is not None
    assert OnnxFitter().fit([], spec) is None
    assert OnnxFitter().fit(model_cases.cases(9, labels=('ok',)), spec) is None


def test_a_rare_class_is_scored_but_not_learnt(spec):
    cases = model_cases.cases(40, labels=('ok', 'jam'))
    rare = [replace(c, id=900 + i, label='slip') for i, c in enumerate(model_cases.cases(2))]
    fitted = OnnxFitter().fit([*cases, *rare], spec)
    assert fitted.classes == ('jam', 'ok')
    assert fitted.cases[-2:] == (900, 901)
    assert np.allclose(fitted.scores.sum(axis=1), 1)
    assert fitted.scores[-2:].max() < 1
    assert 900 not in fitted.facts['stored']


def test_numpy_and_onnxruntime_agree(spec):
    cases = model_cases.cases(50)
    mask = np.random.default_rng(3).random((3, model_cases.SAMPLES)) > 0.3
    windows = [c.window for c in cases[:8]]
    windows += [model_cases.window(w.values, mask) for w in windows]
    fitter = OnnxFitter()
    fitted = fitter.fit(cases, spec)
    served = load(fitted.blob, model_cases.manifest_of(fitted))
    probs = np.array([served.score(w).probs for w in windows])
    assert np.abs(fitter.predict(fitted, windows) - probs).max() <= 1e-5


def test_a_dead_channel_is_neutral_and_its_values_are_never_read(spec):
    cases = model_cases.cases(60, labels=('ok', 'jam'))
    fitted = OnnxFitter().fit(cases, spec)
    served = load(fitted.blob, model_cases.manifest_of(fitted))
    alive = np.ones((3, model_cases.SAMPLES), bool)
    alive[2] = False
    for case in cases[:6]:
        dead = replace(case.window, mask=alive)
        noise = replace(dead, values=case.window.values + 1e9 * ~alive)
        assert served.score(dead).probs == served.score(noise).probs
        assert served.score(dead).label == case.label


def test_trains_on_cases_that_miss_a_channel_in_part_or_always(spec):
    mask = np.ones((3, model_cases.SAMPLES), bool)
    mask[2] = False
    half = mask.copy()
    half[1, :10] = False
    cases = [
        replace(c, window=model_cases.window(c.window.values, half if c.id % 2 else mask))
        for c in model_cases.cases(40, labels=('ok', 'jam'))
    ]
    fitted = OnnxFitter().fit(cases, spec)
    assert accuracy(fitted, cases) > 0.9


def test_extreme_but_finite_numbers_give_finite_scores(spec):
    cases = model_cases.cases(30)
    fitted = OnnxFitter().fit(cases, spec)
    served = load(fitted.blob, model_cases.manifest_of(fitted))
    for value in (3e38, -3e38, 1e-38):
        wild = model_cases.window(np.full((3, model_cases.SAMPLES), value))
        assert np.isfinite(served.score(wild).probs).all()
    nothing = model_cases.window(np.zeros((3, model_cases.SAMPLES)), np.zeros((3, 24), bool))
    assert np.isfinite(served.score(nothing).probs).all()


@pytest.mark.parametrize('shape', [(1, 2), (2, 3), (1, 300)])
def test_the_smallest_and_a_long_window_work(spec, shape):
    rng = np.random.default_rng(0)
    cases = [
        replace(c, window=model_cases.window(rng.normal(size=shape) + 5 * (c.label == 'jam')))
        for c in model_cases.cases(24, labels=('ok', 'jam'))
    ]
    assert accuracy(OnnxFitter().fit(cases, spec), cases) > 0.9


def test_windows_that_are_all_the_same_teach_nothing_but_do_no_harm(spec):
    same = model_cases.window(np.full((3, model_cases.SAMPLES), 7.0))
    cases = [replace(c, window=same) for c in model_cases.cases(24, labels=('ok', 'ok', 'jam'))]
    fitted = OnnxFitter().fit(cases, spec)
    assert np.isfinite(fitted.scores).all()
    assert fitted.scores.max() < 0.95


def test_cases_of_two_shapes_are_refused_with_a_reason(spec):
    cases = model_cases.cases(12)
    short = replace(cases[3], window=model_cases.window(np.zeros((3, 9))))
    with pytest.raises(ModelError, match='cannot train one model'):
        OnnxFitter().fit([*cases, short], spec)


def test_an_unknown_head_is_named():
    with pytest.raises(ConfigError, match='"forest"'):
        OnnxFitter().fit(model_cases.cases(12), ModelSpec(head='forest'))

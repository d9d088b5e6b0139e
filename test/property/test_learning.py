"""Learning one answer, forgetting it, many cases, a lost channel: each against the slow way."""

from dataclasses import replace

import model_cases
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobot_ai.core.spec import ModelSpec
from cobot_ai.model.arms import ExactKernel, kernel_among
from cobot_ai.model.data import stack
from cobot_ai.model.fitter import HEADS, OnnxFitter, pack
from cobot_ai.model.heads import pick
from cobot_ai.model.kernel import KernelRecipe, make_plans
from cobot_ai.model.landmarks import fit_landmarks
from cobot_ai.model.scorer import load
from cobot_ai.model.solution import Exact, Primal, Prior
from cobot_ai.model.state import without

ROWS = 24


def kernel(seed, count=ROWS):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(count, 4))
    full = np.exp(-((z[:, None] - z) ** 2).sum(2) / 4)
    y = rng.integers(0, 3, count)
    return full, y, Prior(rng.dirichlet(np.ones(3)), rng.uniform(0.5, 2, 3))


def scratch(full, y, prior, rows, ridge=0.1):
    noise = np.diag(ridge / prior.weight[y[rows]])
    return Exact(prior, ridge, y[rows], np.linalg.inv(full[np.ix_(rows, rows)] + noise))


@given(st.integers(0, 2**32 - 1), st.permutations(range(ROWS)), st.integers(0, ROWS - 2))
@settings(max_examples=30, deadline=None)
def test_learning_one_by_one_in_any_order_equals_solving_at_once(seed, order, first):
    full, y, prior = kernel(seed)
    learnt = scratch(full, y, prior, np.array(order[: first + 1]))
    for i in range(first + 1, ROWS):
        place = np.array(order[: i + 1])
        learnt = learnt.add(full[order[i], place], int(y[order[i]]))
    at_once = scratch(full, y, prior, np.arange(ROWS))
    assert np.allclose(full[:, order] @ learnt.coefficients, full @ at_once.coefficients, atol=1e-7)


@given(st.integers(0, 2**32 - 1), st.sets(st.integers(0, ROWS - 1), min_size=1, max_size=ROWS - 2))
@settings(max_examples=30, deadline=None)
def test_forgetting_equals_never_having_learnt(seed, gone):
    full, y, prior = kernel(seed)
    rows, keep = np.array(sorted(gone)), np.array([i for i in range(ROWS) if i not in gone])
    forgotten = scratch(full, y, prior, np.arange(ROWS)).forget(rows)
    never = scratch(full, y, prior, keep)
    assert np.allclose(forgotten.inverse, never.inverse, atol=1e-7)
    again = forgotten
    for n, i in enumerate(rows):
        place = np.concatenate([keep, rows[: n + 1]])
        again = again.add(full[i, place], int(y[i]))
    order = np.concatenate([keep, rows])
    assert np.allclose(again.inverse, scratch(full, y, prior, order).inverse, atol=1e-7)


@given(st.integers(0, 2**32 - 1), st.integers(1, 20))
@settings(max_examples=20, deadline=None)
def test_normal_equations_forget_what_they_learnt(seed, count):
    rng = np.random.default_rng(seed)
    prior = Prior(np.ones(2) / 2, np.array([1.0, 3.0]))
    empty = Primal(prior, 0.1, np.zeros((5, 5)), np.zeros((5, 2)))
    f, y = rng.normal(size=(30, 5)), rng.integers(0, 2, 30)
    before = empty.add(f, y)
    after = before.add(f[:count], y[:count]).forget(f[:count], y[:count])
    assert np.allclose(before.weights, after.weights, atol=1e-8)


@pytest.fixture(params=sorted(HEADS))
def spec(request):
    return ModelSpec(head=request.param)


def test_an_update_equals_solving_with_the_same_hyper_parameters(spec):
    cases, fitter = model_cases.cases(48), OnnxFitter()
    grown = fitter.update(fitter.fit(cases[:42], spec), cases, spec).state
    trained = grown.trained
    if isinstance(trained, ExactKernel):
        rows = np.arange(48)
        full = kernel_among(trained.arms, rows)
        at_once = scratch(full, trained.solution.y, trained.solution.prior, rows, 0)
        noise = np.diag(trained.solution.ridge / at_once.prior.weight[at_once.y])
        expected = np.linalg.inv(full + noise)
        # Distances are single precision: 1e-7 of them, times the condition of the matrix.
        assert np.allclose(trained.solution.inverse, expected, rtol=1e-5, atol=1e-5)
    back = fitter.update(pack(grown), cases[:42], spec).state
    first = fitter.fit(cases[:42], spec).state
    rows = pick(grown.table, np.arange(48))
    assert np.allclose(back.trained.raw(rows), first.trained.raw(rows), atol=1e-6)


def test_the_order_of_answers_does_not_matter(spec):
    cases, fitter = model_cases.cases(50), OnnxFitter()
    base = fitter.fit(cases[:44], spec)
    one = base
    for n in range(45, 51):
        one = fitter.update(one, cases[:n], spec)
    other = base
    for n in range(1, 7):
        other = fitter.update(other, cases[:44] + cases[50 - n :], spec)
    probe = [c.window for c in model_cases.cases(20, seed=4)]
    a, b = (scores(f, probe) for f in (one, other))
    assert np.allclose(a, b, atol=1e-4)


def scores(fitted, windows):
    served = load(fitted.blob, model_cases.manifest_of(fitted))
    return np.array([served.score(w).probs for w in windows])


def test_the_honest_score_of_a_new_case_is_the_opinion_before_learning_it(spec):
    cases, fitter = model_cases.cases(50, noise=3.0), OnnxFitter()
    before = fitter.fit(cases[:45], spec)
    after = fitter.update(before, cases[:46], spec).state
    assert np.allclose(after.raw[-1], before.state.trained.raw(pick(after.table, [45]))[0])
    twin = replace(cases[45], group=cases[0].group)
    honest = fitter.update(before, [*cases[:45], twin], spec).state.raw[-1]
    alone = fitter.update(before, cases[1:45], spec).state
    assert np.allclose(honest, alone.trained.raw(pick(after.table, [45]))[0], atol=1e-6)


def test_a_group_stays_in_one_fold_also_with_a_case_of_a_class_not_learnt_yet(spec):
    """Else the leakage check refuses every later candidate until the next full refit."""
    cases, fitter = model_cases.cases(44), OnnxFitter()
    rare = replace(cases[40], label='rare', group='one part')
    before = fitter.fit([*cases[:40], rare], spec)
    for number in range(8):
        mate = replace(cases[41], id=500 + number, group='one part')
        after = fitter.update(before, [*cases[:40], rare, mate], spec)
        folds = dict(zip(after.cases, after.facts['fold'], strict=True))
        assert folds[mate.id] == folds[rare.id]


def test_many_changes_another_class_or_settings_want_a_full_refit(spec):
    cases, fitter = model_cases.cases(60), OnnxFitter()
    base = fitter.fit(cases[:40], spec)
    assert fitter.update(base, cases[:49], spec) is not None
    assert fitter.update(base, cases[:50], spec) is None
    assert fitter.update(base, [c for c in cases[:40] if c.label != 'ok'], spec) is None
    new = [replace(c, id=900 + c.id, label='new') for c in cases[:3]]
    assert fitter.update(base, [*cases[:40], *new], spec) is None
    assert fitter.update(base, cases[:41], replace(spec, seed=4)) is None


def test_forgetting_a_person_leaves_nothing_behind(spec):
    cases, fitter = model_cases.cases(48), OnnxFitter()
    by = [replace(c, by='op7' if c.id % 8 == 0 else 'op1') for c in cases]
    rest = [c for c in by if c.by != 'op7']
    fitted = fitter.fit(by, spec)
    refit, fresh = fitter.fit(rest, spec), OnnxFitter().fit(rest, spec)
    assert refit.blob == fresh.blob
    downdated = fitter.update(fitted, rest, spec)
    assert downdated.cases == tuple(c.id for c in rest)
    assert not {c.id for c in by if c.by == 'op7'} & set(downdated.facts['stored'])


def kernel_parts(spec, table, y, classes, sharp):
    shapes, textures = make_plans(spec.blocks)
    recipe = HEADS['kernel'](spec.blocks).choose(table, y, classes)
    part = recipe.parts[0]
    halves = (
        replace(part, metric=shapes.metrics[sharp], blocks=shapes.options[0], share=0.5),
        replace(part, metric=textures.metrics[0], blocks=textures.options[0], share=0.5),
    )
    return KernelRecipe(halves, 0.1)


@pytest.mark.parametrize('sharp', [False, True])
def test_as_many_landmarks_as_cases_give_the_exact_model(sharp):
    spec, cases = ModelSpec(), model_cases.cases(60, noise=2.0)
    state = OnnxFitter().fit(cases, spec).state
    recipe, y = kernel_parts(spec, state.table, state.training.y, 3, sharp), state.training.y
    exact, _ = recipe.fit(state.table, y, 3, state.folds)
    many, _ = fit_landmarks(recipe.arms, recipe.ridge, state.table, y, 3, state.folds, 60)
    fresh = state.bank.compute(*arrays(model_cases.cases(30, seed=3, noise=2.0)))
    assert np.allclose(exact.raw(fresh), many.raw(fresh), atol=5e-3)
    few, honest = fit_landmarks(recipe.arms, recipe.ridge, state.table, y, 3, state.folds, 20)
    assert (few.raw(fresh).argmax(1) == exact.raw(fresh).argmax(1)).mean() > 0.8
    assert (honest.argmax(axis=1) == y).mean() > 0.6
    more = few.add(fresh, np.arange(30) % 3).forget(fresh, np.arange(30) % 3, np.arange(60, 90))
    assert np.allclose(more.raw(fresh), few.raw(fresh), atol=1e-6)
    assert few.forget(pick(state.table, few.stored[:1]), y[:1], few.stored[:1]) is None


def arrays(cases):
    return stack([c.window for c in cases])


@pytest.mark.parametrize('lost', [0, 1, 2])
def test_a_head_solved_again_equals_one_trained_without_the_channel(spec, lost):
    cases = model_cases.cases(60, noise=2.0)
    fitter = OnnxFitter()
    state = fitter.fit(cases, spec).state
    values, mask = arrays(cases)
    mask[:, lost] = values[:, lost] = 0
    table = state.bank.compute(values, mask)
    head, y = HEADS[spec.head](spec.blocks), state.training.y
    expected, raw = head.choose(table, y, 3).fit(table, y, 3, state.folds)
    found = without(state, model_cases.CHANNELS[lost : lost + 1], head)
    probe, seen = arrays(model_cases.cases(30, seed=3, noise=2.0))
    seen[:, lost] = probe[:, lost] = 0
    blind = state.bank.compute(probe, seen)
    assert np.allclose(found.trained.raw(blind), expected.raw(blind), atol=1e-4)
    assert np.allclose(found.raw, raw, atol=1e-4)
    assert found.dropped == (model_cases.CHANNELS[lost],)


def test_what_a_dropped_channel_says_when_it_returns_changes_nothing(spec):
    cases, fitter = model_cases.cases(60), OnnxFitter()
    fitted = fitter.without(fitter.fit(cases, spec), ['tool.accel'])
    assert fitted.facts['dropped'] == ['tool.accel']
    window = cases[0].window
    other = replace(window, values=window.values * np.array([[1], [1], [50]], np.float32))
    assert np.allclose(*scores(fitted, [window, other]), atol=1e-6)
    assert fitter.without(fitted, model_cases.CHANNELS) is None

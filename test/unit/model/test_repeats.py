"""Cells that repeat themselves to the last bit: digital signals, coarse sensors, simulations."""

from dataclasses import replace

import model_cases
import numpy as np
import pytest

from cobot_ai.core.spec import ModelSpec
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.landmarks import fit_landmarks
from cobot_ai.model.scorer import load
from cobot_ai.model.solution import whiten


def switches(count, good):
    """A switch that stays on; in a bad step it goes off somewhere. `good` of ten are good."""
    rng = np.random.default_rng(0)
    made = []
    for case in model_cases.cases(count):
        bad = case.id % 10 >= good
        x = np.full((2, model_cases.SAMPLES), 0.7)
        x[0, rng.integers(6, 18) if bad else model_cases.SAMPLES :] = 0
        made.append(
            replace(case, window=model_cases.window(x), label='bad' if bad else 'good', group='')
        )
    return made


@pytest.mark.parametrize('good', [7, 9])
def test_what_is_served_knows_the_windows_that_most_cases_have_in_common(good):
    cases = switches(60, good)
    fitted = OnnxFitter().fit(cases, ModelSpec(head='kernel'))
    manifest = model_cases.manifest_of(fitted, channels=cases[0].window.channels)
    scores = [load(fitted.blob, manifest).score(c.window) for c in cases]
    assert np.mean([s.label == c.label for s, c in zip(scores, cases, strict=True)]) > 0.97
    assert max(s.novelty for s in scores) < 0.5
    assert min(s.nearest[0].similarity for s in scores) > 0.9


def test_landmarks_that_are_copies_of_each_other_can_be_solved():
    cases = switches(120, 5)
    state = OnnxFitter().fit(cases, ModelSpec(head='kernel')).state
    y = state.training.y
    recipe, rows = state.recipe, (state.table, y, 2, state.folds)
    many, honest = fit_landmarks(recipe.arms, recipe.ridge, *rows, 110)
    assert (many.raw(state.table).argmax(axis=1) == y).all()
    assert (honest.argmax(axis=1) == y).mean() > 0.9


@pytest.mark.parametrize('noise', [0.0, 1e-9, 1e-7, 1e-6])
def test_features_of_a_rounded_kernel_give_its_products_again(noise):
    rng = np.random.default_rng(1)
    x = np.repeat(rng.normal(size=(5, 2)), 40, axis=0)
    exact = np.exp(-np.abs(x[:, None] - x).sum(axis=2))
    error = rng.normal(0, noise, exact.shape)
    kernel = exact + (error + error.T) / 2
    features = kernel @ whiten(kernel)
    assert np.abs(features @ features.T - exact).max() < 0.01

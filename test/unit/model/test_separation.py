"""Which features a distance weighs: those that tell the classes apart, however they do."""

from dataclasses import replace

import model_cases
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.types import LabelledCase
from cobot_ai.model.data import stack
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.kernel import WORTH
from cobot_ai.model.separation import PARTS, separation, separation_by_level
from cobot_ai.model.session import open_session, run

BOTH = [separation, separation_by_level]


@pytest.mark.parametrize('of', BOTH)
def test_it_is_one_for_a_feature_that_tells_the_classes_apart_and_none_for_noise(of):
    y = np.array([0] * 20 + [1] * 20)
    noise = np.random.default_rng(0).normal(size=40)
    found = of(np.column_stack([y * 1.0, noise, np.ones(40)]).astype(np.float32), y)
    assert found[0] > 0.99
    assert found[1] < 0.2
    assert found[2] == 0


def test_a_fault_on_both_sides_of_the_usual_shows_in_the_level_alone():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    level = np.where(y == 1, rng.choice([-3.0, 3.0], 200), 0) + rng.normal(0, 0.3, 200)
    z = level[:, None].astype(np.float32)
    assert separation(z, y)[0] < 0.1
    assert separation_by_level(z, y)[0] > 0.7


@given(st.integers(0, 2**32 - 1), st.integers(1, 2 * PARTS), st.integers(20, 80))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_cases_decides_nothing_however_many_values_are_alike(seed, values, n):
    rng = np.random.default_rng(seed)
    z = rng.integers(0, values, (n, 5)).astype(np.float32)
    y = rng.integers(0, 3, n)
    order = rng.permutation(n)
    assert np.allclose(separation_by_level(z, y), separation_by_level(z[order], y[order]))


def bands(count: int, seed: int) -> list[LabelledCase]:
    """A fault is a level of one sensor outside of a band, on either side."""
    rng = np.random.default_rng(seed)
    made = []
    for n, case in enumerate(model_cases.cases(count, ('ok', 'jam'), seed)):
        values = rng.normal(0, 1, (3, model_cases.SAMPLES)) + rng.normal(0, 1, (3, 1))
        values[1] = rng.normal(0, 1, model_cases.SAMPLES) + rng.normal(0, 0.25)
        values[1] += 0.0 if n % 2 == 0 else rng.choice([-1.0, 1.0])
        made.append(replace(case, window=model_cases.window(values)))
    return made


def right(cases: list[LabelledCase], test: list[LabelledCase]) -> tuple[str, float]:
    """Which metric was chosen, and how often its model is right."""
    fitted = OnnxFitter().fit(cases, ModelSpec())
    values, mask = stack([c.window for c in test])
    (probs,) = run(open_session(fitted.blob), values, mask, ['probs'])
    assert np.abs(probs - OnnxFitter().predict(fitted, [c.window for c in test])).max() < 1e-5
    guess = [fitted.classes[i] for i in probs.argmax(axis=1)]
    hits = float(np.mean([g == c.label for g, c in zip(guess, test, strict=True)]))
    return fitted.facts['head']['views'][0]['kernel'], hits


def test_the_sharp_metric_is_taken_where_it_is_worth_it(monkeypatch):
    cases, test = bands(60, 1), bands(200, 2)
    kernel, sharp = right(cases, test)
    assert kernel == 'sharp_laplacian'
    monkeypatch.setattr('cobot_ai.model.kernel.WORTH', 0.0)
    kernel, broad = right(cases, test)
    assert kernel == 'laplacian'
    assert sharp > broad + 0.1


def test_the_broad_metric_stays_where_many_features_tell_a_little():
    assert 0 < WORTH < 1
    fitted = OnnxFitter().fit(model_cases.cases(60), ModelSpec())
    assert fitted.facts['head']['views'][0]['kernel'] == 'laplacian'

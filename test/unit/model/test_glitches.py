"""A sensor that says something absurd once: it costs that case, not the channel."""

from dataclasses import replace

import model_cases
import numpy as np
import pytest

from cobot_ai.core.leakage import Split, leakage
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.suite import LeakLimits
from cobot_ai.model.fitter import OnnxFitter


def with_glitch(value, places):
    """Ordinary cases; in the second one some samples are absurd."""
    cases = model_cases.cases(60)
    values = cases[1].window.values.copy()
    values[0, places] = values[1, places] = values[2, places] = value
    cases[1] = replace(cases[1], window=model_cases.window(values))
    return cases


@pytest.mark.parametrize('head', ['kernel', 'linear'])
@pytest.mark.parametrize('places', [slice(5, 6), slice(None)])
@pytest.mark.parametrize('value', [1e9, 3e38])
def test_what_is_learnt_from_the_other_cases_stays(head, value, places):
    fitted = OnnxFitter().fit(with_glitch(value, places), ModelSpec(head=head))
    assert fitted.facts['honest_accuracy'] >= 0.9


def test_the_other_cases_do_not_look_like_copies():
    cases = with_glitch(1e12, slice(None))
    split = Split({c.id: c.id % 8 for c in cases}, dict.fromkeys((c.id for c in cases), True))
    assert leakage(cases, split, LeakLimits()).figures['copies'] == 0


@pytest.mark.parametrize('head', ['kernel', 'linear'])
def test_a_short_peak_in_every_case_is_no_glitch(head):
    """A simulated force: nothing to the ninth digit, and in each step a peak that tells."""
    rng, made = np.random.default_rng(1), []
    for i in range(60):
        label, force = (('ok', 20.0), ('jam', 50.0))[i % 2]
        values = rng.normal(0, 1e-9, model_cases.cases(1)[0].window.values.shape)
        values[:, 9:10] += force * rng.uniform(0.95, 1.05)
        (case,) = model_cases.cases(1)
        window = model_cases.window(values.astype(np.float32))
        made.append(replace(case, id=i + 1, group=str(i), label=label, window=window))
    assert OnnxFitter().fit(made, ModelSpec(head=head)).facts['honest_accuracy'] >= 0.95

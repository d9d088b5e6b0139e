"""Honest probabilities: nothing that made them has seen the case."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobot_ai.core.honest import judge
from cobot_ai.model.calibration import calibrate, honest
from cobot_ai.model.data import OTHER

CASES, CLASSES = 40, 3


def scores(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Raw scores that are often right, true classes, folds."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, CASES)
    raw = rng.normal(0, 0.4, (CASES, CLASSES)) + 0.6 * np.eye(CLASSES)[y]
    return raw, y, np.arange(CASES) % 4


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_labels_of_a_fold_change_nothing_about_its_own_cases(seed):
    raw, y, folds = scores(seed)
    other = np.where(folds == 0, (y + 1) % CLASSES, y)
    whole = calibrate(raw, y)
    before, after = honest(raw, y, folds, whole), honest(raw, other, folds, whole)
    assert np.allclose(before[folds == 0], after[folds == 0])
    assert not np.allclose(before[folds != 0], after[folds != 0])
    assert np.allclose(before.sum(axis=1), 1)


def test_where_the_search_begins_decides_nothing():
    raw, y, _ = scores(1)
    far = calibrate(*scores(2)[:2])
    found, near = calibrate(raw, y), calibrate(raw, y, far)
    assert near.temperature == pytest.approx(found.temperature, rel=1e-5)
    assert np.allclose(near.offset, found.offset, atol=1e-5)


def test_one_fold_alone_has_nothing_but_the_whole_calibration():
    raw, y, folds = scores(3)
    whole = calibrate(raw, y)
    assert np.array_equal(honest(raw, y, 0 * folds, whole), whole.probabilities(raw))
    nobody = np.where(folds == 0, y, OTHER)  # only fold 0 has a known class
    assert np.array_equal(
        honest(raw, nobody, folds, whole)[folds == 0], whole.probabilities(raw[folds == 0])
    )


def test_what_nothing_could_judge_is_right_for_no_class():
    classes, none = ['bad', 'good'], np.array([0.5, 0.5])
    assert not judge('bad', classes, none).right
    assert not judge('good', classes, none).right
    assert judge('bad', classes, np.array([0.6, 0.4])).right
    assert judge('good', ['good'], np.array([1.0])).right

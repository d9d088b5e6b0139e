"""Formulas against a second, slower way to compute the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.model.bank import Bank
from cobot_ai.model.blocks import Statistics
from cobot_ai.model.folds import assign_folds
from cobot_ai.model.ridge import (
    choose_ridge,
    fit_temperature,
    make_targets,
    softmax,
)
from cobot_ai.model.scaling import fit_scaling
from cobot_ai.model.solution import solve_exact


def masked(seed=0, count=6, channels=3, samples=17, share=0.7):
    rng = np.random.default_rng(seed)
    mask = (rng.random((count, channels, samples)) < share).astype(np.float32)
    values = rng.normal(5, 2, mask.shape).astype(np.float32)
    return np.where(mask > 0, values, np.float32(0)), mask


def statistics_of(z, seen):
    """The nine figures of one channel by plain numpy on what was measured."""
    t = np.linspace(-1, 1, len(z))[seen]
    x = z[seen]
    steps = np.diff(z)[seen[1:] & seen[:-1]]
    slope = np.polyfit(t, x, 1)[0] if len(x) > 1 else 0.0
    size, sd = (np.abs(steps).mean(), steps.std()) if len(steps) else (0.0, 0.0)
    return [x.mean(), x.std(), slope, x[0], x[-1], x.min(), x.max(), size, sd]


@pytest.mark.parametrize('share', [1.0, 0.7, 0.3])
def test_statistics_count_only_what_was_measured(share):
    values, mask = masked(share=share)
    mask[:, :, 4] = 1
    scaling = fit_scaling(values, mask)
    bank = Bank(scaling, (Statistics(3),), 3, 17)
    found = bank.compute(values, mask)['statistics'].values
    z = np.arcsinh((values - scaling.median) * scaling.robust)
    expected = [
        np.array([statistics_of(z[i, c], mask[i, c] > 0) for c in range(3)]).ravel()
        for i in range(len(z))
    ]
    assert np.allclose(found, expected, atol=2e-4)


def test_a_channel_never_measured_is_marked_and_harmless():
    values, mask = masked()
    values[:, 1], mask[:, 1] = 0, 0
    scaling = fit_scaling(values, mask)
    found = Bank(scaling, (Statistics(3),), 3, 17).compute(values, mask)['statistics']
    assert np.isfinite(found.values).all()
    assert (found.valid[:, 9:18] == 0).all()
    assert (found.valid[:, :9] == 1).all()


def test_scaling_ignores_the_unit():
    values, mask = masked()
    a, b = fit_scaling(values, mask), fit_scaling(values * np.float32(1e-6), mask)
    assert np.allclose(a.robust, b.robust * 1e-6, rtol=1e-4)
    constant = fit_scaling(np.full((4, 1, 5), 7, np.float32), np.ones((4, 1, 5), np.float32))
    assert constant.robust == 0


def test_leave_one_out_is_exact():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 30)
    z = rng.normal(size=(30, 5)) + y[:, None]
    kernel = z @ z.T / 5
    targets = make_targets(y, 3)
    best = choose_ridge(kernel, targets)
    for i in range(30):
        rest = np.delete(np.arange(30), i)
        noise = np.diag(best.ridge / targets.root[rest] ** 2)
        coefficients = np.linalg.solve(kernel[np.ix_(rest, rest)] + noise, targets.centred[rest])
        expected = kernel[i, rest] @ coefficients + targets.base
        assert np.allclose(best.scores[i], expected, atol=1e-8)
    exact = solve_exact(kernel, targets, best.ridge)
    expected = exact.inverse @ (kernel + np.diag(best.ridge / targets.root**2))
    assert np.allclose(expected, np.eye(30), atol=1e-6)


def test_temperature_is_the_best_of_a_fine_grid():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 400)
    logits = rng.normal(size=(400, 3)) + 2 * np.eye(3)[y]
    scores = logits / 6

    def loss(t):
        return -np.log(softmax(scores * t)[np.arange(400), y]).mean()

    found, _ = fit_temperature(scores, y)
    assert loss(found) <= min(loss(t) for t in np.linspace(1, 20, 200)) + 1e-3


@given(
    st.lists(st.tuples(st.sampled_from('abc'), st.integers(0, 20)), min_size=1, max_size=80),
    st.integers(0, 5),
)
def test_groups_stay_whole_and_later_cases_move_nobody(rows, seed):
    labels, groups = [r[0] for r in rows], [f'g{r[1]}' for r in rows]
    folds = assign_folds(labels, groups, 8, seed)
    for group in set(groups):
        assert len({int(f) for f, g in zip(folds, groups, strict=True) if g == group}) == 1
    cut = len(rows) // 2
    assert np.array_equal(assign_folds(labels[:cut], groups[:cut], 8, seed), folds[:cut])


def test_folds_spread_every_class():
    labels = ['ok'] * 40 + ['jam'] * 16 + ['slip'] * 8
    folds = assign_folds(labels, [''] * 64, 8, 0)
    for name, share in (('ok', 5), ('jam', 2), ('slip', 1)):
        counts = np.bincount(folds[np.array(labels) == name], minlength=8)
        assert (counts == share).all()

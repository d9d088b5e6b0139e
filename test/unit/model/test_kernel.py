"""The kernel head: its features, its distances and what it says beside probabilities."""

from dataclasses import replace

import model_cases
import numpy as np
import pytest

from cobot_ai.core.spec import ModelSpec
from cobot_ai.model import data
from cobot_ai.model.bank import Bank, Features
from cobot_ai.model.calibration import Calibration, calibrate
from cobot_ai.model.convolutions import (
    BIASES,
    LENGTH,
    MAPS,
    SHARPNESS,
    dilations,
    kernels,
    make_convolutions,
)
from cobot_ai.model.distance import evenly, l1, l1_within, l2, median
from cobot_ai.model.fitter import HEADS, OnnxFitter, export
from cobot_ai.model.kernel import make_plans
from cobot_ai.model.library import make_bank
from cobot_ai.model.ridge import make_targets
from cobot_ai.model.scaling import fit_scaling
from cobot_ai.model.scorer import load
from cobot_ai.model.series import Samples, Spectrum, bin_edges
from cobot_ai.model.session import open_session, run
from cobot_ai.model.views import GaussianMetric, LaplacianMetric


def masked(share, samples=50, seed=0):
    rng = np.random.default_rng(seed)
    mask = (rng.random((6, 3, samples)) < share).astype(np.float32)
    values = (rng.normal(5, 2, mask.shape) * mask).astype(np.float32)
    return values, mask


def features(block, values, mask):
    scaling = fit_scaling(values, mask)
    bank = Bank(scaling, (block,), values.shape[1], values.shape[2])
    return bank.compute(values, mask)[block.name], scaling


@pytest.mark.parametrize('share', [1.0, 0.2])
def test_samples_are_means_of_what_each_bin_measured(share):
    values, mask = masked(share)
    found, scaling = features(Samples(3, 50), values, mask)
    z = np.arcsinh((values - scaling.median) * scaling.robust)
    column = 0
    for c in range(3):
        for begin, end in bin_edges(50, 32):
            for i in range(6):
                seen = z[i, c, begin:end][mask[i, c, begin:end] > 0]
                assert found.valid[i, column] == (len(seen) > 0)
                expected = seen.mean() if len(seen) else 0.0
                assert found.values[i, column] == pytest.approx(expected, abs=1e-5)
            column += 1


def test_spectrum_is_the_log_magnitude_of_a_fourier_transform():
    values, mask = masked(1.0, samples=64)
    found, scaling = features(Spectrum(3, 64), values, mask)
    plain = (values - scaling.mean) * scaling.inverse_sd
    size = np.abs(np.fft.rfft(plain - plain.mean(axis=2, keepdims=True), axis=2))[:, :, 1:] / 8
    bands = found.values.reshape(6, 3, -1)
    assert np.allclose(bands[:, :, 0], np.log(size[:, :, 0] + 0.02), atol=1e-4)


@pytest.mark.parametrize('share', [1.0, 0.6])
def test_convolutions_agree_with_a_direct_sum_where_gaps_are_the_mean(share):
    values, mask = masked(share)
    block = make_convolutions(values, mask, fit_scaling(values, mask), seed=4)
    found, scaling = features(block, values, mask)
    plain = (values - scaling.mean) * scaling.inverse_sd * mask
    column = 0
    for layer in block._layers:
        pad = LENGTH // 2 * layer.dilation
        padded = np.pad(plain[0], ((0, 0), (pad, pad)))
        for b in range(BIASES):
            for m in range(len(layer.kernels)):
                summed = layer.picks[m] @ padded
                taps = [
                    layer.kernels[m, j] * summed[j * layer.dilation :][:50] for j in range(LENGTH)
                ]
                above = SHARPNESS * (np.sum(taps, axis=0) - layer.biases[m, b]) + 0.5
                share = np.clip(above, 0, 1).mean()
                assert found.values[0, column] == pytest.approx(share, abs=1e-4)
                column += 1
    assert column == block.width


def test_convolutions_are_drawn_from_the_seed_and_stay_in_budget():
    values, mask = masked(1.0)
    scaling = fit_scaling(values, mask)
    first, again, other = (make_convolutions(values, mask, scaling, s) for s in (1, 1, 2))
    assert np.array_equal(first._layers[0].biases, again._layers[0].biases)
    assert not np.array_equal(first._layers[0].picks, other._layers[0].picks)
    assert first.width <= MAPS * BIASES
    assert dilations(2) == [1]
    assert dilations(500)[-1] * (LENGTH - 1) <= 499
    assert np.allclose(kernels().sum(axis=1), 0)


def test_a_kernel_with_a_dead_channel_is_marked():
    values, mask = masked(1.0)
    block = make_convolutions(values, mask, fit_scaling(values, mask), seed=0)
    mask[2, 1] = values[2, 1] = 0
    found, _ = features(block, values, mask)
    touched = np.concatenate(
        [layer.picks[:, 1] > 0 for layer in block._layers for _ in range(BIASES)]
    )
    assert np.array_equal(found.valid[2] == 0, touched)
    assert found.valid[0].all()


def test_distances_are_what_they_say():
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(n, 7)).astype(np.float32) for n in (4, 5))
    gap = a[:, None] - b[None]
    weights = rng.random((2, 7)).astype(np.float32)
    weights[1, 3] = 0
    assert np.allclose(l1(a, b, weights[0]), (np.abs(gap) * weights[0]).sum(2), atol=1e-5)
    assert np.allclose(l2(a, b), (gap**2).sum(2), atol=1e-5)
    for found, w in zip(l1_within(a, weights), weights, strict=True):
        assert np.allclose(found, (np.abs(a[:, None] - a) * w).sum(2), atol=1e-5)
    within = l2(a, a)
    assert median(within, np.arange(4)) == np.median(within[~np.eye(4, dtype=bool)])
    assert len(evenly(1000)) == 200


@pytest.mark.parametrize('kind', ['laplacian', 'gaussian'])
def test_a_missing_feature_adds_what_it_adds_on_average(kind):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(60, 12)).astype(np.float32)
    y = (np.arange(60) % 2).astype(np.int64)
    table = {'f': Features(values, np.ones_like(values))}
    metric = LaplacianMetric() if kind == 'laplacian' else GaussianMetric()
    view = metric.fit(table, ('f',), y)
    within = view.among(np.arange(60))
    everyone = within[np.triu_indices(60, 1)].mean()
    nothing = {'f': Features(values[:1], np.zeros((1, 12), np.float32))}
    assert np.allclose(view.distance(nothing), everyone, rtol=0.03)
    assert np.allclose(view.distance(table), within, atol=1e-2)


@pytest.mark.parametrize('head', sorted(HEADS))
@pytest.mark.parametrize('mix', [0.0, 0.5, 1.0])
def test_the_graph_computes_what_the_solved_head_computes(head, mix):
    training = data.arrange(model_cases.cases(30), 3)
    spec = ModelSpec(head=head)
    chosen = HEADS[head](spec.blocks)
    bank = make_bank(training, chosen.blocks, spec)
    table = bank.compute(training.values, training.mask)
    recipe = chosen.choose(table, training.y, 3)
    if head == 'kernel':
        part, convolutions = recipe.parts[0], make_plans(spec.blocks)[1]
        other = replace(part, metric=convolutions.metrics[0], blocks=convolutions.options[0])
        parts = (replace(part, share=1 - mix), replace(other, share=mix))
        recipe = replace(recipe, parts=tuple(p for p in parts if p.share > 0))
    trained = recipe.solve(table, training.y, 3)
    values, mask = training.values.copy(), training.mask.copy()
    mask[:10, 1] = values[:10, 1] = 0
    mask[5:15, 2, :9] = values[5:15, 2, :9] = 0
    calibration = Calibration(5.0, np.array([0.1, 0.0, -0.1]))
    expected = calibration.probabilities(trained.raw(bank.compute(values, mask)))
    session = open_session(export(bank, trained, calibration, training.classes))
    assert np.abs(run(session, values, mask, ['probs'])[0] - expected).max() < 1e-5


@pytest.fixture(scope='module')
def served():
    cases = model_cases.cases(45)
    odd = replace(cases[0], id=7000, label='rare', group='odd')
    fitted = OnnxFitter().fit([*cases, odd], ModelSpec(head='kernel'))
    return load(fitted.blob, model_cases.manifest_of(fitted)), cases


def test_a_stored_case_is_its_own_nearest_neighbour(served):
    scorer, cases = served
    for case in cases[:5]:
        score = scorer.score(case.window)
        assert score.nearest[0].case == case.id
        assert score.nearest[0].similarity == pytest.approx(1, abs=1e-3)
        similarities = [n.similarity for n in score.nearest]
        assert similarities == sorted(similarities, reverse=True)
        assert 7000 not in {n.case for n in score.nearest}


def test_something_never_seen_is_novel_and_has_little_evidence(served):
    scorer, cases = served
    usual = [scorer.score(c.window) for c in model_cases.cases(30, seed=5)]
    x = np.random.default_rng(0).normal(0, 900, (3, model_cases.SAMPLES))
    strange = scorer.score(model_cases.window(x))
    assert strange.novelty > max(s.novelty for s in usual)
    assert strange.evidence < np.median([s.evidence for s in usual])
    assert scorer.score(cases[0].window).novelty < 0.1


def test_with_nothing_measured_the_class_shares_are_all_that_is_left(served):
    scorer, _ = served
    shape = (3, model_cases.SAMPLES)
    nothing = scorer.score(model_cases.window(np.zeros(shape), np.zeros(shape, bool)))
    assert max(nothing.probs) < 0.6


def test_the_weights_of_a_frequent_class_do_not_drown_a_rare_one():
    targets = make_targets(np.array([0] * 90 + [1] * 10), 2)
    weight = targets.root**2
    assert weight[-1] / weight[0] == pytest.approx(3.0)
    assert targets.base.sum() == pytest.approx(1)


def test_offsets_give_back_the_class_shares_that_the_scores_lack():
    rng = np.random.default_rng(0)
    y = rng.choice(3, 3000, p=[0.7, 0.2, 0.1])
    raw = 0.3 * rng.normal(size=(3000, 3)) + np.eye(3)[y]
    found = calibrate(raw, y).probabilities(raw)
    assert np.allclose(found.mean(axis=0), np.bincount(y) / 3000, atol=0.01)
    picked = found.max(axis=1)
    assert picked.mean() == pytest.approx((found.argmax(axis=1) == y).mean(), abs=0.01)


@pytest.mark.parametrize('scale', [0.0, 1e-6, 1e3])
def test_calibration_of_useless_or_perfect_scores_stays_finite(scale):
    y = np.arange(12) % 3
    found = calibrate(scale * np.eye(3)[y], y)
    assert np.isfinite(found.probabilities(scale * np.eye(3)[y])).all()
    assert 0.1 < found.temperature < 1e4

"""The figures of the benchmarks, on cases small enough to compute by hand."""

from __future__ import annotations

import numpy as np
import pytest
from data import copies, make_cases
from figures import aurc, bar, brier, ece, macro_f1, measure, rounded
from guarantee import CERTIFIED, EPSILONS, SPLIT, SPLIT_OURS, Tally, headline
from rules import Scored, certificate, single_option

SURE_AND_RIGHT = np.array([[0.9, 0.1], [0.1, 0.9]])


def test_ece_is_the_gap_between_confidence_and_share_of_right_ones() -> None:
    confidence = np.array([0.85, 0.85, 0.85, 0.85])
    assert ece(confidence, np.array([True, True, True, False])) == pytest.approx(0.1)
    assert ece(np.array([1.0, 1.0]), np.array([True, False])) == pytest.approx(0.5)
    two_bins = np.array([0.95, 0.55])
    assert ece(two_bins, np.array([True, False])) == pytest.approx((0.05 + 0.55) / 2)


def test_brier_runs_from_zero_to_two() -> None:
    y = np.array([0, 1])
    assert brier(np.eye(2), y) == 0
    assert brier(np.eye(2)[::-1], y) == 2
    assert brier(SURE_AND_RIGHT, y) == pytest.approx(0.02)


def test_aurc_rewards_errors_at_the_end_and_knows_no_order_among_equals() -> None:
    right = np.array([True, True, False])
    assert aurc(np.array([0.9, 0.8, 0.7]), right) == pytest.approx((0 + 0 + 1 / 3) / 3)
    assert aurc(np.array([0.7, 0.8, 0.9]), right) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert aurc(np.ones(3), right) == pytest.approx(1 / 3)
    assert aurc(np.ones(3), right[::-1]) == pytest.approx(1 / 3)


def test_macro_f1_counts_every_class_alike() -> None:
    y = np.array([0, 0, 0, 1])
    assert macro_f1(np.zeros(4, np.int64), y) == pytest.approx((6 / 7 + 0) / 2)
    found = measure(np.eye(2)[y], y)
    assert found == {'accuracy': 1.0, 'macro_f1': 1.0, 'ece': 0.0, 'brier': 0.0, 'aurc': 0.0}


def test_single_option_acts_on_sets_of_exactly_one_class() -> None:
    scores = np.arange(1, 100) / 200  # 1 - p of the true class; the 90th is 0.45
    calibration = Scored(np.stack([1 - scores, scores], axis=1), np.zeros(99, int))
    probs = np.array([[0.9, 0.1], [0.56, 0.44], [0.54, 0.46], [0.01, 0.99]])
    assert single_option(calibration, probs, 0.1).tolist() == [True, True, False, True]
    assert not single_option(calibration, probs, 0.001).any(), '99 cases cannot promise 0.1 %'
    poor = Scored(np.stack([1 - 1.5 * scores, 1.5 * scores], axis=1), np.zeros(99, int))
    assert single_option(poor, probs, 0.1).tolist() == [True, False, False, True]


def test_the_certificate_is_the_products_and_none_is_infinite() -> None:
    scored = Scored(np.tile([0.99, 0.01], (60, 1)), np.zeros(60, int))
    assert certificate(scored, 0.05, 0.1, 'certified') == pytest.approx(0.99)
    assert certificate(scored, 0.01, 0.1, 'certified') == np.inf


def test_exact_copies_share_a_group() -> None:
    x = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    x[3] = x[1]
    groups = copies(x)
    assert groups[1] == groups[3]
    assert len(set(groups)) == 3
    assert [c.group for c in make_cases(x, list('abab'))] == groups


def test_bars_and_rounding_say_what_they_mean() -> None:
    assert bar(0.1, 0.1, '<=')['met']
    assert not bar(0.11, 0.1, '<=')['met']
    assert not bar(None, 0.1, '>=')['met']
    assert rounded({'a': [np.float64(1 / 3), float('nan')]}) == {'a': [0.333333, None]}


def test_the_coverage_is_held_against_both_ways_of_keeping_labels_back() -> None:
    """Beside the published split alone, our walk and guards would be part of the lead."""
    acted = {CERTIFIED: 0.6, SPLIT: 0.3, SPLIT_OURS: 0.5}
    tallies = {(r, e): Tally([a], [0.0]) for r, a in acted.items() for e in EPSILONS}
    bars = headline({'made': tallies})['bars']
    assert isinstance(bars, dict)
    assert bars['coverage_vs_split 0.05'] == bar(2.0, 1.5, '>=')
    same = bars['coverage_vs_split_our_rule 0.05']
    assert same['value'] == pytest.approx(1.2)
    assert not same['met']

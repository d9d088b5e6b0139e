"""Near copies on the other side of the split: all of them are found, in bounded memory and work."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core import leakage
from cobot_ai.core.leakage import Split, near_copies
from cobot_ai.core.suite import LeakLimits
from cobot_ai.core.types import Doubles, LabelledCase, Window

SIMILAR = LeakLimits().similar


def cases_of(values: Doubles) -> list[LabelledCase]:
    rows = np.asarray(values, np.float32)
    mask = np.ones(rows.shape[1:], bool)
    return [
        LabelledCase(i, 'c', '', Window(('a', 'b'), row, mask, i, i + 1), 'good')
        for i, row in enumerate(rows)
    ]


def drawn(count: int, copies: int, seed: int) -> tuple[list[LabelledCase], np.ndarray]:
    """Cases of which some are others with a little noise, from far less to more than the limit."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, 2, 6)) * rng.choice([1.0, 100.0], (1, 2, 1))
    for i in rng.integers(0, count, copies):
        noise = 10.0 ** rng.uniform(-6, 0)
        values[i] = values[rng.integers(count)] * (1 + noise * rng.normal(size=(2, 6)))
    return cases_of(values), rng.integers(0, 4, count)


def plain(cases: list[LabelledCase], folds: np.ndarray, similar: float) -> list[bool]:
    """By the definition, all pairs at once."""
    x = leakage._features(cases)
    squares = (x**2).sum(axis=1)
    distance = np.sqrt(np.maximum(squares[:, None] + squares - 2 * x @ x.T, 0) / x.shape[1])
    usual = float(np.median(distance[np.triu_indices(len(x), 1)])) if len(x) > 1 else 0.0
    distance[folds[:, None] == folds] = np.inf
    rounding = 1e-7 * float(np.sqrt(squares.max() / x.shape[1]))
    return list(distance.min(axis=1) <= max(similar * usual, rounding))


@given(st.integers(1, 200), st.integers(0, 80), st.integers(0, 10**6))
def test_the_near_copies_are_those_of_all_pairs(count: int, copies: int, seed: int) -> None:
    cases, folds = drawn(count, copies, seed)
    assert list(near_copies(cases, folds, SIMILAR) > 0) == plain(cases, folds, SIMILAR)


def test_only_neighbours_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    cases, folds = drawn(3000, 300, 1)
    monkeypatch.setattr(leakage, 'PAIRS', 10**6)
    found = near_copies(cases, folds, SIMILAR)
    assert np.isfinite(found).all(), 'a ninth of all pairs is enough to look at every case'
    monkeypatch.setattr(leakage, 'PAIRS', 10**9)
    monkeypatch.setattr(leakage, '_widest', lambda x: np.eye(x.shape[1])[0])
    assert list(found) == list(near_copies(cases, folds, SIMILAR)), 'whatever is neighbouring'


def test_too_many_alike_are_looked_at_evenly_and_the_check_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leakage, 'PAIRS', 10_000)
    cases = cases_of(np.ones((1000, 2, 6)))
    folds = {c.id: c.id % 4 for c in cases}
    check = leakage.leakage(cases, Split(folds, dict.fromkeys(folds, True)), LeakLimits())
    assert (check.figures['of'], check.figures['from']) == (10, 1000)
    assert check.figures['copies'] == 10
    assert 'of 1000' in check.why

"""A declared group is one witness of a certificate, however many cases it has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cells import cell
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.levels import certify_cases, certify_levels
from cobot_ai.core.risk import Certificate, certify
from cobot_ai.core.spec import CellSpec, RiskSpec
from cobot_ai.core.steps import group_key
from cobot_ai.core.types import LabelledCase, Window
from cobot_ai.core.walk import witnesses

STRICT = RiskSpec(epsilon=0.05, delta=0.1, min_answers=1)
SEEDS = st.integers(0, 10**6)


def drawn(seed: int, n: int, groups: int) -> tuple[Any, ...]:
    """Confidences, what they count, and groups."""
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.uniform(0.8, 1, n), 2)
    counted = np.where(rng.random(n) < 0.1, rng.integers(1, 4, n), 0).astype(np.int64)
    return confidence, counted, rng.integers(0, groups, n)


@given(SEEDS, st.integers(0, 60), st.integers(1, 60))
def test_groups_and_the_sum_of_their_errors(seed: int, n: int, groups: int) -> None:
    confidence, counted, group = drawn(seed, n, groups)
    places = np.unique(confidence)[::-1]
    found = witnesses(confidence, counted, group, places)
    for place, whole, errors in zip(places, *found, strict=True):
        above = confidence >= place
        parts = [counted[above & (group == g)] for g in np.unique(group[above])]
        assert whole == len(parts)
        shares = sum(p.max() * (p > 0).mean() for p in parts)
        decisions = len(parts) * counted[above].mean()
        assert errors == np.ceil(max(shares, decisions) - 1e-9)


@given(SEEDS, st.integers(0, 150))
def test_each_case_of_its_own_group_changes_nothing(seed: int, n: int) -> None:
    confidence, counted, _ = drawn(seed, n, 1)
    wrong = counted > 0
    plain = certify_levels(confidence, wrong, ['a'] * n, STRICT, 0)
    names = [f'part={i}' for i in range(n)]
    assert certify_levels(confidence, wrong, ['a'] * n, STRICT, 0, groups=names) == plain
    assert certify_levels(confidence, wrong, ['a'] * n, STRICT, 0, groups=[''] * n) == plain


@given(SEEDS, st.integers(1, 200), st.integers(1, 100), st.sampled_from(['certified', 'expected']))
def test_a_newer_wrong_label_never_loosens_it(seed: int, n: int, groups: int, rule: str) -> None:
    confidence, counted, group = drawn(seed, n, groups)
    counted[:-1] *= np.random.default_rng(seed).random(n - 1) < 0.3
    counted[-1] = 1
    spec = replace(STRICT, rule=rule, epsilon=0.1)

    def upto(end: int) -> float:
        cost = np.maximum(counted, 1)[:end].astype(float)
        made = certify(confidence[:end], counted[:end] > 0, 'c', spec, 0, cost, (), group[:end])
        return 2.0 if made.threshold is None else made.threshold

    assert upto(n) >= upto(n - 1)


def runs(count: int, size: int, wrong: list[int], singles: int = 0) -> Certificate:
    """Runs of so many windows at 0.99, then single cases; `wrong`: which of them all."""
    n = count * size + singles
    group = [f'run={i // size}' if i < count * size else '' for i in range(n)]
    mistaken = np.isin(np.arange(n), wrong)
    return certify_levels(np.full(n, 0.99), mistaken, ['a'] * n, STRICT, 0, groups=group)[0]


def test_a_group_is_one_clean_label() -> None:
    few = runs(44, 30, [])
    assert (few.threshold, few.missing) == (None, 1)
    enough = runs(45, 30, [])
    assert (enough.threshold, enough.accepted, enough.errors) == (0.99, 45, 0)
    assert runs(2, 30, [], singles=43).threshold == 0.99
    assert runs(2, 30, [], singles=42).threshold is None


def test_a_group_is_wrong_by_the_share_of_its_cases() -> None:
    one_of_each = runs(150, 50, list(range(0, 7500, 50)))
    assert (one_of_each.accepted, one_of_each.errors) == (150, 3)
    assert one_of_each.threshold == 0.99
    whole = runs(100, 50, list(range(50)))
    assert (whole.accepted, whole.errors) == (100, 1)
    assert runs(100, 50, list(range(400))).threshold is None


def silent_shares(seed: int, known: bool) -> float:
    """True share of errors above the threshold where whole runs are wrong, NaN without one."""
    rng = np.random.default_rng(seed)
    size, count, level = 40, 60, 0.06  # of 100 runs six are wrong from end to end
    wrong = np.repeat(rng.random(count) < level, size)
    group = np.repeat(np.arange(count), size) if known else None
    made = certify(np.full(size * count, 0.99), wrong, 'c', STRICT, 0, None, (), group)
    return level if made.threshold is not None else float('nan')


def test_the_promise_holds_where_whole_runs_are_wrong_and_not_without_their_groups() -> None:
    told = [not np.isnan(silent_shares(seed, known=True)) for seed in range(300)]
    blind = [not np.isnan(silent_shares(seed, known=False)) for seed in range(300)]
    assert np.mean(told) <= STRICT.delta, 'it acts where more than epsilon is wrong'
    assert np.mean(blind) > 2 * STRICT.delta, 'the control: windows taken for single witnesses'


def uneven(seed: int) -> Certificate:
    """Of 50 runs 49 are short and clean, one is long and wrong: a fifth of the decisions."""
    rng = np.random.default_rng(seed)
    bad = rng.random(200) < 0.02
    size = np.where(bad, 40, 3)
    group = np.repeat(np.arange(200), size)
    wrong = np.repeat(bad, size)
    return certify(np.full(len(group), 0.99), wrong, 'c', STRICT, 0, None, (), group)


def test_the_promise_is_about_decisions_where_the_wrong_runs_are_the_long_ones() -> None:
    told = [uneven(seed).threshold is not None for seed in range(200)]
    assert np.mean(told) <= STRICT.delta, 'few runs are wrong, but many decisions'


def labelled(group: str, number: int) -> LabelledCase:
    window = Window(('a',), 0, 1, np.zeros((1, 2), np.float32), np.ones((1, 2), bool), ())
    return LabelledCase(number, 'a', group, window, 'good')


@pytest.mark.parametrize(
    ('group', 'whole'),
    [('part_id=7', 1), ('case=7', 60), ('time=7', 60), ('', 60), ('run=7', 60)],
)
def test_only_facts_that_are_declared_make_a_group_one_witness(group: str, whole: int) -> None:
    spec: CellSpec = cell()
    spec = replace(spec, step=replace(spec.step, group=('part_id',)), risk=STRICT)
    cases = [labelled(group, i) for i in range(1, 61)]
    (made,) = certify_cases(cases, np.full(60, 0.99), np.zeros(60, bool), spec, 0)
    assert (made.accepted or 60 - made.missing) == (60 if whole == 60 else 16)
    assert (made.threshold is None) == (whole == 1)


def test_pieces_without_a_number_are_not_one_piece() -> None:
    assert group_key({'part_id': ''}, ('part_id',), 'case=1') == 'case=1'
    assert group_key({'part_id': '7'}, ('part_id',), 'case=1') == 'part_id=7'

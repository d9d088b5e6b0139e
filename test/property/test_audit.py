"""Audits: unbiased, front-loaded, and a failed one closes the door at once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.audit import Audits
from cobot_ai.core.spec import RiskSpec

RISK = RiskSpec()


def test_the_share_falls_with_clean_audits_and_jumps_back_after_a_failed_one() -> None:
    audits = Audits(RISK)
    shares = [audits.share('a')]
    for n in range(200):
        audits.found('a', 0.99, True, n)
        shares.append(audits.share('a'))
    assert shares[0] == 0.15
    assert shares[-1] == 0.02
    assert all(a >= b for a, b in pairwise(shares))
    audits.found('a', 0.97, False, 300)
    assert audits.share('a') == 0.15
    assert audits.share('b') == 0.15


def test_a_failed_audit_closes_up_to_its_confidence_until_ten_more_labels() -> None:
    audits = Audits(RISK)
    audits.found('a', 0.97, False, 50)
    assert audits.floor('a', 59) == 0.97
    audits.found('a', 0.90, False, 55)
    assert audits.floor('a', 64) == 0.97, 'a second failure must not lower the floor'
    assert audits.floor('a', 65) == 0.0
    assert audits.floor('b', 55) == 0.0


def test_the_estimate_from_audits_is_unbiased_and_its_bound_holds() -> None:
    """The cases the policy asks about are the hard ones; only the audits must count."""
    rng = np.random.default_rng(3)
    risk = replace(RISK, audit_first=0.1, audit_last=0.1)
    estimates, broken = [], 0
    for seed in range(300):
        audits = Audits(risk, seed)
        wrong = rng.random(1500) < 0.05
        for case, is_wrong in enumerate(wrong):
            if audits.due('a', case):
                audits.found('a', 0.9, not is_wrong, case)
        total, failed, bound = audits.bound(0.1)
        assert bound is not None
        estimates.append(failed / total)
        broken += bound < 0.05
    assert abs(np.mean(estimates) - 0.05) < 0.003
    assert broken / 300 <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / 300)


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_the_draw_is_the_same_for_the_same_case(seed: int, case: int) -> None:
    assert Audits(RISK, seed).due('a', case) == Audits(RISK, seed).due('a', case)


def test_nothing_is_claimed_without_audits() -> None:
    assert Audits(RISK).bound(0.1) == (0, 0, None)

"""Audits: unbiased, front-loaded, a failed one closes the door, and bounds that always hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core import anytime
from cobot_ai.core.audit import Audits, Outcome
from cobot_ai.core.binomial import clean_trials, upper_bound
from cobot_ai.core.spec import RiskSpec

RISK = RiskSpec()
DELTA = RISK.delta


def outcome(right: bool, confidence: float = 0.9, share: float = 0.1) -> Outcome:
    return Outcome('a', share, confidence, right)


def test_the_share_falls_with_clean_audits_and_jumps_back_after_a_failed_one() -> None:
    audits = Audits(RISK)
    shares = [audits.share('a')]
    for n in range(200):
        audits.found(n, outcome(True), n)
        shares.append(audits.share('a'))
    assert shares[0] == 0.15
    assert shares[-1] == 0.02
    assert all(a >= b for a, b in pairwise(shares))
    audits.found(300, outcome(False), 300)
    assert audits.share('a') == 0.15
    assert audits.share('b') == 0.15


@pytest.mark.parametrize('epsilon', [0.1, 0.05, 0.02, 0.01])
def test_the_last_share_is_reached_only_after_epsilon_can_be_confirmed(epsilon: float) -> None:
    audits = Audits(replace(RISK, epsilon=epsilon))
    for n in range(clean_trials(epsilon, DELTA)):
        assert audits.share('a') > RISK.audit_last
        audits.found(n, outcome(True), n)


def test_every_change_brings_the_first_share_back_in_its_context_or_in_all() -> None:
    audits = Audits(RISK)
    for n in range(100):
        audits.found(n, outcome(True), n)
        audits.found(1000 + n, replace(outcome(True), context='b'), n)
    audits.changed('a')
    assert audits.share('a') == 0.15
    assert audits.share('b') < 0.03
    audits.changed()
    assert audits.share('b') == 0.15


def test_a_failed_audit_closes_up_to_its_confidence_until_ten_more_labels() -> None:
    audits = Audits(RISK)
    audits.found(1, outcome(False, 0.97), 50)
    assert audits.floor('a', 59) == 0.97
    audits.found(2, outcome(False, 0.90), 55)
    assert audits.floor('a', 59) == 0.97, 'a second failure must not lower the floor'
    assert audits.floor('a', 64) == 0.90, 'the second failure closes for ten labels of its own'
    assert audits.floor('a', 65) == 0.0
    assert audits.floor('b', 55) == 0.0


def test_a_second_look_settles_a_failed_audit() -> None:
    audits = Audits(RISK)
    for n in range(30):
        audits.found(n, outcome(True), n)
    before = audits.figures()
    audits.found(30, outcome(False, 0.97), 30)
    assert audits.figures().failed == 1
    audits.found(30, outcome(True, 0.97), 31)
    after = audits.figures()
    assert audits.floor('a', 31) == 0.0, 'a mistaken operator kept the door closed'
    assert (after.failed, after.total) == (0, before.total + 1)
    assert after.share <= before.share
    audits.found(31, outcome(False, 0.95), 32)
    audits.withdraw(31)
    assert (audits.figures().total, audits.floor('a', 32)) == (31, 0.0)


# ---------------------------------------------------------------- simulated streams


def steady(t: int) -> float:
    return 0.05


def rising(t: int) -> float:
    return 0.01 if t < 250 else 0.25


def falling(t: int) -> float:
    return 0.25 if t < 100 else 0.01


@dataclass
class Stream:
    """One simulated stream of sure decisions; the policy's own share, and a truth."""

    audits: Audits
    silent: int = 0
    acted: int = 0

    def run(self, rate: Callable[[int], float], length: int, seed: int) -> Iterator[bool]:
        """Yields after every decision whether it was audited."""
        rng = np.random.default_rng(seed)
        for t in range(length):
            wrong, share = bool(rng.random() < rate(t)), self.audits.share('a')
            if t % 300 == 299:
                self.audits.changed('a')
            due = self.audits.due(t, share)
            if due:
                self.audits.drawn('a')
                self.audits.found(t, Outcome('a', share, 0.9, not wrong), t)
            else:
                self.audits.acted('a', share)
                self.acted += 1
                self.silent += wrong
            yield due


def slack(streams: int) -> float:
    return DELTA + 3 * np.sqrt(DELTA * (1 - DELTA) / streams)


@pytest.mark.parametrize('rate', [rising, falling])
def test_the_estimate_is_unbiased_although_the_share_changes_with_what_is_found(
    rate: Callable[[int], float],
) -> None:
    errors, naive = [], []
    for seed in range(200):
        stream = Stream(Audits(RISK, seed))
        for _ in stream.run(rate, 600, seed):
            pass
        figures = stream.audits.figures('a')
        errors.append(figures.errors - stream.silent)
        naive.append(figures.failed / figures.total * stream.acted - stream.silent)
    spread = float(np.std(errors)) / np.sqrt(len(errors))
    assert abs(np.mean(errors)) < 3 * spread + 1e-3
    assert abs(np.mean(naive)) > 3 * float(np.std(naive)) / np.sqrt(len(naive)), (
        'negative control: without weights the share makes the estimate wrong'
    )


@pytest.mark.parametrize(
    'rate',
    [
        pytest.param(steady, marks=pytest.mark.long),
        rising,
        pytest.param(falling, marks=pytest.mark.long),
    ],
)
def test_the_bound_holds_at_every_moment_whatever_changes(rate: Callable[[int], float]) -> None:
    """500 streams, stopped at their worst moment; the share follows what was found."""
    broken = 0
    for seed in range(500):
        stream = Stream(Audits(RISK, seed))
        worst = False
        for audited in stream.run(rate, 400, seed):
            if audited and stream.acted and not worst:
                bound = stream.audits.figures('a').bound
                worst = bound is not None and bound < stream.silent / stream.acted - 1e-6
        broken += worst
    assert broken / 500 <= slack(500)


def test_the_steady_bound_holds_at_every_moment_and_a_plain_one_does_not() -> None:
    """Negative control: Clopper-Pearson read after every audit breaks the same promise."""
    rng = np.random.default_rng(5)
    wrong = rng.random((500, 300)) < 0.05
    failed = wrong.cumsum(axis=1)
    broken = plain = 0
    for row in failed:
        counts = sorted({(int(f), n + 1) for n, f in enumerate(row)})
        broken += any(anytime.steady_bound(f, n, DELTA) < 0.05 for f, n in counts)
        plain += any(cached(f, n) < 0.05 for f, n in counts)
    assert broken / 500 <= slack(500)
    assert plain / 500 > 2 * DELTA


def runs(seed: int, declared: bool) -> bool:
    """Whether audits of runs that are wrong from end to end ever deny that so many are."""
    rng, audits, number, level = np.random.default_rng(seed), Audits(RISK), 0, 0.08
    for run in range(60):
        right = bool(rng.random() >= level)
        for _ in range(4):
            number += 1
            found = replace(outcome(right), group=f'run={run}' if declared else '')
            audits.found(number, found, 0)
        steady = audits.figures('a').steady
        if steady is not None and steady < level:
            return True
    return False


def test_audits_of_one_run_are_one_witness_of_the_steady_bound() -> None:
    assert np.mean([runs(seed, declared=True) for seed in range(200)]) <= slack(200)
    assert np.mean([runs(seed, declared=False) for seed in range(200)]) > 3 * DELTA, 'the control'


def test_a_group_counts_by_the_share_of_its_audits_and_a_second_word_is_no_further_one() -> None:
    audits = Audits(RISK)
    for n in range(4):
        audits.found(n, replace(outcome(n > 0), group='run=1'), 0)
    audits.found(9, outcome(True), 0)
    found = audits.figures('a')
    assert (found.total, found.failed) == (5, 1)
    assert found.steady == round(anytime.steady_bound(0.4, 2, DELTA), 6), 'one of five is wrong'
    assert found.needed == anytime.audits_needed(0.4, 2, RISK.epsilon, DELTA)
    for n in range(4):
        audits.withdraw(n)
    assert audits.figures('a').steady == round(anytime.steady_bound(0, 1, DELTA), 6)


KNOWN: dict[tuple[int, int], float] = {}


def cached(failed: int, total: int) -> float:
    if (failed, total) not in KNOWN:
        KNOWN[failed, total] = upper_bound(failed, total, DELTA)
    return KNOWN[failed, total]


# ---------------------------------------------------------------- figures


def test_needed_is_the_least_number_of_clean_audits_that_confirms() -> None:
    for failed, total in ((0, 0), (0, 30), (1, 40), (3, 60)):
        needed = anytime.audits_needed(failed, total, 0.05, DELTA)
        assert anytime.steady_bound(failed, total + needed, DELTA) <= 0.05
        assert anytime.steady_bound(failed, total + needed - 1, DELTA) > 0.05


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_the_draw_is_the_same_for_the_same_case(seed: int, case: int) -> None:
    assert Audits(RISK, seed).due(case, 0.1) == Audits(RISK, seed).due(case, 0.1)


@given(st.dictionaries(st.sampled_from([0.02, 0.05, 0.1, 1.0]), st.integers(0, 200)))
def test_more_failed_audits_never_lower_the_bound(acted: dict[float, int]) -> None:
    bounds = [anytime.silent_errors(acted, {0.05: n} if n else {}, DELTA) for n in range(6)]
    assert all(a <= b for a, b in pairwise(bounds))
    assert bounds[-1] <= sum(acted.values())


def test_decisions_without_any_chance_of_an_audit_count_as_possibly_wrong() -> None:
    assert anytime.silent_errors({0.0: 40, 1.0: 0}, {}, DELTA) == 40


def test_nothing_is_claimed_without_audits() -> None:
    figures = Audits(RISK).figures()
    assert (figures.total, figures.bound, figures.steady) == (0, None, None)
    assert figures.needed == 55


def test_a_second_look_gives_back_only_what_belongs_to_the_present() -> None:
    audits = Audits(RISK)
    for n in range(100):
        audits.found(n, outcome(True), n)
    audits.found(200, outcome(False), 100)
    audits.changed()
    audits.found(200, outcome(True), 101)
    assert audits.share('a') == 0.15, 'what confirmed the version before says nothing about this'
    audits.found(3, outcome(True), 102)
    assert audits.share('a') == 0.15, 'nor does a second word on one of its clean audits'


def test_one_of_two_failed_audits_is_overruled_and_the_other_stands() -> None:
    audits = Audits(RISK)
    for n in range(100):
        audits.found(n, outcome(True), n)
    audits.found(200, outcome(False), 100)
    audits.found(201, outcome(False), 101)
    audits.withdraw(200)
    assert audits.share('a') == 0.15
    audits.withdraw(201)
    assert audits.share('a') == 0.02


STEPS = st.lists(st.tuples(st.sampled_from('rwxc'), st.integers(0, 6)), max_size=40)


@given(STEPS)
def test_the_share_and_the_running_figures_are_those_of_the_audits_that_count(
    steps: list[tuple[str, int]],
) -> None:
    """Against a slow count: clean ones that came after the last change and standing failure."""
    audits = Audits(RISK)
    first: dict[int, int] = {}
    counted: dict[int, tuple[int, bool]] = {}
    changed = 0
    for now, (what, case) in enumerate(steps, 1):
        if what == 'c':
            audits.changed()
            changed = now
        elif what == 'x':
            audits.withdraw(case)
            counted.pop(case, None)
        else:
            right = what == 'r'
            audits.found(case, outcome(right), now)
            first.setdefault(case, now)
            counted[case] = (first[case] if right else now, right)
        since = max([changed, *(at for at, right in counted.values() if not right)])
        clean = sum(right and at > since for at, right in counted.values())
        fresh = Audits(RISK)
        for n in range(clean):
            fresh.found(n, outcome(True), 0)
        assert audits.share('a') == fresh.share('a')
        for figures in (audits.figures(), audits.figures('a')):
            assert (figures.total, figures.failed) == (
                len(counted),
                sum(not right for _, right in counted.values()),
            )


def test_figures_are_counted_once_and_not_again_when_they_are_shown() -> None:
    audits = Audits(RISK)
    for n in range(10):
        audits.acted('a', 0.1)
        audits.found(n, outcome(True), n)
    assert audits.figures('a') is audits.figures('a')
    assert audits.figures() is audits.figures()
    before = audits.figures('a'), audits.figures()
    audits.acted('a', 0.1)
    assert [f.acted for f in (audits.figures('a'), audits.figures())] == [11, 11]
    audits.risk = replace(RISK, epsilon=0.2)
    assert audits.figures('a').needed < before[0].needed, 'other numbers, other figures'

"""The ask budget: never exceeded, the riskiest first, per operator."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.budget import HOUR_NS, Budget
from cobot_ai.core.spec import BudgetSpec

MINUTE = 60 * 10**9


@given(
    st.lists(st.tuples(st.integers(0, 3 * MINUTE), st.floats(0, 10)), max_size=120),
    st.integers(0, 12),
    st.integers(1, 12),
)
def test_no_hour_has_more_questions_than_the_hard_limit(
    cases: list[tuple[int, float]], warn: int, hard: int
) -> None:
    budget, now, asked = Budget(BudgetSpec(float(warn), float(hard))), 10**18, []
    for pause, risk in cases:
        now += pause
        if budget.wanting(now, risk) is None:
            budget.asked(now, risk)
            asked.append(now)
    for t in asked:
        assert sum(t - HOUR_NS < other <= t for other in asked) <= hard


def test_what_is_left_goes_to_the_riskiest_cases() -> None:
    budget = Budget(BudgetSpec(4.0, 12.0))
    now = 10**18
    for n in range(8):
        budget.asked(now + n, float(n))
    assert budget.wanting(now + 10, 0.5) == 3.5, 'half of the rest is used: half of the risks pass'
    assert budget.wanting(now + 10, 6.0) is None
    for n in range(8, 12):
        budget.asked(now + n, 9.0)
    assert budget.wanting(now + 20, 99.0) == float('inf')
    assert budget.wanting(now + HOUR_NS + 20, 0.0) is None


def test_a_higher_risk_is_never_refused_where_a_lower_one_is_asked() -> None:
    budget, now = Budget(BudgetSpec(1.0, 9.0)), 10**18
    for n in range(6):
        budget.asked(now, n / 3)
        passes = [budget.wanting(now, r / 4) is None for r in range(12)]
        assert passes == sorted(passes)


def test_every_operator_seen_in_the_last_hour_adds_to_it() -> None:
    budget, now = Budget(BudgetSpec(6.0, 12.0)), 10**18
    assert (budget.operators(now), budget.limits(now)) == (1, (6.0, 12.0))
    for person in ('ann', 'bob', 'ann', ''):
        budget.seen(person, now)
    assert budget.limits(now) == (12.0, 24.0)
    assert budget.limits(now + HOUR_NS + 1) == (6.0, 12.0)


def test_audits_wait_when_there_are_many_questions_but_are_not_starved() -> None:
    budget, now = Budget(BudgetSpec(6.0, 12.0)), 10**18
    for _ in range(6):
        budget.asked(now, 1.0)
    assert budget.may_audit(now), 'two audits an hour always have room'
    budget.asked(now, audit=True)
    budget.asked(now, audit=True)
    assert not budget.may_audit(now)
    assert budget.may_audit(now + HOUR_NS + 1)


def test_without_a_hard_limit_everything_is_asked() -> None:
    budget, now = Budget(BudgetSpec(0.0, 0.0)), 10**18
    for _ in range(50):
        assert budget.wanting(now, 0.0) is None
        assert budget.may_audit(now)
        budget.asked(now)


def test_quiet_is_a_while_without_questions_and_room_below_the_wanted_number() -> None:
    budget, now = Budget(BudgetSpec(2.0, 12.0, quiet_s=60.0)), 10**18
    assert budget.quiet(now)
    budget.asked(now)
    assert not budget.quiet(now + 59 * 10**9)
    assert budget.quiet(now + 60 * 10**9)
    budget.asked(now + 60 * 10**9)
    assert not budget.quiet(now + 300 * 10**9)

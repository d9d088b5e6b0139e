"""The policy: never surer than its rules, and monotone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cells import cell, question
from hypothesis import given
from hypothesis import strategies as st

from cobot_ai.core.policy import Standing, decide, expected_cost, risk_of
from cobot_ai.core.risk import Certificate
from cobot_ai.core.types import (
    Case,
    ChannelNote,
    Decision,
    Missing,
    Problem,
    Score,
    Verdict,
    Why,
    Window,
)

SPEC = cell()
SHAPE = (2, 4)
GOOD, BAD = SPEC.question.classes
COSTLY = cell(question=question(classes=(GOOD, replace(BAD, cost=20.0))))


def case(*notes: ChannelNote) -> Case:
    window = Window(
        ('a', 'b'), np.zeros(SHAPE, np.float32), np.ones(SHAPE, np.bool_), 0, 10**9, notes
    )
    return Case(1, 'operation=insert', 'g', {}, window)


def certificate(threshold: float | None) -> Certificate:
    return Certificate('operation=insert', 'certified', 0.2, 0.2, threshold, 50)


def sure(threshold: float | None = 0.7, **changes: object) -> Standing:
    standing = Standing(answers=50, taught=50, burn_in=0, certificate=certificate(threshold))
    return replace(standing, **changes)  # type: ignore[arg-type]


def score(p: float, evidence: float = 1.0) -> Score:
    return Score(('good', 'bad'), (p, 1 - p), 'm', evidence=evidence)


def run(s: Score | None, standing: Standing, *notes: ChannelNote) -> Decision:
    return decide(case(*notes), s, standing, SPEC.question, SPEC.risk)


def test_a_sure_model_acts_and_says_what_the_robot_does() -> None:
    decision = run(score(0.9), sure())
    assert (decision.verdict, decision.why, decision.label) == (Verdict.ACT, Why.SURE, 'good')
    assert decision.action == 'continue'
    assert run(score(0.1), sure()).action == 'reject'


def test_every_doubt_asks_and_names_itself() -> None:
    lost = ChannelNote('wrench.fz', Problem.MISSING, Missing.ASK, 1.0)
    doubts = [
        (run(None, sure()), Why.NO_MODEL),
        (run(score(0.9), sure(answers=4)), Why.NEW_CONTEXT),
        (run(score(0.9), sure(taught=4)), Why.NEW_CONTEXT),
        (run(score(0.9), sure(drift=3)), Why.DRIFT),
        (run(score(0.9), sure(burn_in=1)), Why.NEW_CLASS),
        (run(score(0.9), sure(None)), Why.NO_CERTIFICATE),
        (run(score(0.9), sure(certificate=None)), Why.NO_CERTIFICATE),
        (run(score(0.6), sure()), Why.BELOW_THRESHOLD),
        (run(score(0.9, evidence=0.1), sure(evidence_floor=0.5)), Why.UNUSUAL),
        (run(score(0.9), sure(), lost), Why.SENSOR),
        (run(score(0.9), sure(audit=True)), Why.AUDIT),
        (run(score(0.9), sure(audit_floor=0.95)), Why.BELOW_THRESHOLD),
        (decide(case(), score(0.9), sure(), COSTLY.question, SPEC.risk), Why.COST),
    ]
    for decision, why in doubts:
        assert (decision.verdict, decision.why) == (Verdict.ASK, why)
        assert decision.label is None
        assert decision.action is None


def test_a_lost_channel_with_policy_stop_holds_and_with_mask_goes_on() -> None:
    stop = ChannelNote('wrench.fz', Problem.MISSING, Missing.STOP, 1.0)
    mask = ChannelNote('wrench.fz', Problem.MISSING, Missing.MASK, 1.0)
    assert run(score(0.9), sure(), stop).verdict is Verdict.HOLD
    assert run(score(0.9), sure(), mask).verdict is Verdict.ACT


def test_channels_lost_together_that_nothing_vouches_for_are_asked() -> None:
    found = run(score(0.99), sure(untried=('a', 'b')))
    assert (found.verdict, found.why) == (Verdict.ASK, Why.SENSOR)
    assert found.params == {'channels': ['a', 'b']}


def test_a_case_without_any_data_is_never_decided_alone() -> None:
    empty = case()
    window = replace(empty.window, mask=np.zeros(SHAPE, np.bool_))
    decision = decide(replace(empty, window=window), score(0.99), sure(), SPEC.question, SPEC.risk)
    assert decision.verdict is Verdict.ASK


@given(p=st.floats(0.5, 1.0))
def test_the_like_of_a_failed_audit_is_closed_by_the_confidence_the_record_has_of_it(
    p: float,
) -> None:
    """The record has six digits; a case just like the failed one must not slip through above."""
    recorded = round(score(p).confidence, 6)
    assert run(score(p), sure(0.5, audit_floor=recorded)).verdict is Verdict.ASK


@given(
    p=st.floats(0.5, 1.0),
    more=st.floats(0.0, 0.5),
    threshold=st.one_of(st.none(), st.floats(0.5, 1.0)),
    answers=st.integers(0, 20),
    burn=st.integers(0, 3),
)
def test_more_confidence_never_turns_an_act_into_an_ask(
    p: float, more: float, threshold: float | None, answers: int, burn: int
) -> None:
    standing = sure(threshold, answers=answers, burn_in=burn)
    low, high = run(score(p), standing), run(score(min(1.0, p + more)), standing)
    if low.verdict is Verdict.ACT:
        assert high.verdict is Verdict.ACT


@given(
    p=st.floats(0.5, 1.0),
    threshold=st.one_of(st.none(), st.floats(0.0, 1.0)),
    answers=st.integers(0, 20),
    burn=st.integers(0, 3),
    floor=st.floats(-1, 2),
)
def test_act_only_with_a_certificate_enough_answers_and_no_doubt(
    p: float, threshold: float | None, answers: int, burn: int, floor: float
) -> None:
    decision = run(score(p), sure(threshold, answers=answers, burn_in=burn, evidence_floor=floor))
    if decision.verdict is Verdict.ACT:
        assert threshold is not None
        assert p >= threshold
        assert answers >= SPEC.risk.min_answers
        assert burn == 0
        assert floor <= 1.0


@given(
    p=st.floats(0.5, 1.0),
    cost=st.floats(0, 30),
    more=st.floats(0, 30),
    threshold=st.floats(0.0, 1.0),
)
def test_a_higher_cost_never_turns_an_ask_into_an_act(
    p: float, cost: float, more: float, threshold: float
) -> None:
    def at(value: float) -> Decision:
        costly = question(classes=(GOOD, replace(BAD, cost=value)))
        return decide(case(), score(p), sure(threshold), costly, SPEC.risk)

    if at(cost).verdict is Verdict.ASK:
        assert at(cost + more).verdict is Verdict.ASK
    assert expected_cost(score(p), question(classes=(GOOD, replace(BAD, cost=cost)))) == (
        pytest.approx((1 - p) * cost)
    )


@given(p=st.floats(0.5, 1.0), more=st.floats(0.0, 0.5), cost=st.floats(0, 30))
def test_what_is_at_stake_falls_with_confidence_and_is_highest_where_nothing_is_known(
    p: float, more: float, cost: float
) -> None:
    costly = question(classes=(GOOD, replace(BAD, cost=cost)))
    low = risk_of(Why.BELOW_THRESHOLD, score(min(1.0, p + more)), costly)
    high = risk_of(Why.BELOW_THRESHOLD, score(p), costly)
    assert low <= high + 1e-12
    # An alarm disputes just the probabilities that would make its cases look harmless.
    for why, given_score in (
        (Why.NO_MODEL, None),
        (Why.NEW_CONTEXT, score(p)),
        (Why.DRIFT, score(p)),
    ):
        assert risk_of(why, given_score, costly) == max(1.0, cost) >= high


def test_a_decision_names_the_level_of_the_certificate_it_used() -> None:
    wider = replace(certificate(0.7), context='*', level='cell')
    for standing in (sure(certificate=wider), sure(certificate=wider, audit=True)):
        params = run(score(0.9), standing).params
        assert (params['level'], params['certificate']) == ('cell', '*')


def test_an_audit_and_an_alarm_ask_only_where_the_model_would_have_acted() -> None:
    for standing in (sure(audit=True), sure(drift=4)):
        assert run(score(0.6), standing).why is Why.BELOW_THRESHOLD
    alarmed = run(score(0.9), sure(drift=4, audit=True, audit_share=0.1))
    assert (alarmed.why, alarmed.params['share'], alarmed.params['left']) == (Why.DRIFT, 1.0, 4)

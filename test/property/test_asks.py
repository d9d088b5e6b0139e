"""The ask under any sequence of events: exactly one outcome, never by a late tap."""

from __future__ import annotations

from cells import question
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cobot_ai.core import asks
from cobot_ai.core.asks import NOT_SURE, Ask, Phase, Status

S = 10**9
PEOPLE = st.sampled_from([('ann', 'tablet_1'), ('bob', 'tablet_2'), ('cyd', 'tablet_3')])
LABELS = st.sampled_from(['good', 'bad', NOT_SURE])


class AskMachine(RuleBasedStateMachine):
    """Three people, retries with old epochs, time in steps small and large."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 10**15
        self.ask: Ask = asks.open_ask(1, question(deadline_s=30.0, undo_s=5.0), self.now)
        self.deadline = self.now + 30 * S
        self.accepted_at: int | None = None
        self.outcomes: list[tuple[Phase, str]] = []

    def move(self, after: Ask) -> None:
        if after.phase.closed and not self.ask.phase.closed:
            self.outcomes.append((after.phase, after.label))
        self.ask = after

    @rule(seconds=st.sampled_from([0.01, 1.0, 4.0, 6.0, 16.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += round(seconds * S)
        self.move(asks.tick(self.ask, self.now))

    @rule(who=PEOPLE)
    def somebody_looks(self, who: tuple[str, str]) -> None:
        before = asks.tick(self.ask, self.now)
        after, status = asks.claim(self.ask, *who, self.now)
        if status is Status.CLAIMED:
            assert before.holder in (None, who), 'a live claim was taken away'
        self.move(after)

    @rule(who=PEOPLE)
    def somebody_looks_away(self, who: tuple[str, str]) -> None:
        self.move(asks.release(self.ask, *who, self.now)[0])

    @rule(who=PEOPLE, label=LABELS, lag=st.integers(0, 2))
    def somebody_taps(self, who: tuple[str, str], label: str, lag: int) -> None:
        epoch = self.ask.epoch - lag
        after, status = asks.answer(self.ask, label, *who, epoch, self.now)
        if status is Status.ACCEPTED:
            assert self.now < self.deadline, 'a late tap was accepted'
            assert lag == 0 or self.ask.label == NOT_SURE, 'a tap of an old epoch was accepted'
            self.accepted_at = self.now
        self.move(after)

    @rule(lag=st.integers(0, 1))
    def somebody_undoes(self, lag: int) -> None:
        after, status = asks.undo(self.ask, self.ask.epoch - lag, self.now)
        if status is Status.UNDONE:
            assert lag == 0
            assert after.label == ''
            self.accepted_at = None
        self.move(after)

    @precondition(lambda self: self.now > self.deadline + 30 * S)
    @rule()
    def everything_is_over(self) -> None:
        assert asks.tick(self.ask, self.now).phase.closed

    @invariant()
    def at_most_one_outcome(self) -> None:
        assert len(self.outcomes) <= 1

    @invariant()
    def final_only_by_an_answer_in_time_whose_undo_window_is_over(self) -> None:
        if self.ask.phase is Phase.FINAL:
            assert self.accepted_at is not None
            assert self.accepted_at < self.deadline
            assert self.now >= self.accepted_at + 5 * S

    @invariant()
    def expired_only_after_the_deadline(self) -> None:
        if self.ask.phase is Phase.EXPIRED:
            assert self.now >= self.deadline


AskMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAsk = AskMachine.TestCase


def test_nothing_overrules_not_sure_after_the_deadline():
    """Unsure in time, an answer too late: it is told so, and moves nothing."""
    ask = asks.open_ask(1, question(deadline_s=30.0, undo_s=5.0), 0)
    unsure, _ = asks.answer(ask, NOT_SURE, 'ann', 't1', 0, round(29.8 * S))
    for at_s, late in ((29.9, False), (30.0, True), (34.4, True)):
        after, status = asks.answer(unsure, 'good', 'bob', 't2', 0, round(at_s * S))
        assert status is (Status.LATE if late else Status.ACCEPTED)
        assert (after.label == NOT_SURE) == late

"""A clock that is set: nobody's answer counts for what came later, and no budget is used up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench_cell import Bench
from cells import S, cell, wrench

from cobot_ai.app.memory import Memory
from cobot_ai.core.merging import Merger
from cobot_ai.core.spec import BudgetSpec, StepSpec, Trigger

SLIDING = StepSpec(
    trigger=Trigger.SLIDING,
    samples=16,
    length_s=1.0,
    hop_s=1.0,
    context=('operation',),
    facts={'operation': 'watch'},
)


def run(bench, seconds, ahead_ns=0, level=2.0):
    """Sensor data at 100 Hz, whose stamps and the stamp clock are `ahead_ns` ahead."""
    bench.clock.now_ns = lambda: bench.clock.t_ns + ahead_ns
    for i in range(round(seconds * 100)):
        bench.clock.t_ns += S // 100
        bench.authority.take(wrench(bench.clock.now_ns(), 0.0, level))
        if i % 10 == 9:
            bench.authority.tick()


@pytest.mark.parametrize('back_s', [60.0, 3600.0])
def test_after_the_clock_was_set_back_windows_belong_to_no_earlier_event(back_s):
    """A person said of one window that it is good; what comes now, an hour earlier, is not it."""
    bench = Bench(cell(step=replace(SLIDING, hop_s=10.0)))
    run(bench, 11.5)
    first = bench.entries('ask')[-1].case
    bench.tap(first, 'good')
    run(bench, 6.0)
    assert bench.entries('resolution', first)[0].body['go']
    known = bench.ledger.head()
    for _ in range(2):
        run(bench, 10.5, round(-back_s * S), level=20.0)
    assert bench.observer.jumps == 1
    new = [e for e in bench.entries('decision') if e.seq > known]
    assert new and all(e.body['params'].get('case') != first for e in new)
    assert [e.case for e in bench.entries('ask') if e.seq > known]


def test_an_outcome_is_too_old_when_the_clock_that_never_goes_back_says_so():
    """Also where stamps went back by less than anybody notices."""
    for go, length in ((True, 0), (False, 10)):
        merger = Merger(gap_ns=5, settle_ns=3)
        merger.opened('c', 1, 100)
        merger.resolved(1, 100, 1000, go)
        assert merger.joins('c', 95, 105, 1000 + 5 + 3 + length) == 1
        assert merger.joins('c', 95, 105, 1000 + 5 + 3 + length + 1) is None
        merger.clear()
        assert merger.joins('c', 95, 105, 1000) is None


def test_questions_of_the_future_use_up_no_budget():
    """The clock came up behind after a restart: how long ago they were nobody knows."""
    spec = cell(budget=BudgetSpec(6, 12))
    bench = Bench(spec)
    for _ in range(8):
        bench.step('good')
    now = bench.clock.t_ns
    for clock, asks in ((now, 8), (now - 60 * S, 8), (now - 7200 * S, 0)):
        memory = Memory(spec)
        memory.recall(bench.ledger, clock, clock)
        assert memory.budget.last_hour(clock) == asks

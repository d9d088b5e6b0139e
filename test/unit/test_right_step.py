"""A request of the robot program gets the outcome of its own step, and of no other one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench_cell import Bench
from cells import S, cell, signal, step_messages, wrench

from cobot_ai.app.judgement import REMEMBERED, JudgeQueue, Resolved
from cobot_ai.core.spec import StepSpec, Trigger
from cobot_ai.core.steps import Place

SETTLE_NS = 150_000_000


@pytest.fixture(scope='module')
def taught():
    bench = Bench()
    for i in range(24):
        bench.teach('good' if i % 2 else 'bad')
    assert bench.entries('decision', bench.step('good'))[0].body['verdict'] == 'act'
    return bench


def messages(bench, *labels):
    """Steps right after each other, as one list of messages per step."""
    at, found = bench.clock.t_ns + S, []
    for label in labels:
        found.append(step_messages(at, signal(label, bench.rng)))
        at = found[-1][-1].t_ns + 10_000_000
    return found


def take(bench, *parts):
    for message in (m for part in parts for m in part):
        bench.authority.take(message)
    bench.clock.t_ns = parts[-1][-1].t_ns + SETTLE_NS


def outcomes(told):
    return [(r.outcome, r.label, r.go) for r in told]


def test_two_steps_that_are_read_together_keep_their_outcomes_apart(taught):
    """The monitor was busy; the program, by then behind the second step, asks for that one."""
    take(taught, *messages(taught, 'good', 'bad'))
    told = taught.judge()
    taught.wait(0.2)
    assert outcomes(told) == [('acted', 'bad', False)]


def test_a_request_made_while_a_step_runs_is_for_that_step(taught):
    first, second = messages(taught, 'good', 'bad')
    take(taught, first, second[:-1])
    told = taught.judge()
    taught.wait(0.1)
    assert told == []
    take(taught, second[-1:])
    taught.wait(0.2)
    assert outcomes(told) == [('acted', 'bad', False)]


def test_a_request_between_two_ends_is_for_the_first_however_late_it_is_judged(taught):
    first, second = messages(taught, 'good', 'bad')
    take(taught, first)
    taught.clock.t_ns = first[-1].t_ns
    told = taught.judge()
    take(taught, second)
    taught.wait(0.2)
    assert outcomes(told) == [('acted', 'good', True)]


def test_a_request_that_comes_before_any_word_of_its_step_gets_no_earlier_outcome(taught):
    taught.judge()  # for the step before
    told = [taught.judge()]
    taught.step('good')
    told.append(taught.judge())
    taught.step('bad')
    assert [outcomes(t) for t in told] == [[('acted', 'good', True)], [('acted', 'bad', False)]]


def test_a_call_repeated_before_the_outcome_hears_it_too(taught):
    (part,) = messages(taught, 'good')
    take(taught, part)
    told = [*taught.judge(), *taught.judge()]
    assert told == []
    calls = [taught.judge(), taught.judge()]
    taught.wait(0.2)
    assert [outcomes(c) for c in calls] == [[('acted', 'good', True)]] * 2


def test_an_end_without_a_begin_is_no_step_and_gets_no_older_outcome():
    bench = Bench()
    bench.step('good')
    end = step_messages(bench.clock.t_ns + S, [])[-1]
    bench.authority.take(end)
    told = bench.judge()
    bench.wait(3.0)
    assert outcomes(told) == [('no_step', '', False)]


def gone_blind(fed=150, **more):
    """A cell with sliding windows that was fed for 1.5 s, then 6 s of silence."""
    step = StepSpec(trigger=Trigger.SLIDING, samples=16, length_s=1.0, hop_s=1.0, **more)
    bench = Bench(cell(step=replace(step, context=('operation',), facts={'operation': 'w'})))
    for _ in range(fed):
        bench.clock.pass_s(0.01)
        bench.authority.take(wrench(bench.clock.t_ns, 0.0, 2.0))
    for _ in range(60):
        bench.wait(0.1)
    return bench


def test_windows_of_one_silence_have_the_outcome_of_its_first():
    bench = gone_blind()
    dark = bench.entries('ask')[-1]
    told = bench.judge()
    bench.wait(1.0)
    bench.tap(dark.case, 'bad')
    bench.wait(5.1)
    assert [(r.case in (dark.case, dark.case + 1), r.outcome) for r in told] == [(True, 'answered')]


@pytest.mark.parametrize('let_go', ['answer', 'resume'])
def test_who_lets_a_blind_cell_go_on_lets_it_go_once(let_go):
    bench = gone_blind()
    cases = {a.case for a in bench.authority.desk.open_asks}
    dark = max(cases)
    if let_go == 'answer':
        for case in cases:
            bench.tap(case, 'good')
        bench.wait(5.1)
    else:
        bench.wait(30.1)
        assert not bench.authority.desk.open_asks, 'one silence, one question'
        assert bench.command('resume')['ok']
    for _ in range(30):
        bench.wait(0.1)
    again = [a.case for a in bench.authority.desk.open_asks]
    assert len(again) == 1
    assert again[0] > dark
    told = bench.judge()
    bench.wait(1.0)
    assert told == [], 'nobody has answered for what came later'


def test_an_answer_about_another_window_lets_no_silence_go():
    bench = gone_blind(fed=450, merge=False)
    asks = [a.case for a in bench.authority.desk.open_asks]
    seen, dark = asks[:-1], asks[-1]
    assert len(seen) > 2, 'every window of a cell that does not merge is a question'
    for case in seen:  # while the silence lasts
        bench.tap(case, 'good')
        bench.wait(1.0)
    bench.wait(5.1)
    assert [a.case for a in bench.authority.desk.open_asks] == [dark]


def test_a_request_for_the_first_window_of_a_long_event_hears_its_outcome():
    queue, told = JudgeQueue(), []
    for case in range(1, 3 * REMEMBERED):
        queue.decided(case, case)
        if case > 1:
            queue.follow(case, 1)
        if case == 2:
            queue.wait(told.append, 0, 1)
            queue.serve(0, Place(2, running=False, busy=False, settling=False))
    queue.settled(Resolved(1, 'answered', 'good', 'continue', True))
    assert [r.case for r in told] == [1]


def test_a_step_that_fails_to_be_judged_leaves_nobody_waiting(taught, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError('a bug in the spares')

    (part,) = messages(taught, 'good')
    take(taught, part)
    told = taught.judge()
    monkeypatch.setattr(taught.versions.spares, 'choose', broken)
    with pytest.raises(ZeroDivisionError):
        taught.authority.tick()
    assert outcomes(told) == [('unwritten', '', False)]


@pytest.mark.parametrize(
    ('label', 'said'),
    [
        ('', 'none'),
        ('good', 'good'),
        ('sitzt nicht', 'sitzt%20nicht'),
        ('50%', '50%'),
        ('a action=continue', 'a%20action%3Dcontinue'),
        ('a%20b', 'a%2520b'),
    ],
)
def test_a_name_cannot_be_taken_for_another_field_of_the_response(label, said):
    text = Resolved(7, 'answered', label, 'stop', False).text
    assert text == f'class={said} action=stop case=7 outcome=answered'
    assert dict(field.split('=') for field in text.split())['action'] == 'stop'

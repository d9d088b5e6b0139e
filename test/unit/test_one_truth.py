"""One truth while the disk stalls or refuses: ledger, robot and page say the same outcome."""

from __future__ import annotations

import pytest
from bench_cell import Bench
from cells import cell, question, step_messages
from fakes import MemoryLedger
from hypothesis import given, settings
from hypothesis import strategies as st

from cobot_ai.app import observe
from cobot_ai.app.replay import NoGuard
from cobot_ai.core.errors import StoreError
from cobot_ai.core.spec import BudgetSpec


class SlowLedger(MemoryLedger):
    """A ledger whose next commit of some kind takes long; it looks up meanwhile, as the file does.

    Attributes:
        slow: Kind of entry -> seconds that its next commit takes.
    """

    def __init__(self):
        super().__init__()
        self.slow, self.call, self.clock = {}, lambda: None, None

    def on_wait(self, call):
        self.call = call

    def commit(self, drafts, t_ns, evidence=None):
        seconds = max((self.slow.pop(d.kind, 0.0) for d in drafts), default=0.0)
        for _ in range(round(seconds * 10)):
            self.clock.pass_s(0.1)
            self.call()
        return super().commit(drafts, t_ns, evidence)


@pytest.fixture
def bench():
    made = Bench(ledger=SlowLedger())
    made.ledger.clock = made.clock
    return made


def outcomes(bench, case):
    return [e.body['outcome'] for e in bench.entries('resolution', case)]


def test_an_answer_on_its_way_to_the_disk_at_the_deadline_is_late(bench):
    """The robot was told the fail-safe first: that is what happened, for everybody."""
    case = bench.step('good')
    told = bench.judge()
    bench.wait(25.0)
    bench.ledger.slow['answer'] = 10.0
    command = {'kind': 'answer', 'case': case, 'label': 'good', 'epoch': 0, 'key': 'tapped-once'}
    reply = bench.authority.command({**command, 'by': 'ann', 'tablet': 't1'})
    assert [(r.outcome, r.go) for r in told] == [('expired', False)]
    assert (reply['status'], reply['ok']) == ('late', False)
    bench.wait(10.0)
    assert outcomes(bench, case) == ['expired']
    assert bench.entries('resolution', case)[0].body['late_ms'] <= 100.0
    assert [e.body['source'] for e in bench.entries('label', case)] == ['late']
    assert ('resume', case) not in bench.guard.calls, 'a late answer moved the robot'
    assert bench.authority.state()['open_asks'] == []
    again = bench.authority.command({**command, 'by': 'ann', 'tablet': 't1'})
    assert again['status'] == 'late', 'the same tap, another reply'


def test_control_an_answer_that_is_written_before_the_deadline_counts(bench):
    case = bench.step('good')
    told = bench.judge()
    bench.wait(25.0)
    bench.ledger.slow['answer'] = 2.0
    assert bench.tap(case, 'good')['status'] == 'accepted'
    bench.wait(5.1)
    assert [(r.outcome, r.go) for r in told] == [('answered', True)]
    assert outcomes(bench, case) == ['answered']


@pytest.mark.parametrize('kept', [True, False])
def test_who_takes_an_answer_back_at_the_deadline_leaves_the_fail_safe(bench, kept):
    """Also where the undo itself cannot be written in the end."""
    case = bench.step('good')
    told = bench.judge()
    bench.wait(28.0)
    bench.tap(case, 'good')
    bench.ledger.slow['undo'] = 4.0
    if not kept:
        bench.ledger._check = lambda drafts: (_ for _ in ()).throw(StoreError('disk full'))
    bench.command('undo', case=case, epoch=0)
    assert [(r.outcome, r.go) for r in told] == [('expired', False)]
    bench.ledger.__dict__.pop('_check', None)
    bench.wait(10.0)
    assert outcomes(bench, case) == ['expired']
    assert ('resume', case) not in bench.guard.calls


def test_a_question_whose_own_record_waits_for_the_disk_has_its_deadline_already(bench):
    bench.ledger.slow['ask'] = 40.0
    told = bench.judge()  # the robot program asks before the step is judged
    case = bench.step('good')
    assert [(r.case, r.outcome, r.go) for r in told] == [(case, 'expired', False)]
    assert outcomes(bench, case) == ['expired']
    assert bench.tap(case, 'good')['status'] == 'late'


def test_a_claim_that_comes_through_after_the_deadline_is_no_claim(bench):
    case = bench.step('good')
    bench.wait(25.0)
    bench.ledger.slow['claim'] = 10.0
    assert bench.command('claim', case=case)['status'] == 'refused'
    assert outcomes(bench, case) == ['expired']


def test_what_the_disk_refused_is_written_as_it_was_told_when_it_takes_it_again(bench):
    case = bench.step('good')
    told = bench.judge()
    bench.tap(case, 'good')
    bench.ledger.full = True
    for _ in range(3):
        with pytest.raises(StoreError):
            bench.wait(5.1)
    assert bench.ledger.open_cases() == [case]
    bench.ledger.full = False
    bench.wait(1.1)
    assert [(r.outcome, r.go) for r in told] == [('unwritten', False)]
    assert outcomes(bench, case) == ['unwritten']
    assert bench.ledger.open_cases() == []
    assert [e.body['source'] for e in bench.entries('label', case)] == ['late']
    assert bench.tap(case, 'bad', by='bob')['status'] == 'late'
    assert ('resume', case) not in bench.guard.calls


@pytest.mark.parametrize('answered', [True, False])
def test_a_record_that_cannot_be_read_at_the_end_costs_nobody_the_fail_safe(
    bench, answered, monkeypatch
):
    """One failed read, at the deadline or as the undo window ends: told at once, written later."""
    case = bench.step('good')
    told, read, fails = bench.judge(), bench.ledger.of_case, [True]
    if answered:
        bench.tap(case, 'good')

    def flaky(wanted):
        if fails and fails.pop():
            raise StoreError('disk I/O error')
        return read(wanted)

    monkeypatch.setattr(bench.ledger, 'of_case', flaky)
    with pytest.raises(StoreError, match='I/O'):
        bench.wait(5.1 if answered else 30.1)
    outcome = 'unwritten' if answered else 'expired'
    assert [(r.outcome, r.go) for r in told] == [(outcome, False)]
    bench.wait(1.1)
    assert outcomes(bench, case) == [outcome]
    assert bench.authority.state()['open_asks'] == []
    assert ('resume', case) not in bench.guard.calls


class ComesThrough(MemoryLedger):
    """A ledger whose next commit of a resolution is kept although it raises."""

    armed = False

    def commit(self, drafts, t_ns, evidence=None):
        made = super().commit(drafts, t_ns, evidence)
        if self.armed and any(d.kind == 'resolution' for d in drafts):
            self.armed = False
            raise StoreError('I/O error at commit')
        return made


def test_an_outcome_that_came_through_after_all_is_announced_once_and_said_to_differ():
    bench = Bench(ledger=ComesThrough())
    case = bench.step('good')
    told = bench.judge()
    bench.tap(case, 'good')
    bench.ledger.armed = True
    with pytest.raises(StoreError, match='at commit'):
        bench.wait(5.1)
    for _ in range(3):
        bench.wait(5.1)
    assert [(r.outcome, r.go) for r in told] == [('unwritten', False)]
    assert outcomes(bench, case) == ['answered']
    assert ('resume', case) not in bench.guard.calls
    heard = [e.kind for e in bench.outbox.entries if e.case == case]
    assert heard.count('resolution') == heard.count('label') == 1
    (fault,) = bench.entries('fault', case)
    assert fault.body['code'] == 'ledger' and 'answered' in fault.body['detail']


def test_what_is_suppressed_is_written_with_its_decision():
    """A kill in between would leave a case that nobody is ever asked about."""
    bench = Bench(cell(budget=BudgetSpec(1.0, 1.0)))
    bench.step('good')
    commits, write = [], bench.ledger.commit

    def noted(drafts, *more):
        commits.append([d.kind for d in drafts])
        return write(drafts, *more)

    bench.ledger.commit = noted
    case = bench.step('good')
    assert outcomes(bench, case) == ['suppressed']
    assert ['decision', 'resolution'] in commits
    assert case in bench.authority.memory.reviews.waiting


KINDS = ('answer', 'undo', 'resolution', 'claim', 'ask', 'fault')
ACTIONS = st.one_of(
    st.tuples(st.just('slow'), st.sampled_from(KINDS), st.sampled_from([0.5, 3.0, 12.0])),
    st.tuples(st.just('full'), st.booleans()),
    st.tuples(st.just('wait'), st.sampled_from([0.1, 2.0, 6.0])),
    st.tuples(st.just('tap'), st.sampled_from(['good', 'bad', 'not_sure'])),
    st.tuples(st.sampled_from(['undo', 'claim'])),
)


def act(bench, case, action, *facts):
    if action == 'slow':
        bench.ledger.slow[facts[0]] = facts[1]
    elif action == 'full':
        bench.ledger.full = facts[0]
    elif action == 'wait':
        bench.wait(facts[0])
    elif action == 'tap':
        bench.tap(case, facts[0], epoch=9)
    else:
        bench.command(action, case=case, epoch=9)


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTIONS, max_size=12))
def test_whatever_happens_robot_and_ledger_agree(actions):
    bench = Bench(cell(question=question(deadline_s=10.0, undo_s=2.0)), ledger=SlowLedger())
    bench.ledger.clock = bench.clock
    case = bench.step('good')
    told = bench.judge()
    for action in actions:
        try:
            act(bench, case, *action)
        except StoreError:
            assert bench.ledger.full
    bench.ledger.full = False
    for _ in range(4):
        bench.wait(8.0)
    ((outcome, go),) = [(r.outcome, r.go) for r in told]
    assert outcomes(bench, case) == [outcome]
    assert bench.entries('resolution', case)[0].body['go'] == go
    assert (outcome == 'answered') == (('resume', case) in bench.guard.calls)
    assert not bench.authority.state()['open_asks']


def test_a_listener_that_fails_costs_nobody_else_the_outcome(bench):
    """What goes wrong while something waits for the disk is said later, not instead."""

    def broken(resolved):
        raise RuntimeError('the robot program is gone')

    bench.authority.judge_step(broken)
    told = bench.judge()
    case = bench.step('good')
    bench.wait(25.0)
    bench.ledger.slow['answer'] = 10.0
    assert bench.tap(case, 'good')['status'] == 'late'
    with pytest.raises(RuntimeError, match='is gone'):
        bench.wait(0.1)
    bench.wait(0.1)
    assert [(r.outcome, r.go) for r in told] == [('expired', False)]


@pytest.mark.parametrize('shadow', [True, False])
def test_a_step_that_never_came_is_held_after_a_restart_too(shadow, monkeypatch):
    if shadow:
        monkeypatch.setattr('bench_cell.RecordingGuard', NoGuard)
    bench = Bench()
    bench.judge()
    bench.wait(2.1)
    again = Bench(ledger=bench.ledger)
    assert again.authority.state()['held_for'] == [{'key': 'no_step'}]
    assert again.command('resume', key='gone-on-then')['ok']
    assert not Bench(ledger=again.ledger).authority.state()['held']


def test_one_step_that_cannot_be_cut_costs_no_other_one(bench, monkeypatch):
    cut, calls = observe.cut, []

    def broken_once(*args):
        calls.append(args)
        if len(calls) == 1:
            raise ZeroDivisionError('a bug in the grid')
        return cut(*args)

    monkeypatch.setattr(observe, 'cut', broken_once)
    for n in range(2):
        for message in step_messages(bench.clock.t_ns + n * 10**9, [(1.0, 1.0)] * 32):
            bench.authority._p.observer.take(message, bench.clock.t_ns)
    bench.clock.pass_s(9.0)
    with pytest.raises(ZeroDivisionError):
        bench.authority.tick()
    bench.authority.tick()
    assert len(bench.entries('decision')) == 1
    assert [e.body['code'] for e in bench.entries('fault')] == ['window']

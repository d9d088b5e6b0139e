"""The authority: what a robot is told, and that everything is written down first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench_cell import Bench
from cells import cell, question, resolve, step_messages, wrench, wrench_stream
from fakes import MemoryClips, MemoryLedger, MemoryRegistry

from cobot_ai.app.ports import Draft
from cobot_ai.app.recut import recut
from cobot_ai.core.errors import StoreError
from cobot_ai.core.motion import Outcome, Phase
from cobot_ai.core.spec import Action, BudgetSpec, StepSpec, Trigger
from cobot_ai.core.types import Missing, Verdict
from cobot_ai.store.messages import RosbagsDecoder


def test_without_a_model_everything_is_asked_and_the_robot_waits_for_the_person() -> None:
    bench = Bench()
    case = bench.step('good')
    told = bench.judge()
    assert told == []
    assert bench.entries('decision')[0].body['why'] == 'no_model'
    reply = bench.tap(case, 'good')
    assert reply['status'] == 'accepted'
    bench.wait(4.9)
    assert told == [], 'the robot moved inside the undo window'
    bench.wait(0.2)
    assert [(r.go, r.label, r.case, r.outcome) for r in told] == [(True, 'good', case, 'answered')]


def test_a_bad_part_is_no_go_although_it_was_answered() -> None:
    bench = Bench()
    case = bench.step('bad')
    told = bench.judge()
    bench.tap(case, 'bad')
    bench.wait(5.1)
    assert (told[0].go, told[0].action) == (False, 'reject')
    assert ('resume', case) in bench.guard.calls, 'the robot cannot carry out what it was told'
    assert not bench.authority.state()['held']


def test_an_answer_that_says_stop_leaves_the_process_held() -> None:
    stop = replace(cell().question.classes[1], action=Action.STOP)
    bench = Bench(cell(question=question(classes=(cell().question.classes[0], stop))))
    case = bench.step('bad')
    bench.tap(case, 'bad')
    bench.wait(5.1)
    assert bench.guard.calls == [('hold', case)]
    assert bench.authority.state()['held']


def test_nobody_answers_the_declared_fail_safe_at_the_deadline_never_success() -> None:
    bench = Bench()
    case = bench.step('good')
    told = bench.judge()
    bench.wait(29.7)
    assert told == []
    bench.wait(0.3)
    assert [(r.go, r.action, r.outcome) for r in told] == [(False, 'hold', 'expired')]
    (resolution,) = bench.entries('resolution', case)
    assert resolution.body['go'] is False
    assert resolution.body['late_ms'] <= 100.0


def test_a_late_answer_is_a_label_and_never_motion() -> None:
    bench = Bench()
    case = bench.step('good')
    told = bench.judge()
    bench.wait(31.0)
    reply = bench.tap(case, 'good')
    assert reply['status'] == 'late'
    bench.wait(10.0)
    assert [r.go for r in told] == [False]
    assert len(bench.entries('resolution', case)) == 1
    assert bench.entries('label', case)[0].body['source'] == 'late'
    assert ('resume', case) not in bench.guard.calls


def test_undo_holds_the_robot_and_a_second_answer_counts() -> None:
    bench = Bench()
    case = bench.step('good')
    told = bench.judge()
    bench.tap(case, 'good')
    bench.wait(2.0)
    assert bench.command('undo', case=case, epoch=0)['status'] == 'undone'
    bench.wait(4.0)
    assert told == []
    assert bench.tap(case, 'good')['status'] == 'stale', 'a retry from before the undo'
    assert bench.tap(case, 'bad', epoch=1)['status'] == 'accepted'
    bench.wait(5.1)
    assert [r.label for r in told] == ['bad']


def test_the_same_key_gets_the_same_reply_and_one_entry() -> None:
    bench = Bench()
    case = bench.step('good')
    command = {'key': 'key-twice-1', 'kind': 'answer', 'by': 'ann', 'tablet': 't1'}
    command |= {'case': case, 'label': 'good', 'epoch': 0}
    first, second = bench.authority.command(command), bench.authority.command(command)
    assert first == second
    assert len(bench.entries('answer', case)) == 1


def test_a_second_different_answer_is_a_conflict_that_takes_the_case_out_of_training() -> None:
    bench = Bench()
    case = bench.step('good')
    bench.tap(case, 'good')
    reply = bench.tap(case, 'bad', by='bob', tablet='tablet_2')
    assert (reply['status'], reply['by'], reply['label']) == ('conflict', 'ann', 'good')
    bench.wait(5.1)
    assert bench.entries('resolution', case)[0].body['label'] == 'good'
    assert bench.ledger.labels()[case].body['label'] is None
    assert bench.command('correct', case=case, label='bad')['ok']
    assert bench.ledger.labels()[case].body['label'] == 'bad'


def test_not_sure_ends_in_the_fail_safe_without_a_label() -> None:
    bench = Bench()
    case = bench.step('good')
    told = bench.judge()
    bench.tap(case, 'not_sure')
    bench.wait(5.1)
    assert [(r.outcome, r.go) for r in told] == [('unsure', False)]
    assert not bench.entries('label', case)


def test_a_full_disk_never_lets_the_robot_go_on() -> None:
    bench = Bench()
    case = bench.step('good')
    told = bench.judge()
    bench.tap(case, 'good')
    bench.ledger.full = True
    with pytest.raises(StoreError):
        bench.wait(5.1)
    assert [(r.outcome, r.go) for r in told] == [('unwritten', False)]
    reply = bench.tap(case, 'good')
    assert not reply['ok'], 'an answer was acknowledged that is not stored'


def test_after_a_restart_open_asks_end_in_the_fail_safe_and_answers_stay_labels() -> None:
    bench = Bench()
    answered, open_ = bench.step('good'), bench.step('bad')
    bench.tap(answered, 'good')
    again = Bench(ledger=bench.ledger)
    for case in (answered, open_):
        (resolution,) = again.entries('resolution', case)
        assert (resolution.body['outcome'], resolution.body['go']) == ('cancelled', False)
    assert again.ledger.labels()[answered].body['label'] == 'good'
    assert open_ not in again.ledger.labels()
    assert again.authority.memory.record.answers == {'operation=insert': 1}


def test_after_a_restart_the_alarm_that_a_kill_cut_off_stands_and_is_in_the_record() -> None:
    """Failed audits are on the disk; the monitor was killed before it wrote what follows."""
    bench = Bench()
    audit = {'guess': 'good', 'confidence': 0.99, 'share': 0.1}
    body = {'label': 'bad', 'by': 'ann', 'source': 'answer', 'context': 'c', 'group': ''}
    failed = {**body, 'audit': audit, 'revision': 1}
    bench.ledger.commit([Draft('label', failed, case) for case in (1, 2, 3)], 1)
    again = Bench(ledger=bench.ledger)
    assert again.authority.memory.record.drift.left('c') == again.spec.risk.confirm
    assert [e.body['on'] for e in again.entries('alarm')] == [True]
    assert len(again.entries('audit')) == 3
    once_more = Bench(ledger=bench.ledger)
    assert once_more.authority.memory.record.drift.left('c') == again.spec.risk.confirm
    assert len(once_more.entries('alarm')) == 1, 'each is written once'


def test_after_a_restart_what_was_held_is_held_again_not_only_remembered() -> None:
    """Nobody watched meanwhile: the guard must ask and see for itself that the robot stands."""
    bench = Bench()
    bench.command('hold')
    again = Bench(ledger=bench.ledger)
    assert again.guard.calls == [('hold', 0)]
    assert again.authority.state()['held'] == 'ann'
    assert again.command('resume', key='another')['ok']
    assert Bench(ledger=again.ledger).guard.calls == []


def test_after_a_restart_every_reason_to_hold_is_there_again() -> None:
    """But for the cases that were answered while something else held."""
    bench = Bench()
    bench.command('hold')
    answered, asked = bench.step('good'), bench.step('good')
    bench.tap(answered, 'good')
    bench.wait(5.1)
    assert bench.authority.state()['held'] == f'ann, case {asked}'
    again = Bench(ledger=bench.ledger)
    assert again.authority.state()['held'] == f'ann, case {asked}'
    assert again.command('resume', key='looked-at-both')['ok']
    assert again.authority.state()['held'] == ''


def test_a_resume_that_cannot_be_written_leaves_the_process_held_and_resumable() -> None:
    bench = Bench()
    bench.command('hold')
    bench.guard.resume = lambda case, person, told: told(Outcome(Phase.REQUESTED))
    bench.ledger.full = True
    assert not bench.command('resume')['ok']
    bench.ledger.full = False
    assert bench.authority.state()['held'] == 'ann'
    bench.guard.resume = lambda case, person, told: told(Outcome(Phase.CONFIRMED))
    assert bench.command('resume')['ok']
    assert bench.authority.state()['held'] == ''


def test_a_sure_case_that_cannot_be_written_holds_the_robot() -> None:
    risk = replace(cell().risk, audit_first=0.0, audit_last=0.0)
    bench = Bench(cell(risk=risk))
    bench.lessons()
    assert bench.entries('decision', bench.step('good'))[0].body['action'] == 'continue'
    bench.guard.calls.clear()
    bench.ledger.full = True
    with pytest.raises(StoreError):
        bench.step('good')
    assert [kind for kind, _ in bench.guard.calls] == ['hold']
    assert bench.authority.state()['held'].startswith('case ')


def test_what_audits_and_alarms_call_for_outlives_a_full_disk() -> None:
    bench = Bench()
    bench.authority.memory.record.notes.append(Draft('fault', {'code': 'x', 'detail': ''}))
    bench.ledger.full = True
    assert not bench.command('hold')['ok']
    with pytest.raises(StoreError):
        bench.authority.tick()
    bench.ledger.full = False
    bench.authority.tick()
    assert [e.body['code'] for e in bench.entries('fault')] == ['x']


def test_judge_without_a_step_is_refused_in_the_fail_safe() -> None:
    bench = Bench()
    told = bench.judge()
    bench.wait(2.1)
    assert [(r.outcome, r.go) for r in told] == [('no_step', False)]
    assert bench.authority.state()['held']


def test_who_waits_when_the_service_ends_gets_the_fail_safe() -> None:
    bench = Bench()
    bench.step('good')
    told = bench.judge()
    bench.authority.stop()
    assert [(r.outcome, r.action, r.go) for r in told] == [('cancelled', 'hold', False)]


def test_each_judgement_is_told_once() -> None:
    bench = Bench()
    case = bench.step('good')
    bench.tap(case, 'good')
    bench.wait(5.1)
    assert [r.case for r in bench.judge()] == [case]
    again = bench.judge()
    bench.wait(2.1)
    assert again[0].outcome == 'no_step', 'an old outcome was sold for a new step'


def taught(swap: str = 'at_once') -> Bench:
    bench = Bench(cell(model=replace(cell().model, swap=swap)))
    bench.lessons()
    return bench


def test_the_model_learns_acts_alone_and_each_decision_names_its_version() -> None:
    bench = taught()
    case = bench.step('good')
    (decision,) = bench.entries('decision', case)
    assert decision.body['verdict'] == Verdict.ACT.value
    assert decision.body['label'] == 'good'
    assert decision.body['model'] == bench.registry.current()
    assert bench.judge()[0].go
    bad = bench.step('bad')
    assert bench.entries('decision', bad)[0].body['label'] == 'bad'
    assert not bench.judge()[0].go


def test_an_unknown_context_is_asked_although_the_model_is_sure() -> None:
    bench = taught()
    case = bench.step('good', operation='screw')
    body = bench.entries('decision', case)[0].body
    assert (body['verdict'], body['why']) == ('ask', 'new_context')


def test_a_new_class_is_followed_by_a_burn_in() -> None:
    bench = Bench(cell(question=question(open_classes=True)))
    bench.lessons()
    acted = bench.step('good')
    assert bench.entries('decision', acted)[0].body['verdict'] == 'act'
    assert bench.command('correct', case=acted, label='surprise')['ok']
    why = [bench.entries('decision', bench.teach('good'))[0].body['why'] for _ in range(3)]
    assert why == ['new_class'] * 3


def test_a_sensor_that_measures_something_else_under_the_same_name_is_not_decided_alone() -> None:
    bench = Bench()
    bench.lessons()
    acted = bench.step('good')
    assert bench.entries('decision', acted)[0].body['verdict'] == 'act'
    (stream, *rest), (first, *others) = bench.spec.streams, bench.spec.streams[0].channels
    moved = replace(stream, channels=(replace(first, path='wrench.torque.x'), *others))
    changed = replace(bench.spec, streams=(moved, *rest))
    again = Bench(changed, bench.ledger, bench.registry, bench.clips)
    body = again.entries('decision', again.step('good'))[-1].body
    assert (body['verdict'], body['why']) == ('ask', 'no_certificate')
    same = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert same.entries('decision', same.step('good'))[-1].body['why'] != 'no_certificate'


ANOTHER_UNIT = {'fz': 'kN'}


@pytest.mark.parametrize('what', ['unit', 'stretch'])
def test_cases_from_when_a_window_was_something_else_teach_nothing(what: str) -> None:
    bench = Bench()
    bench.lessons()
    if what == 'unit':
        (stream, *rest) = bench.spec.streams
        channels = tuple(replace(c, unit=ANOTHER_UNIT.get(c.name, c.unit)) for c in stream.channels)
        changed = replace(bench.spec, streams=(replace(stream, channels=channels), *rest))
    else:
        changed = replace(bench.spec, step=replace(bench.spec.step, length_s=0.2))
    changed = replace(changed, digest='changed')
    again = Bench(changed, bench.ledger, bench.registry, bench.clips)
    again.trainer.turn(again.clock.t_ns)
    assert len(again.dataset.outdated) == len(bench.dataset.cases()) > 0
    body = again.entries('decision', again.step('good'))[-1].body
    assert (body['verdict'], body['why']) == ('ask', 'no_certificate')
    back = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    back.trainer.turn(back.clock.t_ns)
    assert len(back.dataset.cases()) >= len(bench.dataset.cases())


def test_in_maintenance_only_and_rollback_stops_automatic_swaps() -> None:
    bench = taught('maintenance')
    assert bench.versions.live is None
    assert bench.versions.staged is not None
    assert bench.command('maintenance', on=True)['ok']
    first = bench.versions.live
    assert first is not None
    for n in range(8):
        bench.teach('bad' if n % 2 else 'good', operation='screw')
    lived = [first, *(e.body['model'] for e in bench.entries('promote')[1:])]
    assert bench.versions.live == lived[-1] != first
    assert bench.command('rollback')['ok']
    assert bench.versions.live == lived[-2], 'a rollback goes one version back'
    for n in range(8):
        bench.teach('bad' if n % 2 else 'good', operation='glue')
    assert bench.versions.live == lived[-2], 'a rollback was undone by itself'
    restarted = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert (restarted.versions.live, restarted.versions.paused) == (lived[-2], True)


def test_a_planned_swap_waits_until_no_question_is_open() -> None:
    bench = taught('maintenance')
    staged = bench.versions.staged
    assert staged is not None
    assert bench.command('schedule', at='break')['ok']
    assert bench.authority.state()['plan']['by'] == 'ann'
    case = bench.step('good', operation='new')
    assert bench.entries('ask', case)
    bench.versions._at_once, bench.versions.paused = False, True  # the plan alone may swap
    assert bench.command('maintenance', on=True)['ok']
    bench.wait(2.0)
    assert bench.versions.live is None
    bench.tap(case, 'good')
    bench.wait(6.0)
    bench.wait(2.0)
    assert bench.versions.live == staged
    assert bench.entries('promote')[-1].body['reason'] == 'scheduled'
    assert not bench.command('unschedule')['ok']


def test_the_budget_holds_instead_of_asking_and_lists_the_case() -> None:
    bench = Bench(cell(budget=BudgetSpec(1.0, 2.0)))
    cases = [bench.step('good') for _ in range(3)]
    decision = bench.entries('decision', cases[2])[0].body
    assert (decision['verdict'], decision['why']) == ('hold', 'budget')
    assert bench.entries('resolution', cases[2])[0].body['outcome'] == 'suppressed'
    assert not bench.entries('ask', cases[2])
    bench.wait(3601.0)
    assert bench.entries('ask', bench.step('good'))


def test_a_lost_channel_is_named_and_asked_even_by_a_sure_model() -> None:
    bench = taught()
    at = bench.clock.t_ns
    for message in step_messages(at, [(0.0, float('nan'))] * 32):
        bench.authority.take(message)
    bench.wait(0.5)
    decision = bench.entries('decision')[-1].body
    assert (decision['verdict'], decision['why']) == ('ask', 'sensor')
    assert decision['notes'][0]['channel'] == 'wrench.fz'
    assert decision['notes'][0]['problem'] == 'non_finite'


def test_a_corrected_case_is_golden_for_every_later_candidate() -> None:
    bench = taught()
    corrected = bench.step('good')
    assert bench.command('correct', case=corrected, label='bad')['ok']
    found = bench.trainer.turn(bench.clock.t_ns, force=True)
    assert found is not None
    (golden,) = [c for c in bench.registry.get(found)[1].gates.checks if c.name == 'golden']
    assert golden.figures['of'] == 1


def test_a_decision_can_be_made_again_from_its_clip_bit_for_bit() -> None:
    bench = taught()
    scorer = bench.versions.scorer
    assert scorer is not None
    case = bench.step('good')
    body = bench.entries('decision', case)[0].body
    window = recut(
        bench.spec,
        RosbagsDecoder(),
        resolve,
        bench.clips.read(case),
        body['start_ns'],
        body['end_ns'],
    )
    again = scorer.score(window)
    assert {k: round(v, 6) for k, v in zip(again.classes, again.probs, strict=True)} == body[
        'probs'
    ]


def test_held_and_resumed_only_with_a_person_or_a_go() -> None:
    bench = Bench()
    case = bench.step('good')
    assert bench.guard.calls == [('hold', case)]
    assert not bench.command('resume')['ok'], 'resumed over an open question'
    bench.wait(31.0)
    assert bench.guard.calls == [('hold', case)]
    assert bench.command('resume')['ok']
    assert bench.guard.calls[-1] == ('resume', 0)
    assert not bench.command('resume')['ok']


def test_a_resume_from_before_another_hold_is_refused() -> None:
    bench = Bench()
    bench.command('hold', by='ann')
    seen = bench.authority.state()['newest_hold']
    assert bench.command('resume', hold=seen)['ok']
    bench.command('hold', by='otto')
    late = bench.command('resume', hold=seen)
    assert (late['ok'], late['code']) == (False, 'stale_hold')
    assert bench.authority.state()['held'] == 'otto'
    again = Bench(ledger=bench.ledger, registry=bench.registry)
    assert again.authority.state()['newest_hold'] > bench.authority.state()['newest_hold']
    again.guard.on_stop('emergency stop')
    seen, now = (b.authority.state()['newest_hold'] for b in (bench, again))
    assert not again.command('resume', key='stopped-1', hold=seen)['ok']
    assert again.command('resume', key='stopped-2', hold=now)['ok']


def test_after_a_safety_stop_a_service_call_is_no_person() -> None:
    bench = Bench()
    bench.guard.on_stop('emergency stop')
    bench.guard.stopped = 'emergency stop'
    refused = bench.command('resume', by='ros_service')
    assert (refused['ok'], refused['code']) == (False, 'safety_stop')
    assert bench.guard.calls == []
    assert bench.command('resume')['ok']


def test_a_hold_outlives_a_restart_whatever_its_person_is_called() -> None:
    bench = Bench()
    bench.command('hold', by='robot')
    again = Bench(ledger=bench.ledger, registry=bench.registry)
    assert again.authority.state()['held'] == 'robot'
    assert again.guard.stopped == ''


def test_who_is_sent_to_the_robot_resumes_once_more_after_having_seen_it() -> None:
    bench = Bench()
    bench.command('hold')
    seen = bench.authority.state()['newest_hold']
    bench.guard.resume = lambda case, person, told: told(Outcome(Phase.PENDANT))
    assert bench.command('resume', hold=seen)['ok']
    assert bench.command('resume', hold=seen)['code'] == 'stale_hold', 'a second tablet'
    assert bench.command('resume', hold=bench.authority.state()['newest_hold'])['ok']


def test_a_persons_hold_outlasts_every_later_step() -> None:
    bench = taught()
    before = len(bench.guard.calls)
    assert bench.command('hold')['ok']
    bench.step('good')
    assert bench.judge()[0].go, 'the step itself was good'
    asked = bench.step('good', operation='screw')
    bench.tap(asked, 'good')
    bench.wait(5.1)
    assert 'ann' in bench.authority.state()['held']
    assert {kind for kind, _ in bench.guard.calls[before:]} == {'hold'}
    assert bench.command('resume')['ok']
    assert bench.authority.state()['held'] == ''


def test_the_process_goes_on_only_when_every_case_that_holds_it_is_answered() -> None:
    bench = Bench()
    first, second = bench.step('good'), bench.step('good')
    bench.tap(second, 'good')
    bench.wait(5.1)
    assert [k for k, _ in bench.guard.calls] == ['hold', 'hold']
    bench.tap(first, 'good')
    bench.wait(5.1)
    assert bench.guard.calls[-1] == ('resume', first)


def test_bad_commands_are_refused_with_a_reason_and_change_nothing() -> None:
    bench = Bench()
    case = bench.step('good')
    before = bench.ledger.head()
    bad = [
        {'kind': 'answer', 'case': case},
        {'kind': 'answer', 'case': 'one', 'label': 'good', 'epoch': 0},
        {'kind': 'answer', 'case': 999, 'label': 'good', 'epoch': 0},
        {'kind': 'dance'},
        {'kind': 'promote', 'model': 'f' * 64},
        {'kind': 'rollback'},
        {'kind': 'correct', 'case': case, 'label': 'nonsense'},
    ]
    for facts in bad:
        reply = bench.command(**facts)
        assert not reply['ok'], facts
        assert reply['reason'], facts
    assert bench.ledger.head() == before


def test_a_service_that_promotes_without_a_staged_version_says_so() -> None:
    reply = Bench().command('promote', model=None)
    assert not reply['ok']
    assert reply['reason'].startswith('No version waits to go live')


def test_a_restart_keeps_the_model_and_the_memory_of_contexts() -> None:
    bench = taught()
    again = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert again.versions.live == bench.versions.live
    again.clock.t_ns = bench.clock.t_ns
    why = [again.entries('decision', again.step('good'))[0].body['why'] for _ in range(4)]
    assert 'sure' in why


def test_when_every_sensor_dies_a_sliding_cell_asks_once_and_again_after_the_next_death() -> None:
    step = StepSpec(Trigger.SLIDING, samples=8, length_s=1.0, hop_s=1.0, settle_s=0.1)
    bench = Bench(cell(step=step))

    def alive(seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            bench.authority.take(wrench(bench.clock.t_ns, 0.0, 2.0))
            bench.wait(0.01)

    def dark() -> int:
        decisions = bench.entries('decision')
        return sum(len(d.body['notes']) == 2 for d in decisions if d.body['why'] == 'sensor')

    alive(3.0)
    assert dark() == 0
    for _ in range(8):
        bench.wait(1.0)
    assert 1 <= dark() <= 2, 'silence of all sensors must be one event, not none and not many'
    first = dark()
    alive(3.0)
    for _ in range(8):
        bench.wait(1.0)
    assert dark() > first


def test_masked_channels_are_recorded_and_do_not_ask() -> None:
    spec = cell(streams=(wrench_stream(Missing.MASK),))
    bench = Bench(spec, MemoryLedger(), MemoryRegistry(), MemoryClips())
    bench.lessons()
    assert bench.entries('decision', bench.step('good'))[0].body['verdict'] == 'act'

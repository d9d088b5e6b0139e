"""Steps from signals, their context, and one ask per event: through the whole authority."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from bench_cell import Bench
from cells import WRENCH, S, cell, question, signal, step_messages, wrench

from cobot_ai.core.samples import RawMessage
from cobot_ai.core.signals import EdgeSpec, ThresholdSpec
from cobot_ai.core.spec import BudgetSpec, StepSpec, Trigger
from cobot_ai.core.types import Decision, Score, Verdict, Why
from cobot_ai.store.typestore import encode

BOOL = 'std_msgs/msg/Bool'
STRING = 'std_msgs/msg/String'
STATUS = 'diagnostic_msgs/msg/DiagnosticStatus'
MS = 10**6
BOTH = (EdgeSpec('io/gripper', 'begin', 'rising'), EdgeSpec('io/gripper', 'end', 'falling'))


def step(trigger: Trigger, **more) -> StepSpec:
    return StepSpec(trigger, samples=16, topic='step', context=('operation', 'program'), **more)


def bench(**more) -> Bench:
    return Bench(cell(step=step(**more)))


def io(t_ns: int, high: bool) -> RawMessage:
    return RawMessage('/io/gripper', BOOL, t_ns, encode(BOOL, {'data': high}))


def program(t_ns: int, name: str) -> RawMessage:
    return RawMessage('/program', STRING, t_ns, encode(STRING, {'data': name}))


def play(cell: Bench, messages: list[RawMessage]) -> None:
    for message in messages:
        cell.clock.t_ns = max(cell.clock.t_ns, message.t_ns)
        cell.authority.take(message)
        cell.authority.tick()


def forces(start: int, seconds: float, level: float = 2.0) -> list[RawMessage]:
    return [wrench(start + i * 10 * MS, 0.0, level) for i in range(round(seconds * 100))]


def by_time(*parts: list[RawMessage]) -> list[RawMessage]:
    return sorted((m for part in parts for m in part), key=lambda m: m.t_ns)


def spans(cell: Bench) -> list[tuple[float, float]]:
    start = 10**18
    found = [e.body for e in cell.entries('decision')]
    return [((b['start_ns'] - start) / S, (b['end_ns'] - start) / S) for b in found]


def test_a_digital_line_bounds_a_step_and_bounces_are_ignored():
    cell, t = bench(trigger=Trigger.EDGE, edges=BOTH), 10**18
    line = [(0, 0), (500, 1), (505, 0), (508, 1), (1500, 0), (1510, 1), (1515, 0)]
    play(cell, by_time(forces(t, 2.5), [io(t + ms * MS, bool(v)) for ms, v in line]))
    assert spans(cell) == [(0.508, 1.515)]
    assert cell.entries('decision')[0].body['notes'] == []


def test_an_edge_with_a_stamp_far_ahead_counts_as_it_came_and_is_counted():
    """A wrong clock in one sensor must neither hide its steps nor pile up what it says."""
    line = EdgeSpec('grip', 'begin', 'rising', WRENCH, 'wrench.force.x')
    both = (line, replace(line, marks='end', on='falling'))
    cell, t = bench(trigger=Trigger.EDGE, edges=both), 10**18
    ahead = [wrench(t + 3600 * S + i * 10 * MS, float(50 <= i < 150), 0.0) for i in range(250)]
    seen = [m._replace(topic='/grip', t_ns=t + i * 10 * MS) for i, m in enumerate(ahead)]
    play(cell, by_time(forces(t, 2.5), seen))
    assert spans(cell) == [(0.5, 1.5)]
    assert cell.observer.steps['future'] == 250
    assert cell.entries('decision')[0].body['ingest']['step']['future'] > 100
    assert not cell.observer.place.busy


def test_a_line_that_only_tells_its_changes_is_enough():
    cell, t = bench(trigger=Trigger.EDGE, edges=BOTH), 10**18
    changes = [io(t, False), io(t + S // 2, True), io(t + S, False)]
    play(cell, by_time(forces(t, 2.0), changes))
    assert spans(cell) == [(0.5, 1.0)]


def test_ends_without_begin_and_begins_twice_are_counted_not_judged():
    edges = (EdgeSpec('io/gripper', 'begin'), EdgeSpec('io/done', 'end'))
    cell, t = bench(trigger=Trigger.EDGE, edges=edges), 10**18

    def done(ms: int, high: bool) -> RawMessage:
        return RawMessage('/io/done', BOOL, t + ms * MS, encode(BOOL, {'data': high}))

    line = [io(t + ms * MS, bool(v)) for ms, v in ((0, 0), (500, 1), (600, 0), (700, 1))]
    ends = [done(0, False), done(300, True), done(350, False), done(1200, True)]
    play(cell, by_time(forces(t, 2.0), line, ends))
    assert spans(cell) == [(0.7, 1.2)]
    assert cell.observer.steps['orphans'] == 2


def test_a_threshold_with_hysteresis_bounds_a_step():
    at = ThresholdSpec('wrench.fz', on=10.0, off=5.0, min_s=0.1, max_s=1.0)
    cell, t = bench(trigger=Trigger.THRESHOLD, threshold=at), 10**18
    parts = [
        forces(t, 0.5, 1.0),
        forces(t + S // 2, 0.3, 12.0),
        forces(t + 800 * MS, 0.2, 7.0),  # between off and on: still the same step
        forces(t + S, 0.5, 1.0),
        forces(t + 1500 * MS, 0.05, 20.0),  # too short
        forces(t + 1550 * MS, 0.5, 1.0),
    ]
    play(cell, by_time(*parts))
    assert spans(cell) == [(0.5, 1.0)]
    assert cell.observer.steps['short'] == 1


def test_a_threshold_step_that_does_not_end_is_judged_at_its_longest():
    at = ThresholdSpec('wrench.fz', on=10.0, off=5.0, max_s=1.0)
    cell, t = bench(trigger=Trigger.THRESHOLD, threshold=at), 10**18
    play(cell, by_time(forces(t, 0.2, 1.0), forces(t + 200 * MS, 3.0, 12.0)))
    assert spans(cell) == [(0.2, 1.2)], 'and no second one before it came back'


def test_a_step_longer_than_the_ring_is_judged_on_its_end():
    cell, t = bench(trigger=Trigger.EDGE, edges=BOTH), 10**18
    line = [io(t, False), io(t + S, True), io(t + 101 * S, False)]
    play(cell, by_time(forces(t, 102.0), line))
    assert spans(cell) == [(41.0, 101.0)]
    assert cell.observer.steps['cut_short'] == 1


def test_a_clock_that_is_set_back_forgets_the_step_and_the_level():
    cell, t = bench(trigger=Trigger.EDGE, edges=BOTH), 10**18
    play(cell, [io(t + 20 * S, False), io(t + 21 * S, True), io(t, True), io(t + S, False)])
    play(cell, forces(t + S, 1.0))
    assert spans(cell) == []
    assert cell.observer.steps['clock_jumps'] == 1


def test_the_robot_asks_right_after_the_edge_and_gets_that_steps_outcome():
    cell, t = bench(trigger=Trigger.EDGE, edges=BOTH), 10**18
    play(cell, by_time(forces(t, 1.0), [io(t, False), io(t + S // 2, True)]))
    play(cell, [io(t + S, False)])
    told = cell.judge()  # before the edge is sure
    play(cell, forces(t + S + 10 * MS, 0.5))
    case = cell.entries('decision')[-1].case
    assert told == []
    assert cell.tap(case, 'good')['ok']
    cell.wait(10.0)
    assert [(r.case, r.go) for r in told] == [(case, True)]


def test_a_step_while_held_is_judged_like_any_other():
    cell, t = bench(trigger=Trigger.EDGE, edges=BOTH), 10**18
    cell.command('hold')
    play(cell, by_time(forces(t, 2.0), [io(t, False), io(t + S // 2, True), io(t + S, False)]))
    assert spans(cell) == [(0.5, 1.0)]
    assert 'ann' in cell.authority.state()['held'], 'and the hold of the person stays'


def test_facts_come_from_a_latched_topic_then_from_the_step():
    facts = {'operation': 'insert'}
    spec = step(Trigger.MESSAGE, context_topic='program', facts=facts)
    cell, t = Bench(cell_of(spec)), 10**18
    rng = np.random.default_rng(0)
    first = step_messages(t + S, signal('good', rng), {'part': 'a'})
    second = step_messages(t + 3 * S, signal('good', rng), {'program': 'own'})
    play(cell, [program(t, 'weld_7'), *first, program(t + 2 * S, 'weld_8'), *second])
    cell.wait(1.0)
    contexts = [e.body['context'] for e in cell.entries('decision')]
    assert contexts == ['operation=insert/program=weld_7', 'operation=insert/program=own']


def cell_of(spec: StepSpec):
    return cell(step=spec)


def test_facts_from_a_status_and_a_context_that_comes_after_the_end_is_not_its():
    spec = step(Trigger.EDGE, edges=BOTH, context_topic='program', context_type=STATUS)
    cell, t = Bench(cell_of(spec)), 10**18
    values = [{'key': 'program', 'value': 'p1'}, {'key': 'operation', 'value': 'press'}]
    status = RawMessage('/program', STATUS, t, encode(STATUS, {'values': values}))
    line = [io(t, False), io(t + S // 2, True), io(t + S, False)]
    late = [{'key': 'program', 'value': 'p2'}]
    after = RawMessage('/program', STATUS, t + S + 10 * MS, encode(STATUS, {'values': late}))
    play(cell, by_time([status], forces(t, 2.0), line, [after]))
    assert [e.body['context'] for e in cell.entries('decision')] == ['operation=press/program=p1']


# ---------------------------------------------------------------- one event, one ask


def watching(**more) -> Bench:
    spec = step(
        Trigger.SLIDING, length_s=1.0, hop_s=0.5, settle_s=0.0, facts={'operation': 'run'}, **more
    )
    return Bench(replace(cell(step=spec), question=question(undo_s=1.0, deadline_s=30.0)))


def test_windows_of_one_event_are_one_ask_until_somebody_answered():
    cell, t = watching(), 10**18
    play(cell, forces(t, 6.0))
    asks = cell.entries('ask')
    decisions = cell.entries('decision')
    assert len(asks) == 1
    assert len(decisions) >= 9
    assert all(e.body['why'] == 'merged' for e in decisions[1:])
    assert all(e.body['params']['case'] == asks[0].case for e in decisions[1:])
    assert decisions[1].body['params']['why'] == 'no_model'
    assert cell.authority.state()['asked'] == 1


def test_what_came_after_the_answer_is_a_new_event():
    cell, t = watching(), 10**18
    play(cell, forces(t, 2.0))
    first = cell.entries('ask')[0].case
    cell.tap(first, 'good')
    play(cell, forces(t + 2 * S, 4.0))
    resolved_ns = cell.entries('resolution')[0].t_ns
    asks = [e.case for e in cell.entries('ask')]
    ends = {e.case: e.body['end_ns'] for e in cell.entries('decision')}
    assert len(asks) == 2
    assert ends[asks[1]] > resolved_ns, 'nobody has seen it'
    merged = [e for e in cell.entries('decision') if e.body['why'] == 'merged']
    assert all(e.body['end_ns'] <= resolved_ns for e in merged if e.body['params']['case'] == first)


def test_a_fault_that_a_person_named_covers_what_began_before_the_answer():
    cell, t = watching(), 10**18
    play(cell, forces(t, 2.0))
    cell.tap(cell.entries('ask')[0].case, 'bad')
    play(cell, forces(t + 2 * S, 4.0))
    resolved_ns = cell.entries('resolution')[0].t_ns
    starts = {e.case: e.body['start_ns'] for e in cell.entries('decision')}
    assert starts[cell.entries('ask')[1].case] > resolved_ns


def opinions(cell, monkeypatch, *whys, seconds=4.0):
    """What the model and the draw make of each window, in turn; the last one for all others."""
    left = list(whys)

    def scripted(case, scorer, standing, spec):
        why = left.pop(0) if len(left) > 1 else left[0]
        sure = why in (Why.SURE, Why.AUDIT)
        score = Score(('good', 'bad'), (0.99, 0.01), 'm', 1.0, 0.0)
        params = {'share': 0.1, 'confidence': 0.99} if sure else {}
        if why is Why.SURE:
            act = (Verdict.ACT, why, params, 'good', 'continue')
            return Decision(case.id, *act, score=score, threshold=0.9), None
        return Decision(case.id, Verdict.ASK, why, params, score=score, threshold=0.9), None

    monkeypatch.setattr('cobot_ai.app.judging.judge', scripted)
    play(cell, forces(10**18, seconds))
    return [e.body for e in cell.entries('decision')]


def test_the_model_has_no_say_in_a_window_that_touches_an_open_event(monkeypatch):
    """It shares samples with what a person is being asked about: no certificate speaks for it."""
    cell = watching()
    found = opinions(cell, monkeypatch, Why.SURE, Why.BELOW_THRESHOLD, Why.SURE)
    assert [b['why'] for b in found[:6]] == [
        'sure', 'below_threshold', 'merged', 'merged', 'sure', 'sure'
    ]  # fmt: skip
    assert [b['end_ns'] - found[1]['end_ns'] for b in found[2:5]] == [S // 2, S, 3 * S // 2]
    assert found[2]['verdict'] == 'ask'
    assert found[2]['label'] is None
    assert cell.authority.memory.record.audits.figures().acted == sum(
        b['verdict'] == 'act' for b in found
    )


def reasons_after(cell, monkeypatch, named: str) -> list[str]:
    """Why each window was decided as it was, after a person named the class of the first one."""
    opinions(cell, monkeypatch, Why.BELOW_THRESHOLD, Why.SURE, seconds=1.1)
    cell.tap(cell.entries('ask')[0].case, named)
    play(cell, forces(10**18 + 11 * S // 10, 3.9))
    return [e.body['why'] for e in cell.entries('decision')]


def test_after_a_fault_somebody_says_that_it_is_over(monkeypatch):
    cell = watching()
    whys = reasons_after(cell, monkeypatch, 'bad')
    assert whys.count('not_over') == 1
    assert 'sure' not in whys[: whys.index('not_over')], 'the model has no say until then'
    first, second = cell.entries('ask')
    body = next(e.body for e in cell.entries('decision') if e.body['why'] == 'not_over')
    assert (body['params']['case'], body['label'], body['verdict']) == (first.case, None, 'ask')
    cell.tap(second.case, 'good')
    play(cell, forces(10**18 + 5 * S, 3.0))
    assert cell.entries('decision')[-1].body['why'] == 'sure', 'it is over'
    assert len(cell.entries('ask')) == 2


def test_an_audit_drawn_right_after_a_fault_is_that_question_and_no_audit(monkeypatch):
    """Whatever was not drawn there is asked as well: it is no sample of what is acted upon."""
    cell = watching()
    opinions(cell, monkeypatch, Why.BELOW_THRESHOLD, Why.AUDIT, seconds=1.1)
    cell.tap(cell.entries('ask')[0].case, 'bad')
    play(cell, forces(10**18 + 11 * S // 10, 1.9))
    whys = [e.body['why'] for e in cell.entries('decision')]
    assert 'not_over' in whys
    assert 'audit' not in whys
    assert 'share' not in cell.entries('decision')[whys.index('not_over')].body['params']
    assert cell.authority.memory.record.audits.figures().drawn == 0


def test_after_a_harmless_event_the_model_decides_again(monkeypatch):
    whys = reasons_after(watching(), monkeypatch, 'good')
    assert 'not_over' not in whys
    assert whys[-1] == 'sure'


def test_an_audit_is_never_merged_nor_makes_an_event_of_its_own(monkeypatch):
    """The draw alone decides which sure windows are audited, or the bound means nothing."""
    cell = watching()
    found = opinions(cell, monkeypatch, Why.AUDIT, Why.AUDIT, Why.SURE, Why.AUDIT, Why.SURE)
    assert [b['why'] for b in found[:5]] == ['audit', 'audit', 'sure', 'audit', 'sure']
    assert len(cell.entries('ask')) == 3
    assert cell.authority.memory.record.audits.figures().drawn == 3


def test_a_merged_window_takes_nothing_from_the_ask_budget():
    cell = watching()
    cell.authority.memory.budget.spec = BudgetSpec(warn=1, hard=1)
    play(cell, forces(10**18, 5.0))
    whys = [e.body['why'] for e in cell.entries('decision')]
    assert whys[0] == 'no_model'
    assert set(whys[1:]) == {'merged'}


def test_a_merged_window_has_the_outcome_of_its_event_and_no_label():
    cell, t = watching(), 10**18
    play(cell, forces(t, 3.0))
    told = cell.judge()
    cell.wait(0.1)
    first = cell.entries('ask')[0].case
    cell.tap(first, 'good')
    cell.wait(1.1)
    assert [(r.case, r.outcome, r.go) for r in told] == [(first, 'answered', True)]
    assert [e.case for e in cell.entries('label')] == [first]
    assert [e.case for e in cell.entries('resolution')] == [first]


def taught_by(label, forgotten=False):
    """The labelled cases after an event of 3 s that somebody called so."""
    cell, t = watching(), 10**18
    play(cell, forces(t, 3.0))
    first = cell.entries('ask')[0].case
    cell.tap(first, label)
    cell.wait(1.1)
    if forgotten:
        assert cell.command('forget', case=first, why='a test')['ok']
    dataset = cell.trainer._source
    dataset.refresh()
    merged = [e for e in cell.entries('decision') if e.body['params'].get('case') == first]
    return dataset.cases(), first, 1 + len(merged)


def test_a_bad_event_counts_in_training_and_certificates_as_often_as_in_service():
    """With its first window alone, whatever the model makes of the others would go uncounted."""
    cases, first, windows = taught_by('bad')
    assert [c.label for c in cases] == ['bad'] * windows and windows >= 4
    assert len({c.group for c in cases}) == 1, 'an event on both sides of a test'
    assert cases[0].id == first
    assert {c.answered for c in cases} == {first}, 'one answer, however many windows'


def test_of_a_harmless_event_only_what_was_looked_at_is_learnt():
    cases, first, windows = taught_by('good')
    assert [c.id for c in cases] == [first] and windows >= 4


def test_with_the_label_of_an_event_all_of_it_is_forgotten():
    assert taught_by('bad', forgotten=True)[0] == []


def test_merging_can_be_switched_off():
    cell, t = watching(merge=False), 10**18
    play(cell, forces(t, 3.0))
    assert len(cell.entries('ask')) == len(cell.entries('decision')) > 2


def test_a_sensor_that_dies_in_the_middle_of_an_event_is_asked_for_itself():
    cell, t = watching(), 10**18
    play(cell, forces(t, 3.0))
    for _ in range(8):
        cell.wait(0.5)
    assert [e.body['why'] for e in cell.entries('ask')] == ['no_model', 'sensor']

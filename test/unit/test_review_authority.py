"""What a review of the authority found: broken disks, broken models, lost messages, jumps."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from bench_cell import Bench
from cells import STEP, S, cell, question, resolve, step_messages, wrench, wrench_stream
from fakes import ManualClock

from cobot_ai.app.observe import Cut, Observer
from cobot_ai.app.recut import recut
from cobot_ai.core.errors import StoreError
from cobot_ai.core.motion import Outcome, Phase
from cobot_ai.core.samples import RawMessage
from cobot_ai.core.spec import Action, BudgetSpec, StepSpec, Trigger
from cobot_ai.core.steps import Slider
from cobot_ai.core.types import Missing
from cobot_ai.store.ledger import open_ledger
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.typestore import encode_step


def taught(**changes: object) -> Bench:
    bench = Bench(cell(**changes))
    bench.lessons()
    return bench


def test_a_full_disk_never_sells_the_outcome_of_an_earlier_step() -> None:
    bench = taught()
    earlier = bench.step('good')
    assert bench.entries('decision', earlier)[0].body['verdict'] == 'act'
    bench.ledger.full = True
    with pytest.raises(StoreError):
        bench.step('bad')
    told = bench.judge()
    assert [(r.outcome, r.go) for r in told] == [('unwritten', False)]


def test_a_full_disk_leaves_no_robot_without_an_answer() -> None:
    bench = Bench()
    bench.ledger.full = True
    told = bench.judge()
    with suppress(StoreError):
        bench.wait(2.1)
    assert [(r.outcome, r.go) for r in told] == [('no_step', False)]


def test_a_lapsed_claim_on_a_full_disk_stops_nothing_else() -> None:
    bench = Bench()
    case = bench.step('good')
    bench.command('claim', case=case)
    bench.ledger.full = True
    with suppress(StoreError):
        bench.wait(bench.spec.question.lease_s + 0.1)
    told = bench.judge()
    bench.ledger.full = False
    bench.wait(40.0)
    assert [(r.outcome, r.go) for r in told] == [('expired', False)]


def test_every_step_is_answered_although_one_could_not_be_written() -> None:
    bench = Bench()
    for _ in range(2):
        for message in step_messages(bench.clock.t_ns, [(0.0, 1.0)] * 32):
            bench.clock.t_ns = max(bench.clock.t_ns, message.t_ns)
            bench.authority.take(message)
        bench.clock.pass_s(0.001)
    bench.ledger.full = True
    bench.clock.pass_s(1.0)
    with pytest.raises(StoreError):
        bench.authority.tick()
    assert bench.authority.tally.cases == 2, 'a step vanished'


def test_a_model_that_breaks_in_any_way_asks() -> None:
    bench = taught()

    class Broken:
        manifest = bench.versions.scorer.manifest  # type: ignore[union-attr]

        def score(self, window: object) -> object:
            raise RuntimeError('onnxruntime fell over')

    bench.versions.scorer = Broken()  # type: ignore[assignment]
    body = bench.entries('decision', bench.step('good'))[0].body
    assert (body['verdict'], body['why']) == ('ask', 'model_failed')
    assert [e.body['code'] for e in bench.entries('fault')] == ['model']


def test_an_answer_does_not_resume_over_another_open_question() -> None:
    bench = Bench()
    first, second = bench.step('good'), bench.step('good')
    bench.tap(first, 'good')
    bench.wait(5.1)
    assert [c for c in bench.guard.calls if c[0] == 'resume'] == []
    bench.tap(second, 'good')
    bench.wait(5.1)
    assert bench.guard.calls[-1] == ('resume', second)


def test_a_sure_stop_holds_the_process() -> None:
    stop = replace(cell().question.classes[1], action=Action.STOP)
    bench = taught(question=question(classes=(cell().question.classes[0], stop)))
    bench.command('resume')
    case = bench.step('bad')
    assert bench.entries('decision', case)[0].body['action'] == 'stop'
    assert bench.guard.calls[-1] == ('hold', case)
    assert bench.authority.state()['held']


def test_a_resume_that_was_not_confirmed_can_be_tried_again() -> None:
    bench = Bench()
    bench.command('hold')
    failed = Outcome(Phase.FAILED, 'no confirmation in time')
    bench.guard.resume = lambda case, person, told: told(failed)  # type: ignore[method-assign]
    bench.command('resume')
    assert bench.authority.state()['held']
    assert bench.command('resume')['ok']


def test_what_was_held_before_a_restart_can_be_resumed_after_it() -> None:
    bench = Bench()
    bench.step('good')
    again = Bench(ledger=bench.ledger)
    assert again.authority.state()['held']
    assert again.command('resume')['ok']
    assert again.guard.calls == [('hold', 1), ('resume', 0)], 'held again, then resumed'
    assert not Bench(ledger=bench.ledger).authority.state()['held']


def test_a_stop_of_the_monitor_leaves_no_robot_waiting() -> None:
    bench = Bench()
    bench.step('good')
    told = bench.judge()
    bench.authority.stop()
    assert [(r.outcome, r.go, r.action) for r in told] == [('cancelled', False, 'hold')]


def test_numbers_that_no_ledger_can_hold_are_refused(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / 'ledger.db')
    bench = Bench(ledger=ledger)
    for kind in ('claim', 'answer', 'undo', 'correct'):
        reply = bench.command(kind, case=10**30, label='good', epoch=0)
        assert (reply['ok'], reply['status']) == (False, 'refused')
    ledger.close()


def test_not_sure_is_no_class() -> None:
    bench = Bench(cell(question=question(open_classes=True)))
    case = bench.step('good')
    assert not bench.command('correct', case=case, label='not_sure')['ok']


def mark(bench: Bench, edge: str, **facts: str) -> None:
    bench.clock.pass_s(0.01)
    data = encode_step(edge, {'operation': 'insert', **facts})
    bench.authority.take(RawMessage('/step', STEP, bench.clock.t_ns, data))


def test_a_lost_end_message_leaves_no_robot_without_an_answer() -> None:
    bench = Bench()
    mark(bench, 'begin')
    told = bench.judge()
    bench.wait(2.1)
    assert [(r.outcome, r.go) for r in told] == [('no_step', False)]


def test_a_step_that_failed_is_not_told_the_outcome_of_the_one_before() -> None:
    bench = taught()
    bench.step('good')
    mark(bench, 'begin')
    mark(bench, 'end', stamp_ns='1')
    told = bench.judge()
    bench.wait(2.1)
    assert [(r.outcome, r.go) for r in told] == [('no_step', False)]


def test_a_model_whose_promotion_fails_does_not_decide() -> None:
    bench = taught()
    live, scorer = bench.versions.live, bench.versions.scorer
    other = next(d for d in bench.registry.versions() if d != live)

    def refuse(digest: str) -> None:
        raise StoreError('The disk is full.')

    bench.registry.promote = refuse
    assert not bench.command('promote', model=other)['ok']
    assert (bench.versions.live, bench.versions.scorer) == (live, scorer)
    assert not bench.command('rollback')['ok']
    assert (bench.versions.live, bench.versions.scorer) == (live, scorer)


def sliding() -> StepSpec:
    return replace(cell().step, trigger=Trigger.SLIDING, length_s=0.5, hop_s=0.25)


def test_a_clock_set_forward_does_not_make_a_window_for_every_hop_of_it() -> None:
    slider = Slider(sliding())
    list(slider.advance(0))
    assert len(list(islice(slider.advance(1_700_000_000 * S), 1000))) <= 300
    after = list(slider.advance(1_700_000_001 * S))
    assert after, 'it does not go on'
    assert after[-1].end_ns > 1_700_000_000 * S


def test_one_stale_stamp_does_not_cut_the_clip_short() -> None:
    spec, clock = cell(), ManualClock()
    observer = Observer(spec, RosbagsDecoder(), resolve)
    messages = step_messages(clock.t_ns, [(float(n), 1.0) for n in range(32)])
    stale = wrench(clock.t_ns - 20 * S, 0.0, 0.0)._replace(t_ns=messages[20].t_ns)
    for message in [*messages[:20], stale, *messages[20:]]:
        clock.t_ns = message.t_ns
        observer.take(message, clock.t_ns)
    clock.pass_s(1.0)
    (cut,) = observer.ready(clock.t_ns)
    window = cut.window
    again = recut(spec, RosbagsDecoder(), resolve, cut.messages, window.start_ns, window.end_ns)
    assert (again.mask == window.mask).all()
    assert (again.values == window.values).all()


def test_a_restart_does_not_refill_the_ask_budget() -> None:
    spec = cell(budget=BudgetSpec(1.0, 2.0))
    bench = Bench(spec)
    for _ in range(2):
        bench.step('good')
    again = Bench(spec, ledger=bench.ledger)
    again.clock.t_ns = bench.clock.t_ns
    case = again.step('good')
    assert again.entries('decision', case)[0].body['why'] == 'budget'
    again.wait(3601.0)
    assert again.entries('ask', again.step('good'))


def test_a_lost_stop_channel_is_not_asked_beyond_the_budget() -> None:
    spec = cell(budget=BudgetSpec(1.0, 1.0), streams=(wrench_stream(Missing.STOP),))
    bench = Bench(spec)
    bench.step('good')
    for message in step_messages(bench.clock.t_ns, [(0.0, float('nan'))] * 32):
        bench.authority.take(message)
    bench.wait(0.5)
    body = bench.entries('decision')[-1].body
    assert (body['verdict'], body['why'], body['params']['why']) == (
        'hold',
        'budget',
        'sensor_stop',
    )
    assert bench.entries('resolution')[-1].body['outcome'] == 'suppressed'


def observed(messages: list[RawMessage], observer: Observer) -> Cut:
    for message in messages:
        observer.take(message, message.t_ns)
    (cut,) = observer.ready(messages[-1].t_ns + S)
    return cut


def test_a_clock_that_was_set_back_does_not_mix_old_samples_into_a_step() -> None:
    observer, start = Observer(cell(), RosbagsDecoder(), resolve), ManualClock().t_ns
    observed(step_messages(start, [(1.0, 1.0)] * 1000), observer)
    cut = observed(step_messages(start + 5 * S, [(9.0, 9.0)] * 100), observer)
    assert set(cut.window.values[0]) == {9.0}
    assert observer.steps['clock_jumps'] == 1


def test_a_step_longer_than_what_is_kept_can_still_be_made_again_bit_for_bit() -> None:
    spec, start = cell(), ManualClock().t_ns
    observer = Observer(spec, RosbagsDecoder(), resolve)
    values = [(float(n), 1.0) for n in range(800)]
    cut = observed(step_messages(start, values, period_ns=S // 10), observer)
    window = cut.window
    again = recut(spec, RosbagsDecoder(), resolve, cut.messages, window.start_ns, window.end_ns)
    assert (again.mask == window.mask).all()
    assert (again.values == window.values).all()
    assert (window.end_ns, window.end_ns - window.start_ns) == (start + 80 * S, 60 * S)
    assert observer.steps['cut_short'] == 1


def test_a_swap_that_is_not_on_record_did_not_happen() -> None:
    bench = taught()
    live, scorer = bench.versions.live, bench.versions.scorer
    other = next(d for d in bench.registry.versions() if d != live)
    bench.ledger.full = True
    for command in ({'kind': 'promote', 'model': other}, {'kind': 'rollback'}):
        assert not bench.command(**command)['ok']
        assert (bench.versions.live, bench.versions.scorer) == (live, scorer)
        assert bench.registry.current() == live
    assert not bench.command('maintenance', on=True)['ok']
    assert not bench.versions.maintenance
    assert not bench.versions.paused

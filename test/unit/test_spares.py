"""A lost channel: masked at once, then a version without it, then the full one again."""

from dataclasses import replace

import numpy as np
import pytest
from bench_cell import Bench
from cells import cell, signal, step_messages, wrench_stream

from cobot_ai.core.errors import StoreError
from cobot_ai.core.types import Missing


@pytest.fixture
def bench():
    made = Bench(cell(streams=(wrench_stream(Missing.MASK),)))
    made.lessons()
    assert made.entries('sensors') == []
    return made


def blind(bench, label='good', **facts):
    """A step whose fx sensor sends nothing that is a number."""
    values = [(float('nan'), fz) for _, fz in signal(label, bench.rng)]
    for message in step_messages(bench.clock.t_ns, values, {'operation': 'insert', **facts}):
        bench.clock.t_ns = max(bench.clock.t_ns, message.t_ns)
        bench.authority.take(message)
    bench.clock.pass_s(0.2)
    bench.authority.tick()
    return bench.entries('decision')[-1]


def train(bench):
    found = bench.trainer.turn(bench.clock.t_ns)
    if found:
        bench.authority.offer(found)
    return found


def said(bench):
    return [(e.body['serving'], e.body['model']) for e in bench.entries('sensors')]


def test_masked_at_once_then_without_it_then_full_again(bench):
    live = bench.authority.state()['model']
    masked = blind(bench)
    assert masked.body['model'] == live
    assert said(bench) == [('masked', live)]
    spare = train(bench)
    candidate = bench.entries('candidate')[-1].body
    assert candidate['model'] == spare
    assert (candidate['dropped'], candidate['passed']) == (['wrench.fx'], True)
    assert (candidate['staged'], candidate['reason']) == (False, 'spare')
    assert blind(bench).body['model'] == spare
    assert blind(bench, 'bad').body['label'] in ('bad', None)
    assert said(bench)[1:] == [('without', spare)]
    assert bench.authority.state()['model'] == live
    bench.step('good')
    assert bench.entries('decision')[-1].body['model'] == live
    assert said(bench)[2:] == [('full', live)]
    assert blind(bench).body['model'] == spare
    assert train(bench) is None


def test_who_judges_is_written_with_the_next_case_where_the_disk_refused_it(bench):
    bench.ledger.full = True
    with pytest.raises(StoreError):
        blind(bench)
    assert said(bench) == []
    bench.ledger.full = False
    blind(bench)
    blind(bench)
    assert said(bench) == [('masked', bench.authority.state()['model'])]


def test_it_decides_by_its_own_certificate_only(bench):
    blind(bench)
    spare = train(bench)
    manifest = bench.registry.get(spare)[1]
    certificate = manifest.certificate('operation=insert')
    decision = blind(bench).body
    if decision['verdict'] == 'act':
        assert decision['threshold'] >= certificate.threshold
    scores = np.array(manifest.facts['honest']['right'])
    assert certificate.labels <= len(scores)
    assert certificate.model == manifest.blob


def restarted(bench):
    """The same cell after a restart, at the same time."""
    again = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    again.clock.t_ns = bench.clock.t_ns
    return again


def test_after_a_restart_the_spare_is_found_in_the_record(bench):
    blind(bench)
    spare = train(bench)
    again = restarted(bench)
    assert blind(again).body['model'] == spare


def test_a_sensor_that_was_mended_while_the_cell_was_off_is_written_down(bench):
    blind(bench)
    live = bench.authority.state()['model']
    again = restarted(bench)
    blind(again)
    assert said(again) == [('masked', live)], 'nothing changed'
    again.step('good')
    assert said(again) == [('masked', live), ('full', live)]


def test_a_damaged_spare_leaves_the_masked_kernel_in_charge(bench):
    blind(bench)
    spare, live = train(bench), bench.authority.state()['model']
    bench.registry.forget(spare)
    again = restarted(bench)
    assert again.entries('fault')[-1].body['code'] == 'model'
    assert blind(again).body['model'] == live


def test_a_spare_of_another_version_does_not_serve(bench):
    blind(bench)
    spare = train(bench)
    bench.command('retrain')
    bench.step('good')
    live = train(bench)
    assert bench.authority.state()['model'] == live
    assert blind(bench).body['model'] == live
    newer = train(bench)
    assert newer not in (None, spare)
    assert blind(bench).body['model'] == newer


@pytest.fixture
def asking():
    """A cell that asks every time."""
    made = Bench(cell(risk=replace(cell().risk, epsilon=0.01, delta=0.01)))
    made.lessons()
    return made


def test_forgotten_labels_leave_the_next_version(asking):
    bench = asking
    taught = {e.case for e in bench.entries('label')}
    case = min(taught)
    reply = bench.command('forget', case=case, why='wrong part in the gripper')
    assert reply['ok']
    command = bench.entries('command')[-1].body
    assert (command['kind'], command['by']) == ('forget', 'ann')
    assert command['reason'] == 'wrong part in the gripper'
    label = bench.entries('label', case)[-1].body
    assert (label['label'], label['source']) == (None, 'forgotten')
    manifest = bench.registry.get(train(bench))[1]
    assert sum(manifest.labels.values()) == len(taught) - 1
    assert case not in manifest.facts['honest']['cases']
    assert manifest.facts['fit']['cases'] == manifest.facts['fit']['full_refit_at']


def test_all_labels_of_a_person_are_forgotten_or_it_is_said_why_not(bench):
    for bad in ({'case': 1, 'person': 'ann'}, {}, {'person': 'nobody'}, {'case': 999}):
        assert not bench.command('forget', why='left the plant', **bad)['ok']
    assert not bench.command('forget', person='ann', why='')['ok']
    assert bench.command('forget', person='ann', why='left the plant')['ok']
    assert all(e.body['label'] is None for e in bench.ledger.labels().values())
    assert train(bench) is None


def test_no_decision_waits_for_a_file(bench, monkeypatch):
    blind(bench)
    spare = train(bench)
    bench.versions.spares._loader = lambda *_: pytest.fail('a model was loaded for a decision')
    assert blind(bench).body['model'] == spare
    again = restarted(bench)
    again.versions.spares._loader = bench.versions.spares._loader
    assert blind(again).body['model'] == spare


def test_after_a_rollback_the_spare_of_the_version_before_serves_again(bench):
    blind(bench)
    spare = train(bench)
    bench.command('retrain')
    bench.step('good')
    train(bench)
    assert blind(bench).body['model'] != spare
    assert bench.command('rollback')['ok']
    assert blind(bench).body['model'] == spare

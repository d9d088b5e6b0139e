"""Which label counts: a correction stands, a window's own label goes first, forgotten is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench_cell import Bench
from cells import cell, question, resolve

from cobot_ai.app.ports import Draft
from cobot_ai.app.teach import Dataset
from cobot_ai.core.spec import BudgetSpec
from cobot_ai.store.messages import RosbagsDecoder


def asked(bench, truth='good', said='good'):
    """One step, answered and final."""
    case = bench.step(truth)
    bench.tap(case, said)
    bench.wait(5.1)
    return case


def labels(bench, case):
    return [(e.body['label'], e.body['source']) for e in bench.entries('label', case)]


@pytest.mark.parametrize(
    ('tap', 'status', 'counts'), [('good', 'agreed', 'good'), ('bad', 'conflict', None)]
)
def test_a_tap_after_a_correction_is_held_against_the_correction(tap, status, counts):
    """Ann took a good part for a bad one, an engineer put it right; then Carl taps."""
    bench = Bench()
    case = asked(bench, said='bad')
    bench.command('correct', case=case, label='good', by='engineer')
    assert bench.tap(case, tap, by='carl')['status'] == status
    assert bench.ledger.labels()[case].body['label'] == counts
    before = labels(bench, case)
    bench.tap(case, 'bad', by='dora')
    again = [(None, 'conflict')] if counts else []
    assert labels(bench, case) == [*before, *again], 'a label is withdrawn once'


def test_what_was_said_of_a_merged_window_counts_more_than_its_event():
    bench = Bench()
    first = asked(bench, 'bad', 'bad')
    own, silent = bench.step('good'), bench.step('bad')
    found = {e.case: e for e in bench.ledger.entries if e.kind == 'decision'}
    for case in (own, silent):
        found[case].body.update(why='merged', params={'case': first})
    bench.tap(own, 'good', by='engineer')
    bench.wait(5.1)
    dataset = Dataset(bench.ledger, bench.clips, bench.spec, RosbagsDecoder(), resolve)
    dataset.refresh()
    cases = {c.id: (c.label, c.event) for c in dataset.cases()}
    assert cases == {first: ('bad', 0), own: ('good', 0), silent: ('bad', first)}
    groups = {c.group for c in dataset.cases()}
    assert len(groups) == 1, 'an event never stands on both sides of a test'


def test_a_forgotten_case_is_offered_to_nobody_and_shown_to_nobody():
    bench = Bench(cell(budget=BudgetSpec(0, 0, quiet_s=1.0)))
    cases = [asked(bench) for _ in range(3)]
    shown = bench.ledger.documents[asked(bench)]
    assert shown['good'] == cases[-1] and shown['band_cases'] == 3
    bench.command('forget', person='ann', why='left the plant')
    for _ in range(3):
        bench.wait(120.0)
    assert not bench.entries('review')
    assert not bench.authority.memory.reviews.waiting
    document = bench.ledger.documents[bench.step('bad')]
    assert (document['good'], document['bad'], document['band_cases']) == (None, None, 0)
    again = Bench(bench.spec, ledger=bench.ledger)
    assert not again.authority.memory.reviews.waiting


def test_control_a_case_people_disagree_about_is_offered():
    bench = Bench(cell(budget=BudgetSpec(0, 0, quiet_s=1.0)))
    case = asked(bench)
    bench.tap(case, 'bad', by='bob')
    bench.wait(120.0)
    bench.wait(1.0)
    assert [e.case for e in bench.entries('review')] == [case]


def test_a_corrected_case_is_shown_as_what_it_is():
    bench = Bench()
    for _ in range(3):
        bench.command('correct', case=asked(bench, 'bad', 'good'), label='bad')
    document = bench.ledger.documents[bench.step('bad')]
    assert (document['good'], document['bad'], document['band_cases']) == (None, 3, 0)


def test_a_request_that_a_version_answered_is_not_taken_up_again_after_a_restart():
    bench = Bench()
    bench.command('retrain')

    def wanted():
        made = Dataset(bench.ledger, bench.clips, bench.spec, RosbagsDecoder(), resolve)
        made.refresh()
        return made

    assert wanted().take_request()
    running = wanted()
    for passed, dropped, still in ((False, [], True), (True, ['fx'], True), (True, [], False)):
        body = {'passed': passed, 'dropped': dropped, 'model': 'f' * 64}
        bench.ledger.commit([Draft('candidate', body)], 1)
        assert wanted().take_request() is still, (passed, dropped)
    running.refresh()
    assert running.take_request(), 'what comes while it runs is taken up: it may be newer'
    bench.command('retrain', key='asked-again')
    assert wanted().take_request()


def test_a_disagreement_in_the_undo_window_outlives_a_restart():
    bench = Bench()
    alone, torn = bench.step('good'), bench.step('good')
    for case in (alone, torn):
        assert bench.tap(case, 'good')['ok']
    assert bench.tap(torn, 'bad', by='bob')['status'] == 'conflict'
    again = Bench(bench.spec, ledger=bench.ledger)
    assert labels(again, alone) == [('good', 'late')]
    assert labels(again, torn) == [(None, 'late')], 'somebody has to decide'
    assert list(again.authority.memory.reviews.waiting) == [torn]


def test_two_who_answer_too_late_and_differently_disagree_like_any_others():
    bench = Bench()
    case = bench.step('good')
    bench.wait(31.0)
    for name, label in (('ann', 'good'), ('bob', 'good'), ('carl', 'not_sure')):
        assert bench.tap(case, label, by=name)['status'] == 'late'
    assert labels(bench, case) == [('good', 'late')]
    for _ in range(2):
        bench.tap(case, 'bad', by='dora')
    assert labels(bench, case) == [('good', 'late'), (None, 'conflict')]


def test_an_audit_about_which_two_disagree_at_once_but_not_with_the_model_has_failed():
    risk = replace(cell().risk, audit_first=1.0, audit_last=1.0)
    bench = Bench(cell(risk=risk, question=question(open_classes=True)))
    bench.lessons()
    before = bench.authority.state()['audits']['failed']
    found = []
    for said in (('bad', 'odd'), ('bad', 'good')):
        case = bench.step('good')
        bench.tap(case, said[0])
        bench.tap(case, said[1], by='bob')
        bench.wait(5.1)
        assert bench.ledger.labels()[case].body['label'] is None
        found.append(bench.authority.state()['audits']['failed'] - before)
    assert found == [1, 1], 'the second pair may be right or wrong about the model'


def test_no_look_from_before_a_forgetting_gives_a_forgotten_label_back():
    risk = replace(cell().risk, audit_first=1.0, audit_last=1.0)
    bench = Bench(cell(risk=risk))
    bench.lessons()
    looked, other = asked(bench), asked(bench)
    assert bench.command('review', case=looked, label='good', by='eva')['ok']
    assert bench.command('forget', person='ann', why='left the plant')['ok']
    assert bench.ledger.labels()[other].body['label'] is None
    for cell_now in (bench, Bench(bench.spec, bench.ledger, bench.registry, bench.clips)):
        reply = cell_now.command('unreview', key='back', case=looked, by='eva')
        assert (reply['ok'], reply['code']) == (False, 'no_look')
    assert bench.ledger.labels()[looked].body['by'] == 'eva'


def test_a_correction_is_not_undone_by_the_answer_it_came_before():
    bench = Bench()
    case = bench.step('good')
    bench.tap(case, 'bad')
    reply = bench.command('correct', case=case, label='good', by='engineer')
    assert (reply['ok'], reply['code']) == (False, 'question_open')
    bench.wait(5.1)
    assert bench.command('correct', case=case, label='good', by='engineer')['ok']
    assert labels(bench, case) == [('bad', 'answer'), ('good', 'correction')]


def test_a_key_that_is_no_commands_is_taken():
    bench = Bench()
    bench.ledger.commit([Draft('import', {'ok': False}, key='import-1')], 1)
    for kind in ('claim', 'retrain'):
        reply = bench.command(kind, key='import-1', case=1)
        assert (reply['ok'], reply['status']) == (False, 'refused')

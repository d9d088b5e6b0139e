"""Which label counts: a correction stands, a window's own label goes first, forgotten is gone."""

from __future__ import annotations

import pytest
from bench_cell import Bench
from cells import cell, resolve

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

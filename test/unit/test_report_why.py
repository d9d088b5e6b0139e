"""A report says itself why a context was decided alone, or what was missing."""

from dataclasses import asdict

import pytest

from cobot_ai.app.ports import Entry
from cobot_ai.app.report import read_run, report
from cobot_ai.cli.report_html import write_html
from cobot_ai.core.risk import Certificate

HERE = 'operation=a'


def certificate(threshold, level='context', **facts):
    key = HERE if level == 'context' else '*'
    return Certificate(key, 'certified', 0.05, 0.1, threshold, 60, level=level, **facts)


def entries(*certificates, passed=True, live=True, verdict='ask', why='no_certificate'):
    decision = {'verdict': verdict, 'why': why, 'context': HERE, 'label': 'good', 'model': 'm'}
    decision |= {'probs': {}, 'start_ns': 0}
    merged = decision | {'verdict': 'ask', 'why': 'merged'}
    body = {'model': 'm', 'passed': passed, 'failed': [] if passed else ['skill'], 'checks': []}
    found = [('decision', merged, 1), ('decision', decision, 2)]
    if certificates:
        found.append(('candidate', {**body, 'certificates': [*map(asdict, certificates)]}, 0))
        found += [('promote', {'model': 'm', 'reason': 'auto'}, 0)] * live
    return [Entry(n, 0, kind, case, body) for n, (kind, body, case) in enumerate(found)]


def context(rows):
    made = report(read_run(rows), span_ns=1, latency_ms=[], counts={}, known=False)
    assert made['reasons'] == made['contexts'][HERE]['reasons']
    return made['contexts'][HERE]


@pytest.mark.parametrize(
    ('rows', 'says'),
    [
        (entries(), 'No version was trained'),
        (entries(certificate(None), passed=False, live=False), 'newest failed skill'),
        (entries(certificate(0.9), live=False), '1 passed the gate and wait'),
        (entries(certificate(None, missing=7)), 'No fewer than 7 more'),
        (entries(certificate(None, missing=7, changed=20)), 'the 40 answers after the first 20'),
        (entries(certificate(None), certificate(0.9, 'cell', bound=0.04)), 'of the whole cell'),
    ],
)
def test_what_was_missing_is_said(rows, says):
    found = context(rows)
    assert says in found['said']
    assert (found['first_alone'], found['reasons']) == (None, {'no_certificate': 1})


def test_what_stands_behind_a_threshold_is_said():
    sure = certificate(0.875, accepted=50, errors=1, bound=0.031)
    found = context(entries(sure, verdict='act', why='sure'))
    assert 'from the confidence 0.875 on' in found['said']
    assert '50 of 60 answers' in found['said']
    assert found['first_alone'] == 1, 'a merged window is no case'
    assert found['reasons'] == {}
    assert found['certificate']['labels'] == 60


def test_lost_channels_are_named_where_they_are_why_it_was_asked():
    rows = entries(certificate(None, missing=7), why='sensor')
    for row in (row for row in rows if row.body.get('why') == 'sensor'):
        row.body['params'] = {'channels': ['wrench.fx', 'wrench.fy', 'rpm.value', 'imu.ax']}
    said = context(rows)['said']
    assert said.startswith('1 of 1 cases lacked a channel')
    assert 'wrench.fx (1), wrench.fy (1), rpm.value (1) and 1 more' in said
    assert 'cobot_ai doctor' in said


def guesses(found, *, one_class=False):
    """A case for each (guess, answer): the model's guess is written before the answer."""
    rows = []
    for case, (guess, answer) in enumerate(found, 1):
        probs = {guess: 0.9} if one_class else {'good': 0.4, 'bad': 0.4, guess: 0.6}
        body = {'verdict': 'ask', 'why': 'no_certificate', 'context': HERE, 'label': None}
        rows.append(('decision', case, {**body, 'model': 'm', 'probs': probs, 'start_ns': 0}))
        rows.append(('resolution', case, {'outcome': 'answered', 'label': answer}))
    made = {'model': 'm', 'passed': True, 'failed': [], 'checks': []}
    made['certificates'] = [asdict(certificate(None, missing=8))]
    rows += [('candidate', 0, made), ('promote', 0, {'model': 'm', 'reason': 'auto'})]
    return [Entry(n, 0, kind, case, body) for n, (kind, case, body) in enumerate(rows)]


def test_how_often_the_model_was_right_is_counted_in_all_per_class_and_among_the_newest():
    early = [('good', 'bad')] * 10
    found = context(guesses([*early, *[('good', 'good')] * 45, *[('bad', 'bad')] * 5]))
    assert found['guessed'] == {
        'of': 60,
        'right': 50,
        'newest': {'of': 50, 'right': 50},
        'classes': {'good': {'of': 45, 'right': 45}, 'bad': {'of': 15, 'right': 5}},
    }
    assert 'right in 50 of 60 cases it had not seen, in 50 of the newest 50.' in found['said']


def test_the_truth_counts_before_the_answer_and_an_unanswered_case_does_not():
    rows = guesses([('good', 'good'), ('good', None)])
    assert context(rows)['guessed']['of'] == 1
    made = report(
        read_run(rows, lambda body: 'bad'), span_ns=1, latency_ms=[], counts={}, known=True
    )
    assert made['guessed']['classes'] == {'bad': {'of': 2, 'right': 0}}


def test_a_model_of_one_class_guesses_nothing():
    found = context(guesses([('good', 'good')], one_class=True))
    assert found['guessed']['of'] == 0
    assert 'guess' not in found['said']


def test_the_page_has_a_name_for_a_context_without_facts(tmp_path):
    rows = guesses([('good', 'good')])
    for row in rows:
        row.body['context'] = ''
    made = report(read_run(rows), span_ns=1, latency_ms=[], counts={}, known=False)
    write_html(tmp_path / 'r.html', {**made, 'bag': 'b', 'cell': 'c', 'remarks': []}, rows)
    page = (tmp_path / 'r.html').read_text()
    assert page.count('<td>whole cell</td>') == 4, 'figures, why, and two rows of right guesses'

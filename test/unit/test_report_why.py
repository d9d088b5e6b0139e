"""A report says itself why a context was decided alone, or what was missing."""

from dataclasses import asdict

import pytest

from cobot_ai.app.ports import Entry
from cobot_ai.app.report import read_run, report
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
        (entries(certificate(None, missing=7)), 'At least 7 more'),
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

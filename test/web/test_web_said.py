"""The console sends keys and parameters; every key has its sentence, with the same parameters."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from web_people import enrol, log_in

from cobot_ai.app.gate_parts import FILE_CHECKS, safe
from cobot_ai.core import gates
from cobot_ai.core.compare import Pair, calibration, not_worse, skill
from cobot_ai.core.gates import Check, Masked
from cobot_ai.core.honest import Honest
from cobot_ai.core.one_class import one_class_check
from cobot_ai.core.suite import Suite
from cobot_ai.web.said import said

EN = json.loads((Path(__file__).parents[2] / 'web' / 'locales' / 'en.json').read_text('utf-8'))
SUITE = Suite()


def pair(case, old, new):
    def honest(right):
        return Honest('a', 0.9, right, 0.9, 0.02 if right else 1.6)

    return Pair(case, {'context': 'a', 'sensors': 'missing channels'}, honest(old), honest(new))


SAME = [pair(i, i % 2 == 0, i % 2 == 0) for i in range(60)]
WORSE = [pair(i, True, i % 3 == 0) for i in range(60)]
LIMITS = SUITE.enough_labels
CHECKS = [
    gates.off('golden'),
    gates.enough_labels({'a': 90, 'b': 90}, ['a', 'b'], {}, LIMITS),
    gates.enough_labels({'a': 90, 'b': 0}, ['a', 'b'], {'c': 0}, LIMITS),
    gates.classes_kept(['a'], {'a': 9}, ['a'], 3),
    gates.classes_kept(['a'], {'a': 9, 'b': 9}, ['a'], 3),
    one_class_check(('a',), {'a': 9}),
    *(safe(name) for name in FILE_CHECKS),
    Check('weights', False, 'An English sentence.', {'key': 'weights'}),
    gates.memory(12.0, 99.0),
    gates.memory(None, 99.0),
    gates.latency([1.0, 2.0], 9.0),
    gates.latency([], 9.0),
    gates.not_measured('trial'),
    gates.outputs(np.array([[0.5, 0.5], [2.0, 0.5]])),
    Check('outputs', False, 'An English sentence.'),
    gates.parity(np.ones((2, 2)), np.ones((2, 2)), 1e-6),
    gates.parity(np.ones((2, 2)), np.ones((3, 2)), 1e-6),
    Check('leakage', False, '', {'cases': 0}),
    Check('leakage', False, '', {'groups': ['g1', 'g2']}, (1, 2)),
    Check('leakage', True, '', {'copies': 1, 'of': 9}),
    Check('leakage', False, '', {'remembered': 3}),
    Check('unseen_cases', False, '', {'cases': 3, 'limit': 20}),
    not_worse(SAME, 'the live version', SUITE.not_worse),
    not_worse(WORSE, 'the live version', SUITE.not_worse),
    not_worse([], 'the live version', SUITE.not_worse),
    calibration(SAME, 'the live version', SUITE.calibration),
    calibration(WORSE, 'the live version', SUITE.calibration),
    skill(WORSE, SUITE.skill),
    skill([pair(i, False, True) for i in range(60)], SUITE.skill),
    gates.golden([(1, 'a', 'b', 0.99, 0.9), (2, 'a', 'a', 0.99, 0.9)]),
    gates.dead_channel([Masked('fz', True, 40, 30, ())], SUITE.dead_channel),
    gates.dead_channel([Masked('fz', True, 40, 1, tuple(range(39)))], SUITE.dead_channel),
    gates.dead_channel([], SUITE.dead_channel),
    gates.as_claimed([(1, True, True)] * 9, SUITE.as_claimed),
    gates.as_claimed([(i, True, False) for i in range(60)], SUITE.as_claimed),
    gates.as_claimed([], SUITE.as_claimed),
]


def words(key):
    return set(re.findall(r'{(\w+)}', EN[key]))


@pytest.mark.parametrize('check', CHECKS, ids=lambda c: f'{c.name}-{c.passed}')
def test_a_check_has_its_sentence_on_the_page(check):
    told = said(json.loads(json.dumps(asdict(check))))
    assert words(f'check.{told["key"]}') <= set(told['params'])
    assert f'gate.{check.name}' in EN
    for part in told['params'].get('slices', ()):
        assert f'slice.{part["of"]}' in EN
    sentences = [v for v in told['params'].values() if isinstance(v, str) and v.endswith('.')]
    assert sentences == []


def test_what_was_not_measured_is_not_said_to_have_run():
    assert said(asdict(gates.not_measured('trial')))['key'] == 'unmeasured'
    assert said(asdict(safe('trial')))['key'] == 'trial'


def test_no_sentence_of_a_check_leaves_the_console(cell, site):
    cell.model(passed=False)
    text = site.console.app.test_client().get('/api/models').get_data(as_text=True)
    assert '"said"' in text
    assert 'golden cases are right' not in text and 'labels for' not in text


def keys_of_commands():
    """Keys given to errors where people's commands are carried out."""
    root = Path(__file__).parents[2] / 'cobot_ai'
    files = ['app/authority.py', 'app/operate.py', 'app/promote.py', 'core/tune.py',
             'core/calendar.py', 'store/accounts.py', 'app/proposals.py']  # fmt: skip
    texts = [(root / f).read_text('utf-8') for f in files if (root / f).is_file()]
    return {key for text in texts for key in re.findall(r"key='(\w+)'", text)}


def test_every_refusal_has_its_sentence_on_the_page():
    named = keys_of_commands() | {'weak_pin', 'weak_password', 'role', 'too_many', 'bad_command'}
    assert len(named) > 15
    assert [key for key in sorted(named) if f'refused.{key}' not in EN] == []


def test_refusals_are_keys_with_parameters(cell, serve):
    site = serve(login_required=True)
    ada, eva = (enrol(site.console.app.test_client()) for _ in range(2))
    log_in(ada, 'Ada')
    log_in(eva, 'Eva')
    last = ada.post('/api/admin/people/active', json={'name': 'Ada', 'active': False}).json
    assert (last['reason'], last['params']) == ('last_admin', {})
    gone = ada.post('/api/admin/tablets/remove', json={'name': 'Nowhere'}).json
    assert (gone['reason'], gone['params']) == ('no_tablet', {'name': 'Nowhere'})
    odd = ada.post('/api/admin/people', json={'name': 'X', 'role': 'king', 'secret': '1'}).json
    assert (odd['reason'], odd['params']) == ('bad_request', {'name': 'role'})
    word = {'kind': 'word', 'key': 'w' * 8, 'of': 'class', 'name': 'no such', 'lang': 'de'}
    refused = eva.post('/api/command', json={**word, 'text': 'x'}).json
    assert (refused['reason'], refused['params']) == ('no_word', {'name': 'no such'})


@pytest.mark.browser
def test_a_refused_version_says_why_in_the_readers_language(cell, tablet):
    cell.model(passed=False)
    page = tablet(lang='de', path='/#/engineer/models')
    failed = page.locator('.gates .failed').first
    failed.wait_for()
    assert 'Goldene Fälle' in failed.inner_text()
    assert 'golden cases' not in page.locator('main').inner_text()
    assert page.locator('.version details[open]').count() == 0, 'what passed is folded'

"""HTTP routes: what they say, and that they say the same as the socket."""

import pytest
from web_data import PNG

from cobot_ai.core.errors import StoreError
from cobot_ai.web.app import create_app
from cobot_ai.web.services import WebSettings


@pytest.fixture
def client(cell, tmp_path):
    console = create_app(cell.services(), WebSettings(tmp_path))
    return console.app.test_client()


def claim_and_answer(client, case, label='seated', by='Maria', key='key-0001'):
    base = {'case': case, 'by': by, 'tablet': by}
    claim = client.post('/api/command', json={'kind': 'claim', 'key': f'{key}-c', **base}).json
    answer = {'kind': 'answer', 'label': label, 'epoch': claim['epoch'], 'key': key, **base}
    return client.post('/api/command', json=answer).json


def test_snapshot_holds_the_open_asks_whole_and_nothing_twice(cell, client):
    for _ in range(50):
        cell.act()
    case = cell.ask()
    claim_and_answer(client, case)
    doc = client.get('/api/snapshot').json
    seqs = [e['seq'] for e in doc['entries']]
    assert seqs == sorted(set(seqs))
    assert doc['seq'] == cell.ledger.head()
    of_case = [e['kind'] for e in doc['entries'] if e['case'] == case]
    assert of_case == ['decision', 'ask', 'claim', 'answer']
    assert len(doc['entries']) < 40


def test_cases_list_the_newest_first_with_what_became_of_them(cell, client):
    acted = cell.act('seated')
    asked = cell.ask(undo_s=0.0)
    claim_and_answer(client, asked, 'missing')
    cell.desk.tick()
    rows = client.get('/api/cases?limit=10').json['cases']
    assert [(r['case'], r['verdict'], r['outcome'], r['answer'], r['by']) for r in rows] == [
        (asked, 'ask', 'answered', 'missing', 'Maria'),
        (acted, 'act', None, None, None),
    ]
    assert len(client.get('/api/cases?limit=1').json['cases']) == 1


def test_a_case_is_told_end_to_end(cell, client):
    case = cell.ask()
    doc = client.get(f'/api/cases/{case}').json
    assert [e['kind'] for e in doc['entries']] == ['decision', 'ask']
    assert doc['evidence'] == client.get(f'/api/cases/{case}/evidence').json
    assert doc['evidence']['channels'][0]['score'] >= doc['evidence']['channels'][1]['score']


@pytest.mark.parametrize('path', ['', '/evidence', '/still'])
def test_an_unknown_case_is_not_found(client, path):
    assert client.get(f'/api/cases/99{path}').status_code == 404


def test_a_still_is_served_as_the_image_it_is_and_nothing_else_is(cell, client):
    cell.stills.update({1: PNG, 2: b'\xff\xd8\xff\xe0rest', 3: b'<script>alert(1)</script>'})
    assert client.get('/api/cases/1/still').mimetype == 'image/png'
    assert client.get('/api/cases/2/still').mimetype == 'image/jpeg'
    assert client.get('/api/cases/3/still').status_code == 404


def test_a_case_without_a_picture_is_no_error(cell, client):
    still = client.get(f'/api/cases/{cell.ask()}/still')
    assert (still.status_code, still.data) == (204, b'')


def test_models_show_gates_certificates_and_which_one_is_live(cell, client):
    good, bad = cell.model(), cell.model(passed=False, seed=1)
    gone = cell.model(seed=2)
    cell.registry.damaged.add(gone)
    cell.go_live(good)
    doc = client.get('/api/models').json
    rows = {r['model']: r for r in doc['versions']}
    assert doc['current'] == good
    assert [r['model'] for r in doc['versions']] == [gone, bad, good]
    assert (rows[good]['live'], rows[good]['passed']) == (True, True)
    assert (rows[bad]['live'], rows[bad]['passed']) == (False, False)
    assert rows[bad]['checks'][1]['cases'] == [1]
    assert rows[gone]['damaged']
    assert [c['missing'] for c in rows[good]['certificates']] == [0, 32]
    assert doc['history'][0]['kind'] == 'promote'


def test_history_says_what_ran_when(cell, client):
    first, second = cell.model(), cell.model(seed=1)
    cell.go_live(first)
    cell.go_live(second)
    spans = client.get('/api/history').json['spans']
    assert [s['model'] for s in spans] == [first, second]
    assert spans[0]['to_ns'] == spans[1]['from_ns']
    assert spans[1]['to_ns'] is None
    at = spans[1]['from_ns']
    for moment, models in ((at, [second]), (at - 1, [first]), (0, [])):
        found = client.get(f'/api/history?at_ns={moment}').json['spans']
        assert [s['model'] for s in found] == models


def test_stats_count_only_what_the_ledger_has(cell, client):
    acted = [cell.act('seated') for _ in range(3)]
    cell.ask()
    for case, label in zip(acted, ['seated', 'missing'], strict=False):
        body = {'kind': 'correct', 'case': case, 'label': label, 'by': 'M', 'tablet': 't'}
        client.post('/api/command', json={**body, 'key': f'correct-{case}'})
    audit = {
        'label': 'seated',
        'source': 'answer',
        'revision': 1,
        'audit': {'guess': 'missing', 'confidence': 0.99},
    }
    cell._write('label', audit, case=4)
    doc = client.get('/api/stats').json
    assert (doc['decisions'], doc['acted'], doc['asked']) == (4, 3, 1)
    assert (doc['audited'], doc['audit_wrong']) == (3, 2)
    assert doc['asks_per_hour'] is None, 'no rate from a few seconds'


def test_http_and_socket_run_the_same_command(cell, client):
    case = cell.ask()
    reply = claim_and_answer(client, case)
    assert (reply['ok'], reply['status']) == (True, 'accepted')
    assert cell.of_kind(case, 'answer')[0]['by'] == 'Maria'


@pytest.mark.parametrize('name', ['robot', 'ros_service', 'Cobot_AI'])
def test_a_page_without_login_cannot_call_itself_a_machine(cell, client, name):
    body = {'kind': 'hold', 'key': 'k' * 8, 'by': name, 'tablet': 't'}
    reply = client.post('/api/command', json=body).get_json()
    assert (reply['ok'], reply['reason'], cell.commands) == (False, 'reserved_name', [])


def test_a_malformed_command_is_refused_by_name(cell, client):
    reply = client.post('/api/command', json={'kind': 'claim', 'case': 0, 'key': 'k' * 8})
    assert reply.status_code == 400
    assert (reply.json['reason'], reply.json['params']) == ('bad_command', {'name': 'claim.case'})
    assert client.post('/api/command', data=b'not json').status_code == 400
    assert cell.commands == []


def test_health_tells_position_and_age(cell, client):
    doc = client.get('/healthz').json
    assert doc['ok'] and doc['seq'] == cell.ledger.head()
    assert doc['age_ms'] < 1000


def test_a_number_no_case_can_have_is_unknown_and_what_cannot_be_read_now_is_unavailable(
    cell, client, monkeypatch
):
    cell.ask()
    for path in ('', '/evidence', '/still'):
        assert client.get(f'/api/cases/9223372036854775808{path}').status_code == 404

    def broken():
        raise StoreError('The disk is gone.', key='disk')

    monkeypatch.setattr(cell.ledger, 'head', broken)
    out = client.get('/api/snapshot')
    assert (out.status_code, out.get_json()) == (503, {'error': 'disk'})


def test_tablets_are_not_told_what_the_robot_did_alone(cell, client):
    case = cell.act()
    docs = client.get('/api/snapshot').get_json()['entries']
    (decision,) = [d for d in docs if d['kind'] == 'decision' and d['case'] == case]
    assert not {'action', 'label', 'confidence'} & set(decision['body'])

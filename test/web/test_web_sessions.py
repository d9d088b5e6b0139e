"""Whose login it is: taps of somebody else, ended logins, replaced tablets, guesses at once."""

import threading
import time
from collections import Counter

import pytest
from web_fakes import FakeCell
from web_people import SECRETS, SESSION_COOKIE, STATION, TABLET_COOKIE, enrol, log_in

from cobot_ai.core.errors import StoreError
from cobot_ai.store import ended
from cobot_ai.store.ended import EndedSessions
from cobot_ai.web.app import create_app
from cobot_ai.web.services import WebSettings


@pytest.fixture
def app(cell, tmp_path):
    return create_app(cell.services(), WebSettings(tmp_path, login_required=True)).app


@pytest.fixture
def client(app):
    return enrol(app.test_client())


def tap(case, by='Maria', **more):
    doc = {'kind': 'answer', 'key': 'kept-tap', 'label': 'seated', 'epoch': 0, 'tablet': 'mine'}
    return {**doc, 'case': case, 'by': by, **more}


@pytest.mark.parametrize('way', ['http', 'socket'])
def test_a_tap_of_somebody_else_is_refused_and_written_down(cell, serve, connect, way):
    site = serve(login_required=True)
    client = enrol(site.console.app.test_client())
    log_in(client, 'Otto')
    case = cell.ask()
    if way == 'http':
        reply = client.post('/api/command', json=tap(case)).get_json()
    else:
        pairs = [f'{n}={client.get_cookie(n).value}' for n in (SESSION_COOKIE, TABLET_COOKIE)]
        tablet = connect(site, headers={'Cookie': '; '.join(pairs)})
        reply = tablet.client.call('command', tap(case), timeout=20)
    assert (reply['ok'], reply['reason']) == (False, 'other_person')
    assert cell.of_kind(case, 'answer') == [] == cell.commands
    noted = cell.audit.newest()[0]
    assert (noted['what'], noted['who'], noted['tapped_by']) == ('other_person', 'Otto', 'Maria')


@pytest.mark.parametrize('by', ['Maria', 'maria', ''])
def test_the_station_is_that_of_the_enrolled_tablet_whatever_the_page_claims(cell, client, by):
    log_in(client)
    case = cell.ask()
    assert client.get('/api/me').get_json()['station'] == STATION
    assert client.post('/api/command', json=tap(case, by)).get_json()['ok']
    (answer,) = cell.of_kind(case, 'answer')
    assert (answer['by'], answer['tablet']) == ('Maria', STATION)


def test_two_desks_without_a_tablet_are_two_stations(cell, app):
    desks = [app.test_client() for _ in range(2)]
    for desk in desks:
        log_in(desk, 'Eva')
    stations = {desk.get('/api/me').get_json()['station'] for desk in desks}
    assert len(stations) == 2 and all(s.startswith('desk-') for s in stations)


def test_a_lost_tablet_stays_out_when_another_one_gets_its_name(cell, app, client):
    log_in(client)
    cell.accounts.expel(STATION)
    assert client.get('/api/me').status_code == 401
    code = cell.accounts.offer(STATION, time.time())
    new = app.test_client()
    assert new.post('/pair', data={'code': code}).status_code == 303
    assert client.get('/api/me').status_code == 401, 'its login is bound to its own token'
    assert log_in(new).status_code == 303 and new.get('/api/me').status_code == 200


def test_a_kept_cookie_is_worth_nothing_after_the_logout_nor_after_a_restart(
    cell, client, tmp_path
):
    log_in(client)
    kept = client.get_cookie(SESSION_COOKIE).value
    client.post('/logout')
    again = create_app(cell.services(), WebSettings(tmp_path, login_required=True)).app
    for console in (client, enrol(again.test_client())):
        console.set_cookie(SESSION_COOKIE, kept)
        assert console.get('/api/me').status_code == 401
    assert log_in(client).status_code == 303, 'a new login works'
    assert client.get('/api/me').status_code == 200


def test_two_consoles_that_end_a_login_at_once_end_both(tmp_path, monkeypatch):
    path, write, at_once = tmp_path / 'ended.json', ended.write_durably, []
    one, two = (EndedSessions(path, lambda: 1.0) for _ in range(2))

    def meanwhile(*args):
        monkeypatch.setattr(ended, 'write_durably', write)
        at_once.append(threading.Thread(target=two.add, args=('b', 9.0)))
        at_once[0].start()
        at_once[0].join(0.1)
        write(*args)

    monkeypatch.setattr(ended, 'write_durably', meanwhile)
    one.add('a', 9.0)
    at_once[0].join()
    later = EndedSessions(path, lambda: 1.0)
    assert (later.has('a'), later.has('b')) == (True, True)


def test_ended_logins_are_forgotten_when_they_would_have_ended_anyway(tmp_path):
    now = [100.0]
    ended = EndedSessions(tmp_path / 'ended.json', lambda: now[0])
    ended.add('a', 200.0)
    now[0] = 300.0
    ended.add('b', 400.0)
    assert EndedSessions(tmp_path / 'ended.json', lambda: now[0]).has('b')
    assert not EndedSessions(tmp_path / 'ended.json', lambda: now[0]).has('a')
    (tmp_path / 'ended.json').write_text('{')
    with pytest.raises(StoreError, match='damaged'):
        ended.has('b')


def test_another_spelling_of_a_name_is_no_new_person_to_guess_at(app):
    def guess(i, name):
        address = {'environ_base': {'REMOTE_ADDR': f'10.0.1.{i}'}}
        return log_in(app.test_client(), name, pin='wrong', **address).status_code

    spellings = ('Eva', 'eva', ' EVA', 'eVa ')
    codes = [guess(i, spellings[i % 4]) for i in range(24)]
    assert codes == [403] * 19 + [429] * 5


def test_guesses_at_once_do_not_pass_the_limit_nor_eat_the_memory(cell, app):
    checked, at_once, most = [], [0], [0]
    lock, gate = threading.Lock(), threading.Event()

    def check(name, secret):
        with lock:
            checked.append(secret)
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        gate.wait(5)
        with lock:
            at_once[0] -= 1

    cell.accounts.check = check
    codes = Counter()

    def guess(i):
        code = log_in(app.test_client(), 'Eva', pin=f'guess {i}').status_code
        with lock:
            codes[code] += 1
            if sum(codes.values()) >= 7:  # everybody beyond the limit was told so without a hash
                gate.set()

    threads = [threading.Thread(target=guess, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(checked) == 5 and most[0] <= 2
    assert codes[429] >= 8


def test_two_cells_on_one_machine_keep_their_cookies_apart(cell, app, client, tmp_path):
    other = FakeCell(name='Cell 8')
    try:
        theirs = create_app(other.services(), WebSettings(tmp_path / 'b', login_required=True)).app
        names = {a.config['SESSION_COOKIE_NAME'] for a in (app, theirs)}
        code = other.accounts.offer('A', time.time())
        cookie = theirs.test_client().post('/pair', data={'code': code}).headers['Set-Cookie']
        assert len(names) == 2 and not cookie.startswith(f'{TABLET_COOKIE}=')
    finally:
        other.stop()


def test_when_too_many_log_in_at_once_the_form_says_so(cell, tmp_path, monkeypatch):
    monkeypatch.setattr('cobot_ai.web.login.HASH_WAIT_S', 0.01)
    monkeypatch.setattr('cobot_ai.web.login.HASHES', 0)
    full = create_app(cell.services(), WebSettings(tmp_path, login_required=True)).app
    out = log_in(full.test_client(), 'Eva', SECRETS['Eva'][1])
    assert out.status_code == 429 and 'logging in just now' in out.text

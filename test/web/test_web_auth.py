"""Who gets in: login on every route and event, throttling, hosts, origins, cookie, headers."""

import re
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from itertools import islice

import pytest
from web_people import SECRETS, SESSION_COOKIE, STATION, TABLET_COOKIE, enrol, log_in

from cobot_ai.core.errors import ConfigError
from cobot_ai.store.account_file import Role
from cobot_ai.web.app import create_app
from cobot_ai.web.qr import pairing_qr
from cobot_ai.web.schemas import COMMAND
from cobot_ai.web.secret import load_secret
from cobot_ai.web.services import WebSettings

OPEN = {
    '/pair',
    '/login',
    '/healthz',
    '/plain.css',
    '/assets/x.js',
    '/sw.js',
    '/lite.js',
    '/manifest.webmanifest',
    '/icon.svg',
}
LEAST = {
    ('get', '/'): Role.WALL,
    ('get', '/lite'): Role.OPERATOR,
    ('get', '/wall'): Role.WALL,
    ('get', '/wall/kpi'): Role.WALL,
    ('post', '/lite'): Role.OPERATOR,
    ('post', '/logout'): Role.OPERATOR,
    ('get', '/api/me'): Role.WALL,
    ('get', '/api/snapshot'): Role.OPERATOR,
    ('get', '/api/cases'): Role.ENGINEER,
    ('get', '/api/cases/1'): Role.ENGINEER,
    ('get', '/api/cases/1/evidence'): Role.OPERATOR,
    ('get', '/api/cases/1/still'): Role.OPERATOR,
    ('get', '/api/sop/en'): Role.OPERATOR,
    ('get', '/api/stats'): Role.OPERATOR,
    ('get', '/api/openapi.json'): Role.OPERATOR,
    ('post', '/api/command'): Role.OPERATOR,
    ('get', '/api/kpi'): Role.WALL,
    ('get', '/api/history'): Role.AMBASSADOR,
    ('get', '/api/confusion'): Role.ENGINEER,
    ('get', '/api/what_if'): Role.ENGINEER,
    ('get', '/api/vocabulary'): Role.ENGINEER,
    ('get', '/api/models'): Role.ENGINEER,
    ('get', '/api/data'): Role.ENGINEER,
    ('get', '/api/review'): Role.ENGINEER,
    ('get', '/api/review/1'): Role.ENGINEER,
    ('get', '/api/admin/people'): Role.ADMIN,
    ('post', '/api/admin/people'): Role.ADMIN,
    ('post', '/api/admin/people/active'): Role.ADMIN,
    ('get', '/api/admin/tablets'): Role.ADMIN,
    ('post', '/api/admin/tablets'): Role.ADMIN,
    ('post', '/api/admin/tablets/remove'): Role.ADMIN,
    ('post', '/api/admin/tablets/reload'): Role.ADMIN,
    ('get', '/api/admin/connections'): Role.ADMIN,
    ('get', '/api/admin/audit'): Role.ADMIN,
}
"""The role matrix of the routes: what is not here must be open or have a token."""
WITH_TOKEN = {('get', '/metrics')}  # test_web_metrics.py
EVENTS = {
    **dict.fromkeys(
        ('claim', 'release', 'answer', 'undo', 'correct', 'review', 'unreview', 'reason', 'report'),
        Role.OPERATOR,
    ),
    **dict.fromkeys(('hold', 'resume'), Role.OPERATOR),
    **dict.fromkeys(('maintenance', 'retrain'), Role.AMBASSADOR),
    **dict.fromkeys(
        (
            'end_alarm',
            'promote',
            'rollback',
            'schedule',
            'unschedule',
            'forget',
            'tune',
            'word',
            'propose',
            'approve',
            'decline',
        ),
        Role.ENGINEER,
    ),
}
"""The role matrix of the commands."""


@pytest.fixture
def app(cell, tmp_path):
    return create_app(cell.services(), WebSettings(tmp_path, login_required=True)).app


@pytest.fixture
def client(app):
    """The enrolled tablet, nobody logged in."""
    return enrol(app.test_client())


def concrete(rule):
    text = str(rule).replace('<int:case>', '1').replace('<path:name>', 'x.js')
    return text.replace('<lang>', 'en').replace('<page>', 'kpi')


def test_the_matrix_names_every_route(app):
    there = {
        (method.lower(), concrete(rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods & {'GET', 'POST', 'PUT', 'DELETE', 'PATCH'}
    }
    forms = {('post', '/login'), ('post', '/pair')}
    assert there == {*LEAST, *WITH_TOKEN, *forms, *(('get', path) for path in OPEN)}


def test_the_matrix_names_every_command():
    kinds = set(COMMAND.json_schema()['discriminator']['mapping'])
    assert kinds <= set(EVENTS)


@pytest.mark.parametrize('path', sorted(OPEN))
def test_open_routes_need_no_login(app, path):
    assert app.test_client().get(path).status_code in (200, 404)


@pytest.mark.parametrize(('method', 'path'), sorted(LEAST))
def test_without_a_login_every_route_refuses(app, method, path):
    out = getattr(app.test_client(), method)(path)
    expected = (401, None) if path.startswith('/api/') else (302, '/login')
    assert (out.status_code, out.headers.get('Location')) == expected


@pytest.mark.parametrize('name', sorted(SECRETS))
def test_every_role_gets_what_it_may_and_is_refused_the_rest(cell, app, client, name):
    cell.ask()
    log_in(client, name)
    role = SECRETS[name][0]
    refused = []
    for (method, path), least in LEAST.items():
        if path == '/logout':
            continue
        out = getattr(client, method)(path, json={} if 'api' in path else None)
        assert out.status_code != 401
        if out.status_code == 403:
            refused.append((method, path))
        assert (out.status_code == 403) == (role < least), (name, path, out.status_code)
    noted = {line.get('route') for line in cell.audit.newest() if line['what'] == 'role'}
    routes = app.url_map.bind('localhost')
    assert noted == {routes.match(p, m.upper())[0] for m, p in refused}, 'each is written down'


@pytest.mark.parametrize('name', sorted(SECRETS))
@pytest.mark.parametrize('way', ['http', 'socket'])
def test_every_role_may_give_its_commands_and_no_other(cell, serve, connect, name, way):
    site = serve(login_required=True, burst=1000)
    client = enrol(site.console.app.test_client())
    log_in(client, name)
    for seed in range(3):  # something to roll back to
        cell.go_live(cell.model(seed=seed))
    send = client_sender(client) if way == 'http' else socket_sender(client, connect, site)
    for kind in [*EVENTS, 'no_such_command']:
        least = EVENTS.get(kind, Role.ADMIN)
        reply = send({'kind': kind, 'key': f'key-{kind}', 'tablet': 't'})
        allowed = SECRETS[name][0] >= least
        assert (reply['reason'] != 'role') == allowed, (name, kind, reply)
    if SECRETS[name][0] < Role.ENGINEER:
        noted = {line.get('command') for line in cell.audit.newest() if line['what'] == 'role'}
        assert {'promote', 'rollback', 'no_such_command'} <= noted


def client_sender(client):
    return lambda raw: client.post('/api/command', json=raw).json


def cookies(client):
    names = (SESSION_COOKIE, TABLET_COOKIE)
    pairs = [f'{n}={client.get_cookie(n).value}' for n in names if client.get_cookie(n)]
    return {'Cookie': '; '.join(pairs)}


def socket_sender(client, connect, site):
    tablet = connect(site, headers=cookies(client))
    return lambda raw: tablet.client.call('command', raw, timeout=20)


def test_events_refuse_without_login_and_the_login_name_is_the_one_that_counts(
    cell, serve, connect
):
    site = serve(login_required=True)
    with pytest.raises(ConnectionRefusedError, match='login'):
        connect(site)
    client = enrol(site.console.app.test_client())
    log_in(client)
    tablet = connect(site, headers=cookies(client))
    case = cell.ask()
    tablet.command('claim', case=case, by='')
    claim = cell.of_kind(case, 'claim')[0]
    assert (claim['by'], claim['tablet']) == ('Maria', STATION)
    client.post('/logout')
    assert tablet.closed.wait(5), 'a logout ends the live connection too'


@pytest.mark.parametrize('change', ['role', 'removed', 'tablet'])
def test_a_change_of_person_or_tablet_ends_what_is_open(cell, serve, connect, change):
    site = serve(login_required=True)
    client = enrol(site.console.app.test_client())
    log_in(client)
    tablet = connect(site, headers=cookies(client))
    if change == 'role':
        cell.accounts.put('Maria', Role.AMBASSADOR, SECRETS['Maria'][1])
    elif change == 'removed':
        cell.accounts.set_active('Maria', False)
    else:
        cell.accounts.expel(STATION)
    assert tablet.closed.wait(5), 'the live connection ends by itself'
    assert client.get('/api/cases').status_code == 401


def test_an_expired_login_is_refused_and_its_connection_ends(cell, serve, connect):
    site = serve(login_required=True, session_s=0.6)
    client = enrol(site.console.app.test_client())
    log_in(client)
    tablet = connect(site, headers=cookies(client))
    assert tablet.closed.wait(5)
    assert client.get('/api/cases').status_code == 401


def test_an_operator_needs_an_enrolled_tablet_and_an_engineer_does_not(cell, app):
    stranger = app.test_client()
    assert log_in(stranger, 'Maria').status_code == 403
    assert 'not enrolled' in log_in(stranger, 'Maria').text
    assert cell.audit.newest()[0]['what'] == 'not_enrolled'
    assert log_in(stranger, 'Eva').status_code == 303


def test_a_code_makes_a_tablet_and_the_form_then_knows_the_names(cell, app):
    client = app.test_client()
    assert '<option>Maria</option>' not in client.get('/login').text
    assert client.post('/pair', data={'code': 'WRONGONE'}).status_code == 403
    code = cell.accounts.offer('Station 9', time.time())
    assert client.post('/pair', data={'code': code}).status_code == 303
    header = client.get_cookie(TABLET_COOKIE)
    assert header.http_only and header.same_site == 'Strict'
    assert '<option>Maria</option>' in client.get('/login').text
    assert log_in(client).status_code == 303
    whats = [line['what'] for line in cell.audit.newest()]
    assert whats == ['logged_in', 'tablet_enrolled', 'wrong_code']


def test_a_qr_code_opens_the_pairing_page_with_the_code_typed_in(cell, client):
    log_in(client, 'Ada')
    offer = client.post('/api/admin/tablets', json={'name': 'A'})
    assert offer.json['qr'] is None, 'no tablet could open localhost'
    drawn = pairing_qr('https://10.0.0.5:8080/', offer.json['code'])
    assert drawn.startswith('data:image/svg+xml')
    page = client.get('/pair?code=' + offer.json['code']).text
    assert f'value="{offer.json["code"]}"' in page
    assert cell.accounts.tablets()[0].name != 'A', 'opening the page alone enrols nobody'
    odd = client.get('/pair?code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E').text
    assert '<script>alert' not in odd


def wall_of(cell, app, name='Wall 1'):
    client = app.test_client()
    code = cell.accounts.offer(name, time.time(), wall=True)
    paired = client.post('/pair', data={'code': code})
    assert (paired.status_code, paired.headers['Location']) == (303, '/wall')
    return client


def test_a_wall_screen_sees_what_it_may_and_is_refused_the_rest(cell, app):
    client = wall_of(cell, app)
    cell.ask()
    for (method, path), least in LEAST.items():
        out = getattr(client, method)(path, json={} if 'api' in path else None)
        assert (out.status_code == 403) == (least > Role.WALL), (path, out.status_code)
        assert out.status_code != 401
    reply = client.post('/api/command', json={'kind': 'claim', 'key': 'k' * 8, 'case': 1})
    assert reply.status_code == 403
    assert '<option>Maria</option>' not in client.get('/login').text
    assert log_in(client).status_code == 403, 'no PIN at a wall'
    assert log_in(client, 'Eva').status_code == 303, 'a password works anywhere'


def test_a_wall_screen_lives_for_months_and_ends_when_the_admin_says_so(cell, serve, connect):
    begun, now = time.time_ns(), [time.time_ns()]
    services = replace(cell.services(), wall_ns=lambda: now[0])
    cell.services = lambda: services
    site = serve(login_required=True, burst=100)
    client = wall_of(cell, site.console.app)
    cookie = client.get_cookie(TABLET_COOKIE)
    assert cookie.max_age >= 300 * 86400
    now[0] = begun + 200 * 86400 * 10**9
    assert client.get('/api/kpi').status_code == 200
    wall = connect(site, headers={'Cookie': f'{TABLET_COOKIE}={cookie.value}'})
    wall.wait(lambda: wall.snapshots and wall.pulses)
    for kind in EVENTS:
        assert wall.command(kind)['reason'] == 'role', kind
    cell.accounts.expel('Wall 1')
    assert wall.closed.wait(5)
    assert client.get('/api/kpi').status_code == 401


def test_a_forged_cookie_is_worth_nothing(app):
    client = app.test_client()
    client.set_cookie(
        SESSION_COOKIE, 'eyJwZXJzb24iOnsiaWQiOiJ4In19.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb'
    )
    assert client.get('/api/cases').status_code == 401


def test_five_wrong_pins_cost_a_wait_for_this_device_only(cell, app, client):
    codes = [log_in(client, pin='000000').status_code for _ in range(6)]
    assert codes == [403] * 4 + [429] * 2
    assert log_in(client).status_code == 429, 'even the right PIN has to wait'
    other = {'environ_base': {'REMOTE_ADDR': '10.0.0.9'}}
    assert log_in(app.test_client(), 'Eva', **other).status_code == 303
    assert 'wrong_pin' in {line['what'] for line in cell.audit.newest()}


def test_guessing_from_many_devices_slows_down_but_locks_nobody_out_for_long(cell, app):
    for i in range(21):
        address = {'environ_base': {'REMOTE_ADDR': f'10.0.1.{i}'}}
        log_in(app.test_client(), 'Eva', pin='wrong', **address)
    fresh = {'environ_base': {'REMOTE_ADDR': '10.0.2.1'}}
    slowed = log_in(app.test_client(), 'Eva', **fresh)
    assert slowed.status_code == 429
    assert 0 < int(re.search(r'in (\d+) s', slowed.text)[1]) <= 60
    assert log_in(app.test_client(), 'Ada', **fresh).status_code == 303, 'others are not touched'


def test_a_login_needs_a_name(client):
    assert log_in(client, '  ', pin='x').status_code == 403


def test_the_cookie_is_strict_http_only_and_signed_with_a_private_file(client, tmp_path):
    header = log_in(client).headers['Set-Cookie']
    assert 'SameSite=Strict' in header and 'HttpOnly' in header
    file = tmp_path / 'console_secret'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_secret(tmp_path) == file.read_bytes() and len(file.read_bytes()) == 32
    assert {p.name for p in tmp_path.iterdir()} == {'console_secret', 'metrics_token'}


def test_over_tls_cookies_never_travel_without_it(cell, tmp_path):
    settings = WebSettings(tmp_path, login_required=True, tls=True)
    client = enrol(create_app(cell.services(), settings).app.test_client())
    assert 'Secure' in log_in(client, base_url='https://localhost').headers['Set-Cookie']


def test_without_tls_the_login_says_that_others_can_read_along(app):
    assert 'not encrypted' in app.test_client().get('/login').text
    page = app.test_client().get('/login', base_url='https://localhost').text
    assert 'not encrypted' not in page


def test_damaged_accounts_let_nobody_in_and_say_so(cell, client):
    log_in(client)
    cell.accounts._path.write_text('{')
    assert client.get('/api/cases').status_code == 503


# ---------------------------------------------------------------- admins


def test_an_admin_looks_after_people_and_tablets(cell, client):
    log_in(client, 'Ada')
    body = {'name': 'Nils', 'role': 'operator', 'secret': '918273'}
    assert client.post('/api/admin/people', json=body).json == {'ok': True}
    weak = client.post('/api/admin/people', json={**body, 'secret': '1'})
    assert weak.status_code == 409
    assert (weak.json['reason'], weak.json['params']) == ('weak_pin', {'least': 6})
    assert {'name': 'Nils', 'role': 'operator', 'active': True} in client.get(
        '/api/admin/people'
    ).json['people']
    assert client.post('/api/admin/people/active', json={'name': 'Nils', 'active': False}).json[
        'ok'
    ]
    assert cell.accounts.check('Nils', '918273') is None
    code = client.post('/api/admin/tablets', json={'name': 'Station 4'}).json['code']
    assert cell.accounts.enrol(code, time.time()) is not None
    assert client.post('/api/admin/tablets/remove', json={'name': 'Station 4'}).json['ok']
    lines = client.get('/api/admin/audit').json
    assert lines['intact']
    assert [line['what'] for line in lines['lines']][:4] == [
        'tablet_removed',
        'tablet_offered',
        'person_removed',
        'person_set',
    ]
    assert all(line['by'] == 'Ada' for line in lines['lines'][:4])


@pytest.mark.parametrize('body', [None, {}, {'name': 'x'}, {'name': 1, 'active': True}, [1]])
def test_an_admin_request_that_is_none_changes_nothing(cell, client, body):
    log_in(client, 'Ada')
    before = cell.accounts.people()
    assert client.post('/api/admin/people/active', json=body).status_code == 400
    assert cell.accounts.people() == before


def test_an_admin_sees_who_is_connected(cell, serve, connect):
    site = serve(login_required=True)
    client = enrol(site.console.app.test_client())
    log_in(client, 'Ada')
    tablet = connect(site, headers=cookies(client))
    tablet.wait(lambda: tablet.snapshots)
    (row,) = client.get('/api/admin/connections').json['connections']
    assert (row['name'], row['role'], row['tablet']) == ('Ada', 'admin', STATION)


@pytest.mark.parametrize('harm', ['readable', 'short'])
def test_a_bad_secret_file_is_refused_with_what_to_do(tmp_path, harm):
    load_secret(tmp_path)
    file = tmp_path / 'console_secret'
    if harm == 'readable':
        file.chmod(0o644)
    else:
        file.write_bytes(b'short')
    with pytest.raises(ConfigError, match='delete it'):
        load_secret(tmp_path)


@pytest.mark.parametrize(
    'headers',
    [
        {'Origin': 'http://evil.example'},
        {'Origin': 'http://localhost:81'},
        {'Origin': 'null'},
        {'Origin': 'http://[x'},
        {'Sec-Fetch-Site': 'cross-site'},
        {'Sec-Fetch-Site': 'same-site'},
    ],
)
def test_writes_from_a_foreign_page_are_refused(cell, app, tmp_path, headers):
    for settings in (WebSettings(tmp_path), WebSettings(tmp_path, login_required=True)):
        client = enrol(create_app(cell.services(), settings).app.test_client())
        log_in(client, 'Ada')
        body = {'kind': 'retrain', 'key': 'k' * 8}
        assert client.post('/api/command', json=body, headers=headers).status_code == 403
        own = client.post('/api/command', json=body, headers={'Origin': 'http://localhost'})
        assert own.status_code == 200


def test_on_loopback_only_loopback_names_are_served(cell, tmp_path):
    client = create_app(cell.services(), WebSettings(tmp_path)).app.test_client()
    for host in ('evil.example', '[x'):
        assert client.get('/api/cases', headers={'Host': host}).status_code == 403
    for host in ('localhost:8080', '127.0.0.1:8080', '[::1]:8080'):
        assert client.get('/api/cases', headers={'Host': host}).status_code == 200


@pytest.mark.parametrize('path', ['/login', '/lite', '/api/cases', '/healthz'])
def test_every_response_says_that_only_own_files_may_run(cell, tmp_path, path):
    client = create_app(cell.services(), WebSettings(tmp_path)).app.test_client()
    response = client.get(path)
    policy = response.headers['Content-Security-Policy']
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert 'unsafe-inline' not in policy
    assert response.headers['X-Content-Type-Options'] == 'nosniff'


def test_codes_tried_at_the_same_time_do_not_pass_the_limit(cell, app, monkeypatch):
    tried, gate = [], threading.Event()

    def enrol(code, now_s):
        tried.append(code)
        gate.wait(20)

    monkeypatch.setattr(cell.accounts, 'enrol', enrol)
    knock = partial(app.test_client().post, '/pair', data={'code': 'AAAA'})
    with ThreadPoolExecutor(20) as pool:
        replies = [pool.submit(knock) for _ in range(20)]
        try:  # before any of the others was looked at
            refused = list(islice(as_completed(replies, timeout=10), 15))
        finally:
            gate.set()
    assert len(tried) == 5
    assert {r.result().status_code for r in refused} == {429}

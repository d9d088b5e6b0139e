"""Who gets in: login on every route and event, throttling, hosts, origins, cookie, headers."""

import stat

import pytest

from cobot_ai.core.errors import ConfigError
from cobot_ai.web.app import create_app
from cobot_ai.web.auth import load_secret
from cobot_ai.web.services import WebSettings

OPEN = {
    '/login',
    '/healthz',
    '/plain.css',
    '/assets/x.js',
    '/sw.js',
    '/manifest.webmanifest',
    '/icon.svg',
}
GUARDED_GET = [
    '/',
    '/lite',
    '/api/snapshot',
    '/api/cases',
    '/api/cases/1',
    '/api/cases/1/evidence',
    '/api/cases/1/still',
    '/api/models',
    '/api/history',
    '/api/stats',
    '/api/sop/en',
]
WITH_TOKEN = {'/metrics'}  # test_web_metrics.py
GUARDED_POST = ['/api/command', '/lite', '/logout']


@pytest.fixture
def app(cell, tmp_path):
    return create_app(cell.services(), WebSettings(tmp_path, login_required=True)).app


def log_in(client, pin='2468', name='Maria', **kw):
    return client.post('/login', data={'name': name, 'pin': pin}, **kw)


def test_the_matrix_names_every_route(app):
    concrete = {
        str(r).replace('<int:case>', '1').replace('<path:name>', 'x.js').replace('<lang>', 'en')
        for r in app.url_map.iter_rules()
    }
    assert concrete == {*OPEN, *GUARDED_GET, *GUARDED_POST, *WITH_TOKEN}


@pytest.mark.parametrize('path', sorted(OPEN))
def test_open_routes_need_no_login(app, path):
    assert app.test_client().get(path).status_code in (200, 404)


@pytest.mark.parametrize('path', GUARDED_GET + GUARDED_POST)
def test_guarded_routes_refuse_without_login_and_serve_with_it(cell, app, path):
    cell.ask()
    call = 'post' if path in GUARDED_POST else 'get'
    out = getattr(app.test_client(), call)(path)
    expected = (401, None) if path.startswith('/api/') else (302, '/login')
    assert (out.status_code, out.headers.get('Location')) == expected
    client = app.test_client()
    log_in(client)
    inside = getattr(client, call)(path)
    assert inside.status_code != 401
    assert inside.headers.get('Location') != '/login' or path == '/logout'


def test_events_refuse_without_login_and_the_login_name_is_the_one_that_counts(
    cell, serve, connect
):
    site = serve(login_required=True)
    with pytest.raises(ConnectionRefusedError, match='login'):
        connect(site)
    client = site.console.app.test_client()
    log_in(client)
    cookie = client.get_cookie('cobot_ai').value
    tablet = connect(site, headers={'Cookie': f'cobot_ai={cookie}'})
    case = cell.ask()
    tablet.command('claim', case=case, by='Mallory')
    assert cell.of_kind(case, 'claim')[0]['by'] == 'Maria'
    client.post('/logout')
    assert tablet.closed.wait(5), 'a logout ends the live connection too'


def test_an_expired_login_is_refused_on_a_connection_that_is_still_open(cell, serve, connect):
    site = serve(login_required=True, session_s=0.6)
    client = site.console.app.test_client()
    log_in(client)
    cookie = client.get_cookie('cobot_ai').value
    tablet = connect(site, headers={'Cookie': f'cobot_ai={cookie}'})
    case = cell.ask()
    tablet.wait(lambda: len(tablet.pulses) >= 3)  # 1 s
    assert tablet.command('claim', case=case)['status'] == 'login'
    assert client.get('/api/cases').status_code == 401
    assert cell.commands == []


def test_a_forged_cookie_is_worth_nothing(app):
    client = app.test_client()
    client.set_cookie('cobot_ai', 'eyJwZXJzb24iOnsiaWQiOiJ4In19.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb')
    assert client.get('/api/cases').status_code == 401


def test_five_wrong_pins_cost_a_wait_for_this_client_only(app):
    client = app.test_client()
    codes = [log_in(client, pin='0000').status_code for _ in range(6)]
    assert codes == [403] * 4 + [429] * 2
    assert log_in(client, pin='2468').status_code == 429, 'even the right PIN has to wait'
    other = {'environ_base': {'REMOTE_ADDR': '10.0.0.9'}}
    assert log_in(app.test_client(), **other).status_code == 303


def test_a_login_needs_a_name(app):
    assert log_in(app.test_client(), name='  ').status_code == 403


def test_the_cookie_is_strict_http_only_and_signed_with_a_private_file(app, tmp_path):
    client = app.test_client()
    header = log_in(client).headers['Set-Cookie']
    assert 'SameSite=Strict' in header and 'HttpOnly' in header
    file = tmp_path / 'console_secret'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_secret(tmp_path) == file.read_bytes() and len(file.read_bytes()) == 32
    assert {p.name for p in tmp_path.iterdir()} == {'console_secret', 'metrics_token'}


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
        {'Sec-Fetch-Site': 'cross-site'},
        {'Sec-Fetch-Site': 'same-site'},
    ],
)
def test_writes_from_a_foreign_page_are_refused(cell, app, tmp_path, headers):
    for settings in (WebSettings(tmp_path), WebSettings(tmp_path, login_required=True)):
        client = create_app(cell.services(), settings).app.test_client()
        log_in(client)
        body = {'kind': 'retrain', 'key': 'k' * 8, 'by': 'x', 'tablet': 'x'}
        assert client.post('/api/command', json=body, headers=headers).status_code == 403
        own = client.post('/api/command', json=body, headers={'Origin': 'http://localhost'})
        assert own.status_code == 200


def test_on_loopback_only_loopback_names_are_served(cell, tmp_path):
    client = create_app(cell.services(), WebSettings(tmp_path)).app.test_client()
    assert client.get('/api/cases', headers={'Host': 'evil.example'}).status_code == 403
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

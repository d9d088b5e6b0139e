"""Tablets as admins see them: last seen, round trip, page, screen, battery; remote reload."""

import pytest
from test_web_auth import cookies, enrol, log_in
from test_web_card import settled, shown, tap, until
from web_people import STATION

from cobot_ai.web.app import create_app
from cobot_ai.web.devices import Devices, build_of
from cobot_ai.web.services import WebSettings

TOLD = {'tablet': 't1', 'build': 'abc', 'awake': True, 'battery': 0.5, 'charging': False}


def test_a_device_is_known_by_its_station_and_stays_listed_when_it_is_gone():
    now = [10.0]
    devices = Devices(lambda: now[0])
    devices.joined('s1', 'Station 3', '10.0.0.7', 'Browser/1')
    assert devices.told('s1', {**TOLD, 'tablet': 'another name'})
    devices.answered('s1', 20.0)
    devices.answered('s1', 30.0)
    now[0] = 15.0
    (row,) = devices.rows().values()
    assert (row['connected'], row['rtt_ms'], row['seen_ago_s']) == (True, 22.0, 5.0)
    assert list(devices.rows()) == ['Station 3'], 'the name a page claims does not count'
    devices.left('s1')
    now[0] = 75.0
    row = devices.rows()['Station 3']
    assert (row['connected'], row['seen_ago_s'], row['battery']) == (False, 65.0, 0.5)


@pytest.mark.parametrize(
    'raw', [None, [], 'x', {'battery': 2.0}, {'awake': 'yes'}, {'build': 'x' * 41}, {'more': 1}]
)
def test_what_is_no_description_of_a_device_changes_nothing(raw):
    devices = Devices(lambda: 0.0)
    devices.joined('s1', 'A', '', '')
    assert not devices.told('s1', raw)
    assert devices.rows()['A']['build'] == ''


def test_the_round_trip_is_that_of_the_heartbeat(cell, site, connect):
    tablet = connect()
    assert tablet.client.call('device', TOLD, timeout=20) == {'ok': True}
    tablet.wait(lambda: len(tablet.pulses) > 2)
    doc = site.console.app.test_client().get('/api/admin/tablets').json
    row = next(r for r in doc['tablets'] if r['name'] == 't1')
    assert not row['enrolled'] and 0 < row['device']['rtt_ms'] < 500
    tablet.close()
    until_gone = site.console.app.test_client()
    for _ in range(100):
        rows = until_gone.get('/api/admin/tablets').json['tablets']
        if not next(r for r in rows if r['name'] == 't1')['device']['connected']:
            break
        tablet.closed.wait(0.05)
    else:
        raise AssertionError('it still counts as connected')


def test_only_an_admin_reloads_and_it_is_written_down_with_who(cell, serve, connect):
    site = serve(login_required=True)
    client = enrol(site.console.app.test_client())
    log_in(client)
    tablet = connect(site, headers=cookies(client))
    told = []
    tablet.client.on('reload', lambda: told.append(1))
    admin = site.console.app.test_client()
    log_in(admin, 'Ada')
    assert client.post('/api/admin/tablets/reload', json={'name': STATION}).status_code == 403
    assert admin.post('/api/admin/tablets/reload', json={'name': STATION}).json['ok']
    gone = admin.post('/api/admin/tablets/reload', json={'name': 'Station 99'})
    assert (gone.status_code, gone.json['reason']) == (409, 'not_connected')
    for _ in range(100):
        if told:
            break
        tablet.closed.wait(0.05)
    assert told == [1]
    row = next(r for r in admin.get('/api/admin/tablets').json['tablets'] if r['name'] == STATION)
    assert row['device']['reload']
    lines = [x for x in cell.audit.newest() if x['what'] == 'tablet_reload']
    assert [(x['by'], x['tablet']) for x in lines] == [('Ada', 'Station 99'), ('Ada', STATION)]
    assert any(x['what'] == 'role' and x['who'] == 'Maria' for x in cell.audit.newest())


def test_the_build_is_the_one_that_is_served(tmp_path):
    assert build_of(tmp_path) == ''
    (tmp_path / 'index.html').write_text('<script src="/assets/index-Ab_1-x.js"></script>')
    assert build_of(tmp_path) == 'Ab_1-x'


def test_the_list_fits_without_any_tablet(cell, tmp_path):
    client = create_app(cell.services(), WebSettings(tmp_path)).app.test_client()
    assert all(r['device'] is None for r in client.get('/api/admin/tablets').json['tablets'])


@pytest.mark.browser
@pytest.mark.timeout(90)
def test_a_reload_waits_until_no_card_is_open(cell, site, tablet):
    page = tablet()
    case = cell.ask(undo_s=0.2)
    shown(page, case)
    page.evaluate('window.before = true')
    admin = site.console.app.test_client()

    def row():
        rows = admin.get('/api/admin/tablets').json['tablets']
        return next(r['device'] for r in rows if r['name'] == 'tablet-Maria')

    until(page, lambda: row()['busy'])
    assert row()['build'] == admin.get('/api/admin/tablets').json['build'] != ''
    assert admin.post('/api/admin/tablets/reload', json={'name': 'tablet-Maria'}).json['ok']
    page.wait_for_timeout(1000)
    assert page.evaluate('window.before') is True, 'a card is open'
    assert row()['reload']
    with page.expect_event('load', timeout=15000):
        tap(page, 'Seated')
        page.locator('.teach, .idle').first.wait_for()
    assert page.evaluate('window.before') is None
    page.locator('.idle').wait_for()
    until(page, lambda: not row()['busy'] and not row()['reload'])


@pytest.mark.browser
@pytest.mark.timeout(90)
def test_what_the_browser_does_not_tell_is_not_known(cell, site, tablet, connect):
    other = connect()
    other.client.call('device', {'tablet': 'old tablet', 'build': 'older'}, timeout=20)
    page = tablet('Ada', path='/#/admin/tablets')
    mine = page.locator('tr', has_text='tablet-Ada')
    mine.get_by_text(' ms').wait_for()
    assert 'connected' in mine.inner_text() and 'HeadlessChrome' in mine.inner_text()
    old = page.locator('tr', has_text='old tablet')
    old.get_by_text('old page').wait_for()
    assert old.inner_text().count('not known') >= 2
    settled(page)
    page.get_by_role('button', name='Reload: old tablet').click()
    page.get_by_text('old tablet loads its page anew').wait_for()
    page.get_by_text('Reloads when idle').wait_for()

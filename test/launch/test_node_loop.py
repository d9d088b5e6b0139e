"""The whole loop, once, for real: DDS, three processes, a page in Chromium.

A robot program does steps and waits at `~/judge`; a person taps on the page; the robot goes on,
the label is in the ledger, a better model goes live, and the next decision names it.
"""

import socket
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('rclpy')
from cells import signal, step_messages
from nodes import LOW_S, START_S, Processes, forces, graph, of_kind, until

from cobot_ai.store.mcap_file import to_mcap
from cobot_ai.store.registry import ModelFolder
from cobot_ai.web.services import WebSettings

pytestmark = [pytest.mark.ros, pytest.mark.browser, pytest.mark.timeout(300)]
CHROMIUM = Path('/usr/bin/chromium')
ENOUGH = 6
"""Labels the gate of this cell asks for."""
TAP = {'good': 'Good', 'bad': 'Bad'}


@pytest.fixture
def page():
    if not CHROMIUM.exists():
        pytest.skip(f'NO BROWSER TESTS: {CHROMIUM} is missing (apt-get install chromium)')
    if not (WebSettings(Path()).asset_dir / 'index.html').exists():
        pytest.skip('NO BROWSER TESTS: the page is not built (python web/build.py)')
    sync_api = pytest.importorskip('playwright.sync_api')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), headless=True, args=['--no-sandbox', '--disable-gpu']
        )
        errors = []
        page = browser.new_page(viewport={'width': 1280, 'height': 800})
        page.add_init_script(
            'localStorage[\'cobot_ai.prefs\'] = \'{"tablet":"t1","name":"Maria","lang":"en"}\''
        )
        page.on('pageerror', lambda e: errors.append(str(e)))
        page.set_default_timeout(15_000)
        yield page
        browser.close()
        assert errors == []


@pytest.fixture
def robot(monkeypatch):
    with graph(monkeypatch) as robot:
        yield robot


@pytest.fixture
def cell(robot, tmp_path):
    cell = Processes(tmp_path, undo_s=0.5)
    yield cell
    cell.close()


def start(cell, robot, page):
    """All three processes up, the page open; returns when each one hears the others."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    for name, own in (('monitor', {}), ('console', {'web_port': port}), ('trainer', {})):
        cell.start(name, **own)
    robot.connect()
    until(lambda: listens(port), START_S, 'the page is not served')
    robot.wait(lambda: robot.node.count_publishers('cobot_ai_trainer/candidate'), START_S)
    page.goto(f'http://127.0.0.1:{port}/')
    page.get_by_role('heading', name='No sensor data, checked').wait_for()
    running = page.get_by_role('heading', name='Running, checked')
    while not running.count():  # known on the graph is not yet heard: best effort is lost till then
        robot.send_wrench(time.time_ns(), 0.0, 0.0, 0.0)
        page.wait_for_timeout(50)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


def tapped(page, case, label):
    """A person looks at the question and taps."""
    page.locator(f'.card[data-case="{case}"] .answer').first.wait_for()
    page.locator('body:not(.settling)').wait_for()
    page.locator('.answer', has_text=TAP[label]).click()


def offered(robot, labels):
    """The candidate that was fitted on so many labels."""

    def found():
        offers = robot.heard('candidate')
        return next((c for c in offers if sum(c['labels'].values()) == labels), None)

    return robot.wait(found, LOW_S, 'no candidate came')


def drop_a_clip(cell, robot):
    """Somebody drops a labelled clip: it becomes a case with a label and a clip."""
    rng = np.random.default_rng(1)
    clip = to_mcap(step_messages(10**18, signal('bad', rng)), {})
    (cell.folder.drop / 'seen.bad.mcap').write_bytes(clip)
    robot.wait(lambda: robot.heard('import'), LOW_S, 'the clip was not taken in')
    (taken,) = robot.heard('import')
    assert taken['ok'], taken
    robot.wait(lambda: robot.heard('clip', taken['case']), LOW_S, 'its clip was not kept')
    assert [p.name for p in (cell.folder.drop / 'taken').iterdir()] == ['seen.bad.mcap']


def test_from_sensor_to_tap_to_a_better_model(cell, robot, page):
    rng = np.random.default_rng(0)
    start(cell, robot, page)
    taught = {}
    while not robot.heard('promote'):
        assert len(taught) < 2 * ENOUGH, 'no model went live'
        label = ('good', 'bad')[len(taught) % 2]
        decision = robot.step(forces(label, rng))
        assert (decision['verdict'], decision['why'], decision['model']) == (
            'ask',
            'no_model',
            None,
        )
        case = decision['case']
        told = robot.judge()
        tapped(page, case, label)
        response = robot.response(told)
        assert response.success == (label == 'good')
        action = {'good': 'continue', 'bad': 'reject'}[label]
        facts = f'class={label} action={action} case={case} outcome=answered'
        assert response.message == facts
        taught[case] = label
        if len(taught) >= ENOUGH and offered(robot, len(taught))['passed']:
            robot.wait(lambda: robot.heard('promote'), LOW_S, 'it did not go live')
    live = robot.heard('promote')[-1]['model']
    assert ModelFolder(cell.folder.registry).current() == live
    following = robot.step(forces('good', rng))
    assert following['model'] == live
    assert following['probs']['good'] > 0.5
    drop_a_clip(cell, robot)
    with cell.ledger() as ledger:
        labels = {case: e.body for case, e in ledger.labels().items()}
        imported = {case: labels.pop(case) for case in set(labels) - set(taught)}
        assert [b['label'] for b in imported.values()] == ['bad']
        assert {case: b['label'] for case, b in labels.items()} == taught
        assert {(b['by'], b['source']) for b in labels.values()} == {('Maria', 'answer')}
        (candidate,) = [e for e in of_kind(ledger, 'candidate') if e.body['model'] == live]
        checks = {c['name']: c['why'] for c in candidate.body['checks']}
        assert candidate.body['passed'] and {'skill', 'trial', 'latency'} <= set(checks)
        assert not any('Not measured' in why for why in checks.values()), 'a live cell measures'
        assert all(c['why'] for c in candidate.body['checks'])
        assert ledger.verify().ok
    assert [cell.end(name) for name in ('console', 'trainer', 'monitor')] == [0, 0, 0]

"""An update of the console under open pages, and what a page does when the console fails once."""

import shutil

import pytest
from conftest import LANDSCAPE
from test_web_card import until
from web_people import SECRETS, TABLET_COOKIE, enrol

from cobot_ai.web.devices import ENTRY
from cobot_ai.web.services import WebSettings


@pytest.fixture
def assets(tmp_path):
    """A copy of the built page that may be updated."""
    return shutil.copytree(WebSettings(tmp_path).asset_dir, tmp_path / 'page')


def update(assets):
    """The same page under other names, as a new build has them."""
    old = ENTRY.search((assets / 'index.html').read_text())[1]
    for file in [assets / 'index.html', assets / 'sw.js', *(assets / 'assets').glob('*.js')]:
        file.write_text(file.read_text().replace(f'index-{old}', 'index-NEWBUILD'))
    (assets / 'assets' / f'index-{old}.js').rename(assets / 'assets' / 'index-NEWBUILD.js')


NEW = 'script[type=module][src*=NEWBUILD]'


def test_an_open_page_takes_the_new_build_once_nothing_is_open(cell, serve, assets, browser):
    site = serve(assets=assets)
    context = browser.new_context(viewport=LANDSCAPE, locale='en', service_workers='block')
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(site.url)
    case = cell.ask(deadline_s=60.0, undo_s=0.1)
    page.locator(f'[data-case="{case}"]').wait_for()
    until(page, lambda: cell.of_kind(case, 'claim'))  # it moves the epoch
    site.down()
    update(assets)
    site.up()
    page.locator('#line:not(.old)').wait_for()
    with page.expect_response('**/api/me'):
        page.evaluate("window.dispatchEvent(new Event('focus'))")
    assert page.locator(NEW).count() == 0, 'never under an open card'
    body = {'kind': 'answer', 'label': 'seated', 'by': 'M', 'tablet': 't', 'key': 'answer-1'}
    cell.submit({**body, 'case': case, 'epoch': cell.desk.find(case).epoch}, 1.0)
    page.locator(NEW).wait_for(state='attached')
    page.locator('.idle').wait_for()
    context.close()


def test_a_part_that_is_gone_is_asked_for_once_more_and_then_said(site, browser):
    context = browser.new_context(viewport=LANDSCAPE, locale='en', service_workers='block')
    page = context.new_page()
    page.set_default_timeout(20_000)
    loads, gone = [], [True]
    page.on('load', lambda: loads.append(1))
    page.route('**/EngineerScreen-*.js', lambda r: r.abort() if gone[0] else r.continue_())
    with page.expect_event('load', lambda _: len(loads) == 2):
        page.goto(f'{site.url}/#/engineer')
    page.get_by_text('This screen could not be loaded').wait_for()
    gone[0] = False
    page.get_by_text('Load the page again').click()
    page.locator('.engineer, main table').first.wait_for()
    assert len(loads) == 3, 'once by itself, once by hand'
    context.close()


def test_one_failure_of_the_console_leaves_no_question_without_its_signals(cell, tablet):
    page = tablet()
    page.locator('.idle').wait_for()
    asked = []

    def fail_once(route):
        asked.append(1)
        route.fulfill(status=503, json={'error': 'x'}) if len(asked) == 1 else route.continue_()

    page.route('**/evidence', fail_once)
    cell.ask(deadline_s=60.0)
    page.locator('.trace').first.wait_for()
    assert len(asked) == 2


def test_an_update_while_nobody_is_logged_in_leaves_a_whole_offline_page(
    cell, serve, assets, browser
):
    site = serve(login_required=True, assets=assets)
    token = enrol(site.console.app.test_client()).get_cookie(TABLET_COOKIE).value
    context = browser.new_context(viewport=LANDSCAPE, locale='en')
    context.add_cookies([{'name': TABLET_COOKIE, 'value': token, 'url': site.url}])
    page = context.new_page()
    page.set_default_timeout(20_000)

    def log_in():
        page.goto(f'{site.url}/login')
        page.select_option('select', 'Maria')
        page.fill('input[name=pin]', SECRETS['Maria'][1])
        page.click('button')
        page.wait_for_url(f'{site.url}/')

    shell = """async (of) => {
      await navigator.serviceWorker.ready;
      for (const name of await caches.keys()) {
        const kept = await (await caches.open(name)).match('/');
        if (kept && (await kept.text()).includes(of)) return !kept.redirected;
      }
      return false;
    }"""
    log_in()
    page.wait_for_function(shell, arg=ENTRY.search((assets / 'index.html').read_text())[0])
    context.clear_cookies(name='cobot_ai_session_cell_7')
    update(assets)
    sw = assets / 'sw.js'
    sw.write_text(
        sw.read_text().replace("'cobot_ai-", "'cobot_ai-X").replace('`cobot_ai-', '`cobot_ai-X')
    )
    page.goto(site.url)
    page.locator('select').wait_for()
    page.evaluate(
        'navigator.serviceWorker.getRegistration().then((r) => r.update()).catch(() => null)'
    )
    log_in()
    page.wait_for_function(shell, arg='index-NEWBUILD')
    context.close()

"""Taps kept on a tablet while the network is gone: whose they are and what becomes of them."""

import pytest
from conftest import LANDSCAPE
from web_people import SESSION_COOKIE, TABLET_COOKIE, enrol, log_in


@pytest.fixture
def shared_tablet(browser, serve):
    """One enrolled tablet: logs somebody in and opens a page."""
    site = serve(login_required=True)
    context = browser.new_context(viewport=LANDSCAPE, locale='en', service_workers='block')

    def open_page(name):
        client = enrol(site.console.app.test_client())
        log_in(client, name)
        for cookie in (SESSION_COOKIE, TABLET_COOKIE):
            value = client.get_cookie(cookie).value
            context.add_cookies([{'name': cookie, 'value': value, 'url': site.url}])
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(site.url)
        return page

    yield open_page, site
    context.close()


def kept(page):
    return page.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('cobot_ai.outbox'))")


def test_a_kept_tap_never_goes_under_the_name_of_the_next_person(cell, shared_tablet):
    open_page, site = shared_tablet
    page = open_page('Maria')
    case = cell.ask(deadline_s=60.0)
    page.locator(f'[data-case="{case}"] .answers .answer').first.wait_for()
    page.locator('body:not(.settling)').wait_for()
    site.down()
    page.locator('.answers .answer').first.click()
    page.wait_for_function("Object.keys(localStorage).some((k) => k.startsWith('cobot_ai.outbox'))")
    page.close()
    site.up()
    page = open_page('Otto')
    page.get_by_text('Maria tapped this, but somebody else is logged in now').wait_for()
    assert cell.of_kind(case, 'answer') == []
    assert 'other_person' in {line['what'] for line in cell.audit.newest()}
    page.wait_for_function(
        "!Object.keys(localStorage).some((k) => k.startsWith('cobot_ai.outbox.'))"
    )

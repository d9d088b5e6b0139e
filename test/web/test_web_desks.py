"""Engineer's comparison, plans, confusion, thresholds and words; the admin's screens; roles."""

import re
import time

import pytest
from other_screens import record, versions
from test_web_card import settled, until
from web_people import SECRETS, SESSION_COOKIE, TABLET_COOKIE, enrol, log_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


def checked(page):
    page.locator('.line', has_text='checked').wait_for()


def test_two_versions_stand_side_by_side_and_what_differs_is_marked(cell, tablet):
    live, bad, new = versions(cell)
    page = tablet(path='/#/engineer/models')
    table = page.locator('.compare table')
    sides = table.locator('thead select')
    sides.nth(0).wait_for()
    assert [sides.nth(k).input_value() for k in (0, 1)] == [live, new]
    sides.nth(1).select_option(bad)
    row = table.locator('tr.differs', has_text='golden')
    assert '✕ 11 of 12 golden cases are right or would be asked.' in row.inner_text()
    assert table.locator('tr', has_text='enough labels').count() == 0, (
        'the same: not shown at first'
    )
    page.get_by_role('button', name='Show what is the same too').click()
    assert table.locator('tr', has_text='enough labels').get_attribute('class') == ''
    assert '32' not in row.inner_text()


def test_a_swap_is_planned_shown_and_dropped(cell, tablet):
    *_, new = versions(cell)
    page = tablet(path='/#/engineer/models')
    checked(page)
    page.get_by_text('Nothing is planned.').wait_for()
    plan = page.locator('.plan')
    plan.get_by_label('Version').select_option(new)
    plan.get_by_role('button', name='Plan for the next break').click()
    planned = plan.locator('.planned', has_text='at the next break. Planned by Maria')
    planned.wait_for()
    assert new[:12] in planned.inner_text()
    plan.locator('input[type=time]').fill('14:00')
    plan.get_by_role('button', name='Plan for 14:00').click()
    until(page, lambda: cell.commands[-1].get('at') == '14:00')
    assert [c.get('model') for c in cell.commands] == [new, new]
    plan.get_by_role('button', name='Drop the plan').click()
    page.get_by_text('Nothing is planned.').wait_for()
    assert cell.plan is None


def test_a_hold_goes_to_what_was_pressed_when_the_list_moves_under_the_finger(cell, tablet):
    live, _, wanted = versions(cell)
    page = tablet(path='/#/engineer/models')
    checked(page)
    button = page.locator(f'[data-model="{wanted}"]').get_by_role('button', name='Promote')
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    settled(page)
    page.mouse.move(box['x'] + 20, box['y'] + 20)
    page.mouse.down()
    page.locator('.holding').wait_for()
    stored = cell.registry._stored
    cell.model(seed=7)  # a newer version comes in on top ...
    for digest in list(stored)[:2]:  # ... and the others change places
        stored[digest] = stored.pop(digest)
    cell.news()
    until(page, lambda: page.locator('.version').count() == 4)
    until(page, lambda: cell.registry.current() != live)
    page.mouse.up()
    assert cell.registry.current() == wanted


def test_a_cell_of_the_confusion_matrix_opens_its_cases(cell, tablet):
    record(cell, shifts=2, each=60)
    page = tablet(path='/#/engineer/confusion')
    wrong = page.locator('td.wrong button').first
    count = int(re.search(r'\d+', wrong.inner_text())[0])
    wrong.click()
    links = page.locator('.cases a')
    assert links.count() == count
    case = int(links.first.inner_text())
    label = cell.of_kind(case, 'label')[0]['label']
    probs = cell.of_kind(case, 'decision')[0]['probs']
    assert max(probs, key=probs.get) != label
    links.first.click()
    page.get_by_role('heading', name=f'Case {case}').wait_for()


def test_thresholds_show_what_another_risk_would_have_cost_beside_what_is(cell, tablet):
    record(cell, shifts=4)
    page = tablet(path='/#/engineer/what_if')
    page.locator('.plot canvas').wait_for()
    now = page.locator('tr', has_text='● now')
    assert '5%' in now.locator('button').inner_text()
    page.get_by_text('rather too high than too low').wait_for()
    asks = page.locator('.figures dd', has_text=re.compile('now: ')).first
    slider = page.locator('input[type=range]')
    slider.focus()
    slider.press('End')
    assert page.locator('tr.chosen button').inner_text() == '20%'
    page.locator('tr').nth(1).locator('button').click()
    asks.wait_for()
    assert cell.commands == [], 'looking changes nothing'


def test_thresholds_without_a_step_say_when_a_value_can_be_proposed(cell, tablet):
    page = tablet(path='/#/engineer/what_if')
    page.get_by_text('can be proposed here after the first ones').wait_for()
    cell.submit({
        'kind': 'propose', 'key': 'propose-1', 'name': 'risk.epsilon', 'value': 0.02,
        'by': 'Eva', 'tablet': 't',
    }, 1)  # fmt: skip
    page.reload()
    page.get_by_text('Eva proposes 2% instead of 5%').wait_for()


def test_another_risk_is_proposed_by_one_and_approved_by_another(cell, tablet):
    record(cell, shifts=2, each=20)
    eva, ada = (tablet(name, path='/#/engineer/what_if') for name in ('Eva', 'Ada'))
    eva.locator('.options, table').first.wait_for()
    assert eva.locator('#propose').count() == 0, 'the present value is no proposal'
    eva.get_by_role('button', name='2%', exact=True).click()
    eva.locator('#propose', has_text='Propose 2%').click()
    eva.get_by_text('Eva proposes 2% instead of 5%').wait_for()
    eva.get_by_text('Somebody else must approve it').wait_for()
    assert eva.get_by_role('button', name='approve').is_disabled()
    button = ada.get_by_role('button', name='Hold 1.5 s to approve')
    button.wait_for()
    settled(ada)
    button.hover()
    ada.mouse.down()
    until(ada, lambda: cell.tuning.spec.risk.epsilon == 0.02)
    ada.mouse.up()
    button.wait_for(state='detached')
    ada.locator('tr', has_text='2%').get_by_text('now').first.wait_for()


def test_words_are_edited_in_place_missing_ones_first_and_the_state_is_shown(cell, tablet):
    page = tablet(path='/#/engineer/vocabulary')
    checked(page)
    add = page.get_by_label('Add a language')
    add.select_option('pl')
    page.get_by_role('button', name='Polski: ▲ 5').click()
    rows = page.locator('tbody tr')
    assert rows.count() == 5
    field = page.get_by_label('Polski: seated')
    field.fill('Osadzony')
    field.press('Enter')
    page.get_by_role('button', name='Polski: ▲ 4').wait_for()
    assert rows.count() == 4
    page.get_by_role('button', name='All').click()
    assert page.get_by_label('Polski: seated').input_value() == 'Osadzony'
    english = page.get_by_label('English: seated')
    english.fill('Fits')
    english.press('Enter')
    page.get_by_text('✓ Saved').wait_for()
    sent = [c for c in cell.commands if c['kind'] == 'word']
    assert [(c['name'], c['lang'], c['text']) for c in sent] == [
        ('seated', 'pl', 'Osadzony'),
        ('seated', 'en', 'Fits'),
    ]
    cell.silent = True
    english.fill('Lost')
    english.press('Enter')
    page.get_by_text('Not saved').wait_for()


# ---------------------------------------------------------------- admin


@pytest.fixture
def logged_in(cell, serve, browser):
    """Opens a page of somebody who logged in, where a login is needed."""
    site = serve(login_required=True)
    contexts = []

    def open_page(name, path):
        client = enrol(site.console.app.test_client())
        log_in(client, name)
        context = browser.new_context(locale='en', service_workers='block')
        contexts.append(context)
        for cookie in (SESSION_COOKIE, TABLET_COOKIE):
            value = client.get_cookie(cookie).value
            context.add_cookies([{'name': cookie, 'value': value, 'url': site.url}])
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(site.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_an_admin_adds_changes_removes_and_restores_people(cell, logged_in):
    page = logged_in('Ada', '/#/admin')
    row = page.locator('tr', has_text='Maria')
    row.wait_for()
    page.get_by_label('Name').fill('Nils')
    page.get_by_label('New PIN').fill('123456')
    page.get_by_role('button', name='Save').click()
    page.get_by_text('no row such as 123456').wait_for()
    page.get_by_label('New PIN').fill('918273')
    page.get_by_role('button', name='Save').click()
    nils = page.locator('tr', has_text='Nils')
    nils.wait_for()
    assert cell.accounts.check('Nils', '918273') is not None
    nils.get_by_role('button', name='Remove').click()
    nils.get_by_text('■ removed').wait_for()
    assert cell.accounts.check('Nils', '918273') is None
    nils.get_by_role('button', name='Restore').click()
    nils.get_by_text('● active').wait_for()
    nils.get_by_role('button', name='Change').click()
    assert page.get_by_label('Name').input_value() == 'Nils'
    page.get_by_label('Role').select_option('engineer')
    page.get_by_label('New password').fill(SECRETS['Eva'][1])
    page.get_by_role('button', name='Save').click()
    nils.get_by_text('Engineer').wait_for()
    assert cell.accounts.person('Nils').role.name == 'ENGINEER'


def test_a_wall_is_paired_shows_without_a_login_and_goes_dark_when_removed(cell, serve, browser):
    site = serve(login_required=True)
    code = cell.accounts.offer('Wall 1', time.time(), wall=True)
    context = browser.new_context(locale='en', service_workers='block')
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f'{site.url}/pair?code={code}')
    page.get_by_role('button', name='Enrol').click()
    page.locator('.andon.running').wait_for()
    assert page.locator('footer').get_by_role('link').all_inner_texts() == [
        'State', 'Figures', 'Wall',
    ]  # fmt: skip
    assert page.get_by_role('button', name='Log out').count() == 0
    cell.ask()
    page.locator('.andon.asking').wait_for()
    page.goto(f'{site.url}/#/')
    page.locator('.andon').wait_for()
    cell.accounts.expel('Wall 1')
    page.locator('form').first.wait_for()
    assert '/login' in page.url
    context.close()


def test_a_tablet_is_paired_by_the_code_and_removed_by_holding(cell, logged_in, browser):
    page = logged_in('Ada', '/#/admin/tablets')
    page.get_by_label('Station').fill('Station 4')
    page.get_by_role('button', name='Make a code').click()
    code = page.locator('.code')
    code.wait_for()
    assert float(code.evaluate('e => parseFloat(getComputedStyle(e).fontSize)')) >= 64
    other = browser.new_page(locale='en')
    other.goto(page.url.split('#')[0] + 'pair')
    other.locator('input[name=code]').fill(code.inner_text())
    other.get_by_role('button').last.click()
    page.locator('tr', has_text='Station 4').wait_for()
    other.close()
    row = page.locator('tr', has_text='Station 4')
    settled(page)
    row.get_by_role('button', name='Remove').hover()
    page.mouse.down()
    # As long as it takes: on a busy machine the ring fills late.
    row.get_by_text('■ removed').or_(page.locator('tbody:not(:has-text("Station 4"))')).wait_for()
    page.mouse.up()
    assert 'Station 4' not in {t.name for t in cell.accounts.tablets() if t.active}


def test_connections_and_audit_are_listed_and_a_changed_line_is_noticed(cell, logged_in):
    page = logged_in('Ada', '/#/admin/connections')
    row = page.locator('tbody tr').first
    row.wait_for()
    assert 'Ada' in row.inner_text() and 'Admin' in row.inner_text()
    page.get_by_role('link', name='Audit log').click()
    page.locator('tbody tr').first.get_by_text('Logged in').wait_for()
    page.get_by_text('No line was changed').wait_for()
    cell.audit.note('wrong_pin', who='<img src=x onerror=alert(1)>')
    page.locator('tbody tr').first.get_by_text('Wrong PIN').wait_for()
    file = cell.audit._path
    file.write_text(file.read_text().replace('logged_in', 'logged_on'))
    page.get_by_text('Lines were changed').wait_for()


@pytest.mark.parametrize('name', ['Maria', 'Eva'])
def test_a_screen_that_is_not_for_the_role_says_so_and_is_not_offered(cell, logged_in, name):
    page = logged_in(name, '/#/admin')
    page.get_by_role('heading', name='Not for your role').wait_for()
    areas = page.locator('.areas a').all_inner_texts()
    assert areas == ['Operator', 'Wall', *(['Engineer'] if name == 'Eva' else [])]
    assert page.locator('.admin').count() == 0
    page.get_by_role('link', name='Wall').click()
    page.locator('.andon').wait_for()
    if name == 'Maria':  # the server takes the role away while the page is open
        page.evaluate("location.hash = '#/engineer'")
        page.get_by_role('heading', name='Not for your role').wait_for()


def test_plain_http_says_what_is_missing_and_tls_or_loopback_do_not(cell, logged_in, tablet):
    page = logged_in('Maria', '/')
    notice = page.locator('.plain-notice')
    notice.wait_for()
    for word in ('Not encrypted', 'go dark', 'without network'):
        assert word in notice.inner_text()
    assert page.evaluate('document.documentElement.scrollHeight <= innerHeight')
    settled(page)
    page.locator('#menu').click()
    settled(page)
    page.get_by_role('button', name='Log out').click()
    page.wait_for_url('**/login')
    here = tablet()
    here.locator('.idle').wait_for()
    assert here.locator('.plain-notice').count() == 0

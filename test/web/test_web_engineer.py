"""Engineer's screens, hostile texts and the login, in a real Chromium."""

import pytest
from test_web_card import settled, shown, tap, until
from web_data import an_evidence
from web_people import PASSWORD

from cobot_ai.web.schemas_pulse import ContextState

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]
EVIL = '<img src=x onerror="window.pwned=1"><svg onload="window.pwned=2">'


def hold(page, name, ms=1700):
    button = page.get_by_role('button', name=name).first
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    page.mouse.move(box['x'] + box['width'] / 2, box['y'] + box['height'] / 2)
    settled(page)
    page.mouse.down()
    page.wait_for_timeout(ms)
    page.mouse.up()


def test_models_show_reasons_and_failed_cases(cell, tablet):
    case = cell.act()
    cell.go_live(cell.model())
    bad = cell.model(passed=False, seed=1, case=case)
    page = tablet(path='/#/engineer/models')
    version = page.locator(f'[data-model="{bad}"]')
    version.get_by_text('11 of 12 golden cases are right or would be asked.').wait_for()
    assert version.get_by_role('button', name='Promote').is_disabled()
    version.get_by_role('link', name=str(case)).click()
    page.get_by_role('heading', name=f'Case {case}').wait_for()


def test_a_threshold_that_does_not_exist_is_said_with_what_is_missing(cell, tablet):
    cell.go_live(cell.model())
    page = tablet(path='/#/engineer/models')
    row = page.locator('tr', has_text='part=peg_b')
    row.get_by_text('none exists: ask').wait_for()
    assert row.locator('td').last.inner_text() == '32'
    other = page.locator('tr', has_text='part=peg_a')
    assert '120 labels, 61 above, 0 wrong' in other.inner_text()
    assert 'Groups: 13, each counts once' in row.inner_text()
    assert 'Groups' not in other.inner_text(), 'every label is a group of its own'


def test_promote_and_roll_back_need_a_hold_not_a_tap(cell, tablet):
    first, second = cell.model(), cell.model(seed=1)
    cell.go_live(first)
    page = tablet(path='/#/engineer/models')
    page.locator(f'[data-model="{second}"]').wait_for()
    page.locator('#line, .line', has_text='checked').first.wait_for()
    hold(page, 'Promote', ms=200)
    assert cell.registry.current() == first
    hold(page, 'Promote')
    until(page, lambda: cell.registry.current() == second)
    page.locator(f'[data-model="{second}"]', has_text='live').wait_for()
    hold(page, 'Roll back')
    until(page, lambda: cell.registry.current() == first)
    assert [e.body['by'] for e in cell.ledger.last('rollback')] == ['Maria']
    (command,) = [c for c in cell.commands if c['kind'] == 'rollback']
    assert command['model'] == second, 'it names what shall go'


def test_after_a_rollback_the_models_screen_says_that_swaps_are_off(cell, tablet):
    cell.go_live(cell.model())
    second = cell.model(seed=1)
    page = tablet(path='/#/engineer/models')
    page.locator('.line', has_text='checked').wait_for()
    assert page.locator('.paused').count() == 0
    cell.auto_paused = True
    banner = page.locator('.paused', has_text='not swapped automatically')
    banner.wait_for()
    page.locator(f'[data-model="{second}"]').wait_for()
    hold(page, 'Promote')
    banner.wait_for(state='detached')


def test_maintenance_is_switched_and_shown(cell, tablet):
    page = tablet(path='/#/engineer/models')
    page.locator('.line', has_text='checked').wait_for()
    hold(page, 'Begin maintenance')
    page.get_by_role('button', name='End maintenance').wait_for()
    page.locator('.line', has_text='Maintenance').wait_for()
    assert cell.maintenance


def test_decisions_are_filtered_and_one_is_told_end_to_end(cell, tablet):
    acted = cell.act('seated')
    asked = cell.ask(undo_s=0.0)
    lost = cell.ask(deadline_s=0.0)
    who = {'case': asked, 'by': 'Maria', 'tablet': 't'}
    cell.submit({'kind': 'answer', 'label': 'missing', 'epoch': 0, 'key': 'k', **who}, 1)
    page = tablet(path='/#/engineer')
    until(page, lambda: len(cell.settled) == 2)

    def cases():
        return [int(n) for n in page.locator('tbody td:first-child').all_inner_texts()]

    page.locator('tbody tr', has_text='Nobody answered').wait_for()
    assert cases() == [lost, asked, acted]
    for name, expected in (('Acted alone', [acted]), ('Not answered', [lost])):
        page.locator('.filters').get_by_role('button', name=name).click()
        assert cases() == expected
    page.goto(page.url.split('#')[0] + f'#/engineer/case/{asked}')
    page.get_by_role('heading', name=f'Case {asked}').wait_for()
    for text in ('71.23%', 'Part missing · accepted', 'temp.joint_3: gap (25%)'):
        page.locator('.case').get_by_text(text).first.wait_for()
    assert page.locator('canvas').count() == 5


def test_labels_are_withdrawn_with_a_reason_and_a_hold(cell, tablet):
    cases = [cell.ask(undo_s=0.0) for _ in range(3)]
    for case, by in zip(cases, ('Maria', 'Ali', 'Maria'), strict=True):
        who = {'case': case, 'by': by, 'tablet': 't', 'key': f'k{case}'}
        cell.submit({'kind': 'answer', 'label': 'missing', 'epoch': 0, **who}, 1)
    page = tablet()
    until(page, lambda: len(cell.settled) == 3)

    def labels():
        return [cell.ledger.labels()[c].body['label'] for c in cases]

    page.goto(page.url.split('#')[0] + f'#/engineer/case/{cases[1]}')
    page.locator('.withdraw summary').click()
    button = page.get_by_role('button', name='Hold to withdraw')
    assert button.is_disabled(), 'without a reason'
    page.get_by_label('Why').fill('wrong part in the fixture')
    hold(page, 'Hold to withdraw', ms=100)
    assert labels() == ['missing'] * 3, 'a short touch withdraws nothing'
    hold(page, 'Hold to withdraw')
    page.get_by_text('the next version learns without it').wait_for()
    assert labels() == ['missing', None, 'missing']
    assert cell.commands[-1]['why'] == 'wrong part in the fixture'
    page.locator('.withdraw').wait_for(state='detached')

    page.goto(page.url.split('#')[0] + f'#/engineer/case/{cases[0]}')
    page.locator('.withdraw summary').click()
    page.get_by_label('Why').fill('left the company')
    page.get_by_label('Which').select_option(label='Every label that Maria gave')
    hold(page, 'Hold to withdraw')
    until(page, lambda: labels() == [None] * 3)


def test_a_case_shows_its_outcome_and_a_missing_picture_is_no_error(cell, tablet):
    case = cell.ask(undo_s=0.0, evidence=an_evidence(still='camera'))
    who = {'case': case, 'by': 'Maria', 'tablet': 't', 'key': 'k'}
    cell.submit({'kind': 'answer', 'label': 'missing', 'epoch': 0, **who}, 1)
    page = tablet()
    failed = []
    page.on('response', lambda r: failed.append(r.url) if r.status >= 400 else None)
    until(page, lambda: cell.settled)
    page.goto(page.url.split('#')[0] + f'#/engineer/case/{case}')
    page.locator('.still', has_text='No camera picture').wait_for()
    assert page.locator('.case img').count() == 0
    assert failed == []
    outcome = page.locator('.rows div', has_text='Outcome').inner_text()
    assert 'Answered · Part missing · part rejected · Maria' in outcome


def test_hostile_texts_do_not_run_anywhere(cell, tablet):
    classes = tuple(
        type(c)(c.name, c.action, c.nominal, text={'en': EVIL + c.name})
        for c in cell.question.classes
    )
    evidence = {
        **an_evidence(),
        'channels': [{**c, 'text': {'en': EVIL}, 'unit': EVIL} for c in an_evidence()['channels']],
    }
    page = tablet()
    case = cell.ask(
        evidence=evidence, classes=classes, text={'en': EVIL}, facts={EVIL: EVIL}, undo_s=0.5
    )
    shown(page, case)
    page.locator('.trace').first.wait_for()
    assert page.locator('h1').inner_text() == EVIL
    tap(page, 'seated')
    page.locator('.idle', has_text='You said').wait_for()
    cell.act(label=EVIL)
    for path in ('', f'/case/{case}', '/models'):
        page.goto(page.url.split('#')[0] + '#/engineer' + path)
        page.locator('main').get_by_text('<img').or_(page.locator('.controls')).first.wait_for()
    assert page.evaluate('window.pwned') is None
    assert page.locator('img[src="x"]').count() == 0


def test_outside_loopback_a_pin_opens_the_page_and_the_name_is_recorded(
    cell, serve, browser, monkeypatch
):
    site = serve(login_required=True)
    context = browser.new_context(locale='en')
    page = context.new_page()
    page.goto(site.url)
    page.get_by_label('Name').fill('Eva')
    page.get_by_label('PIN').fill('0000')
    page.get_by_role('button').click()
    page.get_by_text('This PIN or password is wrong').wait_for()
    page.get_by_label('Name').fill('Eva')
    page.get_by_label('PIN').fill(PASSWORD)
    page.get_by_role('button').click()
    case = cell.ask()
    shown(page, case)
    tap(page, 'Seated')
    page.locator('.said', has_text='You said').wait_for()
    until(page, lambda: cell.of_kind(case, 'answer'))
    assert cell.of_kind(case, 'answer')[0]['by'] == 'Eva'
    context.clear_cookies()
    site.down()
    site.up()
    page.wait_for_url('**/login', timeout=9000)
    context.close()


def test_a_case_shows_what_it_resembles_with_label_and_shift_and_only_after_the_tap(
    cell, site, tablet, connect
):
    old = cell.ask(facts={'operation': 'insert', 'shift': 'B'})
    connect().command('answer', case=old, label='missing', epoch=0)
    cell._write('label', {'label': 'missing', 'by': 'p7', 'source': 'answer', 'revision': 1}, old)
    near = [{'case': old, 'similarity': 0.83}]
    told = {**near[0], 'label': 'missing', 'shift': 'B', 'by': None, 't_ns': 1}
    new = cell.ask(evidence={**an_evidence(), 'nearest': [told]})
    decision = next(e for e in cell.ledger.of_case(new) if e.kind == 'decision')
    decision.body['nearest'] = near
    page = tablet(path='/#/engineer')

    def nearest():
        return page.request.get(f'{site.url}/api/cases/{new}/evidence').json()['nearest']

    assert nearest() == []
    connect().command('answer', case=new, label='seated', epoch=0)
    assert nearest() == [told]
    page.goto(f'{site.url}/#/engineer/case/{new}')
    row = page.locator('.nearest li')
    row.get_by_text('shift B').wait_for()
    assert 'missing' in row.inner_text()
    assert '83' in row.inner_text()
    row.get_by_role('link').click()
    page.get_by_role('heading', name=f'Case {old}').wait_for()


AUDITED = {
    'share': 0.1, 'drawn': 0, 'total': 0, 'failed': 0, 'acted': 0, 'errors': 0.0, 'bound': None,
    'steady': None, 'needed': 0,
}  # fmt: skip
REASONS = (
    ({}, '90%'),
    ({'answers': 3}, 'asks: 3 of 10 answers'),
    ({'taught': None}, 'asks: no model yet'),
    ({'taught': 4}, 'asks: the live version has learnt 4 of 10 answers here'),
    ({'threshold': None}, 'asks: no certified threshold yet'),
    ({'threshold': None, 'missing': 7}, 'asks: 7 clean labels missing'),
)


def test_a_context_names_the_reason_that_really_asks(cell, tablet):
    known = {
        'context': 'part=A', 'answers': 50, 'needed_answers': 10, 'taught': 50, 'threshold': 0.9,
        'level': 'context', 'missing': None, 'floor': 0.0, 'audits': AUDITED, 'alarm': 0,
    }  # fmt: skip
    ContextState.model_validate(known)
    page = tablet(path='/#/engineer/models')
    for row, said in REASONS:
        cell.load |= {'audits': AUDITED, 'epsilon': 0.05, 'contexts': [{**known, **row}]}
        page.locator('.risk tbody td').get_by_text(said, exact=True).wait_for()


def test_the_parts_of_a_drift_alarm_are_set_apart(cell, tablet):
    alarm = {'context': 'part=A', 'figure': 'novelty', 'capital': 30.0, 'limit': 20.0, 'left': 10}
    cell.load |= {'audits': AUDITED, 'epsilon': 0.05, 'contexts': [], 'alarms': [alarm]}
    alarm = tablet(path='/#/engineer/models').locator('.risk .alarm')
    alarm.wait_for()
    told = ' '.join(alarm.inner_text().split())
    assert 'unlike before · part=A · 10 right answers in a row end it' in told

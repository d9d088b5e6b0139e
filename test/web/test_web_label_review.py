"""Second opinions at a page: keys, mouse and touch, blind, one case at a time."""

import pytest
from conftest import PORTRAIT
from other_screens import unsettled
from test_web_card import settled, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]
PATH = '/#/engineer/review'


@pytest.fixture
def page(cell, tablet):
    unsettled(cell)
    page = tablet('Eva', path=PATH)
    page.locator('.look').wait_for()
    page.locator('.line', has_text='checked').wait_for()
    settled(page)
    return page


def shown(page):
    return int(page.locator('.look').get_attribute('data-look'))


def press(page, key):
    """A key, and the next case."""
    before = shown(page)
    page.keyboard.press(key)
    until(page, lambda: shown(page) != before)
    settled(page)
    return before


def left(page):
    return int(page.locator('.progress b').inner_text().split()[-1])


def labels(cell, case):
    return cell.ledger.labels()[case].body


def test_each_case_takes_one_key_and_the_label_is_in_the_ledger(cell, page):
    assert left(page) == 5
    first = press(page, '2')
    until(page, lambda: labels(cell, first)['source'] == 'review')
    assert (labels(cell, first)['label'], labels(cell, first)['by']) == ('misaligned', 'Eva')
    second = press(page, '0')
    until(page, lambda: cell.reviews.why(second) is None)
    assert left(page) == 3
    assert [e.body['reason'] for e in cell.ledger.last('command')] == ['not_sure']


def test_a_key_pressed_twice_decides_nothing_unseen(cell, page):
    before = shown(page)
    page.keyboard.press('1')
    page.keyboard.press('1')
    page.keyboard.press('1')
    until(page, lambda: shown(page) != before)
    settled(page)
    until(page, lambda: cell.reviews.why(before) is None)
    assert [c['case'] for c in cell.commands if c['kind'] == 'review'] == [before]


def test_z_takes_back_and_the_same_case_is_asked_again(cell, page):
    first = press(page, '1')
    until(page, lambda: cell.reviews.why(first) is None)
    page.keyboard.press('z')
    until(page, lambda: shown(page) == first)
    until(page, lambda: cell.reviews.why(first) is not None)
    settled(page)
    until(page, lambda: left(page) == 5)
    assert press(page, '3') == first
    until(page, lambda: labels(cell, first)['label'] == 'missing')


def test_space_plays_the_trace_and_the_arrows_step_it(cell, site, tablet):
    unsettled(cell)
    page = tablet('Eva', path=PATH)
    page.locator('.look canvas').first.wait_for()
    settled(page)
    picture = "document.querySelector('.look canvas').toDataURL()"
    whole = page.evaluate(picture)
    page.keyboard.press('ArrowRight')
    until(page, lambda: page.evaluate(picture) != whole)
    part = page.evaluate(picture)
    page.keyboard.press(' ')
    until(page, lambda: page.evaluate(picture) not in (whole, part))
    until(page, lambda: page.evaluate(picture) == whole, 8000)
    assert page.locator('.look').count() == 1 and not cell.commands


def test_by_touch_alone_it_is_the_same(cell, tablet):
    unsettled(cell)
    page = tablet('Eva', path=PATH, size=PORTRAIT)
    page.locator('.look').wait_for()
    settled(page)
    first = shown(page)
    page.locator('.choice', has_text='Part missing').tap()
    until(page, lambda: shown(page) != first)
    settled(page)
    page.locator('#later').tap()
    settled(page)
    page.locator('#undo-look').tap()
    until(page, lambda: shown(page) == first)
    until(page, lambda: cell.reviews.why(first) is not None)
    small = page.locator('.look .tap').evaluate_all(
        'all => all.filter(e => Math.min(e.offsetHeight, e.offsetWidth) < 44)'
        '.map(e => e.textContent)'
    )
    assert small == []


def test_nothing_of_what_anybody_thinks_is_on_the_page_before_the_choice(cell, site, page):
    case = shown(page)
    text = page.locator('main').inner_text()
    assert 'Otto' not in text and 'Nils' not in text and '%' not in text
    cell.ledger.evidence(case)['nearest'] = [{'case': 1, 'similarity': 0.9, 'label': 'seated'}]
    fetched = page.request.get(f'{site.url}/api/review').text()
    assert not any(word in fetched for word in ('probs', 'confidence', 'label'))
    evidence = page.request.get(f'{site.url}/api/review/{case}').json()
    assert evidence['nearest'] == [] and case not in [p['case'] for p in evidence['past']]
    press(page, '1')
    page.locator('.look-outcome', has_text='first answer: Part missing').wait_for()
    assert 'model: Seated' in page.locator('.look-outcome').inner_text()


def test_own_cases_are_left_to_somebody_else_and_said_so(cell, tablet):
    unsettled(cell)
    page = tablet('otto', path=PATH)
    page.get_by_text('Labelled by you, somebody else must judge: 4').wait_for()
    assert left(page) == 1, 'the one nobody labelled'


def test_the_reasons_filter_and_an_empty_list_says_so(cell, page):
    page.get_by_role('button', name='Corrected later (1)').click()
    settled(page)
    assert left(page) == 1
    page.keyboard.press('1')
    page.get_by_text('Nothing waits for a second look here.').wait_for()
    page.get_by_role('button', name='All (4)').click()
    page.locator('.look').wait_for()

"""Held, not held, resume at the robot: said over whatever else is on the page."""

import pytest
from test_web_card import shown

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


def motion(phase, **more):
    return {'recipe': 'ur', 'phase': phase, 'reason': '', 'stopped': '', 'text': {}, **more}


def test_a_hold_that_is_not_confirmed_is_an_alarm_over_an_open_question(cell, tablet):
    page = tablet()
    shown(page, cell.ask())
    cell.motion = motion('not_held', reason='the joints move (0.5 rad/s)')
    alarm = page.get_by_role('alert').filter(has_text='The robot may still move.')
    alarm.wait_for()
    assert 'the joints move (0.5 rad/s)' in alarm.inner_text()
    assert page.locator('.motion.alarm').evaluate('e => getComputedStyle(e).backgroundColor') == (
        'rgb(176, 0, 32)'
    )
    cell.motion = motion('held')
    alarm.wait_for(state='detached')


def test_a_hold_that_is_lost_is_the_same_alarm(cell, tablet):
    page = tablet()
    cell.motion = motion('lost', reason='no joint states come')
    page.get_by_text('The robot may still move. Go to the robot.').wait_for()


def test_what_to_press_at_the_robot_is_said_in_the_readers_language(cell, tablet):
    page = tablet()
    text = {'en': "Press Play on the robot's pendant.", 'de': 'Auf Start drücken.'}
    cell.motion = motion('pendant', text=text)
    page.get_by_text('Resume at the robot.').wait_for()
    assert "Press Play on the robot's pendant." in page.locator('.motion').inner_text()
    cell.motion = motion('held', stopped='safety_mode is 3 (protective stop)', text=text)
    page.get_by_text('Safety stop. Clear it at the robot').wait_for()
    assert 'protective stop' in page.locator('.motion').inner_text()


def test_a_robot_that_is_held_or_free_needs_no_banner(cell, tablet):
    page = tablet()
    cell.motion = motion('held')
    shown(page, cell.ask())
    assert page.locator('.motion').count() == 0


def test_the_drivers_own_words_are_a_quotation_under_a_sentence_of_the_reader(cell, tablet):
    page = tablet(lang='ar')
    cell.motion = motion('not_held', reason='the joints move (0.5 rad/s)')
    quote = page.locator('.motion .driver q')
    quote.wait_for()
    assert (quote.get_attribute('lang'), quote.get_attribute('dir')) == ('en', 'ltr')
    assert quote.inner_text() == 'the joints move (0.5 rad/s)'
    assert 'يقول برنامج تشغيل الروبوت' in page.locator('.motion .driver').inner_text()
    cell.motion = motion('not_held')
    quote.wait_for(state='detached')
    assert page.locator('.motion .driver').count() == 0

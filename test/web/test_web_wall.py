"""The wall: the state to be read from 5 m, and the figures. Nobody touches either."""

import time

import pytest
from conftest import LANDSCAPE, PORTRAIT
from other_screens import record
from test_web_card import until
from web_data import QUESTION

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]
SIZES = """
() => ({
  glyph: Math.min(...Object.values(document.querySelector('.andon .glyph')
    .getBoundingClientRect().toJSON()).slice(2, 4)),
  text: [...document.querySelectorAll('.andon *:not(svg, svg *)')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
    .map(e => parseFloat(getComputedStyle(e).fontSize)),
  over: document.documentElement.scrollHeight > innerHeight + 1,
})
"""


def mode(page):
    return page.locator('.andon').get_attribute('data-mode')


def shows(page, name):
    page.locator(f'.andon.{name}').wait_for()


def large_enough(page):
    seen = page.evaluate(SIZES)
    assert seen['glyph'] >= 120
    assert min(seen['text']) >= 48
    assert not seen['over']


def test_a_cell_without_sensor_data_is_not_called_running(cell, tablet):
    cell.start(shadow=False)
    wall, page = tablet(path='/wall'), tablet()
    shows(wall, 'running')
    page.get_by_text('Nothing to do here now.').wait_for()
    cell.deaf_to = ['camera']
    wall.locator('.andon', has_text='No data from: ').wait_for()
    assert wall.locator('.andon strong').inner_text() == 'Running'
    cell.deaf_to, cell.blind = ['wrench', 'joints'], True
    shows(wall, 'no_data')
    assert wall.locator('.andon strong').inner_text() == 'No sensor data'
    large_enough(wall)
    page.locator('.no-data').wait_for()
    for text in (wall.locator('.andon').inner_text(), page.locator('.no-data').inner_text()):
        assert 'wrench' in text and 'joints' in text
    assert 'Running' not in page.locator('.screen').inner_text()
    assert page.get_by_text('Nothing to do here now.').count() == 0
    cell.deaf_to, cell.blind = [], False
    shows(wall, 'running')
    page.get_by_text('Nothing to do here now.').wait_for()


def test_the_line_is_told_by_shape_words_and_age_without_a_tap(cell, tablet):
    cell.start(shadow=False)
    page = tablet(path='/wall')
    shows(page, 'running')
    page.get_by_text('checked').wait_for()
    large_enough(page)
    shape = {'running': page.locator('.andon path').get_attribute('d')}
    case = cell.ask(undo_s=0.3)
    shows(page, 'asking')
    assert 'Nobody has it yet' in page.locator('.andon').inner_text()
    shape['asking'] = page.locator('.andon path').get_attribute('d')
    for size in (LANDSCAPE, PORTRAIT):
        page.set_viewport_size(size)
        large_enough(page)
    who = {'case': case, 'by': 'Jana', 'tablet': 'tablet-7'}
    cell.submit({'kind': 'claim', 'key': 'claim-01', **who}, 1)
    page.get_by_text('Jana is looking at it').wait_for()
    assert cell.of_kind(case, 'claim')[-1]['by'] == 'Jana', 'the wall itself takes no question'
    answer = {'kind': 'answer', 'label': 'seated', 'epoch': 1, 'key': 'answer-1', **who}
    with cell.lock:
        cell.submit(answer, 1)
    cell.held = True
    until(page, lambda: mode(page) == 'held', 9000)
    shape['held'] = page.locator('.andon path').get_attribute('d')
    page.get_by_text('case 3').wait_for()
    cell.held = False
    cell.submit({'kind': 'maintenance', 'on': True, 'key': 'mainten1', 'by': 'Otto'}, 1)
    shows(page, 'maintenance')
    page.get_by_text('Otto').wait_for()
    shape['maintenance'] = page.locator('.andon path').get_attribute('d')
    assert len(set(shape.values())) == 4, 'every state has a shape of its own'


def test_a_silent_monitor_is_unknown_on_the_wall(cell, tablet):
    cell.start(shadow=False)
    page = tablet(path='/wall')
    shows(page, 'running')
    cell.frozen = True
    shows(page, 'unknown')
    page.get_by_text('Unknown since').wait_for()
    assert 'Running' not in page.locator('.andon').inner_text()


def test_time_in_state_survives_a_reload(cell, tablet):
    cell.start(shadow=False)
    entry = cell._write('maintenance', {'on': True, 'by': 'Otto'})
    object.__setattr__(entry, 't_ns', time.time_ns() - 720 * 10**9)
    cell.maintenance = True
    page = tablet(path='/wall')
    shows(page, 'maintenance')
    page.get_by_text('for 12 min').wait_for()


def test_figures_stand_with_band_number_of_cases_and_eight_shifts(cell, tablet):
    record(cell, each=20)
    page = tablet(path='/wall/kpi')
    tile = page.locator('[data-kpi="answer_s"]')
    tile.locator('.value').wait_for()
    assert 'n = ' in tile.locator('.band').inner_text()
    assert '\u2013' in tile.locator('.band').inner_text()
    assert tile.locator('.trend circle').count() >= 8
    assert '160 decisions since' in page.locator('.kpis header').inner_text()
    assert page.get_by_text('Maria').count() == 0, 'no figure names a person'
    assert page.locator('.kpi').count() == 9
    page.locator('[data-kpi=scrap]', has_text='Part missing').wait_for()  # words come by themselves
    oee = page.locator('[data-kpi=oee]').inner_text()
    assert 'No figure yet' in oee or 'Without performance' in oee or 'advises only' in oee
    assert 'wanted: at most' in page.locator('[data-kpi=wrong_alone]').inner_text()


def test_without_cases_there_is_no_figure_and_no_zero(cell, tablet):
    page = tablet(path='/wall/kpi')
    page.locator('.kpi').first.wait_for()
    assert page.locator('.kpi .none').count() == 9
    assert page.locator('.kpi .value').count() == 0


def test_figures_refresh_themselves(cell, tablet):
    page = tablet(path='/')
    page.clock.install()
    page.goto(page.url.rstrip('/') + '/#/wall/kpi')
    page.locator('.kpi').first.wait_for()
    record(cell, shifts=1, each=12)
    page.clock.run_for(21_000)
    page.locator('.kpi .value').first.wait_for()


def test_the_question_on_the_wall_is_the_plants(cell, tablet):
    cell.start(shadow=False)
    page = tablet(path='/wall', lang='de')
    cell.ask()
    page.get_by_text(QUESTION.text['de']).wait_for()

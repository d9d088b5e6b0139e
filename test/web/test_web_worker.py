"""What a worker does beside answering: instruction, causes, reports, looks, offline; leftovers."""

import socket
import threading
from contextlib import suppress
from dataclasses import replace

import pytest
from conftest import LANDSCAPE
from test_web_card import answers, settled, shown, tap, until
from web_data import QUESTION

from cobot_ai.core.spec import ReasonSpec

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


def test_the_work_instruction_stands_beside_the_question_and_the_answers(cell, tablet):
    cell.instruction = '# Insert\n1. Press until it **clicks**.'
    page = tablet()
    case = cell.ask(sop='insert.md')
    shown(page, case)
    page.locator('#sop').click()
    page.locator('.sop li', has_text='Press until it clicks').wait_for()
    assert page.get_by_role('heading', name='Is the peg fully seated?').is_visible()
    settled(page)
    tap(page, 'Seated')
    page.get_by_text('You said: Seated').wait_for()


def test_without_an_instruction_there_is_no_button(cell, tablet):
    page = tablet()
    shown(page, cell.ask())
    assert page.locator('#sop').count() == 0


BURR = ReasonSpec('burr', {'en': 'Burr on the edge'})


@pytest.mark.parametrize('cell', [replace(QUESTION, reasons=(BURR,))], indirect=True, ids=['burr'])
def test_after_a_bad_step_one_tap_names_the_cause_in_the_plants_words(cell, tablet):
    page = tablet()
    case = cell.ask(undo_s=0.2)
    shown(page, case)
    tap(page, 'Misaligned')
    page.locator('.reason', has_text='Burr on the edge').wait_for()
    settled(page)
    page.locator('.reason').click()
    page.get_by_text('Cause saved').wait_for()
    page.locator('.idle').wait_for()
    (body,) = cell.of_kind(case, 'reason')
    assert (body['reason'], body['by']) == ('burr', 'Maria')
    assert len(cell.settled) == 1, 'it moves nothing'


def test_causes_can_be_skipped_and_give_way_to_a_question(cell, tablet):
    page = tablet()
    shown(page, cell.ask(undo_s=0.2))
    tap(page, 'Misaligned')
    page.locator('.teach').wait_for()
    waiting = cell.ask(undo_s=0.2)
    shown(page, waiting)
    tap(page, 'Misaligned')
    page.locator('.teach').wait_for()
    settled(page)
    page.locator('#skip').click()
    page.locator('.idle').wait_for()
    assert cell.of_kind(waiting, 'reason') == []


def test_a_worker_reports_a_step_the_robot_judged_wrong(cell, tablet):
    case = cell.act('seated')
    page = tablet()
    page.locator('#report').wait_for()
    settled(page)
    page.locator('#report').click()
    row = page.locator('.choices .row').first
    assert 'P-20417' in row.inner_text() and 'ago' in row.inner_text()
    assert 'robot goes on' not in row.inner_text(), 'it would tell what the model thinks'
    settled(page)
    row.click()
    page.locator('#just-wrong').wait_for()
    settled(page)
    tap(page, 'Part missing')
    page.get_by_text('Reported. Thank you.').wait_for()
    assert cell.of_kind(case, 'report')[0]['what'] == 'wrong'
    assert cell.of_kind(case, 'label')[-1]['label'] == 'missing'
    assert cell.settled == []


def test_a_worker_reports_something_odd(cell, tablet):
    page = tablet()
    page.locator('#report').wait_for()
    settled(page)
    page.locator('#report').click()
    settled(page)
    page.locator('#odd').click()
    page.locator('.reason', has_text='Sensor or camera').wait_for()
    settled(page)
    page.locator('.reason', has_text='Sensor or camera').click()
    page.get_by_text('Reported. Thank you.').wait_for()
    assert [e.body['reason'] for e in cell.ledger.last('report')] == ['sensor']


def test_a_look_without_hurry_is_as_blind_as_a_question(cell, tablet):
    case = cell.act('seated')
    cell.load['review'] = case
    body = {**cell.desk.review_body(case, 'audit', 0.71234)}
    cell._write('review', body, case)
    cell.ledger._evidence[case] = None
    page = tablet()
    page.locator('#review').wait_for()
    settled(page)
    page.locator('#review').click()
    page.locator(f'.card[data-review="{case}"] .answer').first.wait_for()
    assert '0.71' not in page.content() and 'audit' not in page.content()
    settled(page)
    tap(page, 'Seated')
    until(page, lambda: any(c['kind'] == 'review' for c in cell.commands))


def test_right_after_an_answer_idle_never_claims_an_open_question(cell, tablet):
    page = tablet()
    page.evaluate("""() => {
      window.said = [];
      new MutationObserver(() => {
        const line = document.querySelector('#line')?.textContent ?? '';
        const count = document.querySelector('#queue')?.textContent ?? '';
        if (line.includes('Question open') && count.startsWith('0')) window.said.push(line);
      }).observe(document, {subtree: true, childList: true, characterData: true});
    }""")
    for _ in range(3):
        shown(page, cell.ask(undo_s=0.1))
        tap(page, 'Seated')
        page.locator('.idle').wait_for()
    assert page.evaluate('window.said') == []


def test_a_hold_is_for_what_was_pressed_even_when_the_list_moves_under_the_finger(cell, tablet):
    wanted = cell.model(seed=1)
    page = tablet('Jana', path='/#/engineer/models')
    button = page.locator(f'[data-model="{wanted}"] button.hold')
    button.wait_for()
    settled(page)
    box = button.bounding_box()
    page.mouse.move(box['x'] + 30, box['y'] + 20)
    page.mouse.down()
    newer = cell.model(seed=2)
    page.locator(f'[data-model="{newer}"]').wait_for()
    assert button.bounding_box()['y'] > box['y'] + 50, 'it moved'
    until(page, lambda: cell.registry.current() is not None)
    page.mouse.up()
    assert cell.registry.current() == wanted


def test_names_in_other_languages_of_the_plant_and_the_longer_pseudo_language(cell, tablet):
    page = tablet(lang='zh-Hans')
    case = cell.ask(text={'zh': '销钉装好了吗', 'en': 'English'})
    shown(page, case)
    assert page.locator('h1').inner_text() == '销钉装好了吗'
    assert page.locator('html').get_attribute('lang') == 'zh-Hans'
    page.goto(page.url.split('?')[0] + '?lang=pseudo')
    shown(page, case)
    assert '··' in page.locator('#fail-safe').inner_text()
    assert page.evaluate('document.documentElement.scrollWidth') <= LANDSCAPE['width']


class Pipe:
    """A network between tablet and console that can stand still without breaking."""

    def __init__(self, port):
        self._flow = threading.Event()
        self._flow.set()
        self._target = port
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(('127.0.0.1', self._target))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source, sink):
        with suppress(OSError):
            while data := source.recv(65536):
                self._flow.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def freeze(self):
        self._flow.clear()

    def thaw(self):
        self._flow.set()

    def close(self):
        self.thaw()
        self._listener.close()


def test_rule_07_and_08_a_frozen_network_makes_everything_unknown_and_its_late_burst_is_no_news(
    cell, site, tablet
):
    pipe = Pipe(site.port)
    page = tablet()
    page.goto(f'http://127.0.0.1:{pipe.port}/')
    page.locator('.idle').wait_for()
    page.locator('#line', has_text='Running').wait_for()
    pipe.freeze()
    case = cell.ask(deadline_s=3.0)
    page.locator('#line', has_text='Unknown since').wait_for()
    assert page.get_by_text('Running').count() == 0
    until(page, lambda: cell.of_kind(case, 'resolution'))
    pipe.thaw()
    page.locator('#line', has_text='Running').wait_for()
    assert page.locator('#queue').inner_text() == '0 questions'
    assert answers(cell, case) == []
    pipe.close()


def test_offline_the_page_itself_still_opens_and_says_unknown(cell, site, browser):
    context = browser.new_context(locale='en')
    page = context.new_page()
    page.goto(site.url)
    page.evaluate('navigator.serviceWorker.ready')
    cell.ask()
    page.locator('.card').wait_for()
    site.down()
    page.goto(site.url)
    page.get_by_text('No connection').wait_for()
    page.get_by_text('Unknown: no sign from the monitor yet').first.wait_for()
    assert page.locator('.card').count() == 0, 'no question is shown from memory'
    site.up()
    page.locator('.card').wait_for()
    context.close()


def test_a_word_changed_by_the_engineer_is_on_the_report_screen_at_once_and_after_a_restart(
    cell, tablet
):
    page = tablet()
    page.locator('.idle').wait_for()
    cell.act()
    word = {'of': 'class', 'name': 'missing', 'lang': 'en', 'text': 'No peg at all'}
    cell.submit({'kind': 'word', 'key': 'word-0001', 'by': 'Eva', 'tablet': 't', **word}, 1)

    def words_of_report():
        settled(page)
        page.locator('#report').click()
        settled(page)
        page.locator('.choices .row').first.click()
        page.locator('.answer', has_text='No peg at all').wait_for()

    words_of_report()
    cell.start()
    page.reload()
    page.locator('.idle').wait_for()
    words_of_report()

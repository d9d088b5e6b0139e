"""What changes under a finger: a tap does what was there when it came down, or nothing."""

import pytest
from conftest import LOW
from other_screens import unsettled
from test_web_card import answers, boxes, centre, settled, shown, until
from test_web_motion import motion
from web_data import an_evidence

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


def tap_as(cell, case, kind, by='Ana', **more):
    key = f'{kind}-{by}-{case}'
    cell.submit({'kind': kind, 'case': case, 'by': by, 'tablet': by, 'key': key, **more}, 1)
    cell.news()


def test_a_row_of_the_queue_that_was_answered_meanwhile_is_not_undone_by_the_tap_that_opens_it(
    cell, tablet
):
    page = tablet()
    first = cell.ask(undo_s=20.0)
    shown(page, first)
    other = cell.ask(undo_s=20.0, text={'en': 'The other one?'})
    page.locator('#queue', has_text='2 questions').wait_for()
    settled(page)
    page.locator('#queue').click()
    row = page.locator('.queue li', has_text='The other one?')
    row.wait_for()
    settled(page)
    row.get_by_role('button', name='Open').hover()
    page.mouse.down()
    tap_as(cell, other, 'answer', label='seated', epoch=0)
    row.get_by_role('button', name='Undo').wait_for()
    page.mouse.up()
    settled(page)
    assert cell.of_kind(other, 'undo') == []
    row.get_by_role('button', name='Undo').click()
    until(page, lambda: cell.of_kind(other, 'undo'))


def test_a_look_that_was_opened_stays_open_when_another_case_is_offered(cell, tablet):
    unsettled(cell)
    first, second = list(cell.reviews.waiting)[:2]
    page = tablet()
    page.locator('.idle').wait_for()
    offer(cell, first)
    page.locator('#review').wait_for()
    settled(page)
    page.locator('#review').click()
    look = page.locator(f'[data-review="{first}"]')
    look.wait_for()
    offer(cell, second)
    page.wait_for_timeout(900)  # the heartbeat that tells of it
    settled(page)
    look.locator('.answer', has_text='Seated').click()
    page.locator('#review').wait_for()
    until(page, lambda: [c for c in cell.commands if c['kind'] == 'review'])
    assert [(c['case'], c['label']) for c in cell.commands if c['kind'] == 'review'] == [
        (first, 'seated')
    ]


def offer(cell, case):
    place = next(e.body for e in cell.ledger.of_case(case) if e.kind == 'decision')
    question = {'classes': [{'name': 'seated', 'action': 'continue', 'nominal': True}]}
    cell._write(
        'review',
        {'context': place['context'], 'facts': {}, 'open_classes': False, 'text': {}, **question},
        case,
    )
    cell.load = {**cell.load, 'review': case}


def test_what_comes_in_does_not_replace_the_case_an_engineer_looks_at(cell, tablet):
    unsettled(cell)
    page = tablet('Eva', path='/#/engineer/review')
    page.locator('.look').wait_for()
    settled(page)
    first = page.locator('.look').get_attribute('data-look')
    page.keyboard.press('l')
    until(page, lambda: page.locator('.look').get_attribute('data-look') != first)
    settled(page)
    before = page.locator('.look').get_attribute('data-look')
    left = page.locator('.progress b').inner_text()
    unsettled(cell)  # as many again, and conflicts come first
    cell.news()
    until(page, lambda: page.locator('.progress b').inner_text() != left)
    assert page.locator('.look').get_attribute('data-look') == before
    settled(page)
    page.keyboard.press('1')
    until(page, lambda: [c for c in cell.commands if c['kind'] == 'review'])
    assert [c['case'] for c in cell.commands] == [int(before)]


@pytest.mark.parametrize('phase', ['holding', 'not_held', 'lost'])
@pytest.mark.parametrize('path', ['/', '/#/wall'])
def test_held_is_said_only_of_a_robot_that_was_seen_to_stand(cell, tablet, phase, path):
    cell.held, cell.motion = True, motion(phase)
    page = tablet(path=path, size=LOW, lang='de')
    said = page.locator('#line, .say').first
    alarm = 'Der Roboter bewegt sich vielleicht noch'
    unsure = 'Halt nicht bestätigt' if path == '/' or phase == 'holding' else alarm
    said.get_by_text(unsure).first.wait_for()
    assert 'Angehalten' not in said.inner_text() and 'Läuft' not in said.inner_text()
    for box in boxes(page, '.say > *'):
        assert box[3] <= boxes(page, 'footer')[0][1], 'it is cut off'
    cell.motion = motion('held')
    said.get_by_text('Angehalten').wait_for()


def test_what_appears_above_a_button_does_not_take_its_tap(cell, tablet):
    page = tablet()
    case = cell.ask(undo_s=0.2)
    shown(page, case)
    page.locator('.answer', has_text='Seated').click()
    page.get_by_role('button', name='Change').wait_for()
    settled(page)
    page.evaluate("""() => { window.settling = 0; new MutationObserver(() => {
      window.settling += document.body.classList.contains('settling');
      }).observe(document.body, {attributes: true}) }""")
    cell.held = True
    page.get_by_role('heading', name='Held: case 3').wait_for()
    assert page.evaluate('window.settling') > 0


def test_who_was_not_the_first_reads_so_also_later(cell, tablet):
    page = tablet()
    case = cell.ask(undo_s=1.5)
    shown(page, case)
    with cell.lock:  # both are on their way
        page.locator('.answer', has_text='Misaligned').click()
        until(page, lambda: [c for c in cell.commands if c['kind'] == 'answer'])
        tap_as(cell, case, 'answer', label='seated', epoch=cell.desk.find(case).epoch)
    row = page.locator('.idle .row-text', has_text='You said: Misaligned')
    row.wait_for()
    assert 'Ana answered “Seated” first' in row.inner_text()


def test_a_screen_that_cannot_be_filled_now_says_so_and_fills_itself_later(cell, tablet):
    down, failed = True, 0

    def serve(route):
        nonlocal failed
        failed += down
        route.fulfill(status=503, json={'error': 'store'}) if down else route.continue_()

    page = tablet()
    page.context.route('**/api/vocabulary', serve)
    page.goto(page.url.split('#')[0] + '#/engineer/vocabulary')
    page.get_by_text('could not be loaded yet').wait_for()
    until(page, lambda: failed > 1)
    down = False
    page.locator('.vocabulary td input').first.wait_for()
    assert page.get_by_text('could not be loaded yet').count() == 0


@pytest.mark.parametrize('path', ['/', '/#/engineer/review'])
def test_of_many_sensors_that_were_not_measured_one_line_tells(cell, tablet, path):
    unsettled(cell)
    document = an_evidence()
    one = {**document['channels'][0], 'text': {}, 'note': 'gap'}
    document['channels'] += [{**one, 'name': f'joint_{n}'} for n in range(18)]
    page = tablet('Eva', path=path)
    if path == '/':
        shown(page, cell.ask(evidence=document))
    else:
        for case in cell.reviews.listed():
            cell.ledger._evidence[case] = document
        page.reload()
    line = page.locator('.missing', has_text='Not measured')
    line.wait_for()
    assert 'joint_0 (gap)' in line.inner_text() and '17 more' in line.inner_text()
    assert line.bounding_box()['height'] < 60
    if path != '/':
        line.locator('summary').click()
        line.get_by_text('joint_17 (gap)').wait_for()


def test_a_word_that_somebody_else_changed_is_not_set_back_by_passing_through(cell, tablet):
    page = tablet('Eva', path='/#/engineer/vocabulary')
    page.locator('.line', has_text='checked').wait_for()
    field = page.get_by_label('English: seated')
    field.fill('Fits')
    field.press('Enter')
    page.get_by_text('✓ Saved').wait_for()
    word = {'of': 'class', 'name': 'seated', 'lang': 'en', 'text': 'Sits well'}
    cell.submit({'kind': 'word', 'key': 'word-ada', 'by': 'Ada', 'tablet': 't', **word}, 1)
    cell.news()
    page.get_by_text('Not saved').wait_for()  # the page knows the other one by now
    field.focus()
    field.blur()
    page.wait_for_timeout(300)
    assert [c['by'] for c in cell.commands if c['kind'] == 'word'] == ['Eva', 'Ada']


@pytest.mark.parametrize('gap_ms', [100, 350])
def test_without_a_build_too_a_double_tap_undoes_nothing(cell, tablet, gap_ms):
    case = cell.ask(undo_s=30.0)
    page = tablet(path='/lite')
    page.locator('input[name=by]').fill('Maria')
    (box, *_) = boxes(page, 'form button')
    page.wait_for_timeout(800)  # it was just drawn
    page.mouse.click(*centre(box))
    page.wait_for_timeout(gap_ms)
    page.mouse.click(*centre(box))
    undo = page.get_by_role('button', name='Take back')
    undo.wait_for()
    assert answers(cell, case) == [('seated', 'accepted')]
    assert cell.of_kind(case, 'undo') == []
    undo.click()
    until(page, lambda: cell.of_kind(case, 'undo'))

"""The question on a tablet, in a real Chromium: the interaction rules, each with its figure."""

import re
from dataclasses import replace

import pytest
from conftest import LANDSCAPE, LOW, PORTRAIT
from web_data import CLASSES, FACTS, PNG, QUESTION, an_evidence

from cobot_ai.core.spec import Action, ClassSpec

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]
FOUR = (*CLASSES, ClassSpec('scratched', Action.REJECT, text={'en': 'Scratched surface'}))
BOXES = """
els => els.filter(e => e.offsetParent).map(e => {
  const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom] })
"""


def settled(page):
    page.locator('body:not(.settling)').wait_for()


def shown(page, case):
    page.locator(f'.card[data-case="{case}"] .answer').first.wait_for()
    settled(page)


def tap(page, text):
    page.locator('.answer', has_text=text).click()


def boxes(page, selector):
    return page.eval_on_selector_all(selector, BOXES)


def centre(box):
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def apart(a, b):
    return max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3])


TAP_AT_ONCE = """
selector => new Promise(done => {
  const look = () => {
    const button = document.querySelector(selector);
    if (!button) return requestAnimationFrame(look);
    const { x, y, width, height } = button.getBoundingClientRect();
    const at = {bubbles: true, pointerId: 1, clientX: x + width / 2, clientY: y + height / 2};
    for (const kind of ['pointerdown', 'pointerup', 'pointerdown', 'pointerup'])
      button.dispatchEvent(new PointerEvent(kind, at));
    done();
  };
  look();
})
"""
"""Two taps as soon as it is there, however long this machine takes to say so."""


def answers(cell, case):
    return [(a['label'], a['status']) for a in cell.of_kind(case, 'answer')]


def until(page, what, timeout_ms=20_000):
    for _ in range(timeout_ms // 50):
        if what():
            return
        page.wait_for_timeout(50)
    raise AssertionError('it did not happen')


LONG = pytest.mark.long
TABLETS = [
    pytest.param(size, px_20mm, id=f'{inches}in-{held}', marks=() if short else LONG)
    for inches, px_20mm, held, size, short in [
        (8, 149, 'portrait', PORTRAIT, True),
        (8, 149, 'landscape', LANDSCAPE, False),
        (10, 118, 'portrait', PORTRAIT, False),
        (10, 118, 'landscape', LANDSCAPE, False),
        (12, 99, 'portrait', PORTRAIT, False),
        (12, 99, 'landscape', LANDSCAPE, True),
    ]
]


@pytest.mark.parametrize(('size', 'px_20mm'), TABLETS)
def test_rule_01_answers_are_20_mm_with_4_mm_between_and_nothing_is_under_15_mm(
    cell, tablet, size, px_20mm
):
    mm = px_20mm / 20
    page = tablet(size=size)
    page.evaluate(f"localStorage['cobot_ai.prefs'] = JSON.stringify({{pxPerMm: {mm}}})")
    page.reload()
    case = cell.ask(classes=FOUR, open_classes=True, evidence=an_evidence())
    shown(page, case)
    answer_boxes = boxes(page, '.answer')
    assert len(answer_boxes) == 6
    everything = boxes(page, 'button')
    for box in everything:
        least = 20 * mm if box in answer_boxes else 15 * mm
        assert min(box[2] - box[0], box[3] - box[1]) >= least - 0.6, box
        assert box[0] >= 0 and box[2] <= size['width'] and box[3] <= size['height'], box
    for a in answer_boxes:
        for b in everything:
            assert a == b or apart(a, b) >= 4 * mm - 0.6, (a, b)


def inside(inner, outer):
    return all(a >= b - 0.6 for a, b in zip(inner[:2], outer[:2], strict=True)) and all(
        a <= b + 0.6 for a, b in zip(inner[2:], outer[2:], strict=True)
    )


@pytest.mark.parametrize('lang', ['en', 'de'])
def test_a_low_screen_shows_the_countdown_and_what_happens_without_an_answer(cell, tablet, lang):
    for label in ('seated', 'misaligned'):
        past = cell.ask(undo_s=0.0)
        who = {'case': past, 'by': 'Ana', 'tablet': 'other', 'epoch': 0, 'key': f'past-{label}'}
        cell.submit({'kind': 'answer', 'label': label, **who}, 1)
        with cell.lock:
            cell.desk.tick()
    page = tablet(size=LOW, lang=lang)
    case = cell.ask(
        classes=FOUR,
        open_classes=True,
        evidence=an_evidence(still='camera'),
        facts={**FACTS, 'tool': 'gripper_2', 'program': 'insert_peg_v12', 'lot': 'L-2291-B'},
    )
    cell.stills[case] = PNG
    shown(page, case)
    page.locator('.trace').first.wait_for()
    (place,) = boxes(page, '.question')
    assert place[3] <= min(b[1] for b in boxes(page, '.answer'))
    svg = page.locator('.ring').bounding_box()
    ring = [svg['x'], svg['y'], svg['x'] + svg['width'], svg['y'] + svg['height']]
    for box in (ring, *boxes(page, '#fail-safe')):
        assert inside(box, place), (box, place)
    for box in boxes(page, 'button'):
        assert inside(box, [0, 0, LOW['width'], LOW['height']]), box
    (signals,) = boxes(page, '.traces')
    plot = boxes(page, '.trace')[0]
    assert inside(plot, signals) and plot[3] - plot[1] >= 30, (plot, signals)


@pytest.mark.parametrize('size', [LANDSCAPE, LOW], ids=['landscape', 'low'])
def test_more_signals_scroll_and_do_not_lie_under_the_note_below(cell, tablet, size):
    page = tablet(size=size)
    shown(page, cell.ask())
    page.locator('#more-signals').click()
    page.locator('.signal').nth(3).wait_for()
    (list_box,), (foot,) = boxes(page, '.traces'), boxes(page, '.signals-foot')
    assert list_box[3] <= foot[1]
    assert page.locator('.traces').evaluate("e => getComputedStyle(e).overflowY === 'auto'")
    assert foot[3] <= min(b[1] for b in boxes(page, '.answer'))
    page.locator('.signal').nth(3).scroll_into_view_if_needed()
    last = boxes(page, '.signal')[3]
    assert inside(last, list_box), (last, list_box)


def test_answers_keep_their_places_from_case_to_case(cell, tablet):
    page = tablet()
    places = []
    for _ in range(2):
        case = cell.ask(undo_s=0.3)
        shown(page, case)
        places.append(boxes(page, '.answer'))
        tap(page, 'Seated')
        page.locator('.idle').wait_for()
    assert places[0] == places[1]


def test_rule_02_one_tap_is_one_answer_and_the_robot_hears_of_it_after_the_undo_time(cell, tablet):
    page = tablet()
    case = cell.ask(undo_s=1.0)
    shown(page, case)
    tap(page, 'Seated')
    page.get_by_text('You said: Seated').wait_for()
    assert cell.settled == []
    page.locator('.idle').wait_for()
    assert [(r.case, r.label, r.go) for r in cell.settled] == [(case, 'seated', True)]
    (body,) = cell.of_kind(case, 'answer')
    assert body['react_ms'] > 500


@pytest.mark.parametrize(
    'gap_ms', [100, 450, *(pytest.param(n, marks=LONG) for n in (60, 150, 300, 600))]
)
def test_rule_03_and_fault_3_a_double_tap_neither_undoes_nor_answers_twice(cell, tablet, gap_ms):
    page = tablet()
    case = cell.ask(undo_s=1.5)
    shown(page, case)
    box = page.locator('.answer').first.bounding_box()
    at = box['x'] + box['width'] / 2, box['y'] + box['height'] / 2
    page.mouse.click(*at)
    page.wait_for_timeout(gap_ms)
    page.mouse.click(*at)
    page.locator('.idle').wait_for()
    assert answers(cell, case) == [('seated', 'accepted')]
    assert cell.of_kind(case, 'undo') == []


LONG_WORDS = replace(
    QUESTION,
    open_classes=True,
    classes=(
        QUESTION.classes[0],
        ClassSpec('bottom', Action.HOLD, text={'en': 'Bottom obstruction'}),
        ClassSpec('slipped', Action.HOLD, text={'en': 'Slipped in the gripper'}),
        ClassSpec('misaligned', Action.HOLD, text={'en': 'Misaligned in yaw'}),
    ),
)
BROKEN_WORDS = """
labels => labels.flatMap(label => {
  const text = label.querySelector('bdi').firstChild;
  return [...text.data.matchAll(/\\S+/g)].filter(word => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return range.getClientRects().length !== 1;
  }).map(word => word[0]).concat(label.scrollHeight > label.clientHeight ? ['cut off'] : []);
})
"""


@pytest.mark.parametrize('cell', [LONG_WORDS], indirect=True)
def test_answers_break_between_words_and_are_not_cut_off(cell, tablet):
    page = tablet()
    shown(page, cell.ask())
    for size in (LANDSCAPE, LOW, PORTRAIT):
        page.set_viewport_size(size)
        settled(page)
        labels = page.locator('.answer > span')
        assert labels.count() == 6
        assert labels.evaluate_all(BROKEN_WORDS) == []


def test_rule_03_a_tap_on_a_card_that_has_just_changed_does_not_count(cell, tablet):
    page = tablet()
    first = cell.ask(undo_s=0.3)
    shown(page, first)
    second = cell.ask(undo_s=0.3)
    box = page.locator('.answer').first.bounding_box()
    at = box['x'] + box['width'] / 2, box['y'] + box['height'] / 2
    page.mouse.click(*at)
    page.evaluate(TAP_AT_ONCE, f'.card[data-case="{second}"] .answer')
    settled(page)
    assert answers(cell, second) == []
    page.mouse.click(*at)
    page.locator('.said', has_text='You said').wait_for()
    until(page, lambda: answers(cell, second))
    assert answers(cell, second) == [('seated', 'accepted')]


def test_a_claim_that_comes_back_late_moves_nothing_and_no_tap_is_refused_for_it(cell, tablet):
    page = tablet()
    with cell.lock:  # the claim waits for it
        case = cell.ask()
        shown(page, case)
    page.locator('.answer').first.hover()
    page.mouse.down()
    until(page, lambda: cell.of_kind(case, 'claim'))
    cell.ask()  # told after the claim
    page.locator('#queue', has_text='2 questions').wait_for()
    page.mouse.up()
    page.locator('.said', has_text='You said').wait_for()


def test_rule_03_the_tap_that_wakes_the_screen_is_not_an_answer(cell, tablet):
    page = tablet()
    case = cell.ask()
    shown(page, case)
    wake = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(f'() => {{ {wake}; return ({TAP_AT_ONCE})(".answer") }}')
    settled(page)
    assert answers(cell, case) == []
    tap(page, 'Seated')
    page.locator('.said', has_text='You said').wait_for()


def test_rule_03_the_finger_must_go_down_and_up_on_the_same_answer(cell, tablet):
    page = tablet()
    case = cell.ask()
    shown(page, case)
    first, second = boxes(page, '.answer')[:2]
    page.mouse.move(*centre(first))
    page.mouse.down()
    page.mouse.move(*centre(second), steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert cell.of_kind(case, 'answer') == []
    page.mouse.move(*centre(second))
    page.mouse.down()
    page.mouse.up()
    page.locator('.said', has_text='You said').wait_for()
    until(page, lambda: answers(cell, case))
    assert answers(cell, case) == [('misaligned', 'accepted')]


def test_rule_03_a_finger_that_slides_off_an_answer_gave_none(cell, tablet):
    page = tablet()
    case = cell.ask()
    shown(page, case)
    touch = page.context.new_cdp_session(page)
    (x, y), (there, _) = map(centre, boxes(page, '.answer')[:2])
    steps = [('Start', x), ('Move', (x + there) / 2), ('Move', there), ('End', None)]
    for kind, at in steps:
        points = [] if at is None else [{'x': at, 'y': y}]
        touch.send('Input.dispatchTouchEvent', {'type': f'touch{kind}', 'touchPoints': points})
    page.wait_for_timeout(100)
    assert cell.of_kind(case, 'answer') == []
    for kind in ('Start', 'End'):
        points = [{'x': x, 'y': y}] if kind == 'Start' else []
        touch.send('Input.dispatchTouchEvent', {'type': f'touch{kind}', 'touchPoints': points})
    page.get_by_text('You said: Seated').wait_for()


@pytest.mark.parametrize('size', [LANDSCAPE, PORTRAIT], ids=['landscape', 'portrait'])
def test_rule_04_and_fault_4_undo_is_never_under_an_answer_and_nothing_jumps(cell, tablet, size):
    page = tablet(size=size)
    case = cell.ask(classes=FOUR, open_classes=True)
    shown(page, case)
    before, traces = boxes(page, '.answer'), boxes(page, '.trace')
    tap(page, 'Seated')
    (undo,) = (page.locator('#undo').wait_for(), boxes(page, '#undo'))[1]
    assert all(apart(undo, box) > 0 for box in before)
    for box in before:
        under = 'p => document.elementFromPoint(...p).closest("button, a, input") === null'
        assert page.evaluate(under, list(centre(box))), 'a control lies where an answer was'
    assert boxes(page, '.trace') == traces
    settled(page)
    page.locator('#undo').click()
    shown(page, case)
    assert len(cell.of_kind(case, 'undo')) == 1
    tap(page, 'Misaligned')
    page.get_by_text('You said: Misaligned').wait_for()


def test_the_card_says_what_happens_if_nobody_answers(cell, tablet):
    cell.held = True
    page = tablet()
    then = {
        'hold': 'the robot waits',
        'stop': 'the robot stops',
        'reject': 'the part is rejected',
        'rework': 'the part goes to rework',
    }
    for action, text in then.items():
        cell.ask(fail_safe=Action(action), deadline_s=2.0)
        page.locator('#fail-safe', has_text=f'No answer: {text}').wait_for()
        page.get_by_text(f'Nobody answered in time: {text}').wait_for()


def test_the_countdown_does_not_believe_the_tablets_clock(cell, tablet):
    page = tablet()
    page.add_init_script('const real = Date.now; Date.now = () => real() + 5 * 3600e3;')
    page.reload()
    case = cell.ask(deadline_s=30.0)
    shown(page, case)
    assert 26 <= int(page.locator('.ring text').text_content()) <= 30


def test_what_the_model_thinks_is_not_in_the_page_before_the_tap(cell, tablet):
    page = tablet()
    case = cell.ask()
    shown(page, case)
    page.locator('.trace').first.wait_for()
    html = page.content()
    assert not re.search(r'0\.712|71\.2|71 ?%|18\.7|below.(the.)?threshold|no_model|audit', html)


def test_not_sure_is_an_answer(cell, tablet):
    page = tablet()
    case = cell.ask(undo_s=0.3)
    shown(page, case)
    tap(page, 'Not sure')
    page.locator('.idle').wait_for()
    assert cell.settled[0].outcome == 'unsure'
    page.get_by_text('Nobody was sure').first.wait_for()


def test_an_open_question_takes_a_new_name(cell, tablet):
    page = tablet()
    case = cell.ask(open_classes=True)
    shown(page, case)
    tap(page, 'Other')
    settled(page)
    page.locator('.new-label input').fill('bent pin')
    page.locator('.new-label button').click()
    page.get_by_text('You said: bent pin').wait_for()
    until(page, lambda: answers(cell, case))
    assert answers(cell, case) == [('bent pin', 'accepted')]


def test_lost_sensors_are_named_in_the_plants_words(cell, tablet):
    page = tablet()
    shown(page, cell.ask())
    line = page.locator('.signals .missing')
    line.get_by_text('Motor 3 temperature (gap)').wait_for()
    assert line.inner_text().startswith('Not measured:')


def test_the_signals_that_deviate_most_come_first_and_the_rest_on_a_tap(cell, tablet):
    page = tablet()
    shown(page, cell.ask())
    page.locator('.trace').first.wait_for()
    assert page.locator('figcaption b').all_inner_texts() == ['Push force', 'Side force']
    assert page.locator('canvas').first.get_attribute('dir') == 'ltr'
    settled(page)
    page.locator('#more-signals').click()
    assert page.locator('.signal').count() == 4


def test_language_changes_at_once_and_stays(cell, tablet):
    page = tablet()
    shown(page, cell.ask())
    page.locator('#menu').click()
    settled(page)
    page.get_by_role('button', name='Deutsch').click()
    page.locator('#menu').click()
    page.get_by_role('heading', name='Sitzt der Stift ganz im Loch?').wait_for()
    page.reload()
    page.get_by_text('Ohne Antwort: der Roboter wartet').wait_for()
    assert page.locator('html').get_attribute('lang') == 'de'


def test_keys_answer_too(cell, tablet):
    page = tablet()
    case = cell.ask()
    shown(page, case)
    page.locator('.answer').nth(1).focus()
    page.keyboard.press('Enter')
    page.get_by_text('You said: Misaligned').wait_for()
    until(page, lambda: answers(cell, case))
    assert answers(cell, case) == [('misaligned', 'accepted')]

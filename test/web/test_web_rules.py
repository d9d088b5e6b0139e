"""The interaction rules that need more than a tap: latency, attention, blindness, load, one hand.

Rules 1 to 5 are in test_web_card.py, 7 to 10 in test_web_live.py, each under its number.
"""

import statistics
import time

import pytest
from conftest import LANDSCAPE, PORTRAIT
from test_web_card import boxes, settled, shown, tap, until
from web_data import PNG

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]
WATCH = """
() => {
  window.seen = {};
  const look = () => {
    for (const card of document.querySelectorAll('.card[data-case]'))
      window.seen[card.dataset.case] ??= Date.now();
    const said = document.querySelector('.said');
    if (said && said.textContent.startsWith('You said')) window.said ??= performance.now();
    if (document.querySelector('.answer.held')) window.held ??= performance.now();
  };
  new MutationObserver(look).observe(document, {subtree: true, childList: true, attributes: true});
  addEventListener('pointerdown', () => { window.down = performance.now() }, true);
  addEventListener('pointerup', () => { window.up = performance.now() }, true);
}
"""


@pytest.mark.alone
def test_rule_06_press_ack_and_push_are_felt_as_immediate(cell, tablet):
    page = tablet()
    page.locator('.idle').wait_for()
    page.evaluate(WATCH)
    pushed, pressed, acked = [], [], []
    for _ in range(4):
        asked = time.time() * 1e3
        case = cell.ask(undo_s=0.2)
        shown(page, case)
        pushed.append(page.evaluate(f'window.seen[{case}]') - asked)
        page.evaluate('() => { delete window.said; delete window.held }')
        tap(page, 'Seated')
        until(page, lambda: page.evaluate('window.said'))
        pressed.append(page.evaluate('window.held - window.down'))
        acked.append(page.evaluate('window.said - window.up'))
        page.locator('.idle').wait_for()
    assert statistics.median(pressed) < 50, pressed
    assert statistics.median(acked) < 150, acked
    assert statistics.median(pushed) < 250, pushed


@pytest.mark.alone
def test_rule_06_the_first_card_is_usable_in_2_5_s_on_an_old_tablet(cell, site, tablet):
    """Best of three: the machine that runs the tests does other things as well."""
    case = cell.ask(deadline_s=90.0)
    page = tablet()
    shown(page, case)
    slow = page.context.new_cdp_session(page)
    slow.send('Emulation.setCPUThrottlingRate', {'rate': 6})
    times = []
    for _ in range(3):
        page.goto(site.url)
        page.wait_for_selector('.answer:not([disabled])')
        times.append(page.evaluate('performance.now()'))
        if times[-1] < 2500:
            return
    raise AssertionError(f'usable after {times} ms')


SOUNDS = """
window.tones = []; window.shakes = [];
navigator.vibrate = pattern => { if (pattern.length) window.shakes.push(pattern); return true };
window.AudioContext = class {
  currentTime = 0; state = 'running'; destination = {};
  resume() { return Promise.resolve() }
  close() { return Promise.resolve() }
  createOscillator() {
    const start = at => window.tones.push(at);
    return { frequency: {}, connect: other => other, start, stop() {} };
  }
  createGain() {
    const level = v => { window.loudest = Math.max(window.loudest ?? 0, v) };
    const gain = { setValueAtTime: level, linearRampToValueAtTime: level };
    return { gain, connect: other => other };
  }
};
"""


@pytest.mark.alone
def test_rule_11_a_question_calls_in_three_stages_and_mute_is_seen_and_ends(cell, tablet):
    page = tablet()
    page.add_init_script(SOUNDS)
    page.reload()
    page.locator('.idle').wait_for()
    page.mouse.click(640, 30)  # browsers are silent before the first touch
    case = cell.ask(deadline_s=8.0)
    stages = []
    for beeps in (1, 3, 8):
        until(page, lambda n=beeps: page.evaluate('window.tones.length') >= n)
        left = page.evaluate("Number(document.querySelector('.ring text').textContent)")
        stages.append((page.evaluate('window.tones.length'), page.evaluate('window.loudest'), left))
    assert [s[0] for s in stages] == [1, 3, 8], 'one, two, five beeps: a rhythm of its own each'
    assert stages[0][1] < stages[1][1] < stages[2][1], 'each louder'
    # A busy machine looks up to a second late.
    assert all(0 <= due - s[2] <= 1 for due, s in zip((8, 4, 2), stages, strict=True)), stages
    assert len(page.evaluate('window.shakes')) == 2
    page.locator('.chip.call').wait_for()
    assert case in cell.ledger.open_cases()
    page.locator('#menu').click()
    settled(page)
    page.locator('#mute').click()
    page.locator('header .chip', has_text='Muted until').wait_for()
    before = page.evaluate('window.tones.length')
    shown_case = cell.ask()
    page.locator('#queue', has_text='question').wait_for()
    until(page, lambda: shown_case in cell.ledger.open_cases())
    assert page.evaluate('window.tones.length') == before
    hours = page.evaluate(
        "(JSON.parse(localStorage['cobot_ai.prefs']).mutedUntil - Date.now())/36e5"
    )
    assert 7.9 < hours <= 8, 'for a shift at most'


OPINION = ('0.71234', '0.18766', 'below_threshold', 'probs', 'confidence', 'nearest":[{', '"risk"')


def test_rule_12_what_the_model_thinks_does_not_even_reach_the_tablet(cell, tablet):
    page = tablet()
    received = []
    page.on('websocket', lambda ws: ws.on('framereceived', lambda f: received.append(str(f))))
    page.on(
        'response',
        lambda r: '/api/' in r.url and 'still' not in r.url and received.append(r.text()),
    )
    page.reload()
    page.locator('.idle').wait_for()
    case = cell.ask()
    cell._write('review', {**cell.of_kind(case, 'ask')[0], 'why': 'audit', 'risk': 0.71234}, case)
    told = {'guess': 'x', 'confidence': 0.71234}
    cell._write(
        'label', {'label': 'seated', 'source': 'answer', 'revision': 1, 'audit': told}, case
    )
    cell.model()
    shown(page, case)
    page.locator('.trace').first.wait_for()
    page.reload()
    shown(page, case)
    page.locator('.trace').first.wait_for()
    everything = ' '.join(received)
    assert 'Is the peg fully seated?' in everything and '"value"' in everything
    assert [word for word in OPINION if word in everything] == []


def test_rule_13_the_load_is_shown_and_too_much_of_it_is_said(cell, tablet):
    page = tablet()
    page.get_by_text('3 questions in the last hour · 6 at most are wanted').wait_for()
    assert page.get_by_text('More questions than wanted').count() == 0
    cell.load['asks_last_hour'] = 9
    page.get_by_text('More questions than wanted').wait_for()


@pytest.mark.alone
def test_rule_14_the_time_to_answer_runs_from_visible_to_tap(cell, tablet):
    page = tablet()
    begun = time.monotonic()
    case = cell.ask()
    shown(page, case)
    page.wait_for_timeout(800)
    tap(page, 'Seated')
    until(page, lambda: cell.of_kind(case, 'answer'))
    react_ms = cell.of_kind(case, 'answer')[0]['react_ms']
    assert 800 <= react_ms <= (time.monotonic() - begun) * 1e3


AWAKE = """
window.asked = 0; window.locks = [];
Object.defineProperty(navigator, 'wakeLock', {value: {request: async () => {
  window.asked++;
  const lock = new EventTarget(); window.locks.push(lock); return lock;
}}});
"""


def test_rule_15_the_screen_stays_awake_and_full_screen_ends_only_by_holding(cell, tablet):
    page = tablet()
    page.add_init_script(AWAKE)
    page.reload()
    page.locator('.idle').wait_for()
    assert page.evaluate('window.asked') == 1
    page.evaluate("window.locks[0].dispatchEvent(new Event('release'))")
    settled(page)
    page.locator('#menu').click()
    page.get_by_text('The screen may go dark').wait_for()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_text('The screen is kept awake').wait_for()
    assert page.evaluate('window.asked') == 2
    settled(page)
    page.get_by_role('button', name='Full screen').click()
    leave = page.get_by_role('button', name='Hold 1.5 s to leave full screen')
    leave.wait_for()
    settled(page)
    leave.click()
    page.get_by_text('Hold the button until the ring is full').wait_for()
    assert page.evaluate('document.fullscreenElement !== null')


@pytest.mark.parametrize('size', [LANDSCAPE, PORTRAIT], ids=['landscape', 'portrait'])
def test_rule_16_one_hand_is_enough_whichever_it_is(cell, tablet, size):
    page = tablet(size=size)
    case = cell.ask()
    cell.stills[case] = PNG
    shown(page, case)
    height = size['height']
    assert min(box[1] for box in boxes(page, '.answer')) >= height * 2 / 3 - 1
    (before,) = boxes(page, '.question')
    page.locator('#menu').click()
    settled(page)
    page.get_by_role('button', name='Swap left and right').click()
    page.locator('#menu').click()
    shown(page, case)
    (after,) = boxes(page, '.question')
    if size is LANDSCAPE:
        assert before[2] < size['width'] / 2 < after[0]
    page.keyboard.press('2')
    page.get_by_text('You said: Misaligned').wait_for()
    settled(page)
    page.keyboard.press('Backspace')
    until(page, lambda: cell.of_kind(case, 'undo'))

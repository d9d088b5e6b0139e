"""Connection, several tablets, reloads: nothing is lost and nobody is left guessing."""

import json
import time

import pytest
from conftest import LOW
from test_web_card import FOUR, answers, boxes, inside, settled, shown, tap, until

from cobot_ai.core.spec import Action

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


def test_rule_07_without_a_heartbeat_the_whole_screen_becomes_unknown(cell, tablet):
    page = tablet()
    case = cell.ask()
    shown(page, case)
    cell.frozen = True
    page.locator('#line', has_text='Unknown since').wait_for()
    page.locator('.answer:not([disabled])').first.wait_for(state='detached')
    assert page.locator('.ring text').text_content() == '?'
    cell.frozen = False
    page.locator('#line', has_text='Question open, checked').wait_for()
    settled(page)
    tap(page, 'Seated')
    page.locator('.said', has_text='You said').wait_for()


def test_fault_1_the_idle_screen_never_shows_a_stale_truth(cell, site, tablet):
    page = tablet()
    page.get_by_role('heading', name='Running, checked 0 s ago').wait_for()
    site.down()
    page.get_by_text('No connection').wait_for()
    page.get_by_role('heading', name='Unknown since').wait_for()
    assert page.get_by_text('Running').count() == 0
    site.up()
    page.get_by_role('heading', name='Running, checked').wait_for()


def test_rule_08_after_a_cut_exactly_what_was_missed_is_replayed_without_a_reload(
    cell, site, tablet
):
    page = tablet()
    frames = []
    # Playwright cannot take a bound method of a builtin.
    page.on('websocket', lambda ws: ws.on('framereceived', lambda f: frames.append(f)))  # noqa: PLW0108
    shown(page, cell.ask(undo_s=0.3))
    page.evaluate('window.marker = 1')
    site.down()
    page.get_by_text('No connection').wait_for()
    frames.clear()
    seen = cell.ledger.head()
    missed = cell.ask(text={'en': 'Asked while nobody was connected?'})
    site.up()
    page.locator('#queue', has_text='2 questions').wait_for()
    assert page.evaluate('window.marker') == 1
    events = [json.loads(f[f.index('[') :]) for f in map(str, frames) if f.startswith('42')]
    replayed = next(e for e in events if e[0] == 'entries')
    assert not any(e[0] == 'snapshot' for e in events)
    seqs = [e['seq'] for e in replayed[1]]
    assert seqs == list(range(seqs[0], seqs[-1] + 1)) and seqs[0] <= seen + 1 <= seqs[-1]
    assert any(e['case'] == missed for e in replayed[1])


def test_rule_07_a_tap_without_connection_is_shown_and_sent_when_it_is_back(cell, site, tablet):
    page = tablet()
    case = cell.ask()
    shown(page, case)
    site.down()
    page.get_by_text('No connection').wait_for()
    tap(page, 'Seated')
    page.get_by_text('Sending: Seated').wait_for()
    page.get_by_text('1 waiting to be sent').wait_for()
    site.up()
    page.get_by_text('You said: Seated').wait_for()
    until(page, lambda: answers(cell, case))
    assert answers(cell, case) == [('seated', 'accepted')]


def test_the_key_of_a_tap_survives_a_reload(cell, tablet):
    page = tablet()
    case = cell.ask()
    shown(page, case)
    cell.silent = True
    tap(page, 'Seated')
    page.get_by_text('Sending: Seated').wait_for()
    page.reload()
    page.get_by_text('Sending: Seated').wait_for()
    cell.silent = False
    page.get_by_text('You said: Seated').wait_for()
    keys = {c['key'] for c in cell.commands if c['kind'] == 'answer'}
    assert len(keys) == 1
    assert sum(c['kind'] == 'answer' for c in cell.commands) >= 2
    assert answers(cell, case) == [('seated', 'accepted')]
    page.locator('.outbox').wait_for(state='detached')


def both_show(first, second, case):
    """Who comes first has it; the other one sees that and opens it all the same."""
    shown(first, case)
    row = second.locator('.queue li').first
    row.or_(second.locator(f'.card[data-case="{case}"]')).first.wait_for()
    settled(second)
    if row.count():
        row.get_by_role('button').click()
    shown(second, case)


def test_rule_10_two_tablets_opposite_answers_one_counts_and_the_other_is_told_who_and_what(
    cell, tablet
):
    maria, ana = tablet('Maria'), tablet('Ana')
    case = cell.ask()
    both_show(maria, ana, case)
    with cell.lock:  # both taps are on their way before either is decided
        tap(maria, 'Seated')
        until(maria, lambda: sum(c['kind'] == 'answer' for c in cell.commands) == 1)
        tap(ana, 'Misaligned')
        until(ana, lambda: sum(c['kind'] == 'answer' for c in cell.commands) == 2)
    until(ana, lambda: len(answers(cell, case)) == 2)
    statuses = sorted(status for _, status in answers(cell, case))
    assert statuses == ['accepted', 'conflict']
    winner = next(a for a in cell.of_kind(case, 'answer') if a['status'] == 'accepted')['by']
    loser = ana if winner == 'Maria' else maria
    label = 'Seated' if winner == 'Maria' else 'Misaligned'
    loser.get_by_text(f'{winner} answered “{label}” first').wait_for()
    loser.get_by_text(f'{winner} said: {label}').wait_for()


def test_rule_04_undo_works_from_the_other_tablet(cell, tablet):
    maria, ana = tablet('Maria'), tablet('Ana')
    case = cell.ask()
    both_show(maria, ana, case)
    tap(maria, 'Seated')
    ana.get_by_text('Maria said: Seated').wait_for()
    settled(ana)
    ana.locator('#undo').click()
    maria.get_by_text('Ana took the answer back').wait_for()
    shown(maria, case)
    assert cell.settled == []


def test_rule_10_everybody_sees_who_has_the_question_as_long_as_it_is_in_sight(cell, tablet):
    maria = tablet('Maria')
    case = cell.ask(lease_s=3.0)
    shown(maria, case)
    until(maria, lambda: cell.of_kind(case, 'claim'))
    ana = tablet('Ana')
    ana.locator('.row-text', has_text='Maria is looking at it').wait_for()
    claims = [c for c in cell.commands if c['kind'] == 'claim']
    until(maria, lambda: len([c for c in cell.commands if c['kind'] == 'claim']) > len(claims) + 3)
    assert cell.of_kind(case, 'release') == [], 'the lease is renewed while the card is open'
    maria.close()
    ana.locator(f'.card[data-case="{case}"]').wait_for()
    until(ana, lambda: cell.of_kind(case, 'claim')[-1]['by'] == 'Ana')


def test_an_engineers_screen_takes_no_question_from_the_operators(cell, tablet):
    engineer = tablet('Jana', path='/#/engineer')
    engineer.locator('.line', has_text='Running').wait_for()
    case = cell.ask(lease_s=0.6)
    engineer.locator('tbody tr').first.wait_for()
    engineer.wait_for_timeout(700)
    assert [c for c in cell.commands if c['kind'] == 'claim'] == []
    engineer.goto(engineer.url.split('#')[0] + '#/')
    shown(engineer, case)
    until(engineer, lambda: cell.of_kind(case, 'claim'))
    engineer.goto(engineer.url.split('#')[0] + '#/engineer')
    until(engineer, lambda: cell.of_kind(case, 'release'))


def test_rule_09_an_answer_after_the_deadline_is_a_label_and_the_operator_is_told(cell, tablet):
    cell.held = True
    page = tablet()
    case = cell.ask(deadline_s=2.0)
    shown(page, case)
    page.get_by_text('Nobody answered in time: the robot waits').wait_for()
    assert page.locator('.answer small').all_inner_texts() == ['for learning only'] * 3
    settled(page)
    tap(page, 'Misaligned')
    page.get_by_text('Too late for the robot').wait_for()
    assert answers(cell, case) == [('misaligned', 'late')]
    assert [(r.outcome, r.go) for r in cell.settled] == [('expired', False)]
    assert cell.of_kind(case, 'label')[0]['source'] == 'late'


@pytest.mark.parametrize('held', [True, False])
def test_a_card_whose_time_is_up_offers_what_is_right_now(cell, tablet, held):
    page = tablet(size=LOW)
    fail_safe = Action.HOLD if held else Action.REJECT
    case = cell.ask(classes=FOUR, deadline_s=3.0, fail_safe=fail_safe)
    shown(page, case)
    assert page.get_by_text('robot goes on').count() == 1
    cell.held = held
    page.locator('.ended').wait_for()
    assert page.get_by_text('robot goes on').count() == 0, 'no answer moves anything any more'
    until(page, lambda: page.get_by_role('button', name='resume').count() == held)
    (place,) = boxes(page, '.question')
    for box in boxes(page, '.expired, .expired button'):
        assert inside(box, place), (box, place)
    settled(page)
    if held:
        page.get_by_role('button', name='resume').hover()
        page.mouse.down()
        until(page, lambda: not cell.held)
        page.mouse.up()
        page.get_by_role('button', name='resume').wait_for(state='detached')
        page.locator('.ended', has_text='Running').wait_for()
        assert 'the robot waits' not in page.locator('.ended').inner_text()
        settled(page)
    assert cell.of_kind(case, 'answer') == []
    page.locator('#close').click()
    page.locator('.idle').wait_for()


def test_ones_own_answer_can_be_corrected_later(cell, tablet):
    page = tablet()
    case = cell.ask(undo_s=0.2)
    shown(page, case)
    tap(page, 'Seated')
    page.locator('.idle').get_by_role('button', name='Change').wait_for()
    settled(page)
    page.get_by_role('button', name='Change').click()
    page.get_by_text('What was right?').wait_for()
    settled(page)
    tap(page, 'Part missing')
    page.get_by_text('Correction saved').wait_for()
    assert cell.of_kind(case, 'label')[-1]['label'] == 'missing'
    assert len(cell.settled) == 1


def test_the_queue_is_in_order_of_deadline_and_opens_a_question(cell, tablet):
    page = tablet()
    later = cell.ask(deadline_s=50.0, text={'en': 'Later?'})
    cell.ask(deadline_s=20.0, text={'en': 'Sooner?'})
    page.locator('#queue', has_text='2 questions').wait_for()
    settled(page)
    page.locator('#queue').click()
    page.locator('.queue li').nth(1).wait_for()
    assert page.locator('.queue li b').all_inner_texts() == ['Sooner?', 'Later?']
    settled(page)
    page.locator('.queue li').nth(1).get_by_role('button').click()
    page.get_by_role('heading', name='Later?').wait_for()
    until(page, lambda: cell.of_kind(later, 'claim'))


@pytest.mark.parametrize('path', ['/', '/#/engineer'])
def test_a_monitor_that_only_advises_says_so_on_every_screen(cell, tablet, path):
    page = tablet(path=path)
    chip = page.locator('header .chip')
    assert chip.inner_text() == 'Advises only'
    cell.start(shadow=False)
    chip.wait_for(state='detached')


def test_a_held_process_says_why_and_what_to_do(cell, tablet):
    cell.held = True
    page = tablet()
    page.get_by_role('heading', name='Held: case 3').wait_for()
    text = page.locator('.idle').inner_text()
    assert 'Check the part, then resume.' in text
    assert 'Nothing to do here' not in text
    cell.held = False
    page.get_by_role('heading', name='Nothing to do here now.').wait_for()
    assert page.get_by_text('case 3').count() == 0


def test_a_hold_that_ends_with_its_answer_is_not_called_held(cell, tablet):
    page = tablet()
    page.locator('.idle').wait_for()
    page.evaluate("""() => { window.modes = {}; new MutationObserver(() => {
      const mode = document.querySelector('#line').innerText.split(',')[0];
      const idle = document.querySelector('.idle') ? 'idle' : 'card';
      window.modes[`${idle} ${mode}`] ??= performance.now();
      }).observe(document.body, {subtree: true, childList: true, characterData: true}) }""")
    case = cell.ask(undo_s=0.3)
    cell.held_for, cell.held = [{'key': 'case', 'n': case}], True
    shown(page, case)
    tap(page, 'Seated')
    page.get_by_role('heading', name='Held, checked').wait_for()  # it did not let go: said late
    modes = page.evaluate('window.modes')
    assert 'card Held' not in modes
    assert modes['idle Held'] - modes['idle Running'] > 1500


def test_rule_05_a_held_process_is_resumed_by_holding_not_by_a_tap(cell, tablet):
    cell.held = True
    page = tablet()
    button = page.get_by_role('button', name='Hold 1.5 s to resume')
    button.wait_for()
    settled(page)
    button.click()
    page.get_by_text('Hold the button until the ring is full').wait_for()
    assert cell.held and cell.commands == []
    button.hover()
    begun = time.monotonic()
    page.mouse.down()
    page.get_by_role('heading', name='Running').wait_for()
    assert time.monotonic() - begun >= 1.5
    page.mouse.up()
    assert [(c['kind'], c['hold']) for c in cell.commands] == [('resume', 7)]


def test_a_resume_that_got_no_answer_is_said_and_never_sent_again(cell, site, tablet):
    cell.held = cell.silent = True
    page = tablet()
    button = page.get_by_role('button', name='Hold 1.5 s to resume')
    button.wait_for()
    settled(page)
    button.hover()
    page.mouse.down()
    page.get_by_text('Look whether it was done').wait_for()
    page.mouse.up()
    assert [c['kind'] for c in cell.commands] == ['resume']
    cell.silent = False
    page.reload()
    button.wait_for()
    site.down()
    page.locator('.tap.hold[disabled]').wait_for()
    site.up()
    page.locator('.tap.hold:not([disabled])').wait_for()
    assert cell.held and len(cell.commands) == 1
